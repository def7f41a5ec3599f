"""Reports from the field, put into a simulated cluster as people pasted them, and what the JSON of their pages says: the cause in
the verdict, since when, what to do next; or nothing, where nothing is wrong."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from callboard.simulator import Fleet
from support.conditions.field_cases import FIELD, ILL, NOW, WELL
from support.conditions.whole_way import BARE, put, told
from support.manifests import read

UNTIMED = ("quota",)
"""Pasted without its times."""
Pages = dict[str, dict[str, Any]]


async def _looked_at(directory: Path) -> Pages:
    async with Fleet.start(BARE, now=NOW.timestamp(), speed=0.0) as fleet:
        cluster = fleet[0]
        cluster.engine.halted = True
        for name in (*ILL, *WELL):
            put(cluster, read(FIELD / f"{name}.yaml"))
        async with told(fleet, directory, [*ILL, *WELL]) as callboard:
            return {service: await callboard.page(service) for service in (*ILL, *WELL)}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    return asyncio.run(_looked_at(tmp_path_factory.mktemp("field")))


@pytest.mark.parametrize("name", ILL)
def test_what_is_ill_is_told(name: str, pages: Pages) -> None:
    page = pages[name]
    code, impact = ILL[name]
    alarms = [f for f in page["findings"] if f["impact"] != "notice"]
    assert [(f["code"], f["impact"]) for f in alarms] == [(code, impact)]
    words = alarms[0]["sentence"].removeprefix("1 pod ")
    assert words in page["verdict"]["sentence"]
    assert (alarms[0]["since"] is None) is (name in UNTIMED)
    assert alarms[0]["next"]


@pytest.mark.parametrize("name", WELL)
def test_what_is_well_is_called_so(name: str, pages: Pages) -> None:
    assert pages[name]["verdict"]["health"] == "healthy"
    assert [f for f in pages[name]["findings"] if f["impact"] != "notice"] == []
