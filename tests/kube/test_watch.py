"""A watch: what is there, then every change, through whatever the server does to the stream."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.kube.connection.connection import Connection, Connections
from callboard.kube.lines import Lines, LineTooLong
from callboard.kube.watching.watch import Bookmark, Change, Delete, Reset, Stale, Upsert
from callboard.model.cluster import Credential
from callboard.model.outcome import FailureCode, Question
from callboard.model.resource import known_type
from callboard.simulator.cluster import SimulatedCluster as StandIn
from support.kube_client import LIMITS, bearer, cluster_of, nothing_left
from support.watched import watch

CONFIGMAPS = known_type("configmaps")
assert CONFIGMAPS is not None
QUESTION = Question(type=CONFIGMAPS, namespace="games")


async def put(connection: Connection, name: str, value: str = "1") -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"k": value}}
    await connection.read("POST", "/api/v1/namespaces/games/configmaps", body=msgspec.json.encode(body))


async def remove(connection: Connection, name: str) -> None:
    await connection.read("DELETE", f"/api/v1/namespaces/games/configmaps/{name}")


async def until(changes: AsyncIterator[Change], wanted: Callable[[Change], bool]) -> list[Change]:
    seen: list[Change] = []
    async with asyncio.timeout(10):
        async for change in changes:
            seen.append(change)
            if wanted(change):
                return seen
    raise AssertionError(seen)


def upsert(name: str) -> Callable[[Change], bool]:
    return lambda c: isinstance(c, Upsert) and c.object.name == name


@pytest.mark.parametrize("streaming", [True, False], ids=["streaming list", "list and watch"])
async def test_the_list_then_each_change(streaming: bool, connection: Connection, stand_in: StandIn) -> None:
    stand_in.streaming_lists = streaming
    await put(connection, "one")
    async with aclosing(watch(connection, QUESTION)) as changes:
        seen = await until(changes, lambda c: isinstance(c, Reset))
        assert isinstance(seen[-1], Reset)
        assert "one" in {o.name for o in seen[-1].objects}
        assert seen[-1].resource_version
        await put(connection, "two")
        assert "kind" not in msgspec.json.decode((await until(changes, upsert("two")))[-1].object.json())  # type: ignore[union-attr]
        await remove(connection, "two")
        await until(changes, lambda c: isinstance(c, Delete) and c.object.name == "two")


@pytest.mark.parametrize(
    "mode", ["watch-ends", "watch-gone", "reset-in-body", "watch-repeats", "watch-no-bookmarks"]
)
async def test_nothing_is_missed_through_a_bad_stream(
    mode: str, connection: Connection, stand_in: StandIn
) -> None:
    async with aclosing(watch(connection, QUESTION)) as changes:
        await until(changes, lambda c: isinstance(c, Reset))
        stand_in.chaos.on(mode, "*watch=true*")
        known = set()
        for i in range(4):
            await put(connection, f"c{i}")
        asyncio.get_running_loop().call_later(0.7, stand_in.chaos.off)
        async with asyncio.timeout(10):
            async for change in changes:
                if isinstance(change, Reset):
                    known = {o.name for o in change.objects}
                elif isinstance(change, Upsert):
                    known.add(change.object.name)
                if {"c0", "c1", "c2", "c3"} <= known:
                    break
    assert {"c0", "c1", "c2", "c3"} <= known


async def test_a_failing_server_makes_it_stale_and_its_recovery_current(
    connection: Connection, stand_in: StandIn
) -> None:
    async def at_once(seconds: float) -> None:
        await asyncio.sleep(0)

    stand_in.chaos.on("server-error", "*configmaps*")
    async with aclosing(watch(connection, QUESTION, sleep=at_once)) as changes:
        first = (await until(changes, lambda c: isinstance(c, Stale)))[-1]
        assert isinstance(first, Stale)
        assert first.failure.code is FailureCode.SERVER_ERROR
        stand_in.chaos.off()
        await until(changes, lambda c: isinstance(c, Reset))


async def test_a_running_watch_asks_with_the_renewed_token_when_it_comes_back(
    connection: Connection, stand_in: StandIn
) -> None:
    """A stream that runs goes on with the token it began with; what comes after it uses the one that holds then."""
    tokens = [stand_in.user("renewed") for _ in range(2)]
    stand_in.bind("renewed", "view")
    asked = 0

    async def credential() -> Credential:
        nonlocal asked
        asked += 1
        return bearer(tokens[0], "renewed")

    async with aclosing(watch(connection, QUESTION, credential=credential)) as changes:
        await until(changes, lambda c: isinstance(c, Reset))
        assert asked == 1
        stand_in.tokens.revoke(tokens.pop(0))
        await put(connection, "one")
        await until(changes, upsert("one"))
        assert asked == 1
        stand_in.chaos.on("watch-ends", "*watch=true*", times=1)
        await put(connection, "two")
        seen = await until(changes, upsert("two"))
    assert asked == 2
    assert not [change for change in seen if isinstance(change, Stale | Reset)]


async def test_a_silent_stream_is_noticed_and_resumed(stand_in: StandIn) -> None:
    limits = msgspec.structs.replace(LIMITS, watch_silence=0.2)
    async with Connections(lambda name: limits, environment={}) as connections:
        connection = connections.to(cluster_of(stand_in), bearer(stand_in.identities.admin))
        async with aclosing(watch(connection, QUESTION)) as changes:
            await until(changes, lambda c: isinstance(c, Reset))
            stand_in.chaos.on("watch-silent", "*watch=true*")
            await put(connection, "unheard")
            await asyncio.sleep(0.1)
            stand_in.chaos.off()
            await until(changes, upsert("unheard"))
    await nothing_left(stand_in)


async def test_a_streaming_list_that_never_ends_falls_back(stand_in: StandIn) -> None:
    limits = msgspec.structs.replace(LIMITS, watch_start=0.2)
    stand_in.chaos.on("watch-no-bookmarks", "*sendInitialEvents*")
    async with Connections(lambda name: limits, environment={}) as connections:
        connection = connections.to(cluster_of(stand_in), bearer(stand_in.identities.admin))
        async with aclosing(watch(connection, QUESTION)) as changes:
            await until(changes, lambda c: isinstance(c, Reset))
            await until(changes, lambda c: isinstance(c, Bookmark))
    await nothing_left(stand_in)


async def version_of(connection: Connection) -> str:
    async with aclosing(watch(connection, QUESTION)) as changes:
        (*_, reset) = await until(changes, lambda c: isinstance(c, Reset))
        assert isinstance(reset, Reset)
        return reset.resource_version


async def test_from_a_known_version_only_what_came_after_it_is_asked_and_told(
    connection: Connection, stand_in: StandIn
) -> None:
    since = await version_of(connection)
    async with aclosing(watch(connection, QUESTION, since=since)) as changes:
        assert await until(changes, lambda c: isinstance(c, Bookmark)) == [Bookmark(since)]
    await put(connection, "meanwhile")
    stand_in.counters.reset()
    async with aclosing(watch(connection, QUESTION, since=since)) as changes:
        seen = await until(changes, upsert("meanwhile"))
        assert not any(isinstance(c, Reset | Bookmark) for c in seen)
        await until(changes, lambda c: isinstance(c, Bookmark))
    (asked,) = [path for _, path, _ in stand_in.counters.log]
    assert f"resourceVersion={since}" in asked
    assert "sendInitialEvents" not in asked


@pytest.mark.parametrize("streaming", [True, False], ids=["streaming list", "list and watch"])
async def test_a_version_the_server_no_longer_knows_is_never_called_current(
    streaming: bool, connection: Connection, stand_in: StandIn
) -> None:
    stand_in.streaming_lists = streaming
    since = await version_of(connection)
    await put(connection, "meanwhile")
    stand_in.store.compact()
    async with aclosing(watch(connection, QUESTION, since=since)) as changes:
        (only,) = await until(changes, lambda c: isinstance(c, Reset | Bookmark))
    assert isinstance(only, Reset)
    assert "meanwhile" in {o.name for o in only.objects}


@given(st.lists(st.binary(max_size=20).map(lambda b: b.replace(b"\n", b"")), max_size=20), st.data())
def test_lines_are_the_same_wherever_the_bytes_are_cut(wanted: list[bytes], data: st.DataObject) -> None:
    whole = b"\n".join(wanted)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=12)))
    lines = Lines(64)
    got: list[bytes] = []
    for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        got += lines.feed(whole[start:end])
    got += lines.feed(b"\n")
    assert got == [line for line in wanted if line]


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=20))
def test_an_endless_line_is_never_held(pieces: list[bytes]) -> None:
    lines = Lines(16)
    too_long = any(len(line) > 16 for line in b"".join(pieces).split(b"\n"))
    if too_long:
        with pytest.raises(LineTooLong):
            feed_all(lines, pieces)
    else:
        feed_all(lines, pieces)


def feed_all(lines: Lines, pieces: list[bytes]) -> None:
    for piece in pieces:
        list(lines.feed(piece))
