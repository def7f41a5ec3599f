"""Short answers over connections of our own: kept, one question at a time, and nothing taken for an answer that is none."""

import asyncio
import gzip
import ssl
import sys
from collections import Counter
from collections.abc import Coroutine, Generator
from types import FrameType
from typing import Any

import pytest

from callboard.kube.connection import Connection, Connections
from callboard.kube.failure import AnswerRefused
from callboard.kube.gate import Gate
from callboard.kube.lists import outcome_of
from callboard.model.cluster import Cluster
from callboard.model.outcome import Answer, FailureCode, Outcome, Question
from callboard.model.resource import KNOWN_TYPES
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


async def test_what_comes_over_tls_takes_no_memory_of_its_own_before_it_is_read(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a buffer to read into, each answer begins with a quarter of a megabyte that is asked for and given back."""
    into: list[object] = []
    read = ssl.SSLObject.read

    def noted(self: ssl.SSLObject, *args: Any) -> Any:
        if not self.server_side:
            into.append(args[1] if len(args) > 1 else None)
        return read(self, *args)

    monkeypatch.setattr(ssl.SSLObject, "read", noted)
    assert (await outcome_of(connection, QUESTION)).answer is Answer.OBJECTS
    assert into
    assert None not in into


MOST_CALLS = 45
"""Functions of ours, of asyncio's deadlines and of contextlib that one question takes which finds nothing, in the loop's thread.
Half of the types a service is asked for are such."""


async def test_a_question_that_finds_nothing_costs_few_calls(connection: Connection) -> None:
    nothing = Question(type=KNOWN_TYPES[0], namespace="games", label_selector="app=none")
    await outcome_of(connection, nothing)
    calls: Counter[str] = Counter()

    def noted(frame: FrameType, event: str, arg: object) -> None:
        file = frame.f_code.co_filename
        if event == "call" and file.endswith(("timeouts.py", "locks.py", "contextlib.py")):
            calls[frame.f_code.co_qualname] += 1
        elif event == "call" and "callboard/kube" in file and frame.f_code.co_name != "on_header":
            calls[frame.f_code.co_qualname] += 1

    sys.setprofile(noted)
    try:
        outcome = await outcome_of(connection, nothing)
    finally:
        sys.setprofile(None)
    assert outcome.answer is Answer.EMPTY
    assert sum(calls.values()) <= MOST_CALLS, calls


async def test_only_what_is_long_to_read_waits_for_its_turn(
    connections: Connections, connection: Connection
) -> None:
    nothing = Question(type=KNOWN_TYPES[0], namespace="games", label_selector="app=none")
    assert (await outcome_of(connection, nothing)).answer is Answer.EMPTY
    assert connections.steps.rounds == 0
    assert (await outcome_of(connection, QUESTION)).answer is Answer.OBJECTS
    assert connections.steps.rounds == 1


# ------------------------------------------------------------------ the gate


async def test_a_gate_lets_so_many_through_and_the_others_in_order() -> None:
    gate, passed = Gate(2), list[int]()
    later = asyncio.get_running_loop().time() + 60

    async def pass_through(number: int) -> None:
        if not gate.enter():
            await gate.wait(later)
        passed.append(number)

    assert gate.enter()
    assert gate.enter()
    assert not gate.enter()
    async with asyncio.TaskGroup() as tasks:
        for number in range(3):
            tasks.create_task(pass_through(number))
        await asyncio.sleep(0)
        for let_out in range(3):
            assert passed == list(range(let_out))
            gate.leave()
            assert not gate.enter(), "the place is whose turn it is"
            await asyncio.sleep(0)
            await asyncio.sleep(0)
    assert passed == [0, 1, 2]
    assert not gate.enter()


async def test_a_place_given_to_who_gave_up_goes_to_the_next() -> None:
    gate = Gate(1)
    later = asyncio.get_running_loop().time() + 60
    assert gate.enter()
    first, second = (asyncio.create_task(gate.wait(later)) for _ in range(2))
    await asyncio.sleep(0)
    gate.leave()
    first.cancel()
    await second
    assert first.cancelled()
    assert not gate.enter()
    gate.leave()
    assert gate.enter()


async def test_a_gate_lets_a_few_through_until_it_is_widened() -> None:
    gate = Gate(3, few=1)
    later = asyncio.get_running_loop().time() + 60
    assert gate.enter()
    assert gate.narrow
    waiting = [asyncio.create_task(gate.wait(later)) for _ in range(3)]
    await asyncio.sleep(0)
    gate.widen()
    await asyncio.gather(*waiting[:2])
    gate.widen()
    assert [each.done() for each in waiting] == [True, True, False], "the places are given away once"
    gate.leave()
    await waiting[2]
    assert not Gate(2, few=4).narrow


async def test_a_gate_is_waited_for_until_a_deadline() -> None:
    gate = Gate(1)
    assert gate.enter()
    with pytest.raises(TimeoutError):
        await gate.wait(asyncio.get_running_loop().time())
    gate.leave()
    assert gate.enter()
    assert not gate.enter()
