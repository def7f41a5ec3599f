"""Whatever bytes come, in whatever pieces: nothing raises, little is held, and how they were cut changes no answer."""

import asyncio
import re
from typing import Any

import uvicorn
from hypothesis import example, given, settings
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from callboard.http.connection import ClientConnection
from callboard.http.limits import ConnectionEnd, HttpLimits
from callboard.http.server import _State

LIMITS = HttpLimits(head_bytes=2000, head_lines=10)
LINES = [
    b"GET / HTTP/1.1\r\n", b"POST /read HTTP/1.1\r\n", b"POST / HTTP/1.0\r\n", b"HEAD / HTTP/1.1\r\n",
    b"GET http://a/ HTTP/1.1\r\n", b"GET http://[ HTTP/1.1\r\n", b"CONNECT a:1 HTTP/1.1\r\n", b"OPTIONS * HTTP/1.1\r\n",
    b"GET /%00%ff%zz?\xc3\xa4 HTTP/1.1\r\n", b"GET /" + b"x" * 3000 + b" HTTP/1.1\r\n",
    b"Host: a\r\n", b"Host: b\r\n", b"Content-Length: 5\r\n", b"Content-Length: -1\r\n",
    b"Content-Length: " + b"9" * 30 + b"\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip, chunked\r\n", b"Connection: close\r\n",
    b"Expect: 100-continue\r\n",
    b"Connection: upgrade\r\nUpgrade: websocket\r\n", b"Upgrade: h2c\r\n", b" folded\r\n", b": no name\r\n", b"x: \x00\r\n",
    b"x: y\r\n" * 20, b"\r\n", b"\n", b"\r", b"5\r\nhello\r\n", b"0\r\n\r\n", b"0\r\nx: y\r\n\r\n", b"ffffffffffffffffffffff\r\n",
    b"1;" + b"e" * 3000, b"hello", b"\x16\x03\x01", b"\x00" * 50, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
]  # fmt: skip
ANYTHING = st.lists(st.one_of(st.sampled_from(LINES), st.binary(max_size=60)), max_size=12).map(b"".join)


class Wire(asyncio.Transport):
    """Keeps what is written, and takes nothing more once it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = bytearray()
        self.gone = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self.gone:
            self.sent += data

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 1) if name in ("peername", "sockname") else default

    def is_closing(self) -> bool:
        return self.gone

    def close(self) -> None:
        self.gone = True

    abort = close

    def can_write_eof(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with what it got; reads a body at one address and leaves it at all others."""
    length = 0
    while scope["path"] == "/read":
        message = await receive()
        length += len(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message["more_body"]:
            break
    body = f"{scope['method']} {length}".encode()
    head = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body})


async def played(pieces: list[bytes]) -> tuple[set[bytes], list[bytes]]:
    """(the statuses that came back, the bodies of what was answered)."""
    loop = asyncio.get_running_loop()
    complaints: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    config = uvicorn.Config(app, lifespan="off", ws="none", log_config=None, access_log=False)
    config.load()
    state, wire = _State(), Wire()
    ended: list[ConnectionEnd] = []
    one = ClientConnection(config, state, loop, limits=LIMITS, counted=ended.append, lost=lambda: None)
    one.connection_made(wire)
    for piece in pieces:
        if wire.gone:
            break
        one.data_received(piece)
        assert len(one.conn.trailing_data[0]) <= LIMITS.head_bytes + sum(map(len, pieces))
        for _ in range(4):
            await asyncio.sleep(0)
    for _ in range(20):
        await asyncio.sleep(0)
    one.connection_lost(None)
    while state.tasks:
        await asyncio.wait(set(state.tasks), timeout=5)
    assert not complaints
    assert len(ended) <= 1
    assert one not in state.connections
    sent = bytes(wire.sent)
    return set(re.findall(rb"HTTP/1\.1 (\d\d\d) ", sent)), re.findall(rb"\r\n\r\n([A-Z]+ \d+)", sent)


@settings(max_examples=100)
@given(ANYTHING, st.lists(st.integers(1, 40), max_size=30))
@example(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 3, [1] * 30)
@example(
    b"POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx: y\r\n\r\n",
    [7] * 9,
)
def test_any_bytes_in_any_pieces(data: bytes, sizes: list[int]) -> None:
    pieces, at = [], 0
    for size in sizes:
        pieces.append(data[at : at + size])
        at += size
    pieces = [piece for piece in (*pieces, data[at:]) if piece]
    with asyncio.Runner() as runner:
        statuses, whole = runner.run(played([data] if data else []))
        again, cut = runner.run(played(pieces))
    assert statuses | again <= {b"100", b"200", b"400", b"431"}
    # of a body that nobody reads it depends on when it comes whether the connection goes on after it
    answered = min(len(whole), len(cut))
    assert whole[:answered] == cut[:answered], "the same bytes, the same answers"
