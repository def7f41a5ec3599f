"""A server of HTTP/1.1 in bytes. Below `/well` it is a small cluster; below `/NAME` of an attack it is one until it attacks.

Started as a process it is well, prints its port, and ends with its standard input. `GET /begin` lets the attacks begin,
`GET /calm` ends them; both break what stands.
"""

import asyncio
import gzip
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final
from urllib.parse import parse_qs, urlsplit

__all__ = ["ATTACKS", "LOGS", "Hostile"]

_MOST: Final = 16 * 1024**3
"""Bytes of one attack on one connection: more than any of them may be read."""

Asked = Callable[[str, dict[str, list[str]]], AsyncIterator[bytes]]
"""Of a path and its query, what is sent instead of what is right; nothing at all where it behaves."""

_OK: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_CHUNKED: Final = _OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
_LABELS: Final = {"backstage.io/kubernetes-id": "web", "app": "web"}


def _pod(name: str, **metadata: object) -> dict[str, object]:
    return {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": f"uid-{name}",
            "resourceVersion": "5",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": _LABELS,
            **metadata,
        },
        "spec": {"nodeName": "n1", "containers": [{"name": "app", "image": "web:1"}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [
                {"name": "app", "ready": True, "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}
            ],
        },
    }


def _list(path: str, *items: object) -> bytes:
    found = items or ((_pod("web-1"),) if path.endswith("/pods") else ())
    return json.dumps({"kind": "List", "metadata": {"resourceVersion": "5"}, "items": found}).encode()


class _Out:
    """Where an answer goes; counts what was taken of it."""

    def __init__(self, writer: asyncio.StreamWriter, served: "Hostile") -> None:
        self._writer = writer
        self._served = served

    async def send(self, piece: bytes) -> None:
        self._writer.write(piece)
        await self._writer.drain()
        self._served.sent += len(piece)

    async def answer(self, body: bytes, status: int = 200, *more: bytes) -> None:
        head = b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % (
            status,
            len(body),
        )
        await self.send(head + b"".join(more) + b"\r\n" + body)


async def _flood(head: bytes, piece: bytes) -> AsyncIterator[bytes]:
    yield head
    for _ in range(_MOST // len(piece)):
        yield piece


def _lists(head: bytes, piece: bytes) -> Asked:
    """Every list and watch is answered so."""

    async def attack(path: str, query: dict[str, list[str]]) -> AsyncIterator[bytes]:
        if path.startswith(("/api/v1/", "/apis/")) and not path.endswith("/log"):
            async for each in _flood(head, piece):
                yield each

    return attack


def _watches(piece: Callable[[int], bytes], pause: float = 0.0) -> Asked:
    """Lists are right; watches of pods go on so."""

    async def attack(path: str, query: dict[str, list[str]]) -> AsyncIterator[bytes]:
        if "watch" in query and "sendInitialEvents" not in query and path.endswith("/pods"):
            yield _OK + b"\r\n"
            for number in range(10**9):
                yield piece(number)
                if pause:
                    await asyncio.sleep(pause)

    return attack


def _items(*items: object) -> Asked:
    """Lists of pods hold these instead."""

    async def attack(path: str, query: dict[str, list[str]]) -> AsyncIterator[bytes]:
        if path.endswith("/pods") and "watch" not in query:
            body = _list(path, _pod("web-1"), *items)
            yield _OK + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)

    return attack


def _logs(piece: bytes, pause: float = 0.0) -> Asked:
    async def attack(path: str, query: dict[str, list[str]]) -> AsyncIterator[bytes]:
        if path.endswith("/log"):
            yield b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
            for _ in range(_MOST // len(piece)):
                yield piece
                if pause:
                    await asyncio.sleep(pause)

    return attack


def _added(number: int) -> bytes:
    lines = (
        json.dumps(
            {"type": "ADDED", "object": _pod(f"p-{number}-{n}", resourceVersion=str(number * 100 + n))}
        )
        for n in range(100)
    )
    return ("\n".join(lines) + "\n").encode()


_LARGE: Final = (
    json.dumps({"type": "ADDED", "object": _pod("large", annotations={"a": "x" * 3_500_000})}).encode()
    + b"\n"
)

ATTACKS: Final[dict[str, Asked]] = {
    "100 Continue for ever": _lists(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 2048),
    "a head without an end": _lists(_OK, b"X-More: yes\r\n" * 4096),
    "a field without an end": _lists(_OK + b"X: ", b"x" * 65536),
    "trailers without an end": _lists(_CHUNKED, b"X-More: yes\r\n" * 4096),
    "a trailer without an end": _lists(_CHUNKED + b"X: ", b"x" * 65536),
    "a chunk size without an end": _lists(_OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0" * 65536),
    "chunks of one byte": _lists(_OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 8192),
    "a list without an end": _lists(
        _OK + b"\r\n" + b'{"kind":"List","metadata":{},"items":[', json.dumps(_pod("p")).encode() + b","
    ),
    "a gibibyte of gzip": _lists(
        _OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b" " * 2**20, 9),
        gzip.compress(b" " * 2**20, 9),
    ),
    "a watch that adds for ever": _watches(_added),
    "a watch of large objects": _watches(lambda number: _LARGE, 0.05),
    "a watch line without an end": _watches(lambda number: b"{" * 65536),
    "objects of all kinds of wrong": _items(
        *(
            _pod(f"wrong-{n}", creationTimestamp=moment)
            for n, moment in enumerate(
                ["2026-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", 5, {}]
            )
        ),
        _pod("n" * 300_000),
        _pod("half", annotations={"a": "\ud800"}),
        {"metadata": {"name": "deep", "annotations": json.loads("[" * 200 + "]" * 200)}},
    ),
}
"""By what the table calls them."""

LOGS: Final[dict[str, Asked]] = {
    "a log without an end": _logs(b"all is well\n" * 5000),
    "a log that drips": _logs(b".", 1.0),
}
"""Those that need a reader of logs."""


class Hostile:
    """The server. `sent` counts bytes that were taken, `open` connections that stand."""

    def __init__(self, *, calm: bool = False) -> None:
        self.sent = 0
        self.open = 0
        self._calm = calm
        self._writers: set[asyncio.StreamWriter] = set()

    def turn(self, *, calm: bool) -> None:
        """Be well from now on, or attack; what stands breaks."""
        self._calm = calm
        for writer in tuple(self._writers):
            writer.transport.abort()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """Serve on a port of loopback's while the context lasts."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]
            self.turn(calm=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self._writers.add(writer)
        try:
            with suppress(
                ConnectionError,
                asyncio.IncompleteReadError,
                asyncio.LimitOverrunError,
                asyncio.CancelledError,
            ):
                while await self._one(reader, _Out(writer, self)):
                    pass
        finally:
            self.open -= 1
            self._writers.discard(writer)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, out: _Out) -> bool:
        """Whether the connection stands after it."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        target = urlsplit(head.split(" ", 2)[1])
        mode, _, rest = target.path.lstrip("/").partition("/")
        path, query = "/" + rest, parse_qs(target.query)
        if mode in ("begin", "calm"):
            await out.answer(b"ok")
            self.turn(calm=mode == "calm")
            return False
        attack = None if self._calm else by_path.get(mode)
        if attack is not None:
            attacked = False
            async for piece in attack(path, query):
                attacked = True
                await out.send(piece)
            if attacked:
                return False
        await self._well(path, query, out)
        return True

    async def _well(self, path: str, query: dict[str, list[str]], out: _Out) -> None:
        if path == "/version":
            await out.answer(b'{"gitVersion":"v1.36.0"}')
        elif path.endswith("/log"):
            await out.answer(b"all is well\n")
        elif "sendInitialEvents" in query:
            await out.answer(b'{"kind":"Status","message":"no streaming lists","code":400}', 400)
        elif "watch" in query:
            await out.send(_OK + b"\r\n")
            while True:
                await asyncio.sleep(1.0)
                await out.send(b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"5"}}}\n')
        elif path.startswith(("/api/v1/", "/apis/")):
            await out.answer(_list(path))
        else:
            await out.answer(b"ok")


def mode_of(name: str) -> str:
    """An attack's name as it stands in a path."""
    return name.replace(" ", "-")


by_path: Final = {mode_of(name): attack for name, attack in (*ATTACKS.items(), *LOGS.items())}


async def _main() -> None:
    loop = asyncio.get_running_loop()
    async with Hostile(calm=True).listening() as port:
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        await loop.run_in_executor(None, sys.stdin.read)
        os._exit(0)  # nobody takes leave of who is attacked


if __name__ == "__main__":
    asyncio.run(_main())
