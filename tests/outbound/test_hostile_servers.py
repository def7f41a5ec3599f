"""Whatever a server sends or keeps back, one request ends within its bounds and as one plain error."""

import asyncio
import gzip
from collections.abc import Callable

import pytest

from callboard.base.errors import Unavailable
from callboard.outbound import Bounds, Network, Outbound, WebAddress
from support.raw_server import raw_server

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
BOUNDS = Bounds(connect=2.0, head=1.0, whole=2.0, max_bytes=100_000)


def ours(_: WebAddress) -> Network:
    return Network.OURS


def endless(begin: bytes, piece: bytes, pause: float = 0.0) -> Callable[[asyncio.StreamWriter], object]:
    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(begin)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return say


@pytest.mark.parametrize(
    ("begin", "piece", "code"),
    [
        pytest.param(OK + b"\r\n", b"x" * 65536, "url-too-large", id="body without end"),
        pytest.param(CHUNKED, b"2000\r\n" + b"x" * 0x2000 + b"\r\n", "url-too-large", id="chunks"),
        pytest.param(OK, b"X-Y: z\r\n" * 1000, "url-broken", id="headers"),
        pytest.param(OK + b"X-Y: ", b"z" * 65536, "url-broken", id="header value"),
        pytest.param(b"HTTP/1.1 200 ", b"O" * 65536, "url-broken", id="reason"),
        pytest.param(CHUNKED + b"0\r\n", b"X-Y: z\r\n" * 1000, "url-broken", id="trailers"),
        pytest.param(CHUNKED + b"0\r\nX: ", b"z" * 65536, "url-broken", id="trailer value"),
        pytest.param(CHUNKED + b"1;", b"a=b;" * 10000, "url-broken", id="chunk extension"),
        pytest.param(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, "url-broken", id="100s"),
        pytest.param(b"", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", "url-broken", id="103s"),
        pytest.param(b"", b"\r\n" * 1000, None, id="blank lines"),
    ],
)
async def test_what_does_not_end_is_cut_off(begin: bytes, piece: bytes, code: str | None) -> None:
    async with raw_server(endless(begin, piece)) as server, Outbound(environment={}) as way:  # type: ignore[arg-type]
        with pytest.raises(Unavailable) as caught:
            await way.get(server.url(), ours, bounds=BOUNDS)
        assert code is None or caught.value.code == code
        async with asyncio.timeout(20):
            await server.left.wait()  # the connection was closed on it


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        pytest.param(b"", b"", id="nothing"),
        pytest.param(b"HTTP/1.1 ", b"", id="half a status line"),
        pytest.param(OK, b"X: y\r\n", id="a head that drips"),
        pytest.param(OK + b"\r\n", b"x", id="a body that drips"),
        pytest.param(b"", b"HTTP/1.1 102 Processing\r\n\r\n", id="promises that drip"),
    ],
)
async def test_what_drips_ends_with_the_deadline(begin: bytes, piece: bytes) -> None:
    bounds = Bounds(connect=0.2, head=0.2, whole=0.4, max_bytes=1000)
    async with raw_server(endless(begin, piece, 0.02)) as server, Outbound(environment={}) as way:  # type: ignore[arg-type]
        with pytest.raises(Unavailable) as caught:
            await way.get(server.url(), ours, bounds=bounds)
        assert caught.value.code in ("url-late", "url-broken")


@pytest.mark.parametrize(
    "answer",
    [
        CHUNKED + b"ffffffffffffffff\r\n",
        CHUNKED + b"-1\r\nx\r\n",
        CHUNKED + b"0x10\r\n" + b"x" * 16 + b"\r\n0\r\n\r\n",
        CHUNKED + b"zz\r\n",
        CHUNKED + b"f" * 5000 + b"\r\n",
        OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nx",
        OK + b"Content-Length: 99999999999999999999\r\n\r\nx",
        OK + b"Content-Length: -5\r\n\r\nx",
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
        OK + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: rot13\r\n\r\nx",
        b"HTTP/1.1 99999 OK\r\n\r\n",
        b"HTTP/1.1 -1 OK\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"\xff" * 100,
        OK + b"X\x00: y\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nxxxx",
    ],
    ids=lambda answer: repr(answer[:60]),
)
async def test_what_is_no_whole_http_is_one_plain_error(answer: bytes) -> None:
    async with raw_server(answer) as server, Outbound(environment={}) as way:
        bounds = Bounds(connect=2.0, head=0.3, whole=0.5, max_bytes=1000)
        with pytest.raises(Unavailable) as caught:
            await way.get(server.url(), ours, bounds=bounds)
        assert caught.value.code in ("url-broken", "url-late", "url-too-large")


@pytest.mark.parametrize(("promises", "fine"), [(5, True), (50, False)])
async def test_an_answer_comes_after_a_few_promises_or_not_at_all(promises: int, fine: bool) -> None:
    head = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * promises
    async with (
        raw_server(head + OK + b"Content-Length: 1\r\n\r\nx") as server,
        Outbound(environment={}) as way,
    ):
        if fine:
            assert (await way.get(server.url(), ours, bounds=BOUNDS)).body == b"x"
        else:
            with pytest.raises(Unavailable):
                await way.get(server.url(), ours, bounds=BOUNDS)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "GZIP"])
async def test_a_compressed_answer_is_never_unfolded(encoding: str) -> None:
    bomb = gzip.compress(bytes(5_000_000))
    head = OK + f"Content-Encoding: {encoding}\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    async with raw_server(head + bomb) as server, Outbound(environment={}) as way:
        with pytest.raises(Unavailable) as caught:
            await way.get(server.url(), ours, bounds=BOUNDS)
        assert caught.value.code == "url-broken"
        assert b"accept-encoding: identity" in server.heads[0].lower()


async def test_a_broken_answer_costs_the_next_request_nothing() -> None:
    async with raw_server(CHUNKED + b"ffffffffffffffff\r\n") as server, Outbound(environment={}) as way:
        with pytest.raises(Unavailable):
            await way.get(server.url(), ours, bounds=BOUNDS)

        async def well(writer: asyncio.StreamWriter) -> None:
            writer.write(OK + b"Content-Length: 4\r\n\r\nwell")

        server.say = well
        assert (await way.get(server.url(), ours, bounds=BOUNDS)).body == b"well"
