"""One connection of a client: uvicorn's HTTP/1.1 over h11, with a deadline for everything that is waited for.

    WAITING ──first byte──▶ HEAD ──whole──▶ BODY ──whole──▶ ANSWERING ──answered──▶ WAITING
       └──────────── refused, late, or done with ────────────▶ PARTING ──▶ closed

One timer serves them all. It is moved only where a deadline comes before it, so that an ordinary request costs none.
"""

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from typing import Final, cast

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

from callboard.http.head import IncomingHttp
from callboard.http.limits import REFUSALS, ConnectionEnd, HttpLimits

__all__ = ["ClientConnection"]

_PIECE: Final = 64 * 1024
"""Bytes that are taken apart before it is looked at whether to go on."""
_MOST_AFTERWARDS: Final = 1024 * 1024
"""Bytes that are read, and thrown away, of somebody who was answered and still sends: closing at once would take our answer from
those who have not read it."""


class _Stage(Enum):
    WAITING = auto()
    HEAD = auto()
    BODY = auto()
    ANSWERING = auto()
    PARTING = auto()


class ClientConnection(H11Protocol):
    """Made by `http.server` for each connection that is accepted; `counted` is told why we ended one."""

    def __init__(
        self,
        config: uvicorn.Config,
        state: ServerState,
        loop: asyncio.AbstractEventLoop,
        *,
        limits: HttpLimits,
        counted: Callable[[ConnectionEnd], None],
        lost: Callable[[], None],
        refused: ConnectionEnd | None = None,
        counted_with: str = "",
    ) -> None:
        """`lost` is called when it is gone; `refused` says why it is refused as soon as it stands."""
        super().__init__(config, state, {}, loop)
        self.conn = self._incoming = IncomingHttp(limits)
        self._limits = limits
        self._counted = counted
        self._lost = lost
        self._refused = refused
        self.counted_with = counted_with
        """The address, or network, whose connections are counted together; "" for one that is not counted."""
        self._stage = _Stage.WAITING
        self.since = loop.time()
        """The loop's time at which this stage began."""
        self._due: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._fires = 0.0
        self._afterwards = 0
        self._unsent = 0

    @property
    def can_go(self) -> bool:
        """Whether nothing is lost by closing it: no whole request is being answered to somebody who reads."""
        return self._stage is not _Stage.ANSWERING or self.flow.write_paused

    @property
    def _answering(self) -> RequestResponseCycle | None:
        cycle: RequestResponseCycle | None = self.cycle
        return None if cycle is None or cycle.response_complete else cycle

    # ---------------------------------------------------------------- what the transport tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        if self._refused is None:
            self._enter(_Stage.WAITING, self._limits.head_seconds)
        else:
            self._refuse(self._refused)

    def connection_lost(self, exc: Exception | None) -> None:
        self._due = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        super().connection_lost(exc)
        self._lost()

    def data_received(self, data: bytes) -> None:
        for start in range(0, len(data), _PIECE):
            if self._stage is _Stage.PARTING:
                self._afterwards += len(data) - start
                if self._afterwards > _MOST_AFTERWARDS:
                    self.transport.abort()
                return
            self.conn.receive_data(data[start : start + _PIECE])
            self.handle_events()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unsent = self.transport.get_write_buffer_size()
        if self._due is None:
            self._until(self._limits.silence_seconds)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stage is _Stage.ANSWERING:
            self._due = None

    # ---------------------------------------------------------------- what h11 and the application tell

    def handle_events(self) -> None:
        super().handle_events()
        if self._stage is _Stage.PARTING or self.transport.is_closing():
            return
        their = self.conn.their_state
        if their is h11.IDLE:
            if self._stage is not _Stage.HEAD and self._incoming.begun:
                self._enter(_Stage.HEAD, self._limits.head_seconds)
        elif their is h11.SEND_BODY:
            if self._stage is not _Stage.BODY:
                self._enter(_Stage.BODY, self._limits.body_seconds)
        elif self._stage is not _Stage.ANSWERING:
            self._enter(_Stage.ANSWERING, self._limits.silence_seconds if self.flow.write_paused else None)

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self._stage is _Stage.PARTING:
            return
        if self.transport.is_closing():  # and what is left to send has to be taken
            self._enter(_Stage.PARTING, self._limits.silence_seconds)
        elif self.conn.their_state is h11.SEND_BODY:  # nobody will read the rest
            self._part()
        else:
            self._unsent = self.transport.get_write_buffer_size()
            self._enter(_Stage.WAITING, self._limits.silence_seconds)
            self.flow.resume_reading()
            if self.conn.our_state is h11.DONE and self.conn.their_state is h11.DONE:
                self.conn.start_next_cycle()
                self.handle_events()

    def send_400_response(self, msg: str) -> None:
        """Called for whatever h11 refuses."""
        self._refuse(self._incoming.end)

    def _should_upgrade(self) -> bool:
        return False  # there is nothing to upgrade to, and no need to warn of it for every request that asks

    # ---------------------------------------------------------------- ending it

    def shutdown(self) -> None:
        """Take no further request; what is being answered is answered."""
        if answering := self._answering:
            answering.keep_alive = False
        else:
            self._enter(_Stage.PARTING, self._limits.parting_seconds)
            self.transport.close()

    def abort(self) -> None:
        """End it now, whatever is lost."""
        self.transport.abort()

    def make_room(self) -> None:
        """Close it at once, for another; it counts no more."""
        self._counted(ConnectionEnd.MADE_ROOM)
        self.connections.discard(self)
        self.transport.abort()

    def _refuse(self, why: ConnectionEnd) -> None:
        """Say why, unless an answer has begun, and end it."""
        self._counted(why)
        if answering := self._answering:
            answering.disconnected = True
            answering.message_event.set()
            self.flow.resume_writing()
            if answering.response_started:
                self.transport.abort()
                return
        status, phrase, words = REFUSALS[why]
        body = words.format(
            head_bytes=self._limits.head_bytes,
            head_lines=self._limits.head_lines,
            head_seconds=self._limits.head_seconds,
            body_seconds=self._limits.body_seconds,
        ).encode()
        head = (
            f"HTTP/1.1 {status} {phrase}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {len(body) + 1}\r\n"
            "cache-control: no-store\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body + b"\n")
        self._part()

    def _part(self) -> None:
        """Nothing more is sent; what still comes is thrown away for a moment, so that our last words can be read."""
        self._enter(_Stage.PARTING, self._limits.parting_seconds)
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    # ---------------------------------------------------------------- deadlines

    def _enter(self, stage: _Stage, within: float | None) -> None:
        self._stage = stage
        self.since = self.loop.time()
        if within is None:
            self._due = None
        else:
            self._until(within)

    def _until(self, within: float) -> None:
        self._due = due = self.loop.time() + within
        if self._timer is not None and self._fires > due:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._set(due)

    def _set(self, due: float) -> None:
        self._fires = due
        self._timer = self.loop.call_at(due, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._due is None:
            return
        if self._due > self.loop.time():
            self._set(self._due)
            return
        self._due = None
        self._late()

    def _late(self) -> None:
        """What was waited for has not come."""
        match self._stage:
            case _Stage.HEAD:
                self._refuse(ConnectionEnd.HEAD_TOO_SLOW)
            case _Stage.BODY:
                self._refuse(ConnectionEnd.BODY_TOO_SLOW)
            case _Stage.PARTING:
                self.transport.abort()
            case _Stage.WAITING if not self.transport.get_write_buffer_size():
                self._counted(ConnectionEnd.SILENT)
                self._enter(_Stage.PARTING, self._limits.parting_seconds)
                self.transport.close()
            case _Stage.WAITING | _Stage.ANSWERING:
                unsent = self.transport.get_write_buffer_size()
                if unsent < self._unsent:  # slowly, but it is read
                    self._unsent = unsent
                    self._until(self._limits.silence_seconds)
                else:
                    self._counted(ConnectionEnd.READER_TOO_SLOW)
                    self.transport.abort()
