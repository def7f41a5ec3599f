"""Answers over kept connections: whole, one for each question, and with a bound on whatever a server sends that is none."""

import asyncio
import gzip
from collections.abc import Sequence

import aiohttp
import msgspec
import pytest

from callboard.kube.connection.connection import Connection, Connections
from callboard.kube.connection.heads import Connector
from callboard.kube.failure import AnswerRefused
from callboard.kube.reads.lists import outcome_of
from callboard.kube.watching.watch import Change
from callboard.model.cluster import Cluster
from callboard.model.outcome import Answer, FailureCode, Outcome, Question
from callboard.model.resource import KNOWN_TYPES
from support.kube_client import LIMITS, PATIENT, QUESTION, TOKEN, bearer, raw_server
from support.watched import watch

LARGE = b'{"kind":"PodList","apiVersion":"v1","metadata":{"selfLink":"%s"},"items":[]}' % (b"x" * 200_000)
EMPTY = b'{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[]}'
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(EMPTY), EMPTY)


LARGER = LARGE.replace(b"x" * 200_000, b"y" * 1_400_000)
SMALL_CHUNKS = (600_000, *([500] * 1_601))
"""One that fills what a connection holds of a body, and then such as a server writes that flushes after each object."""


def chunked(body: bytes, sizes: Sequence[int]) -> bytes:
    """The body in chunks of these sizes."""
    told, at = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 0
    for size in sizes:
        part, at = body[at : at + size], at + size
        told += b"%x\r\n%s\r\n" % (len(part), part)
    assert at >= len(body)
    return told + b"0\r\n\r\n"


class Served:
    """Says the same to every question; counts connections and keeps the questions."""

    def __init__(self, *pieces: bytes, close: bool = False) -> None:
        self.pieces = pieces
        self.close = close
        self.connections = 0
        self.asked: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while True:
            self.asked.append(await reader.readuntil(b"\r\n\r\n"))
            for piece in self.pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.01)
            if self.close:
                return


async def answers(served: Served, times: int = 2) -> list[Outcome]:
    async with (
        raw_server(served) as url,
        Connections(lambda name: LIMITS, environment={}) as connections,
    ):
        connection = connections.to(Cluster(name="c", url=url), bearer(TOKEN))
        return [await outcome_of(connection, QUESTION) for _ in range(times)]


@pytest.mark.parametrize(
    "pieces",
    [
        (WHOLE,),
        tuple(WHOLE[i : i + 7] for i in range(0, len(WHOLE), 7)),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(EMPTY), EMPTY),
            b"0\r\n\r\n",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(LARGE), LARGE),),
        (b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n", WHOLE),
    ],
    ids=["whole", "in pieces", "chunked", "large", "after a hint"],
)
async def test_an_answer_is_read_and_its_connection_kept(pieces: tuple[bytes, ...]) -> None:
    served = Served(*pieces)
    assert [o.answer for o in await answers(served)] == [Answer.EMPTY, Answer.EMPTY]
    assert served.connections == 1


@pytest.mark.parametrize("sizes", [SMALL_CHUNKS, (1_000_000, *([60] * 6_700)), (600_000, 900_000)])
async def test_whoever_reads_slower_than_it_comes_gets_all_of_it(sizes: Sequence[int]) -> None:
    """What came while nobody read is held beside the body, and is not what stands around it."""
    async with (
        raw_server(Served(chunked(LARGER, sizes))) as url,
        aiohttp.ClientSession(connector=Connector(limit=1, context=False, keep_alive=1.0)) as http,
        http.get(url) as answer,
    ):
        await asyncio.sleep(0.3)
        assert await answer.read() == LARGER


async def test_an_answer_may_end_with_its_connection() -> None:
    served = Served(b"HTTP/1.1 200 OK\r\n\r\n" + EMPTY, close=True)
    assert [o.answer for o in await answers(served)] == [Answer.EMPTY, Answer.EMPTY]
    assert served.connections == 2


async def test_a_connection_that_says_more_than_it_was_asked_is_not_asked_again() -> None:
    """What came too much must never be the answer to the next question."""
    another = EMPTY.replace(b'"items":[]', b'"items":[{"metadata":{"name":"foreign","namespace":"n"}}]')
    served = Served(WHOLE + b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(another), another))
    assert [o.answer for o in await answers(served)] == [Answer.EMPTY, Answer.EMPTY]
    assert served.connections == 2


async def test_a_connection_that_the_server_closed_meanwhile_costs_no_answer() -> None:
    served = Served(WHOLE, close=True)
    assert [o.answer for o in await answers(served, 3)] == [Answer.EMPTY] * 3


async def test_an_answer_that_is_compressed_without_being_asked_is_read_all_the_same() -> None:
    packed = gzip.compress(EMPTY)
    served = Served(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(packed), packed)
    )
    assert [o.answer for o in await answers(served)] == [Answer.EMPTY, Answer.EMPTY]


async def test_a_head_without_an_end_is_not_read_for_ever() -> None:
    served = Served(b"HTTP/1.1 200 OK\r\n", *[b"X-More: %s\r\n" % (b"x" * 8000)] * 10)
    (outcome,) = await answers(served, 1)
    assert outcome.failure is not None
    assert outcome.failure.code is FailureCode.NOT_JSON


