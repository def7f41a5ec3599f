"""One line on standard error while a person waits for more than a moment."""

import asyncio
from types import TracebackType
from typing import TextIO

from callboard.cli.text import plain, span, terminal_of
from callboard.model.snapshot import ClusterState
from callboard.portal.views import KubernetesView

__all__ = ["ProgressLine"]

PATIENCE = 1.0
"""Seconds before anything is said: a healthy fleet answers sooner, and a line that flashes by tells nothing."""
BEAT = 0.5


class ProgressLine:
    """Use as a context manager inside a running loop. Silent where `stream` is no terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = terminal_of(stream)
        self._view: KubernetesView | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._shown = False
        self._started = 0.0

    def __enter__(self) -> "ProgressLine":
        if self._terminal.width is not None:
            loop = asyncio.get_running_loop()
            self._started = loop.time()
            self._timer = loop.call_later(PATIENCE, self._tick)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._shown:
            self._write("\r\x1b[K")

    def waiting_for(self, view: KubernetesView) -> None:
        """What is known so far."""
        self._view = view

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        line = f"{self._words()} ({span(loop.time() - self._started)})"
        self._shown = self._write("\r\x1b[K" + line[: (self._terminal.width or 80) - 1])
        if self._shown:
            self._timer = loop.call_later(BEAT, self._tick)

    def _words(self) -> str:
        if self._view is None:
            return "Reading the catalog"
        total = len(self._view.clusters)
        answered = (ClusterState.ANSWERED, ClusterState.FAILED)
        names = [plain(c.cluster.name, 40) for c in self._view.clusters if c.state not in answered]
        if not names:
            return f"All {total} clusters have answered; asking for events and the like"
        return f"{total - len(names)} of {total} clusters have answered; waiting for {', '.join(names)}"

    def _write(self, text: str) -> bool:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, UnicodeError):
            return False  # nobody reads it; the answer itself goes to standard output
        return True
