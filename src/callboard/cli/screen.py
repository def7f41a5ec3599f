"""A terminal's screen, painted in place: the alternate screen while it lasts, what was there before afterwards."""

import asyncio
import os
import shutil
import signal
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TextIO

from callboard.cli.text import Terminal, encodable, terminal_of

__all__ = ["Screen", "is_screen"]

BEAT = 1.0
"""Seconds between two paintings where nothing has changed: ages grow."""

_ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"
"""The alternate screen, no cursor, and lines that are too long cut instead of wrapped."""
_LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l"
_BEGIN, _END = "\x1b[?2026h\x1b[H", "\x1b[J\x1b[?2026l"
"""Shown as one where the terminal knows synchronised output; elsewhere each line is overwritten, never blanked first."""

Paint = Callable[[Terminal, int], list[str]]
"""The lines for a terminal of so many rows; what does not fit is cut."""


def is_screen(stream: TextIO) -> bool:
    """Whether `stream` can be painted on."""
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


class Screen:
    """Use as a context manager inside a running loop. SIGTERM and SIGHUP cancel the task that entered it, so that the terminal
    is left as it was; `stopped_by` tells which it was. After Ctrl-Z and `fg` it goes on."""

    def __init__(self, stream: TextIO, paint: Paint) -> None:
        self.stopped_by: signal.Signals | None = None
        self._stream = stream
        self._paint = paint
        self._shown = ""
        self._due: asyncio.TimerHandle | None = None
        self._echo: list[int | list[bytes | int]] | None = None
        self._task: asyncio.Task[object] | None = None

    def __enter__(self) -> "Screen":
        loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        for stop in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(stop, self._stop, stop)
        loop.add_signal_handler(signal.SIGWINCH, self._resized)
        loop.add_signal_handler(signal.SIGTSTP, self._suspend)
        self._take()
        self._tick()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGWINCH, signal.SIGTSTP):
            loop.remove_signal_handler(number)
        if self._due is not None:
            self._due.cancel()
        self._give_back()

    def refresh(self) -> None:
        """Paint what has changed."""
        size = shutil.get_terminal_size()
        lines = self._paint(terminal_of(self._stream), size.lines)[: size.lines]
        text = "\x1b[K\r\n".join(lines) + "\x1b[K"
        if text != self._shown:
            self._write(_BEGIN + text + _END)
            self._shown = text

    def _tick(self) -> None:
        self.refresh()
        self._due = asyncio.get_running_loop().call_later(BEAT, self._tick)

    def _resized(self) -> None:
        self._shown = ""
        self.refresh()

    def _stop(self, number: signal.Signals) -> None:
        self.stopped_by = number
        if self._task is not None:
            self._task.cancel()

    def _suspend(self) -> None:
        self._give_back()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._take()
        self._resized()

    def _take(self) -> None:
        self._echo = _without_echo()
        self._write(_ENTER)

    def _give_back(self) -> None:
        self._write(_LEAVE)
        if self._echo is not None:
            with suppress(termios.error):
                termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, self._echo)

    def _write(self, text: str) -> None:
        with _lost():
            self._stream.write(encodable(text, self._stream))
            self._stream.flush()


def _without_echo() -> list[int | list[bytes | int]] | None:
    """Keep typed keys off the screen; the attributes to go back to, or None where standard input is no terminal."""
    try:
        descriptor = sys.stdin.fileno()
        before: list[int | list[bytes | int]] = termios.tcgetattr(descriptor)
        changed = list(before)
        flags = changed[3]
        if isinstance(flags, int):
            changed[3] = flags & ~termios.ECHO
        termios.tcsetattr(descriptor, termios.TCSADRAIN, changed)
    except (OSError, ValueError, termios.error):
        return None
    return before


@contextmanager
def _lost() -> Iterator[None]:
    """A terminal that is gone takes nothing any more; SIGHUP ends us."""
    with suppress(OSError):
        yield
