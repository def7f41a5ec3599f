"""What a real Kubernetes 1.36 answered, asked again of the simulator: status, headers that matter, and every field's type."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from fnmatch import fnmatchcase
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from callboard.simulator import Fleet, SimulatedCluster
from simulator import known_differences, scene, shapes
from simulator.conftest import START, Client

CHANGING = (
    "create",
    "scale-patch",
    "put-",
    "delete-",
    "strategic",
    "json-patch",
    "server-side",
    "dry-run",
    "evict",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def staged() -> AsyncIterator[tuple[Fleet, Client]]:
    async with (
        Fleet.start(scene.EMPTY, seed=3, speed=0, now=START) as fleet,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session,
    ):
        client = Client(fleet[0], session)
        await scene.build(fleet, client)
        yield fleet, client


def order(name: str) -> tuple[int, int, str]:
    """Reads first; server-side apply before what needs its object; then the scale, and the eviction it allows; watches last."""
    last = (
        "server-side-apply",
        "server-side-apply-again-other-manager",
        "json-patch-bad",
        "dry-run-delete",
        "scale-patch",
        "evict-blocked-by-pdb",
    )
    return (
        name.startswith("watch-") * 2 or name.startswith(CHANGING) * 1,
        last.index(name) if name in last else -1,
        name,
    )


async def answer(
    client: Client, cluster: SimulatedCluster, request: dict[str, Any]
) -> tuple[int, dict[str, str], Any]:
    path = scene.rebind(request["path"], cluster)
    if "watch=true" in path:
        path = path.partition("&timeoutSeconds")[0] + "&timeoutSeconds=1"
    if (
        request["path"].startswith("/api/v1/namespaces/shop-prod/pods?limit=4&continue=")
        and "garbage" not in path
    ):
        path = await continued(client, request["path"])
    body = request["body"]
    data = (
        None if body is None else scene.rebind(body if isinstance(body, str) else json.dumps(body), cluster)
    )
    who = {"anonymous": "", "wrong-token": "x" * 40}.get(request["as"], request["as"])
    async with client.request(
        request["method"],
        path,
        who=who,
        headers=request["headers"],
        data=data,
        skip_auto_headers=("Content-Type", "Accept-Encoding"),
    ) as got:
        raw = await got.read()
        headers = {key.lower(): value for key, value in got.headers.items()}
        if "watch=true" in path and got.status == 200:
            return got.status, headers, [json.loads(line) for line in raw.splitlines()]
        try:
            return got.status, headers, json.loads(raw)
        except ValueError:
            return got.status, headers, raw.decode()


async def continued(client: Client, recorded: str) -> str:
    """Page 2, 3 or 4 of the list, told apart by how far the recorded token's page is from the first."""
    wanted = next(
        number for number in (2, 3, 4) if scene.load(f"pods-page-{number}")["request"]["path"] == recorded
    )
    base = "/api/v1/namespaces/shop-prod/pods?limit=4"
    path = base
    for _ in range(wanted - 1):
        _, page = await client.ask(path)
        path = f"{base}&continue={page['metadata']['continue']}"
    return path


RECORDINGS: list[str] = scene.recordings()


ORDERED: list[str] = sorted(RECORDINGS, key=order)

COMPARED: set[str] = set()
NEEDED: set[known_differences.Difference] = set()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", ORDERED)
async def test_the_answer_has_the_recorded_structure(staged: tuple[Fleet, Client], name: str) -> None:
    fleet, client = staged
    recorded = scene.load(name)
    expected = recorded["response"]
    rollout = name == "watch-pods-rollout"
    if rollout:
        asyncio.get_running_loop().call_later(0.2, roll, fleet)
    status, headers, body = await answer(client, fleet[0], recorded["request"])
    fleet.step(10 if name.startswith(CHANGING) else 0)
    wanted = expected.get("body", expected.get("text"))
    if "events" in expected:
        lines = [event["line"] for event in expected["events"]]
        wanted = lines if expected["status"] == 200 else lines[0]
    found = [] if status == expected["status"] else [f"status {expected['status']} became {status}"]
    for header in ("content-type", "retry-after", "cache-control", "content-encoding", "server"):
        if expected["headers"].get(header) != headers.get(header):
            found.append(f"header {header}: {expected['headers'].get(header)} became {headers.get(header)}")
    if isinstance(wanted, str) or wanted is None:
        found += [] if type(body) is type(wanted or "") else ["text became JSON"]
    elif isinstance(body, str):
        found.append("JSON became text")
    else:
        found += shapes.differences(wanted, body)
        if isinstance(wanted, dict) and isinstance(body, dict) and wanted.get("kind") == "Status":
            found += [
                f"{key}: {wanted.get(key)!r} became {body.get(key)!r}"
                for key in ("reason", "code", "status")
                if wanted.get(key) != body.get(key)
            ]
    unknown = []
    for line in found:
        allowing = [
            item
            for item in known_differences.KNOWN
            if fnmatchcase(name, item.recording) and fnmatchcase(line, item.line)
        ]
        NEEDED.update(allowing)
        if not allowing:
            unknown.append(line)
    COMPARED.add(name)
    assert unknown == [], "\n".join(unknown)


def roll(fleet: Fleet) -> None:
    store = fleet[0].store
    store.patch("deployments", "checkout", {"spec": {"replicas": 2}}, "shop-prod")
    fleet.step(3)
    store.patch(
        "deployments",
        "checkout",
        {"spec": {"template": {"metadata": {"labels": {"version": "1.43"}}}}},
        "shop-prod",
    )
    for _ in range(20):
        fleet.step(1)


def test_every_known_difference_has_its_reason_and_its_source_and_is_needed_for_a_recording() -> None:
    names = scene.recordings()
    for item in known_differences.KNOWN:
        assert item.reason
        assert re.fullmatch(r"(pkg|cmd|staging/src/k8s\.io)/[\w/.-]+\.go", item.source), item
        assert any(fnmatchcase(name, item.recording) for name in names), item


def test_no_known_difference_is_left_over() -> None:
    """What no comparison needs any more has to go. Tells only after all of them: a part proves nothing."""
    if set(RECORDINGS) == COMPARED:
        assert [item for item in known_differences.KNOWN if item not in NEEDED] == []
