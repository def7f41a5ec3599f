"""What comes from a client nobody knows yet has a bound in bytes, lines and time, is told which, and leaves nothing behind."""

import asyncio
import resource
import socket
import ssl
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from callboard.http.connection import ClientConnection
from callboard.http.limits import ConnectionEnd
from callboard.http.server import Server
from callboard.simulator.serving.certificates import Authority
from support.listener import QUICK, Client, Listening, listener_of

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning"
)  # of connections that were cut off under a test's client

GET = b"GET / HTTP/1.1\r\nHost: a\r\n"
POST = b"POST /take HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
PATIENT = msgspec.structs.replace(QUICK, head_seconds=20.0, body_seconds=20.0, silence_seconds=20.0)


async def hello(request: Request) -> Response:
    return PlainTextResponse("hello")


async def host(request: Request) -> Response:
    return PlainTextResponse(f"{request.headers['host']} {request.url.path} {request.url.query}")


async def take(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def leave(request: Request) -> Response:
    return PlainTextResponse("not read")


class Standing:
    """Answers that go on until they are told to end, and one that is larger than any buffer."""

    def __init__(self) -> None:
        self.end = asyncio.Event()

    async def stream(self, request: Request) -> Response:
        async def pieces() -> object:
            yield b"first\n"
            await self.end.wait()

        return StreamingResponse(pieces())  # type: ignore[arg-type]

    async def large(self, request: Request) -> Response:
        async def pieces() -> object:
            for _ in range(500):
                yield b"x" * 100_000

        return StreamingResponse(pieces())  # type: ignore[arg-type]


def site(standing: Standing | None = None) -> Starlette:
    standing = standing or Standing()
    return Starlette(
        routes=[
            Route("/", hello),
            Route("/host", host),
            Route("/take", take, methods=["POST"]),
            Route("/leave", leave, methods=["POST"]),
            Route("/stream", standing.stream),
            Route("/large", standing.large),
        ]
    )


async def nothing_is_left(on: Listening) -> None:
    """Neither a connection nor a task, and it still answers."""
    await on.becomes(lambda: on.server.connections == 0 and on.server.tasks == 0)
    assert b"hello" in await on.ask(GET + b"Connection: close\r\n\r\n")


ENDLESS = {
    "headers": (GET, b"x: y\r\n" * 1000),
    "one value": (GET + b"x: ", b"y" * 8000),
    "one name": (GET, b"y" * 8000),
    "an address": (b"GET /", b"y" * 8000),
    "a query": (b"GET /?", b"y" * 8000),
    "folded lines": (GET + b"x: y\r\n", b" z\r\n" * 1000),
    "trailers": (POST + b"0\r\n", b"x: y\r\n" * 1000),
    "one trailer": (POST + b"0\r\nx: ", b"y" * 8000),
    "a chunk's extension": (POST + b"1;", b"y" * 8000),
    "a second head": (GET + b"\r\n" + GET, b"x: y\r\n" * 1000),
}


@pytest.mark.parametrize("which", ENDLESS)
async def test_an_endless_head_ends(which: str) -> None:
    begin, piece = ENDLESS[which]
    async with listener_of(site(), PATIENT) as on:
        client = await on.dial()
        client.write(begin)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        sent = await client.send(piece, most=200_000_000)
        assert sent < 40_000_000  # what the kernel's buffers take is none of ours
        with suppress(ConnectionError):
            answer = await client.rest()
            assert not answer or answer.endswith(b"\n")
        assert on.ended[ConnectionEnd.HEAD_TOO_LARGE] == 1
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # kB
        await nothing_is_left(on)


@pytest.mark.parametrize(
    "head",
    [
        GET + b"x: " + b"y" * 70_000 + b"\r\n\r\n",
        GET + b"x: y\r\n" * 100 + b"\r\n",
        b"GET /" + b"y" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        GET + b"\r\n" + GET + b"x: y\r\n" * 100 + b"\r\n",
    ],
    ids=["bytes", "lines", "address", "lines of the second of two"],
)
async def test_a_large_head_is_told_so_though_it_is_whole(head: bytes) -> None:
    async with listener_of(site(), PATIENT) as on:
        answer = await on.ask(head)
        assert b"HTTP/1.1 431 " in answer
        assert b"at most 65536 bytes in 100 lines" in answer
        await nothing_is_left(on)


async def test_a_head_of_a_hundred_lines_is_read() -> None:
    async with listener_of(site(), PATIENT) as on:
        lines = b"x: y\r\n" * 97 + b"Connection: close\r\n"
        assert b"hello" in await on.ask(GET + lines + b"\r\n")
        assert b"hello" in await on.ask(GET + b"x: " + b"y" * 60_000 + b"\r\nConnection: close\r\n\r\n")


@pytest.mark.parametrize(
    ("begun", "told", "end"),
    [
        (GET, b"408 ", ConnectionEnd.HEAD_TOO_SLOW),
        (b"G", b"408 ", ConnectionEnd.HEAD_TOO_SLOW),
        (POST, b"408 ", ConnectionEnd.BODY_TOO_SLOW),
        (POST + b"5\r\nhel", b"408 ", ConnectionEnd.BODY_TOO_SLOW),
        (
            b"POST /take HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
            b"408 ",
            ConnectionEnd.BODY_TOO_SLOW,
        ),
        (b"", b"", ConnectionEnd.SILENT),
        (GET + b"\r\n", b"200 OK", ConnectionEnd.SILENT),
        (GET + b"\r\n" + GET, b"408 ", ConnectionEnd.HEAD_TOO_SLOW),
    ],
    ids=["head", "letter", "chunks", "chunk", "length", "nothing", "after an answer", "second head"],
)
async def test_what_does_not_come_in_time_is_not_waited_for(
    begun: bytes, told: bytes, end: ConnectionEnd
) -> None:
    async with listener_of(site()) as on:
        answer = await on.ask(begun)
        assert told in answer
        assert on.ended == {end: 1}
        await nothing_is_left(on)


@pytest.mark.parametrize("begin", [GET, POST], ids=["head", "body"])
async def test_drop_by_drop_is_not_in_time_either(begin: bytes) -> None:
    async with listener_of(site()) as on:
        client = await on.dial()
        client.write(begin)

        async def drip() -> None:
            with suppress(ConnectionError):
                while True:
                    client.write(b"x: y\r\n" if begin is GET else b"1\r\nx\r\n")
                    await client.writer.drain()
                    await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        answer = await client.rest()
        dripping.cancel()
        assert b"HTTP/1.1 408 " in answer
        await nothing_is_left(on)


async def test_who_is_answered_and_goes_on_sending_is_not_listened_to() -> None:
    async with listener_of(site(), PATIENT) as on:
        client = await on.dial()
        client.write(b"POST /leave HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        assert b"200 OK" in await client.head()
        assert await client.send(b"400\r\n" + b"x" * 1024 + b"\r\n", most=200_000_000) < 40_000_000
        client.close()
        await nothing_is_left(on)


async def test_a_body_of_crumbs_is_refused() -> None:
    async with listener_of(site(), PATIENT) as on:
        answer = await on.ask(POST + b"1\r\nx\r\n" * 20_000)
        assert b"HTTP/1.1 400 " in answer
        assert b"200" in await on.ask(
            POST.replace(b"chunked", b"chunked\r\nConnection: close")
            + b"".join(b"1\r\nx\r\n" for _ in range(900))
            + b"0\r\n\r\n"
        )


async def test_half_requests_lock_nobody_out() -> None:
    few = msgspec.structs.replace(PATIENT, connections=16)
    async with listener_of(site(), few) as on:
        halves = [await on.dial() for _ in range(100)]
        for half in halves:
            half.write(GET)
        for _ in range(3):
            assert b"hello" in await on.ask(GET + b"Connection: close\r\n\r\n")
        assert on.server.connections <= 16
        assert on.ended[ConnectionEnd.MADE_ROOM] >= 84
        for half in halves:
            half.close()
        await nothing_is_left(on)


async def test_where_everybody_is_being_answered_a_new_one_is_told_so() -> None:
    standing = Standing()
    few = msgspec.structs.replace(PATIENT, connections=16)
    async with listener_of(site(standing), few) as on:
        readers = [await on.dial() for _ in range(16)]
        for reader in readers:
            reader.write(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
            await reader.head()
        answer = await on.ask(GET + b"\r\n")
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"Try again" in answer
        crowd = [await on.dial() for _ in range(100)]
        await on.becomes(lambda: on.ended[ConnectionEnd.NO_ROOM] == 101)
        assert on.server.tasks == 16  # nobody who was being answered was cut off
        standing.end.set()
        for each in (*readers, *crowd):
            each.close()
        await nothing_is_left(on)


async def test_who_takes_nothing_of_an_answer_is_not_waited_for() -> None:
    async with listener_of(site()) as on:
        client = await on.dial()
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        client.write(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        await on.becomes(lambda: on.ended[ConnectionEnd.READER_TOO_SLOW] == 1)
        client.close()
        await nothing_is_left(on)


async def test_a_stream_is_not_late() -> None:
    standing = Standing()
    async with listener_of(site(standing)) as on:
        client = await on.dial()
        client.write(b"GET /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        await client.head()
        await asyncio.sleep(4 * QUICK.silence_seconds)
        assert on.server.tasks == 1
        standing.end.set()
        assert (await client.rest()).endswith(b"0\r\n\r\n")
        assert not on.ended


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\x16\x03\x01\x02\x00\x01",
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        GET[:-1] + b"\0\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_told_so(rubbish: bytes) -> None:
    async with listener_of(site(), PATIENT) as on:
        assert (await on.ask(rubbish)).startswith(b"HTTP/1.1 400 ")
        await nothing_is_left(on)


@pytest.mark.parametrize(
    ("target", "names", "reaches"),
    [
        (b"http://a/host?x=1", b"a", b"a /host x=1"),
        (b"HTTP://A/host", b"a", b"a /host "),
        (b"http://evil.example/host", b"a", b"a, evil.example /host "),
        (b"http://a/host", b"evil.example", b"a, evil.example /host "),
        (b"http://evil.example@a/host", b"a", b"a, evil.example@a /host "),
        (b"http://a:80/host", b"a", b"a, a:80 /host "),
    ],
)
async def test_a_target_that_names_a_host_counts_as_one(target: bytes, names: bytes, reaches: bytes) -> None:
    """What is not one name of ours is two, and the door knows no such Host."""
    async with listener_of(site(), PATIENT) as on:
        request = b"GET " + target + b" HTTP/1.1\r\nHost: " + names + b"\r\nConnection: close\r\n\r\n"
        assert (await on.ask(request)).endswith(reaches)


@pytest.mark.parametrize(
    "target", [b"evil.example:443", b"ftp://a/host", b"a/host", b"http:///host", b"http://[a/host"]
)
async def test_a_target_that_is_no_address_here_is_refused(target: bytes) -> None:
    async with listener_of(site(), PATIENT) as on:
        assert (await on.ask(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n")).startswith(b"HTTP/1.1 400 ")


def certified(folder: Path) -> tuple[str, str]:
    """A chain and its key, and `ca` beside them."""
    authority = Authority()
    pair = authority.server()
    for name, text in (("ca", authority.pem), ("chain", pair.certificate), ("key", pair.key)):
        (folder / name).write_text(text)
    return str(folder / "chain"), str(folder / "key")


async def test_silent_tls_handshakes_lock_nobody_out(tmp_path: Path) -> None:
    few = msgspec.structs.replace(PATIENT, connections=16)
    async with listener_of(site(), few, certificate=certified(tmp_path)) as on:
        silent = [await on.dial() for _ in range(60)]
        trusting = ssl.create_default_context(cafile=tmp_path / "ca")
        for _ in range(3):
            client = Client(*await asyncio.open_connection("127.0.0.1", on.port, ssl=trusting))
            client.write(GET + b"Connection: close\r\n\r\n")
            assert b"hello" in await client.rest()
        assert on.server.connections <= 16
        assert on.ended[ConnectionEnd.MADE_ROOM] >= 44
        for each in silent:
            each.close()
        await on.becomes(lambda: on.server.connections == 0 and on.server.tasks == 0)


async def test_who_is_silent_in_a_tls_handshake_is_dropped(tmp_path: Path) -> None:
    certificate = certified(tmp_path)
    async with listener_of(site(), certificate=certificate) as on:
        silent = await on.dial()
        plain = await on.dial()
        plain.write(GET + b"\r\n")
        assert await plain.rest() == b""
        assert await silent.rest() == b""
        trusting = ssl.create_default_context(cafile=tmp_path / "ca")
        client = Client(*await asyncio.open_connection("127.0.0.1", on.port, ssl=trusting))
        client.write(GET)
        assert b" 408 " in await client.rest()
        await on.becomes(lambda: on.server.connections == 0 and on.server.tasks == 0)


async def test_one_that_cannot_be_taken_costs_nobody_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stand, failing = Server._stand, [RuntimeError("odd"), ConnectionResetError(), MemoryError()]

    async def odd(self: Server, client: socket.socket, coming: ClientConnection) -> None:
        if failing:
            raise failing.pop()
        await stand(self, client, coming)

    monkeypatch.setattr(Server, "_stand", odd)
    async with listener_of(site(), PATIENT) as on:
        for _ in range(3):
            assert await on.ask(GET + b"\r\n") == b""
        assert b"hello" in await on.ask(GET + b"Connection: close\r\n\r\n")
        await nothing_is_left(on)
    assert capsys.readouterr().out.count("could not be taken") == 2


async def test_half_requests_hold_up_no_end() -> None:
    async with listener_of(site(), PATIENT, drain=15.0) as on:
        clients = [await on.dial() for _ in range(3)]
        for client in clients:
            client.write(GET)
        await on.becomes(lambda: on.server.connections == 3)
        began = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - began < 10.0  # the drain deadline was not waited for
    for client in clients:
        client.close()
