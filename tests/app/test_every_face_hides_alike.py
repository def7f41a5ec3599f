"""Page, list, search, stream, API and terminal, over real sockets: a caller's are those of a fleet that holds nothing else."""

import asyncio
import re
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from callboard.app.application import open_application
from callboard.app.site import whole_site
from callboard.base.clock import FakeClock
from callboard.model.caller import Caller
from callboard.simulator import Fleet
from callboard.web.application import WebOptions
from support.live import ask
from support.portal import write_config
from support.shared_cluster import DICE, deciding, furnish
from support.web_server import door, get, listening, operations

NOW = 1_767_225_600.0
PAGE = "/catalog/default/component/dice-roller/kubernetes"
API = "/api/callboard/v1/services"
SPAN = re.compile(r"\b\d+(\.\d+)? ?(ms|s|min|h|d)\b|\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ")
"""How long something took, and when the terminal looked: that differs from look to look."""
PATIENT = {"limits": {"softDeadline": 40, "hardDeadline": 60, "idleDeadline": 60, "connectDeadline": 60}}
"""A busy machine is no late cluster."""

Bind = Callable[[Fleet], None]


def games(fleet: Fleet) -> None:
    for cluster in fleet:
        cluster.bind("anna", "view", "games")


def games_and_lab(fleet: Fleet) -> None:
    for cluster in fleet:
        cluster.bind("anna", "view", "games", "lab")


def games_and_all_pods(fleet: Fleet) -> None:
    games(fleet)
    for cluster in fleet:
        cluster.role("pods", [{"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]}])
        cluster.bind("anna", "pods", name="pods-of-anna")


async def faces(
    directory: Path,
    provider: str,
    bind: Bind,
    pods: Sequence[str],
    config_maps: Sequence[str],
    unreadable: Sequence[str] = (),
) -> tuple[dict[str, str], str]:
    """What anna, at this machine, is told by each face; and all of it once more for somebody who may see everything."""
    local = {"users": {"user:default/local": {"user": "anna"}}}
    anna = deciding(provider, access=local, clusters=PATIENT)
    clock = FakeClock(datetime.fromtimestamp(NOW, UTC))
    async with Fleet.start(seed=7, now=NOW, speed=0) as fleet:
        furnish(fleet, pods=pods, config_maps=config_maps, unreadable=unreadable)
        bind(fleet)
        config = write_config(directory, fleet, "dice-roller", "scoreboard", callboard=anna)
        async with (
            open_application([config], directory=directory, clock=clock, persist=False) as app,
            listening(
                lambda port: whole_site(app.portal, door(port)[0], operations(), WebOptions(), clock)
            ) as base,
        ):
            told = {}
            document = await get(base, f"{API}/default/component/dice-roller/kubernetes?wait=15")
            while not msgspec.json.decode(document.text)["complete"]:
                document = await get(base, f"{API}/default/component/dice-roller/kubernetes?wait=15")
            told["API"], told["ETag"] = _timeless(document.text), document.headers["etag"]
            told["page"] = (await get(base, f"{PAGE}?wait=10")).text
            told["stream"] = (await ask(base, once=True)).text
            told["list"] = (await get(base, "/catalog")).text
            told["search"] = (await get(base, f"{API}?q=dice")).text
            told["terminal"] = await _terminal(config)
            everything = await app.portal.kubernetes_settled(DICE, Caller.callboard(), within=15)
            return (
                {face: SPAN.sub("a while", text) for face, text in told.items()},
                msgspec.json.encode(everything).decode(),
            )


@pytest.mark.parametrize(
    ("provider", "bind", "pods", "config_maps"),
    [
        ("hub", games, (), ()),
        ("hub", games_and_lab, ("lab",), ("lab",)),
        ("hub", games_and_all_pods, ("lab", "vault"), ()),
        ("fanOut", games_and_lab, ("lab",), ("lab",)),
    ],
)
async def test_every_face_is_that_of_a_fleet_without_what_is_hidden(
    tmp_path: Path, provider: str, bind: Bind, pods: Sequence[str], config_maps: Sequence[str]
) -> None:
    """What is hidden here are pods, ConfigMaps, and objects that cannot be read, of types of which there is nothing else."""
    # In one place, one after the other: the credential's name, which is told, holds the place of its file.
    seen, everything = await faces(tmp_path, provider, bind, *(("lab", "vault"),) * 3)
    control, _ = await faces(tmp_path, provider, bind, pods, config_maps, config_maps)
    assert {name for name in ("settings-of-lab", "settings-of-vault") if name in everything} == {
        "settings-of-lab",
        "settings-of-vault",
    }
    assert "dice-roller" in seen["page"]
    for face, text in control.items():
        assert seen[face] == text, face


def _timeless(text: str) -> str:
    document = msgspec.json.decode(text)
    for cluster in document["clusters"]:
        cluster["tookSeconds"] = 0
    return msgspec.json.encode(document).decode()


async def _terminal(config: Path) -> str:
    """`callboard status`, in a process of its own."""
    run = "from callboard.app.main import main; main()"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", run, "status", "dice-roller", "--config", str(config)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(60):
            out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode in (0, 1, 2), out.decode()
    return out.decode()
