"""A page that somebody holds open, without a browser: its live part is what the page brought and what the stream has put in
place since, done as `live.js` does it."""

import asyncio
import difflib
import re
from collections.abc import Callable
from contextlib import suppress
from html import unescape
from html.parser import HTMLParser

import aiohttp
import msgspec

from callboard.web.times import without_ages
from support.listening import eventually
from support.live import body, parsed

__all__ = ["OpenPage", "differences", "told_alike"]

OF_ANOTHER_VIEW = {"matrix", "clusters", "pods"}
"""Lists of the tab that not every view of it has: either the table of pods or the matrix with its cards is there."""
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
AGAIN = 0.05
"""Seconds before a page comes back whose stream has ended; `stream.js` waits a second."""


class OpenPage:
    """Enter it to open the page and follow its stream; `base` tells where Callboard is by now.

    `elements` holds what is replaced as a whole, by id; `lists` the ids of what is in a list, in order. `streams` counts how
    often a stream was begun, `changes` what it brought, `reloads` how often the page itself was asked for: once.
    """

    def __init__(self, base: Callable[[], str], path: str) -> None:
        self.path = path
        self.elements: dict[str, str] = {}
        self.lists: dict[str, list[str]] = {}
        self.have: dict[str, str] = {}
        self.topic = ""
        self.streams = self.reloads = 0
        self.changes = 0
        self.refused = ""
        """Why the stream said that nothing more comes."""
        self._base = base
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "OpenPage":
        self.http = aiohttp.ClientSession(read_bufsize=2**24)
        try:
            await self._load()
        except BaseException:
            await self.http.close()
            raise
        self._task = asyncio.create_task(self._follow(), name=f"page {self.path}")
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._task is not None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await self.http.close()

    async def _load(self) -> None:
        self.reloads += 1
        async with self.http.get(self._base() + self.path) as response:
            text = await response.text()
            assert response.status == 200, text
        found = re.search(r'data-topic="([^"]*)" data-have="([^"]*)"', text)
        assert found, f"{self.path} is not live:\n{text}"
        self.topic = unescape(found[1])
        self.have = msgspec.json.decode(unescape(found[2]), type=dict[str, str])
        outline = _Outline(text)
        for name in self.have:
            if name in outline.lists:
                self.lists[name] = [child for child in outline.lists[name] if child in self.have]
            elif name in OF_ANOTHER_VIEW:
                self.lists[name] = []
            else:
                self.elements[name] = outline.element(name)

    async def _follow(self) -> None:
        while not self.refused:
            with suppress(aiohttp.ClientError, OSError, asyncio.IncompleteReadError, TimeoutError):
                await self._read()
            await asyncio.sleep(AGAIN)

    async def _read(self) -> None:
        asked = body({"1": self.topic}, {"1": self.have})
        async with self.http.post(self._base() + "/live", json=asked) as response:
            if response.status != 200:
                return
            self.streams += 1
            while True:
                async with asyncio.timeout(60):  # the server says something every 15 s
                    block = await response.content.readuntil(b"\n\n")
                if not block.endswith(b"\n\n"):
                    return  # the stream has ended
                message = parsed(block.decode())
                if message is None:
                    continue
                if message.event == "update":
                    self._put(message.data)
                elif message.event in ("end", "refused", "bye"):
                    self.refused = str(message.data.get("message", message.event))
                    return

    def _put(self, data: dict[str, list[dict[str, str]]]) -> None:
        self.changes += 1
        for fragment in data["fragments"]:
            name, within = fragment["id"], fragment["in"]
            if name not in self.elements and within in self.lists:
                self.lists[within].append(name)
            self.elements[name] = fragment["html"]
            self.have[name] = fragment["tag"]
        for lineup in data["lineups"]:
            name, wanted = lineup["id"], list(lineup["ids"])
            for child in self.lists[name]:
                if child not in wanted:
                    del self.elements[child]
            # as `lineUp` does: what is not there cannot be put in its place
            self.lists[name] = [child for child in wanted if child in self.elements]
            self.have[name] = lineup["tag"]

    # ---- for tests

    def html(self) -> str:
        """All of it, the parts of lists in their order."""
        listed = [child for children in self.lists.values() for child in children]
        rest = [name for name in self.elements if name not in listed]
        return "\n".join(self.elements[name] for name in (*sorted(rest), *listed))

    def of(self, words: str) -> str:
        """The one element in a list that has these words in it, as it stands; of a cluster its card, not its line in the
        table of all of them."""
        listed = [child for name, children in self.lists.items() if name != "matrix" for child in children]
        found = [self.elements[child] for child in listed if words in self.elements[child]]
        assert len(found) == 1, f"{len(found)} elements say {words!r}"
        return found[0]

    async def until(self, true: Callable[[str], bool], what: str, within: float = 45.0) -> None:
        """Wait for it to be true of the page's HTML."""
        looked = -1

        def found() -> bool:
            nonlocal looked
            if looked == self.changes:
                return False
            looked = self.changes
            return true(self.html())

        try:
            await eventually(found, within)
        except TimeoutError:
            said = re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", self.html()))
            raise AssertionError(f"{what} never came; {self.refused}; the page says:\n{said}") from None


def differences(one: str, other: str) -> str:
    """The lines in which two texts differ; quick also where pytest's own comparison is not."""
    lines = difflib.unified_diff(one.splitlines(), other.splitlines(), "kept", "fresh", lineterm="", n=2)
    return "\n".join(lines)


def told_alike(html: str) -> str:
    """HTML with what two right pages may tell differently left out: how long ago something was (the browser keeps ages
    itself; their moments stay), since when a verdict stands, which only who was there can know, and stars, which only who
    has a database keeps."""
    html = re.sub(r'<p class="faint">Since .*?</p>', "", html)
    html = re.sub(r'<button class="star".*?</button>\n?', "", html)
    return without_ages(html).replace(">", ">\n")


class _Outline(HTMLParser):
    """Where each element that has an id begins and ends in the text, and which of them are in a list."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text
        self._lines = [0]
        for line in text.split("\n"):
            self._lines.append(self._lines[-1] + len(line) + 1)
        self._open: list[tuple[str, str, int]] = []
        self._spans: dict[str, tuple[int, int]] = {}
        self.lists: dict[str, list[str]] = {}
        self.feed(text)
        self.close()

    def element(self, name: str) -> str:
        """Its HTML."""
        begin, end = self._spans[name]
        return self._text[begin:end]

    @property
    def _here(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            return
        given = dict(attrs)
        name = given.get("id") or ""
        if name and self._open and self._open[-1][1] in self.lists:
            self.lists[self._open[-1][1]].append(name)
        if "data-keep-order" in given:
            self.lists[name] = []
        self._open.append((tag, name, self._here))

    def handle_endtag(self, tag: str) -> None:
        while any(opened == tag for opened, _, _ in self._open):
            opened, name, begin = self._open.pop()
            if name:
                self._spans[name] = begin, self._here + len(f"</{tag}>")
            if opened == tag:
                return
