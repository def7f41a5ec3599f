"""A real HTTP server on loopback that answers what a test says."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec

__all__ = ["Answer", "Asked", "Served", "served"]


class Asked(msgspec.Struct, frozen=True):
    """A request as it came: its path with query, and its headers in lower case."""

    path: str
    headers: dict[str, str]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What to send back. With `raw`, these very bytes instead; `hang` waits for the test's end before anything is sent."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = {}
    raw: bytes | None = None
    hang: bool = False


class Served:
    """The running server: `port`, `asked` so far, and `answers` by path."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.asked: list[Asked] = []
        self.answers: dict[str, Answer | Callable[[Asked], Answer]] = {}
        self.over = threading.Event()

    def url(self, path: str, host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


@contextmanager
def served(tls: ssl.SSLContext | None = None) -> Iterator[Served]:
    """Serve until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = Asked(self.path, {k.lower(): v for k, v in self.headers.items()})
            state.asked.append(asked)
            found = state.answers.get(self.path.partition("?")[0], Answer(status=404))
            answer = found(asked) if callable(found) else found
            if answer.hang:
                state.over.wait(30)
                self.close_connection = True
                return
            if answer.raw is not None:
                self.close_connection = True
                self.wfile.write(answer.raw)
                return
            self.send_response(answer.status)
            for key, value in answer.headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:
                pass  # the other side hung up, as some tests mean it to

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    state = Served(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        state.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
