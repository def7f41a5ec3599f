"""Every misbehaviour does what its name says to those it is meant for, and is gone when switched off."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest

from callboard.base.errors import UsageError
from callboard.simulator import Fleet, SimulatedCluster
from callboard.simulator.chaos.rules import MODES
from callboard.simulator.control import control_port

PODS = "/api/v1/namespaces/games/pods"


@pytest.fixture(autouse=True)
async def recovers(cluster: SimulatedCluster, client: Any) -> AsyncIterator[None]:
    yield
    cluster.chaos.off()
    status, pods = await client.ask(PODS)
    assert (status, len(pods["items"])) == (200, 4)


@pytest.mark.parametrize(
    ("mode", "status", "reason"),
    [
        ("unauthorized", 401, "Unauthorized"),
        ("forbidden", 403, "Forbidden"),
        ("not-found", 404, "NotFound"),
        ("conflict", 409, "Conflict"),
        ("gone", 410, "Expired"),
        ("too-many-requests", 429, "TooManyRequests"),
        ("server-error", 500, "InternalError"),
        ("unavailable", 503, "ServiceUnavailable"),
    ],
)
async def test_refusals_carry_their_status(
    cluster: SimulatedCluster, client: Any, mode: str, status: int, reason: str
) -> None:
    cluster.chaos.on(mode, "*/pods*", retry_after=7)
    async with client.request("GET", PODS) as response:
        body = await response.json()
        assert (response.status, body["reason"], body["code"], response.headers["Retry-After"]) == (
            status,
            reason,
            status,
            "7",
        )
    assert (await client.ask("/api/v1/namespaces/games/services"))[0] == 200


async def test_a_rule_may_hold_for_some_requests_only(cluster: SimulatedCluster, client: Any) -> None:
    cluster.chaos.on("unavailable", times=2)
    assert [(await client.ask(PODS))[0] for _ in range(3)] == [503, 503, 200]


@pytest.mark.parametrize("mode", ["hang", "half-open", "hang-in-body"])
async def test_hangs_last_until_the_client_gives_up(
    cluster: SimulatedCluster, client: Any, mode: str
) -> None:
    cluster.chaos.on(mode)
    with pytest.raises(asyncio.TimeoutError):
        async with client.request("GET", PODS, timeout=aiohttp.ClientTimeout(total=0.3)) as response:
            await response.read()


async def test_what_is_frozen_goes_on_when_it_thaws(cluster: SimulatedCluster, client: Any) -> None:
    async with watching(client, cluster) as line:
        cluster.chaos.on("freeze")
        asked = asyncio.ensure_future(client.ask(PODS))
        touch(cluster)
        with pytest.raises(TimeoutError):
            await line(0.2)
        assert not asked.done()
        cluster.chaos.off()
        assert (await asked)[0] == 200
        assert (await line())["type"] == "ADDED"


async def test_drip_and_latency_take_their_time(cluster: SimulatedCluster, client: Any) -> None:
    cluster.chaos.on("latency", seconds=0.1)
    cluster.chaos.on("drip", "/version", seconds=0.05, size=100)
    loop = asyncio.get_running_loop()
    start = loop.time()
    status, body = await client.ask("/version")
    assert (status, body["minor"]) == (200, "36")
    assert loop.time() - start > 0.2


@pytest.mark.parametrize("mode", ["truncated", "reset-in-body", "reset"])
async def test_bodies_that_break_off_are_noticed(cluster: SimulatedCluster, client: Any, mode: str) -> None:
    cluster.chaos.on(mode)
    with pytest.raises(aiohttp.ClientError):
        async with client.request("GET", PODS) as response:
            await response.read()


async def test_wrong_shapes(cluster: SimulatedCluster, client: Any) -> None:
    async def spoiled(mode: str) -> Any:
        rule = cluster.chaos.on(mode)
        status, body = await client.ask(PODS)
        cluster.chaos.off(rule)
        assert status == 200
        return body

    assert (await spoiled("items-null"))["items"] is None
    assert all("metadata" not in item for item in (await spoiled("no-metadata"))["items"])
    assert isinstance(await spoiled("list-for-object"), list)
    assert (await spoiled("numbers-as-strings"))["items"][0]["spec"]["priority"] == "0"
    bad = [
        item for item in (await spoiled("one-malformed"))["items"] if not isinstance(item["metadata"], dict)
    ]
    assert len(bad) == 1
    assert "<!DOCTYPE html>" in await spoiled("html")


async def test_deep_and_enormous_bodies(cluster: SimulatedCluster, client: Any) -> None:
    deep = cluster.chaos.on("deep", size=5000)
    async with client.request("GET", PODS) as response:
        assert b"[" * 5000 in await response.read()
    cluster.chaos.off(deep)
    cluster.chaos.on("enormous", size=3_000_000)
    async with client.request("GET", PODS) as response:
        raw = await response.read()
    assert len(raw) > 3_000_000
    assert json.loads(raw)["kind"] == "PodList"


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("certificate-expired", "expired"),
        ("certificate-foreign", "unable to get local issuer|self-signed|unknown"),
    ],
)
async def test_bad_certificates_fail_the_handshake(cluster: SimulatedCluster, mode: str, words: str) -> None:
    cluster.chaos.on(mode)
    context = ssl.create_default_context(cadata=cluster.ca_pem)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError, match=words):
            await session.get(cluster.url + "/version", ssl=context)


async def test_a_skewed_clock_shows_in_the_date(cluster: SimulatedCluster, client: Any) -> None:
    cluster.chaos.on("clock-skew", seconds=-7200)
    async with client.request("GET", "/version") as response:
        shown = parsedate_to_datetime(response.headers["Date"]).timestamp()
    assert abs(shown - (cluster.now() - 7200)) <= 1


@asynccontextmanager
async def watching(client: Any, cluster: SimulatedCluster, bookmarks: bool = False) -> AsyncIterator[Any]:
    path = (
        f""
        f"/api/v1/configmaps?watch=true&resourceVersion={cluster.store.versions.current}&allowWatchBookmarks={str(bookmarks).lower()}"
    )
    async with client.request("GET", path) as response:

        async def line(seconds: float = 5) -> dict[str, Any] | None:
            async with asyncio.timeout(seconds):
                raw = await response.content.readline()
            return json.loads(raw) if raw else None

        yield line


def touch(cluster: SimulatedCluster) -> None:
    cluster.store.create(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "a-", "namespace": "games"}}
    )


async def test_watches_end_repeat_fall_silent_or_are_gone_while_open(
    cluster: SimulatedCluster, client: Any
) -> None:
    async with watching(client, cluster) as line:
        cluster.chaos.on("watch-repeats")
        touch(cluster)
        first, second = await line(), await line()
        assert first == second
        cluster.chaos.off()
        cluster.chaos.on("watch-silent")
        touch(cluster)
        with pytest.raises(TimeoutError):
            await line(0.2)
    cluster.chaos.off()
    async with watching(client, cluster) as line:
        cluster.chaos.on("watch-ends")
        touch(cluster)
        assert await line() is None
    cluster.chaos.off()
    async with watching(client, cluster) as line:
        cluster.chaos.on("watch-gone")
        touch(cluster)
        assert (await line())["object"]["code"] == 410


@pytest.mark.parametrize(
    ("mode", "how"),
    [
        ("no-metadata", {}),
        ("list-for-object", {}),
        ("one-malformed", {}),
        ("deep", {"size": 500}),
        ("drip", {"size": 50, "seconds": 0.001}),
    ],
)
async def test_events_of_a_watch_take_wrong_shapes(
    cluster: SimulatedCluster, client: Any, mode: str, how: dict[str, Any]
) -> None:
    async with watching(client, cluster) as line:
        cluster.chaos.on(mode, **how)
        touch(cluster)
        held = (await line())["object"]
        cluster.chaos.off()
        touch(cluster)
        assert (await line())["object"]["metadata"]["namespace"] == "games"
    seen: dict[str, Callable[[Any], bool]] = {
        "no-metadata": lambda it: "metadata" not in it and it["kind"] == "ConfigMap",
        "list-for-object": lambda it: it[0]["metadata"]["namespace"] == "games",
        "one-malformed": lambda it: it["metadata"] == "not an object",
        "deep": lambda it: str(it["deep"]).startswith("[" * 500),
        "drip": lambda it: it["metadata"]["namespace"] == "games",
    }
    assert seen[mode](held), held


@pytest.mark.parametrize("mode", ["truncated", "reset-in-body", "hang-in-body", "enormous"])
async def test_streams_break_off_or_never_end_a_line(
    cluster: SimulatedCluster, client: Any, mode: str
) -> None:
    async with watching(client, cluster) as line:
        cluster.chaos.on(mode, size=40_000)
        touch(cluster)
        if mode == "hang-in-body":
            with pytest.raises(TimeoutError):
                await line(0.2)
        elif mode == "enormous":
            with pytest.raises(ValueError, match=r"Chunk too big|Expecting|delimiter|Invalid"):
                await line()
        else:
            with pytest.raises((aiohttp.ClientError, ConnectionError, ValueError)):
                await line()
    cluster.chaos.off()
    name = cluster.store.list("pods", "games")[0]["metadata"]["name"]
    async with client.request("GET", f"{PODS}/{name}/log?follow=true") as response:
        await response.content.readline()
        cluster.chaos.on("reset-in-body", "*/log*")
        cluster.engine.timeline.step(300)
        with pytest.raises((aiohttp.ClientError, ConnectionError)):
            await response.read()


async def test_a_rule_counts_a_stream_once_and_watch_modes_count_streams_only(
    cluster: SimulatedCluster, client: Any
) -> None:
    ends = cluster.chaos.on("watch-ends", times=1)
    shape = cluster.chaos.on("one-malformed", "*watch=true*", times=1)
    assert (await client.ask("/version"))[0] == 200
    cluster.chaos.off(ends)
    assert (ends.times, shape.times) == (1, 1)
    async with watching(client, cluster) as line:
        for _ in range(3):
            touch(cluster)
            assert (await line())["object"]["metadata"] == "not an object"
    assert shape.times == 0
    async with watching(client, cluster) as line:
        touch(cluster)
        assert isinstance((await line())["object"]["metadata"], dict)


async def test_bookmarks_can_be_lost(cluster: SimulatedCluster, client: Any) -> None:
    cluster.bookmark_seconds = 0.05
    cluster.chaos.on("watch-no-bookmarks")
    async with watching(client, cluster, bookmarks=True) as line:
        with pytest.raises(TimeoutError):
            await line(0.3)


def test_unknown_modes_are_refused_by_name(cluster: SimulatedCluster) -> None:
    with pytest.raises(UsageError, match="hang-in-body"):
        cluster.chaos.on("explode")
    assert len(MODES) > 25


async def test_the_control_port_switches_a_running_fleet(
    fleet: Fleet, cluster: SimulatedCluster, client: Any
) -> None:
    async with control_port(fleet, 0) as told, aiohttp.ClientSession() as session:
        url, token = told.split()
        assert (await session.post(url, json={"do": "chaos-on", "mode": "unavailable"})).status == 401
        headers = {"Authorization": f"Bearer {token}"}
        answer = await session.post(
            url, json={"do": "chaos-on", "mode": "unavailable", "clusters": "*-prod"}, headers=headers
        )
        assert (answer.status, await answer.json()) == (200, {"clusters": [cluster.name]})
        assert (await client.ask(PODS))[0] == 503
        await session.post(url, json={"do": "chaos-off"}, headers=headers)
        assert (await client.ask(PODS))[0] == 200
        assert (await session.post(url, json={"do": "nothing"}, headers=headers)).status == 400
