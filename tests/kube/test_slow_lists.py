"""A list that goes on is not given up, however long it takes; one that stands still is. And none keeps the loop for itself."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, aclosing, asynccontextmanager

import msgspec
import pytest

from callboard.kube.connection.connection import Connections
from callboard.kube.connection.response import PIECE
from callboard.kube.loop.idle_timeout import IdleTimeout, IdleTimeouts
from callboard.kube.loop.loop_budget import LoopBudget
from callboard.kube.watching.watch import Change, Reset, Upsert, watch_together
from callboard.model.cluster import Cluster
from callboard.model.outcome import Question
from callboard.model.resource import known_type
from support.kube_client import PATIENT, bearer, raw_server
from support.leaping import Leaping

CONFIGMAPS = known_type("configmaps")
assert CONFIGMAPS is not None
QUESTION = Question(type=CONFIGMAPS, namespace="n")
LIST_END = (
    b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"99",'
    b'"annotations":{"k8s.io/initial-events-end":"true"}}}}\n'
)
START = 0.4
"""Seconds of standing still after which a streaming list is given up here."""


def added(number: int, kind: str = "ADDED") -> bytes:
    name = f"c{number}" if kind == "ADDED" else "c0"
    meta = {"name": name, "namespace": "n", "resourceVersion": str(number)}
    held = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": meta}
    return msgspec.json.encode({"type": kind, "object": held}) + b"\n"


class Slow:
    """A server whose streaming list comes line by line, `pause` seconds apart; whose list is empty, and comes at once."""

    def __init__(self, lines: list[bytes], pause: float) -> None:
        self.lines = lines
        self.pause = pause
        self.asked: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            target = head.split(b" ")[1].decode()
            self.asked.append("streaming" if "sendInitialEvents" in target else target.partition("?")[0])
            if "watch=true" not in target:
                body = b'{"kind":"ConfigMapList","metadata":{"resourceVersion":"1"},"items":[]}'
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
                continue
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for line in self.lines:
                writer.write(b"%x\r\n%b\r\n" % (len(line), line))
                await writer.drain()
                await asyncio.sleep(self.pause)
            await reader.read()


@asynccontextmanager
async def watched(server: Slow, progress: list[int]) -> AsyncIterator[AsyncIterator[list[Change]]]:
    limits = msgspec.structs.replace(PATIENT, watch_start=START)

    async def together(connections: Connections, url: str) -> AsyncIterator[list[Change]]:
        connection = connections.to(Cluster(name="slow", url=url), bearer("t"))
        changes = watch_together(connection, QUESTION, progress=lambda: progress.append(1))
        async with aclosing(changes):
            async for each in changes:
                yield list(each)

    async with (
        raw_server(server.serve) as url,
        Connections(lambda name: limits, environment={}) as connections,
        aclosing(together(connections, url)) as changes,  # type: ignore[type-var]
        asyncio.timeout(20),
    ):
        yield changes


async def test_a_list_that_goes_on_is_whole_however_long_it_takes() -> None:
    server = Slow([*(added(n) for n in range(24)), LIST_END], pause=START / 8)
    progress: list[int] = []
    async with watched(server, progress) as changes:
        (reset,) = await anext(changes)
    assert isinstance(reset, Reset)
    assert len(reset.objects) == 24
    assert server.asked == ["streaming"]
    assert len(progress) > 1


async def test_a_list_in_which_nothing_new_comes_is_given_up_though_the_stream_goes_on() -> None:
    """What ignores the request for a streaming list tells changes, and never that it has told all."""
    server = Slow([added(0), *(added(n, "MODIFIED") for n in range(1, 200))], pause=START / 8)
    async with watched(server, []) as changes:
        (reset,) = await anext(changes)
    assert isinstance(reset, Reset)
    assert reset.objects == ()
    assert server.asked[:2] == ["streaming", "/api/v1/namespaces/n/configmaps"]


async def test_of_a_list_that_has_come_already_no_more_is_read_at_once_than_others_can_wait_for() -> None:
    filler = {"filler": "x" * 1000}
    lines = [added(n)[:-3] + b"," + msgspec.json.encode(filler)[1:] + b"}\n" for n in range(2000)]
    together = b"".join([*lines, LIST_END])
    progress: list[int] = []
    async with watched(Slow([together], pause=0.0), progress) as changes:
        (reset,) = await anext(changes)
    assert isinstance(reset, Reset)
    assert len(reset.objects) == 2000
    assert len(progress) >= len(together) / PIECE


async def test_a_reader_who_takes_his_time_does_not_make_the_stream_silent() -> None:
    server = Slow([LIST_END, *(added(n) for n in range(400))], pause=0.0)
    seen = 0
    async with watched(server, []) as changes:
        async for together in changes:
            seen += sum(isinstance(c, Upsert) for c in together)
            if seen == 400:
                break
            await asyncio.sleep(START * 1.5)
    assert server.asked == ["streaming"]


async def test_silence_counts_only_while_somebody_waits_and_a_loop_held_up_counts_as_one_look() -> None:
    class Content:
        def __init__(self) -> None:
            self.ended = asyncio.Event()

        def set_exception(self, error: BaseException) -> None:
            self.ended.set()

    content = Content()
    with IdleTimeout(content, 0.4, IdleTimeouts()) as silence:  # type: ignore[arg-type]
        await asyncio.sleep(0.8)
        assert not content.ended.is_set()
        waits = asyncio.create_task(silence.until(asyncio.Event().wait()))
        await asyncio.sleep(0)
        burn(1.0)
        await asyncio.sleep(0.02)
        assert not content.ended.is_set()
        async with asyncio.timeout(10):
            await content.ended.wait()
        waits.cancel()
        await asyncio.gather(waits, return_exceptions=True)


def test_hundreds_of_quiet_watches_wake_the_loop_as_often_as_one() -> None:
    async def quiet(watches: int) -> tuple[int, int]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Leaping)
        silences = IdleTimeouts()
        with ExitStack() as all_of_them:
            for _ in range(watches):
                each = IdleTimeout(asyncio.StreamReader(), 150.0, silences)  # type: ignore[arg-type]
                all_of_them.enter_context(each)
                await asyncio.sleep(0.01)
            before, rounds = loop.woken, silences.rounds
            await asyncio.sleep(3600)
            found = loop.woken - before, silences.rounds - rounds
        await asyncio.sleep(150)
        assert silences.rounds - rounds <= found[1] + 1  # nobody is left to look at
        return found

    with asyncio.Runner(loop_factory=Leaping) as runner:
        assert runner.run(quiet(500)) == runner.run(quiet(1))
        assert runner.run(quiet(500))[0] <= 3600 * 8 / 150 + 2


def burn(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


async def test_of_long_steps_there_is_one_in_each_round_and_all_have_theirs_in_order() -> None:
    steps = LoopBudget()
    order: list[int] = []

    async def reads(name: int) -> None:
        for _ in range(3):
            await steps.next_step()
            order.append(name)
            burn(0.005)

    async with asyncio.TaskGroup() as group:
        for name in range(10):
            group.create_task(reads(name))
    assert order == [0, *range(10), *range(10), *range(1, 10)]
    assert steps.rounds == 30


async def test_short_steps_wait_for_nobody() -> None:
    steps, others = LoopBudget(), 0

    def other() -> None:
        nonlocal others
        others += 1

    asyncio.get_running_loop().call_soon(other)
    for _ in range(3):
        await steps.next_step()
    assert others == 0


@pytest.mark.parametrize("gone", [0, 3, 9])
async def test_whoever_gives_up_waiting_for_a_step_keeps_nobody_waiting(gone: int) -> None:
    steps = LoopBudget()
    served: list[int] = []

    async def reads(name: int) -> None:
        await steps.next_step()
        served.append(name)

    async def first() -> None:
        await steps.next_step()
        burn(0.005)

    begun = asyncio.create_task(first())
    tasks = [asyncio.create_task(reads(name)) for name in range(10)]
    await begun
    tasks[gone].cancel()
    async with asyncio.timeout(10):
        await asyncio.gather(*tasks, return_exceptions=True)
    assert served == [n for n in range(10) if n != gone]
