"""Short answers over connections of our own: kept, one question at a time, and nothing taken for an answer that is none."""

import asyncio
import gzip
from collections.abc import Coroutine, Generator
from typing import Any

import pytest

from callboard.kube.connection import Connection, Connections
from callboard.kube.failure import AnswerRefused
from callboard.kube.lists import outcome_of
from callboard.model.cluster import Cluster
from callboard.model.outcome import Answer, FailureCode, Outcome
from callboard.simulator.cluster import Cluster as StandIn
from support.kube_client import LIMITS, QUESTION, TOKEN, bearer, raw_server

LARGE = b'{"kind":"PodList","apiVersion":"v1","metadata":{"selfLink":"%s"},"items":[]}' % (b"x" * 200_000)
EMPTY = b'{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[]}'
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(EMPTY), EMPTY)


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


async def test_a_question_over_a_kept_connection_makes_no_task(
    connection: Connection, stand_in: StandIn
) -> None:
    await outcome_of(connection, QUESTION)
    loop = asyncio.get_running_loop()
    made: list[str] = []

    def factory(
        loop: asyncio.AbstractEventLoop, coro: Generator[Any, None, Any] | Coroutine[Any, Any, Any]
    ) -> "asyncio.Task[Any]":
        if "outcome_of" in repr(coro) or "kube" in repr(coro):
            made.append(repr(coro))
        return asyncio.Task(coro, loop=loop)

    loop.set_task_factory(factory)
    try:
        outcomes = [await outcome_of(connection, QUESTION) for _ in range(20)]
    finally:
        loop.set_task_factory(None)
    assert {o.answer for o in outcomes} == {Answer.OBJECTS}
    assert made == []
    assert stand_in.open_connections == 1
