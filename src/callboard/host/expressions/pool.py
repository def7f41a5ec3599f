"""A few processes that evaluate expressions, each killed when it takes too long, and begun when it is needed."""

import asyncio
import contextlib
import struct
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from callboard.base.errors import Unavailable

__all__ = ["MOST_EXPRESSION", "ExpressionFailed", "ExpressionPool"]

WORKERS: Final = 2
MOST_WAITING: Final = 32
MOST_EXPRESSION: Final = 4000
MOST_RESULT: Final = 2 * 1024 * 1024
BEGINNING: Final = 15.0
"""Seconds a process may take to be ready."""
DEADLINE: Final = 5.0
"""Seconds of one evaluation."""
PAUSE: Final = 15.0
"""Seconds an expression is left alone for which a process had to be ended."""
IDLE: Final = 60.0
"""Seconds an unused process stays."""

_WORKER: Final = Path(__file__).parent / "worker.py"
_log = structlog.get_logger(__name__)


class ExpressionFailed(Exception):
    """An expression is wrong, or went wrong: in a clause with its place."""


class ExpressionPool:
    """To be closed. An expression has one process at most at a time, so that one that is slow leaves the others theirs."""

    def __init__(
        self,
        *,
        deadline: float = DEADLINE,
        pause: float = PAUSE,
        idle: float = IDLE,
    ) -> None:
        self._deadline = deadline
        self._pause = pause
        self._idle = idle
        self._free: list[_Worker] = []
        self._workers: set[_Worker] = set()
        self._room = asyncio.Semaphore(WORKERS)
        self._waiting = 0
        self._paused: dict[str, float] = {}
        self._busy: dict[str, tuple[asyncio.Lock, int]] = {}
        self._closed = False

    async def aclose(self) -> None:
        """End all processes."""
        self._closed = True
        for worker in list(self._workers):
            await self._ended(worker)

    async def check(self, expression: str) -> str:
        """What is wrong with an expression, in a clause; "" where nothing is. Raises Unavailable where that cannot be said."""
        if len(expression) > MOST_EXPRESSION:
            return f"an expression has at most {MOST_EXPRESSION} characters"
        try:
            await self._asked(expression, {"expression": expression})
        except ExpressionFailed as error:
            return str(error)
        return ""

    async def value(self, expression: str, data: Mapping[str, object]) -> object:
        """What it gives of `data`: `objects`, `parts`, `path`. Raises ExpressionFailed, Unavailable."""
        return await self._asked(expression, {"expression": expression, "data": data})

    async def _asked(self, expression: str, question: Mapping[str, object]) -> object:
        loop = asyncio.get_running_loop()
        if (left := self._paused.get(expression, 0.0) - loop.time()) > 0:
            raise ExpressionFailed(f"it took too much before; it is tried again in {left:.0f} s")
        if self._waiting >= MOST_WAITING:
            raise Unavailable(
                "Too many expressions wait to be evaluated; try again in a moment.", code="expressions-busy"
            )
        self._waiting += 1
        lock, users = self._busy.get(expression, (asyncio.Lock(), 0))
        self._busy[expression] = (lock, users + 1)
        try:
            async with lock, self._room:
                if self._paused.get(expression, 0.0) > loop.time():
                    raise ExpressionFailed("it took too much just now")
                return await self._by_one(expression, msgspec.json.encode(question))
        finally:
            self._waiting -= 1
            lock, users = self._busy.pop(expression)
            if users > 1:
                self._busy[expression] = (lock, users - 1)

    async def _by_one(self, expression: str, question: bytes) -> object:
        worker = self._free.pop() if self._free else await self._begun()
        worker.rest()
        try:
            async with asyncio.timeout(self._deadline):
                answer = await worker.ask(question)
        except BaseException as error:
            await self._ended(worker)
            if isinstance(error, TimeoutError):
                raise self._too_much(expression, f"it takes longer than {self._deadline:g} s") from None
            if isinstance(error, asyncio.IncompleteReadError | OSError):
                raise self._too_much(expression, "it needs more memory than there is for it") from None
            if isinstance(error, _TooLarge):
                raise ExpressionFailed(f"it gives more than {MOST_RESULT} bytes") from None
            raise
        worker.idle(self._idle, self._out)
        self._free.append(worker)
        if "error" in answer:
            raise ExpressionFailed(str(answer["error"]))
        return answer.get("value")

    def _too_much(self, expression: str, why: str) -> Exception:
        if len(self._paused) >= 1000:
            self._paused.clear()
        self._paused[expression] = asyncio.get_running_loop().time() + self._pause
        _log.warning("an expression was ended before it gave anything", why=why, expression=expression[:200])
        return ExpressionFailed(why)

    async def _begun(self) -> "_Worker":
        if self._closed:
            raise Unavailable("Callboard is shutting down.", code="not-there")
        worker: _Worker | None = None
        try:
            async with asyncio.timeout(BEGINNING):
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-I",
                    str(_WORKER),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.DEVNULL,
                    cwd="/",
                    env={},
                )
                worker = _Worker(process)
                self._workers.add(worker)
                await worker.ask(msgspec.json.encode({"expression": "true"}))
        except BaseException as error:
            if worker is not None:
                await self._ended(worker)
            if isinstance(error, TimeoutError | OSError | asyncio.IncompleteReadError):
                words = f"What evaluates expressions could not be begun ({type(error).__name__})."
                raise Unavailable(words, code="expressions-away") from None
            raise
        return worker

    def _out(self, worker: "_Worker") -> None:
        """One has not been used for long."""
        if worker in self._free:
            self._free.remove(worker)
            worker.kill()
            self._workers.discard(worker)

    async def _ended(self, worker: "_Worker") -> None:
        self._workers.discard(worker)
        if worker in self._free:
            self._free.remove(worker)
        worker.kill()
        await worker.gone()


class _TooLarge(Exception):
    """It answered more than is taken."""


class _Worker:
    """One process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._timer: asyncio.TimerHandle | None = None

    async def ask(self, question: bytes) -> dict[str, Any]:
        """Its answer. Raises IncompleteReadError where it ends instead."""
        into, out = self._process.stdin, self._process.stdout
        assert into is not None  # noqa: S101 - both are pipes
        assert out is not None  # noqa: S101
        into.write(struct.pack(">I", len(question)) + question)
        await into.drain()
        (length,) = struct.unpack(">I", await out.readexactly(4))
        if length > MOST_RESULT:
            raise _TooLarge
        answer: dict[str, Any] = msgspec.json.decode(await out.readexactly(length))
        return answer

    def rest(self) -> None:
        """It is in use."""
        if self._timer is not None:
            self._timer.cancel()

    def idle(self, seconds: float, out: "Callable[[_Worker], None]") -> None:
        """It is not."""
        self._timer = asyncio.get_running_loop().call_later(seconds, out, self)

    def kill(self) -> None:
        """End it."""
        self.rest()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def gone(self) -> None:
        """When it has ended."""
        with contextlib.suppress(Exception):
            await self._process.wait()
