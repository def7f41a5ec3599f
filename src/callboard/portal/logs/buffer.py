"""What has come of a followed log and has not been taken yet: bounded, so that who reads slowly costs no more than that."""

import asyncio
from collections import deque
from typing import Final

from callboard.kube.reads.log_stamps import Cursor
from callboard.kube.reads.logs import LogLine
from callboard.portal.logs.filtering import LogFilter
from callboard.portal.logs.rows import row_of
from callboard.portal.views import LogNews, LogRow, LogSource

__all__ = ["LogBuffer"]

MOST_ROWS: Final = 4_000
MOST_CHARACTERS: Final = 1024 * 1024
MOST_SAID: Final = 50


class LogBuffer:
    """Rows wait here in the order in which they came; the oldest give way. Implements `protocol.LogFollow`."""

    def __init__(self, chosen: LogFilter, *, as_written: bool = False) -> None:
        self.news = asyncio.Event()
        self.ended = False
        self.settled = False
        self._chosen = chosen
        self._as_written = as_written
        self._rows: deque[LogRow] = deque()
        self._size = 0
        self._dropped = 0
        self._said: deque[str] = deque(maxlen=MOST_SAID)
        self._sources: list[LogSource] = []
        self._numbers: dict[str, int] = {}
        self._told = 0
        """Sources that the reader knows of."""
        self._cursors: dict[str, str] = {}
        self.waiting = ""
        """Why nothing can come at the moment; "" where something may."""
        self._state = ""

    def source(self, source: LogSource) -> None:
        """There is such a container; those that are known already stay as they are."""
        if source.id not in self._numbers:
            self._numbers[source.id] = len(self._sources)
            self._sources.append(source)
            self.news.set()

    def add(self, source: LogSource, lines: tuple[LogLine, ...], cursor: Cursor) -> int:
        """Take lines in, but those that were read before; how many are new."""
        number, new = self._numbers[source.id], 0
        for line in lines:
            if not cursor.is_new(line.at):
                continue
            new += 1
            row = row_of(line, number, as_written=self._as_written)
            if self._chosen.passes(row):
                self._rows.append(row)
                self._size += len(row.text)
        while len(self._rows) > MOST_ROWS or self._size > MOST_CHARACTERS:
            self._size -= len(self._rows.popleft().text)
            self._dropped += 1
        if new:
            self._cursors[source.id] = str(cursor)
            self.settled = True
            self.news.set()
        return new

    def say(self, words: str) -> None:
        """Something happened to a container."""
        self._said.append(words)
        self.news.set()

    def wait_for(self, words: str) -> None:
        """Nothing can come, and why; "" where something may come again."""
        if words != self.waiting:
            self.waiting = words
            self.news.set()

    def end(self) -> None:
        """Nothing more will come."""
        self.ended = self.settled = True
        self.news.set()

    def take(self) -> LogNews:
        """All there is, by time where it came together; it is the reader's from here on."""
        rows = sorted(self._rows, key=lambda row: row.at) if len(self._sources) > 1 else list(self._rows)
        said = (*self._said, *((self.waiting,) if self.waiting else ()))
        news = LogNews(
            rows=tuple(rows),
            sources=tuple(self._sources) if self._told < len(self._sources) else (),
            ids=tuple(source.id for source in self._sources),
            cursors=tuple(self._cursors.items()),
            dropped=self._dropped,
            said=said,
            state="ended" if self.ended else "waiting" if self.waiting else "live",
        )
        self._rows.clear()
        self._said.clear()
        self._cursors.clear()
        self._size = self._dropped = 0
        self._told = len(self._sources)
        return news
