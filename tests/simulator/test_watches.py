"""Watches: what happened, what happens, bookmarks, resuming, and 410 once history is gone."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from callboard.simulator import SimulatedCluster

MAPS = "/api/v1/namespaces/games/configmaps"


def config(name: str, **labels: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "games", "labels": labels},
        "data": {"a": "1"},
    }


@asynccontextmanager
async def watching(client: Any, path: str) -> AsyncIterator[Any]:
    async with client.request("GET", path) as response:
        assert response.status == 200

        async def line() -> dict[str, Any] | None:
            async with asyncio.timeout(5):
                raw = await response.content.readline()
            return json.loads(raw) if raw else None

        yield line


async def test_changes_arrive_in_order_with_their_kind(cluster: SimulatedCluster, client: Any) -> None:
    version = cluster.store.versions.current
    async with watching(client, f"{MAPS}?watch=true&resourceVersion={version}") as line:
        cluster.store.create(config("one"))
        cluster.store.patch("configmaps", "one", {"data": {"a": "2"}}, "games")
        cluster.store.delete("configmaps", "one", "games")
        events = [await line() for _ in range(3)]
    assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "DELETED"]
    assert all(event["object"]["kind"] == "ConfigMap" for event in events)
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert versions == sorted(set(versions))


async def test_a_selector_turns_leaving_into_deleted_and_entering_into_added(
    cluster: SimulatedCluster, client: Any
) -> None:
    version = cluster.store.versions.current
    async with watching(
        client, f"{MAPS}?watch=true&resourceVersion={version}&labelSelector=tier%3Dgold"
    ) as line:
        cluster.store.create(config("one"))
        cluster.store.patch("configmaps", "one", {"metadata": {"labels": {"tier": "gold"}}}, "games")
        cluster.store.patch("configmaps", "one", {"metadata": {"labels": {"tier": "tin"}}}, "games")
        assert [(await line())["type"] for _ in range(2)] == ["ADDED", "DELETED"]


async def test_resuming_loses_nothing_and_compaction_says_gone(
    cluster: SimulatedCluster, client: Any
) -> None:
    version = cluster.store.versions.current
    cluster.store.create(config("missed"))
    async with watching(client, f"{MAPS}?watch=true&resourceVersion={version}") as line:
        assert (await line())["object"]["metadata"]["name"] == "missed"
    cluster.store.compact()
    async with watching(client, f"{MAPS}?watch=true&resourceVersion={version}") as line:
        event = await line()
        assert (event["type"], event["object"]["code"], event["object"]["reason"]) == (
            "ERROR",
            410,
            "Expired",
        )
        assert await line() is None


async def test_streaming_lists_end_with_their_bookmark_and_old_servers_refuse_them(
    cluster: SimulatedCluster, client: Any
) -> None:
    query = "watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"
    held = len(list(cluster.store.of("configmaps").records("games")))
    async with watching(client, f"{MAPS}?{query}") as line:
        events = [await line() for _ in range(held + 1)]
    assert [event["type"] for event in events] == ["ADDED"] * held + ["BOOKMARK"]
    assert events[-1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    cluster.streaming_lists = False
    status, told = await client.ask(f"{MAPS}?{query}")
    assert (status, told["reason"]) == (422, "Invalid")


async def test_a_version_yet_to_come_is_waited_for_and_never_listed(
    cluster: SimulatedCluster, client: Any
) -> None:
    ahead = cluster.store.versions.current + 2
    async with watching(client, f"{MAPS}?watch=true&resourceVersion={ahead}") as line:
        for name in ("one", "two", "three"):
            cluster.store.create(config(name))
        assert (await line())["object"]["metadata"]["name"] == "three"
    query = "watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"
    status, told = await client.ask(f"{MAPS}?{query}&resourceVersion=99999999")
    assert (status, told["reason"]) == (504, "Timeout")


async def test_bookmarks_come_when_asked_for(cluster: SimulatedCluster, client: Any) -> None:
    cluster.bookmark_seconds = 0.05
    version = cluster.store.versions.current
    async with watching(
        client, f"{MAPS}?watch=true&allowWatchBookmarks=true&resourceVersion={version}"
    ) as line:
        event = await line()
    assert event["type"] == "BOOKMARK"
    assert int(event["object"]["metadata"]["resourceVersion"]) >= version


async def test_a_watch_ends_at_its_timeout_and_is_counted_while_open(
    cluster: SimulatedCluster, client: Any
) -> None:
    version = cluster.store.versions.current
    async with watching(client, f"{MAPS}?watch=true&resourceVersion={version}&timeoutSeconds=1") as line:
        assert cluster.counters.open_watches == 1
        assert await line() is None
    assert cluster.counters.open_watches == 0


async def test_a_client_that_leaves_frees_its_watch(cluster: SimulatedCluster, client: Any) -> None:
    async with watching(client, f"{MAPS}?watch=true"):
        assert cluster.counters.open_watches == 1
    async with asyncio.timeout(5):
        while cluster.counters.open_watches:  # noqa: ASYNC110 - the server's own counter
            await asyncio.sleep(0.01)
