"""The HTTP server inside our own TaskGroup: it listens before it says so, takes as many as it has room for, and drains when it
is told to stop."""

import asyncio
import errno
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from email.utils import formatdate
from ipaddress import ip_address
from typing import cast

import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from callboard.base.errors import UsageError
from callboard.http.connection import ClientConnection
from callboard.http.limits import ConnectionEnd, HttpLimits
from callboard.http.rates import address_key

__all__ = ["Server", "bind", "hold", "is_loopback"]

_log = structlog.get_logger(__name__)

_ANSWERED_WITHOUT_ROOM = 32
"""Connections beyond the bound that are told so at once; beyond those, there is not even a word."""
_BREATH = 0.1
"""Seconds until accepting is tried again where the system has nothing left for another connection."""
_LAST_MOMENT = 1.0
"""Seconds in which a request that is cut off may clean up."""
_SAID_AGAIN = 60.0
"""Seconds after which the log says once more that there is no room."""


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


class Server:
    """One listener on a socket that is already bound (`bind`), so that its port is known before anything is built on it.

    `counted` is told why a connection was ended by us.
    """

    def __init__(
        self,
        app: ASGIApp,
        listener: socket.socket,
        *,
        drain: float,
        certificate: tuple[str, str] | None = None,
        limits: HttpLimits | None = None,
        counted: Callable[[ConnectionEnd], None] = lambda end: None,
        uncounted: Callable[[str], bool] = lambda address: False,
    ) -> None:
        """`drain` is in seconds; `certificate` names two PEM files, the chain and its key; `uncounted` says of which addresses
        more connections may come than from others: those of proxies."""
        self._uncounted = uncounted
        self._listener = listener
        self._drain = drain
        self._limits = limits or HttpLimits()
        self._counted = counted
        self._state = _State()
        self._coming: dict[ClientConnection, socket.socket] = {}
        self._lost = asyncio.Event()
        self._said: float | None = None
        self._config = uvicorn.Config(
            app,
            http=ClientConnection,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            ws="none",
            proxy_headers=False,  # who a caller is, and over which scheme, is never taken from what a client sends
            ssl_certfile=certificate[0] if certificate else None,
            ssl_keyfile=certificate[1] if certificate else None,
        )
        self._config.load()
        self._tls: ssl.SSLContext | None = self._config.ssl

    def use_certificate(self, chain: str, key: str) -> None:
        """Go on with another one for new connections. Raises OSError for what cannot be used."""
        assert self._tls is not None  # noqa: S101 - a listener without TLS is not asked for it
        self._tls.load_cert_chain(chain, key)

    @property
    def connections(self) -> int:
        """How many are open, those in a TLS handshake included."""
        return len(self._state.connections | self._coming.keys())

    @property
    def tasks(self) -> int:
        """How many requests are being answered."""
        return len(self._state.tasks)

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """Serve until `stop` is set, then let open requests end within the drain deadline."""
        async with asyncio.TaskGroup() as group:
            self._listener.setblocking(False)
            taking = group.create_task(self._accept(), name="accept")
            ready()
            await stop.wait()
            taking.cancel()
            await asyncio.wait({taking})
            self._listener.close()
            await self._end()

    # ---------------------------------------------------------------- taking connections

    async def _accept(self) -> None:
        """Until it is cancelled; those who are still on their way in are then let go."""
        try:
            async with asyncio.TaskGroup() as group:
                await self._accept_into(group)
        finally:
            for client in self._coming.values():  # their turn to be taken never came
                client.close()
            self._coming.clear()

    async def _accept_into(self, group: asyncio.TaskGroup) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                client, address = await self._next(loop)
            except ConnectionError:
                continue  # gone again before we took it
            except OSError as error:
                self._say("no further connection can be taken", error=error.strerror)
                self._make_room()
                await asyncio.sleep(_BREATH)
                continue
            most = self._limits.connections
            room = self.connections < most or (self.connections == most and self._make_room())
            if not room:
                self._say("as many connections as may be are open", connections=self.connections)
                if self.connections >= most + _ANSWERED_WITHOUT_ROOM:
                    self._counted(ConnectionEnd.NO_ROOM)
                    client.close()
                    continue
            refused = None if room else ConnectionEnd.NO_ROOM
            key = "" if self._uncounted(address) else address_key(address)
            if key and (others := self._from(key)) >= self._limits.of_address:
                refused = ConnectionEnd.TOO_MANY
                if others >= self._limits.of_address + _ANSWERED_WITHOUT_ROOM:
                    self._counted(refused)
                    client.close()
                    continue
            coming = self._connection(loop, refused, key)
            self._coming[coming] = client
            group.create_task(self._take(client, coming), name="connection")
            # accepting does not wait while there is somebody, and others want their turn
            await asyncio.sleep(0)

    async def _next(self, loop: asyncio.AbstractEventLoop) -> tuple[socket.socket, str]:
        """Who comes next, and from where. Whoever is accepted is given in the same step: `loop.sock_accept` loses them where
        it is cancelled at that moment, and they wait for an answer until they give up."""
        while True:
            try:
                client, (address, *_) = self._listener.accept()
            except (BlockingIOError, InterruptedError):
                await self._somebody(loop)
            else:
                client.setblocking(False)
                return client, address

    async def _somebody(self, loop: asyncio.AbstractEventLoop) -> None:
        """Until there is somebody to accept."""
        there = asyncio.Event()
        loop.add_reader(self._listener, there.set)
        try:
            await there.wait()
        finally:
            loop.remove_reader(self._listener)

    def _from(self, key: str) -> int:
        """How many connections are open that are counted together."""
        return sum(1 for each in {*self._coming, *self._open()} if each.counted_with == key)

    def _connection(
        self, loop: asyncio.AbstractEventLoop, refused: ConnectionEnd | None, key: str
    ) -> ClientConnection:
        return ClientConnection(
            self._config,
            self._state,
            loop,
            limits=self._limits,
            counted=self._counted,
            lost=self._lost.set,
            refused=refused,
            counted_with=key,
        )

    async def _take(self, client: socket.socket, coming: ClientConnection) -> None:
        """Until it stands, TLS included; from then on its transport calls it. Whatever happens to it costs nobody else."""
        try:
            await self._stand(client, coming)
        except OSError:  # it left, was silent, or speaks no TLS: nobody to tell
            client.close()
        except Exception as error:
            _log.error("a connection could not be taken; it is closed, and others go on", exc_info=error)
            client.close()
        finally:
            self._coming.pop(coming, None)

    async def _stand(self, client: socket.socket, coming: ClientConnection) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        within = self._limits.head_seconds if self._tls else None
        loop = asyncio.get_running_loop()
        await loop.connect_accepted_socket(
            lambda: coming, client, ssl=self._tls, ssl_handshake_timeout=within
        )

    def _make_room(self) -> bool:
        """Close what has waited longest without a whole request, be it in a TLS handshake; False where every connection is being
        answered."""
        waiting = [*self._coming, *(each for each in self._open() if each.can_go)]
        if not waiting:
            return False
        longest = min(waiting, key=lambda each: each.since)
        client = self._coming.pop(longest, None)
        if client is None:
            longest.make_room()
            return True
        self._counted(ConnectionEnd.MADE_ROOM)
        with suppress(OSError):  # it left by itself
            client.shutdown(socket.SHUT_RDWR)  # its handshake fails, and whoever waits for it lets go of it
        return True

    def _open(self) -> list[ClientConnection]:
        return [cast(ClientConnection, each) for each in self._state.connections]

    def _say(self, what: str, **more: object) -> None:
        now = time.monotonic()
        if self._said is None or now - self._said >= _SAID_AGAIN:
            self._said = now
            _log.warning(what, **more)

    # ---------------------------------------------------------------- ending

    async def _end(self) -> None:
        for each in self._open():
            each.shutdown()
        try:
            async with asyncio.timeout(self._drain):
                while self._state.tasks:
                    await asyncio.wait(self._state.tasks)
                while self._state.connections:  # until what was answered has been read
                    self._lost.clear()
                    await self._lost.wait()
        except TimeoutError:
            _log.warning("requests that did not end in time are cut off", requests=self.tasks)
        left = list(self._state.tasks)
        for task in left:
            task.cancel()
        for each in self._open():
            each.abort()
        if left:
            await asyncio.wait(left, timeout=_LAST_MOMENT)


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


def hold(host: str, port: int) -> socket.socket | None:
    """Take a port without listening, so that nobody else on this machine can; None where it has no such address.

    Raises OSError when somebody else has it.
    """
    try:
        held = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    except OSError:
        return None
    try:
        held.bind((host, port))
    except OSError as error:
        held.close()
        if error.errno == errno.EADDRNOTAVAIL:
            return None
        raise
    return held