async def test_the_words_of_a_refusal_that_never_end_do_not_hide_it() -> None:
    served = Served(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 99\r\n\r\n{")
    (outcome,) = await answers(served, 1)
    assert outcome.answer is Answer.FORBIDDEN


async def test_what_no_request_line_can_hold_is_not_sent() -> None:
    served = Served(WHOLE)
    async with (
        raw_server(served) as url,
        Connections(lambda name: LIMITS, environment={}) as connections,
    ):
        connection = connections.to(Cluster(name="c", url=url), bearer(TOKEN))
        with pytest.raises(AnswerRefused):
            await connection.read("GET", "/api/v1/pods HTTP/1.1\r\nX-Foreign: yes")
    assert served.asked == []


# ------------------------------------------------------------------ floods


class Flood:
    """Answers the first request with `head`, and then with `piece` for as long as anybody reads; after `most` bytes nobody
    holds it to a bound."""

    def __init__(self, head: bytes, piece: bytes, most: int = 64 * 1024 * 1024) -> None:
        self.head, self.piece, self.most = head, piece, most
        self.sent = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(self.head)
        while self.sent < self.most:
            writer.write(self.piece)
            await writer.drain()
            self.sent += len(self.piece)


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
FLOODS = {
    "100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 4096),
    "103 Early Hints": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" * 2048),
    "102 and long": (b"", (b"HTTP/1.1 102 Processing\r\nX: " + b"x" * 4000 + b"\r\n\r\n") * 16),
    "a head of lines": (OK, b"X-More: yes\r\n" * 8192),
    "one line": (OK + b"X: ", b"x" * 65536),
    "trailers": (CHUNKED, b"X-More: yes\r\n" * 8192),
    "one trailer": (CHUNKED + b"X: ", b"x" * 65536),
    "a status line": (b"HTTP/1.1 200 ", b"O" * 65536),
    "a chunk's extension": (OK + b"Transfer-Encoding: chunked\r\n\r\n2;", b"x" * 65536),
    "a chunk's size": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0" * 65536),
    "a body": (OK + b"\r\n", b" " * 65536),
    "chunks of nothing much": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 8192),
    "a refusal's body": (b"HTTP/1.1 403 Forbidden\r\n\r\n", b" " * 65536),
    "answers": (b"", OK + b"Content-Length: 2\r\n\r\n{}" * 1024),
}
MOST_TAKEN = 24 * 1024 * 1024
"""Of any flood: the 2 MiB that are read of a body here, six times that where each byte is a chunk, and what sockets hold."""


@pytest.mark.parametrize("flood", FLOODS)
async def test_no_flood_is_read_for_long(flood: str) -> None:
    limits = msgspec.structs.replace(PATIENT, max_body=2 * 1024 * 1024)
    served = Flood(*FLOODS[flood])
    async with raw_server(served) as url, Connections(lambda name: limits, environment={}) as connections:
        outcome = await outcome_of(connections.to(Cluster(name="c", url=url), bearer(TOKEN)), QUESTION)
    assert outcome.failure is not None
    assert outcome.failure.code is not FailureCode.INTERNAL
    assert served.sent < MOST_TAKEN


@pytest.mark.parametrize("flood", [*FLOODS, "a line"])
async def test_no_flood_is_read_for_long_on_a_watch(flood: str) -> None:
    """A body of a watch has no end, but each of its lines has."""
    limits = msgspec.structs.replace(PATIENT, max_line=1024 * 1024, max_body=2 * 1024 * 1024)
    served = Flood(*FLOODS.get(flood, (OK + b"\r\n", b"{" * 65536)))
    paused = asyncio.Event()

    async def sleep(seconds: float) -> None:
        paused.set()
        await asyncio.Event().wait()

    async with raw_server(served) as url, Connections(lambda name: limits, environment={}) as connections:
        connection = connections.to(Cluster(name="c", url=url), bearer(TOKEN))
        changes = watch(connection, QUESTION, streaming_lists=False, since="1", sleep=sleep)
        seen: list[Change] = []

        async def follow() -> None:
            async for change in changes:
                seen.append(change)

        following = asyncio.ensure_future(follow())
        await paused.wait()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    assert served.sent < MOST_TAKEN


async def test_a_few_interim_answers_cost_no_answer() -> None:
    served = Served(
        *[b"HTTP/1.1 100 Continue\r\n\r\n"] * 5, b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + WHOLE
    )
    assert [o.answer for o in await answers(served, 3)] == [Answer.EMPTY] * 3
    assert served.connections == 1


async def test_only_what_is_long_to_read_waits_for_its_turn(
    connections: Connections, connection: Connection
) -> None:
    nothing = Question(type=KNOWN_TYPES[0], namespace="games", label_selector="app=none")
    assert (await outcome_of(connection, nothing)).answer is Answer.EMPTY
    assert connections.steps.rounds == 0
    assert (await outcome_of(connection, QUESTION)).answer is Answer.OBJECTS
    assert connections.steps.rounds == 1
