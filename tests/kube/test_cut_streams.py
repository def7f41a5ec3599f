"""A watch whose streams break off at any byte loses nothing and invents nothing."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.kube.connection.connection import Connections
from callboard.kube.watching.watch import Bookmark, Delete, Reset, Stale, Unreadable, Upsert
from callboard.model.cluster import Cluster
from callboard.model.outcome import Question
from callboard.model.resource import known_type
from support.kube_client import PATIENT, bearer
from support.watched import watch

CONFIGMAPS = known_type("configmaps")
assert CONFIGMAPS is not None
QUESTION = Question(type=CONFIGMAPS, namespace="n")

Event = tuple[str, str]
"""What happens, and to which name."""


def line(version: int, event: Event) -> bytes:
    held = {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": {"name": event[1], "namespace": "n", "resourceVersion": str(version)},
        "data": {'é\\n"': '{"type":"DELETED"}\n'},
    }
    return msgspec.json.encode({"type": event[0], "object": held}) + b"\n"


class History:
    """A server of one list that is empty at version 1, and of what followed; its first streams are cut after so many bytes."""

    def __init__(self, events: list[Event], cuts: list[int]) -> None:
        self.lines = [(version, line(version, event)) for version, event in enumerate(events, 2)]
        self.last = len(events) + 1
        self.cuts = list(cuts)

    def answer(self, target: str) -> tuple[bytes, int | None]:
        query = parse_qs(urlsplit(target).query)
        if "watch" not in query:
            listed = {"kind": "ConfigMapList", "metadata": {"resourceVersion": "1"}, "items": []}
            return msgspec.json.encode(listed), None
        since = int(query["resourceVersion"][0])
        body = b"".join(text for version, text in self.lines if version > since)
        if since >= self.last:
            body += b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"%d"}}}\n' % self.last
        return body, self.cuts.pop() if self.cuts else len(body)


@asynccontextmanager
async def serving(history: History) -> AsyncIterator[str]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            target = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
            body, cut = history.answer(target)
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                % (len(body) if cut is None else len(body) + 1)
            )
            writer.write(body[:cut])
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def followed(history: History) -> dict[str, str]:
    """Names and versions as the watch has them when all that happened has been told."""
    known: dict[str, str] = {}
    seen = ""

    async def at_once(seconds: float) -> None:
        await asyncio.sleep(0)

    async with serving(history) as url, Connections(lambda name: PATIENT, environment={}) as connections:
        connection = connections.to(Cluster(name="c", url=url), bearer("some-token"))
        changes = watch(connection, QUESTION, streaming_lists=False, sleep=at_once)
        async with asyncio.timeout(20), aclosing(changes):
            async for change in changes:
                match change:
                    case Reset():
                        known.clear()
                        seen = change.resource_version
                    case Upsert(found):
                        seen = known[found.name] = found.resource_version
                    case Delete(found):
                        known.pop(found.name, None)
                        seen = found.resource_version
                    case Bookmark(version):
                        seen = version
                    case Unreadable():
                        raise AssertionError(change)
                if int(seen) == history.last:
                    break
    return known


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from(["ADDED", "MODIFIED", "DELETED"]), st.sampled_from(["a", "b", "ü"])),
        max_size=8,
    ),
    st.lists(st.integers(0, 1200), max_size=5),
)
def test_streams_cut_at_any_byte_lead_to_what_there_is(events: list[Event], cuts: list[int]) -> None:
    wanted: dict[str, str] = {}
    for version, (what, name) in enumerate(events, 2):
        wanted.pop(name, None)
        if what != "DELETED":
            wanted[name] = str(version)
    assert asyncio.run(followed(History(events, cuts))) == wanted


async def test_what_was_cut_leaves_nothing_for_the_garbage_collector() -> None:
    """Not one object that only holds itself: what is set aside for a day would stay for a day."""
    history = History([("ADDED", "a"), ("ERROR", "b")], [3] * 5)

    async def at_once(seconds: float) -> None:
        await asyncio.sleep(0)

    async with serving(history) as url, Connections(lambda name: PATIENT, environment={}) as connections:
        connection = connections.to(Cluster(name="c", url=url), bearer("some-token"))
        gc.collect()
        gc.disable()
        try:
            failures = 0
            changes = watch(connection, QUESTION, streaming_lists=False, sleep=at_once)
            async with asyncio.timeout(20), aclosing(changes):
                async for change in changes:
                    failures += isinstance(change, Stale)
                    if failures == 7:  # five were cut, two have told of an error of their own
                        break
            del change, changes
            gc.set_debug(gc.DEBUG_SAVEALL)
            gc.collect()
            found = {type(each).__name__ for each in gc.garbage}
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()
    ours = {
        "Response",
        "ClientResponse",
        "StreamReader",
        "AnswerRefused",
        "ClientPayloadError",
        "frame",
        "traceback",
    }
    assert not found & ours
