"""Where the suite asks: the simulator in every run, and the cluster of `make conformance KUBECONFIG=…` in that one."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callboard.simulator.fleet import Fleet
from support.conformance import KUBECONFIG, Target, opened

REAL = [pytest.param("cluster", marks=pytest.mark.conformance)] if KUBECONFIG else []
REVIEWS = {"selfsubjectreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews"}
"""What is asked by creating it; nothing of it stays."""


@pytest.fixture(params=["simulator", *REAL])
async def target(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Target]:
    """Both are reached the same way, by a kubeconfig; the one that can tell says that nothing but reading was done."""
    if request.param == "cluster":
        context, namespace = (os.environ.get(f"CONFORMANCE_{name}", "") for name in ("CONTEXT", "NAMESPACE"))
        async with opened(Path(KUBECONFIG), context=context, namespace=namespace) as target:
            yield target
        return
    async with Fleet.start("quiet", speed=0.0) as fleet:
        fleet[0].bookmark_seconds = 0.2
        async with opened(fleet.kubeconfig(tmp_path / "config")) as target:
            yield target
        asked = {(method, path.partition("?")[0]) for method, path, _ in fleet[0].counters.log}
        assert {path.rpartition("/")[2] for method, path in asked if method != "GET"} <= REVIEWS
