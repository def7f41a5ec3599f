"""Whatever is huge about what a service has, each of its faces answers, in bounded size, and what is beside it is there."""

import asyncio
from pathlib import Path

import msgspec

from callboard.app.application import open_application
from callboard.app.site import whole_site
from callboard.simulator import Fleet
from callboard.web.application import WebOptions
from support.kube_objects import TYPES
from support.large_things import LARGE, furnish
from support.portal import write_config
from support.web_server import door, get, listening, operations

MOST = 1_000_000
"""Bytes of a page, a drawer, or the JSON, not compressed: 2,000 objects that are each shown come to 800,000."""
UNREAD = ("image", "reason")
"""What no API server would have let through, in a field that has a bound: the object is told as one that could not be read."""


async def test_each_face_of_each_service_answers_and_shows_what_is_small(tmp_path: Path) -> None:
    async with Fleet.start("quiet", clusters=1, speed=0.0) as fleet:
        fleet[0].engine.halted = True
        furnish(fleet[0])
        config = write_config(tmp_path, fleet, *LARGE, callboard={"parts": {"objectsProvider": "hub"}})
        async with (
            open_application([config], directory=tmp_path, persist=False) as app,
            listening(
                lambda port: whole_site(app.portal, door(port)[0], operations(), WebOptions(), app.clock)
            ) as base,
        ):
            seen: dict[str, tuple[int, ...]] = {}
            for service in LARGE:
                api = f"/api/callboard/v1/services/default/component/{service}/kubernetes?wait=20"
                page = f"/catalog/default/component/{service}/kubernetes"
                async with asyncio.timeout(60):
                    while True:
                        document = await get(base, api)
                        assert document.status == 200, (service, document.text[:300])
                        if msgspec.json.decode(document.text)["settled"]:
                            break
                drawn = await get(base, f"{page}?wait=10")
                assert drawn.status == 200, service
                assert f"small-of-{service}" in drawn.text, service
                told = msgspec.json.decode(document.text)["clusters"][0]
                assert told["state"] == "answered", (service, told["failure"])
                drawer = f"{page}/object/{fleet[0].name}/{_large_one(service)}"
                opened = await get(base, drawer)
                if service in UNREAD:
                    assert opened.status == 404, service
                    assert "1 of the pods could not be read" in told["sentence"], service
                else:
                    assert opened.status == 200, (service, drawer, opened.text[:300])
                seen[service] = (len(document.text), len(drawn.text), len(opened.text))
            listed = await get(base, "/catalog")
            assert listed.status == 200
            too_large = {s: n for s, n in seen.items() if max(n) > MOST}
            assert too_large == {}


def _large_one(service: str) -> str:
    """`TYPE/NAMESPACE/NAME` of what is large about it."""
    tree = next(LARGE[service](service))
    return f"{TYPES[tree['kind']].key}/games/{tree['metadata']['name']}"
