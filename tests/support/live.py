"""A reader of the stream that keeps pages current."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec

from callboard.model.entity import EntityRef
from support.web_scenes import REF
from support.web_server import Answer

__all__ = ["KUBERNETES", "LiveReader", "ask", "have_of", "topic", "watching"]


def topic(tab: str = "kubernetes", ref: EntityRef = REF) -> str:
    """The topic of a tab."""
    return f"tab/{tab}/{ref.namespace}/{ref.kind}/{ref.name}"


KUBERNETES = topic()


def have_of(page: str) -> dict[str, str]:
    """What a page says that its reader holds."""
    found = re.search(r'data-have="([^"]*)"', page)
    assert found, "the page is not live"
    return msgspec.json.decode(found[1].replace("&#34;", '"'), type=dict[str, str])


class Message(msgspec.Struct, frozen=True):
    """One message, its data decoded."""

    event: str
    data: dict[str, Any]

    @property
    def ids(self) -> set[str]:
        """The elements that an update brings."""
        return {fragment["id"] for fragment in self.data["fragments"]}

    @property
    def html(self) -> str:
        """Their HTML."""
        return "\n".join(fragment["html"] for fragment in self.data["fragments"])


class LiveReader:
    """Reads messages one by one and counts bytes."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.bytes = 0

    async def next(self, event: str = "update", seconds: float = 10.0) -> Message:
        """The next message of a kind; others, and comments, are passed over."""
        async with asyncio.timeout(seconds):
            while True:
                block = await self.response.content.readuntil(b"\n\n")
                assert block, "the stream has ended"
                self.bytes += len(block)
                if (message := parsed(block.decode())) and message.event == event:
                    return message

    async def until(self, words: str, seconds: float = 15.0) -> Message:
        """The first update whose HTML has these words."""
        async with asyncio.timeout(seconds):
            while words not in (message := await self.next(seconds=seconds)).html:
                pass
        return message


def parsed(block: str) -> Message | None:
    """A block of the wire format; None for a comment."""
    found = re.fullmatch(r"event: (\w+)\ndata: (\{.*\})\n*", block)
    return Message(found[1], msgspec.json.decode(found[2])) if found else None


def body(
    topics: Mapping[str, str], have: Mapping[str, Mapping[str, str]] | None = None, *, once: bool = False
) -> dict[str, Any]:
    """A request for topics, by the names they are given."""
    watch = [{"as": name, "topic": t, "have": dict((have or {}).get(name, {}))} for name, t in topics.items()]
    return {"watch": watch, "once": once}


@asynccontextmanager
async def watching(
    base: str,
    topics: Mapping[str, str] | None = None,
    have: Mapping[str, Mapping[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[LiveReader]:
    """A stream that is open for as long as the context lasts. Without topics, the dice roller's Kubernetes tab."""
    async with (
        aiohttp.ClientSession(read_bufsize=2**24) as session,
        session.post(
            base + "/live", json=body(topics or {"1": KUBERNETES}, have), headers=headers
        ) as response,
    ):
        assert response.status == 200, await response.text()
        yield LiveReader(response)


async def ask(
    base: str,
    topics: Mapping[str, str] | None = None,
    have: Mapping[str, Mapping[str, str]] | None = None,
    *,
    once: bool = False,
    raw: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """The whole answer to one request, read to its end."""
    data = raw if raw is not None else msgspec.json.encode(body(topics or {"1": KUBERNETES}, have, once=once))
    async with (
        aiohttp.ClientSession() as session,
        session.post(base + "/live", data=data, headers=headers) as response,
    ):
        return Answer(response.status, response.headers.copy(), await response.text())


def messages(answer: Answer) -> list[Message]:
    """All messages of an answer that has ended."""
    return [m for block in answer.text.split("\n\n") if (m := parsed(block))]
