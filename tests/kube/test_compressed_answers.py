"""Answers that come compressed, asked for or not: read, bounded while they are inflated, and told where they cannot be."""

import asyncio
import gzip
import tracemalloc
import zlib
from contextlib import aclosing

import msgspec
import pytest

from callboard.kube.connection.connection import Connections
from callboard.kube.reads.lists import outcome_of
from callboard.kube.watching.watch import Stale, Upsert, watch_together
from callboard.model.cluster import Cluster
from callboard.model.outcome import Answer, FailureCode, Outcome
from support.kube_client import PATIENT, QUESTION, TOKEN, bearer, raw_server

EMPTY = b'{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[]}'
LONG = EMPTY[:-1] + b" " * 300_000 + b"}"


async def answered(encoding: bytes, body: bytes, *, gzip_asked: bool = False) -> Outcome:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n"
        writer.write(head % (encoding, len(body)) + body)
        await writer.drain()

    limits = msgspec.structs.replace(PATIENT, max_body=1024 * 1024, gzip=gzip_asked)
    async with raw_server(serve) as url, Connections(lambda name: limits, environment={}) as connections:
        return await outcome_of(connections.to(Cluster(name="c", url=url), bearer(TOKEN)), QUESTION)


@pytest.mark.parametrize("gzip_asked", [True, False])
@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        (b"gzip", gzip.compress(EMPTY)),
        (b"GZIP", gzip.compress(LONG)),
        (b"x-gzip", gzip.compress(EMPTY)),
        (b"gzip", gzip.compress(EMPTY[:20]) + gzip.compress(EMPTY[20:])),
        (b"deflate", zlib.compress(LONG)),
        (b"identity", EMPTY),
    ],
    ids=["gzip", "long", "x-gzip", "two in a row", "deflate", "identity"],
)
async def test_a_compressed_answer_is_read(encoding: bytes, body: bytes, gzip_asked: bool) -> None:
    assert (await answered(encoding, body, gzip_asked=gzip_asked)).answer is Answer.EMPTY


@pytest.mark.parametrize(
    ("encoding", "body", "code"),
    [
        (b"gzip", gzip.compress(b" " * 2**26), FailureCode.TOO_LARGE),
        (b"deflate", zlib.compress(b" " * 2**26), FailureCode.TOO_LARGE),
        (b"gzip", b"no gzip at all", FailureCode.NOT_JSON),
        (b"gzip", gzip.compress(LONG)[:-200], FailureCode.TRUNCATED),
        (b"br", b"\x0b\x02\x80", FailureCode.NOT_JSON),
        (b"zstd", b"\x28\xb5\x2f\xfd", FailureCode.NOT_JSON),
        (b"gzip, gzip", gzip.compress(gzip.compress(EMPTY)), FailureCode.NOT_JSON),
    ],
    ids=["gzip bomb", "zlib bomb", "no gzip", "half of it", "br", "zstd", "twice"],
)
async def test_what_cannot_be_inflated_is_told(encoding: bytes, body: bytes, code: FailureCode) -> None:
    failure = (await answered(encoding, body)).failure
    assert failure is not None
    assert failure.code is code


def event(number: int) -> bytes:
    meta = {"name": f"n{number}", "namespace": "n", "resourceVersion": str(number)}
    held = {"kind": "Pod", "apiVersion": "v1", "metadata": meta, "spec": {}, "status": {}}
    return msgspec.json.encode({"type": "ADDED", "object": held}) + b"\n"


LISTED = EMPTY.replace(b"{},", b'{"resourceVersion":"1"},')
EVENTS = b"".join(map(event, range(2, 40)))


async def watched(encoding: bytes, body: bytes) -> tuple[set[str], FailureCode | None]:
    """The names that a watch brings, and why it does not go on."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = (await reader.readuntil(b"\r\n\r\n")).split()[1]
        whole, head = (
            (LISTED, b"") if b"watch" not in target else (body, b"Content-Encoding: %s\r\n" % encoding)
        )
        writer.write(b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n" % (head, len(whole)) + whole)
        await writer.drain()

    names = set[str]()
    async with raw_server(serve) as url, Connections(lambda name: PATIENT, environment={}) as connections:
        connection = connections.to(Cluster(name="c", url=url), bearer(TOKEN))
        changes = watch_together(connection, QUESTION, streaming_lists=False)
        async with asyncio.timeout(8), aclosing(changes):
            async for together in changes:
                names.update(c.object.name for c in together if isinstance(c, Upsert))
                if isinstance(together[-1], Stale):
                    return names, together[-1].failure.code
                if len(names) == 38:
                    return names, None
    raise AssertionError("a watch ends with words")


@pytest.mark.parametrize(
    ("encoding", "body", "names", "code"),
    [
        (b"identity", EVENTS, 38, None),
        (b"gzip", gzip.compress(EVENTS), 38, None),
        (b"gzip", b"".join(gzip.compress(event(n)) for n in range(2, 40)), 38, None),
        (b"deflate", zlib.compress(EVENTS), 38, None),
        (b"gzip", gzip.compress(EVENTS[:3000] + b" " * 2**27), 10, FailureCode.TOO_LARGE),
        (b"deflate", zlib.compress(b" " * 2**27), 0, FailureCode.TOO_LARGE),
        (b"gzip", gzip.compress(b"[" * 2**27), 0, FailureCode.TOO_LARGE),
        (b"gzip", b"no gzip at all", 0, FailureCode.NOT_JSON),
        (b"br", b"\x0b\x02\x80", 0, FailureCode.NOT_JSON),
        (b"zstd", b"\x28\xb5\x2f\xfd", 0, FailureCode.NOT_JSON),
        (b"gzip, gzip", gzip.compress(gzip.compress(EVENTS)), 0, FailureCode.NOT_JSON),
    ],
)
async def test_a_watch_that_comes_compressed_is_bounded_as_well(
    encoding: bytes, body: bytes, names: int, code: FailureCode | None
) -> None:
    """Nobody asked for it; the bombs here are of 128 MiB."""
    tracemalloc.start()
    try:
        found, why = await watched(encoding, body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert why is code
    assert len(found) >= names
    assert peak < 20 * 2**20


@pytest.mark.parametrize(
    ("status", "body", "code", "patience"),
    [(200, LONG, FailureCode.TOO_LARGE, (45, 75)), (503, EMPTY, FailureCode.SERVER_ERROR, (0, 1))],
)
async def test_a_list_beyond_its_bound_is_not_asked_for_again_at_once(
    status: int, body: bytes, code: FailureCode, patience: tuple[float, float]
) -> None:
    """It costs as much to find out again as the bound allows; what may be over in a moment is asked for in a moment."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 %d OK\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body)
        await writer.drain()

    limits = msgspec.structs.replace(PATIENT, max_body=64 * 1024)
    async with raw_server(serve) as url, Connections(lambda name: limits, environment={}) as connections:
        connection = connections.to(Cluster(name="c", url=url), bearer(TOKEN))
        changes = watch_together(connection, QUESTION, streaming_lists=False)
        async with aclosing(changes):
            (stale,) = await anext(changes)
    assert isinstance(stale, Stale)
    assert stale.failure.code is code
    assert patience[0] <= stale.retry_in <= patience[1]
