"""Those who look: they ask for pages, JSON and streams as a browser does, and know what a page says."""

import gzip
import re
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
import msgspec

from bench.peer import Peer
from bench.portal import Portal

__all__ = ["Got", "Message", "Refused", "Screen", "Viewer", "healthy_clusters", "messages", "viewer"]

_PATIENCE: Final = aiohttp.ClientTimeout(total=120)
_FOR_GOOD: Final = aiohttp.ClientTimeout(total=None, sock_connect=20)
_CLUSTER: Final = re.compile(rb'<section class="cluster[ "][^>]*data-mark="([a-z-]+)"')
_WORKLOAD: Final = re.compile(rb'id="workload-([^/"]+)/')
_MARK: Final = re.compile(rb'data-mark="([a-z-]+)"')


class Refused(ConnectionError):
    """Another answer than the one that was wanted. `body` is what came instead, unpacked."""

    def __init__(self, path: str, status: int, body: bytes) -> None:
        super().__init__(f"{path}: {status} {body[:300]!r}")
        self.path = path
        self.status = status
        self.body = body


class Got(msgspec.Struct, frozen=True):
    """An answer: its body unpacked, the bytes on the wire, seconds until it was all there."""

    status: int
    body: bytes
    wire: int
    seconds: float


class Message(msgspec.Struct, frozen=True):
    """A message of a stream and when it was whole, by the machine's monotonic clock."""

    event: str
    data: bytes
    at: float


class Viewer:
    """One browser; its connections stay open. `encoding` is what it says it understands."""

    def __init__(self, session: aiohttp.ClientSession, encoding: str) -> None:
        self._session = session
        self._encoding = encoding

    async def get(self, portal: Portal, path: str) -> Got:
        """Ask Callboard. Raises Refused for any answer but 200."""
        headers = {"Accept-Encoding": self._encoding, "Cookie": portal.cookie}
        began = time.monotonic()
        async with self._session.get(portal.url + path, headers=headers) as answer:
            return await _read(answer, began)

    async def ask(self, peer: Peer, service: str) -> Got:
        """Ask Backstage for what its page shows, as its page does: the clusters, then the objects."""
        headers = {"Accept-Encoding": self._encoding}
        entity = {"apiVersion": "backstage.io/v1alpha1", "kind": "Component"}
        body = {"entity": {**entity, "metadata": {"name": service, "namespace": "default"}}}
        began = time.monotonic()
        async with self._session.get(f"{peer.url}/api/kubernetes/clusters", headers=headers) as answer:
            await _read(answer, began)
        at = f"{peer.url}/api/kubernetes/services/{service}"
        async with self._session.post(at, headers=headers, json=body) as answer:
            return await _read(answer, began)

    @asynccontextmanager
    async def live(self, portal: Portal, service: str) -> AsyncIterator[AsyncGenerator["Screen", None]]:
        """The live page of a service: its screen after each update. It begins with nothing, as a page does that was loaded
        before anything was known."""
        headers = {
            "Accept-Encoding": "identity",
            "Cookie": portal.cookie,
            "Origin": portal.url,
            "Content-Type": "application/json",
        }
        asked = {"watch": [{"as": "page", "topic": portal.topic(service), "have": {}}]}
        async with self._session.post(
            portal.url + "/live", headers=headers, json=asked, timeout=_FOR_GOOD
        ) as answer:
            if answer.status != 200:
                raise Refused("/live", answer.status, await answer.read())
            yield _screens(answer.content)


class Screen:
    """What a live page shows. `at` is when its newest update was whole, by the machine's monotonic clock."""

    def __init__(self) -> None:
        self.at = 0.0
        self.updates = 0
        self.bytes = 0
        self._parts: dict[str, bytes] = {}
        self._marks: dict[str, Counter[bytes]] = {}

    def take(self, message: Message) -> None:
        """Put an update's elements in place."""
        update = msgspec.json.decode(message.data, type=_Update)
        self.at, self.updates, self.bytes = message.at, self.updates + 1, self.bytes + len(message.data)
        for element in update.fragments:
            html = element.html.encode()
            self._parts[element.id] = html
            self._marks[element.id] = Counter(_MARK.findall(html))

    @property
    def healthy(self) -> int:
        """How many clusters it shows as healthy."""
        return healthy_clusters(b"".join(self._parts.values()))

    @property
    def running(self) -> int:
        """On how many clusters it shows a workload."""
        return len({name for html in self._parts.values() for name in _WORKLOAD.findall(html)})

    @property
    def marks(self) -> Counter[bytes]:
        """How often each mark stands on it: what a change of a pod's health alters, and the passing of time does not."""
        return sum(self._marks.values(), Counter())


class _Element(msgspec.Struct, frozen=True):
    id: str
    html: str


class _Update(msgspec.Struct, frozen=True):
    fragments: tuple[_Element, ...] = ()


@asynccontextmanager
async def viewer(encoding: str = "gzip") -> AsyncIterator[Viewer]:
    """A browser for as long as the block lasts."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        connector=connector, timeout=_PATIENCE, auto_decompress=False, read_bufsize=1 << 20
    ) as session:
        yield Viewer(session, encoding)


async def messages(pieces: AsyncIterable[bytes]) -> AsyncGenerator[Message, None]:
    """The messages of an event stream until it ends; what is only a comment or a setting is left out."""
    rest = b""
    async for piece in pieces:
        rest += piece
        if b"\n\n" not in rest[-len(piece) - 1 :]:
            continue
        at = time.monotonic()
        *whole, rest = rest.split(b"\n\n")
        for text in whole:
            fields = [line.partition(b": ") for line in text.split(b"\n")]
            event = b"".join(value for key, _, value in fields if key == b"event").decode()
            if event:
                yield Message(event, b"\n".join(value for key, _, value in fields if key == b"data"), at)


def healthy_clusters(page: bytes) -> int:
    """How many clusters a page or fragment shows as healthy."""
    return sum(mark == b"healthy" for mark in _CLUSTER.findall(page))


async def _screens(content: aiohttp.StreamReader) -> AsyncGenerator[Screen, None]:
    screen = Screen()
    async for message in messages(content.iter_any()):
        if message.event == "refused":
            raise Refused("/live", 200, message.data)
        if message.event == "update":
            screen.take(message)
            yield screen
        elif message.event == "end":
            return


async def _read(answer: aiohttp.ClientResponse, began: float) -> Got:
    wire = await answer.read()
    seconds = time.monotonic() - began
    encoding = answer.headers.get("Content-Encoding", "identity")
    body = gzip.decompress(wire) if encoding == "gzip" else wire
    if answer.status != 200:
        raise Refused(answer.url.path, answer.status, body)
    return Got(answer.status, body, len(wire), seconds)
