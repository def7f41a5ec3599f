"""The HTTP server inside our own TaskGroup: it listens before it says so, and drains when it is told to stop."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from ipaddress import ip_address

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from callboard.base.errors import UsageError

__all__ = ["Server", "bind", "is_loopback"]


def is_loopback(host: str) -> bool:
    """Whether a listener on `host` is reachable from this machine only."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class _State(ServerState):
    """Knows the time when an answer asks for it: uvicorn sets its clock once a second, whether or not anybody asks."""

    def __init__(self) -> None:
        self._second = 0
        self._headers: list[tuple[bytes, bytes]] = []
        super().__init__()

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """What every answer has."""
        now = int(time.time())
        if now != self._second:
            self._second = now
            self._headers = [(b"date", formatdate(now, usegmt=True).encode())]
        return self._headers

    @default_headers.setter
    def default_headers(self, headers: list[tuple[bytes, bytes]]) -> None:
        """There are no others."""


class _Uvicorn(uvicorn.Server):
    """Leaves the signals to us, says when it listens, and while nobody asks, it sleeps: uvicorn's looks ten times a second
    whether it is to end."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.server_state = _State()
        self.listening = asyncio.Event()
        self._ends = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    async def main_loop(self) -> None:
        await self._ends.wait()

    def end(self) -> None:
        """Take nothing new, and let what is open end."""
        self.should_exit = True
        self._ends.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Server:
    """One listener on a socket that is already bound (`bind`), so that its port is known before anything is built on it."""

    def __init__(
        self,
        app: ASGIApp,
        listener: socket.socket,
        *,
        drain: float,
        certificate: tuple[str, str] | None = None,
    ) -> None:
        """`drain` is in seconds; `certificate` names two PEM files, the chain and its key."""
        self._listener = listener
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=max(1, round(drain)),
            ssl_certfile=certificate[0] if certificate else None,
            ssl_keyfile=certificate[1] if certificate else None,
        )
        self._server = _Uvicorn(config)

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """Serve until `stop` is set, then let open requests end within the drain deadline."""
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(self._server.serve(sockets=[self._listener]), name="http")
            await self._server.listening.wait()
            ready()
            stopping = group.create_task(stop.wait(), name="stop")
            await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
            self._server.end()
            stopping.cancel()


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; `port` 0 takes a free one. Raises UsageError when it is not to be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host.strip("[]"), port))
    except OSError as error:
        listener.close()
        raise UsageError(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another with --port",
            code="cannot-listen",
        ) from None
    listener.listen(128)
    listener.setblocking(False)
    return listener
