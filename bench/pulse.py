"""How long a server's event loop stays away: somebody asks `/livez` all the time and notes how late the answers are.

A process of its own, so that what the benchmark does beside it delays nothing: `python -m bench.pulse HOST PORT` begins to
ask with one line on stdin, and with the next it stops and answers with the Beat. Asking costs the server some percent of a
core: never measure its CPU meanwhile. How late the asking process wakes up itself is told beside: that much is the machine's.
"""

import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final

import msgspec

from bench.portal import Portal
from bench.tables import percentile

__all__ = ["Beat", "Pulse", "pulse"]

_BETWEEN: Final = 0.01
_REQUEST: Final = b"GET /livez HTTP/1.1\r\nHost: %b:%d\r\n\r\n"


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds from request to answer: the 99th of a hundred, the longest, how many there were; and how late the asking
    process itself woke up, likewise. The `worst` are the longest ten."""

    p99: float
    longest: float
    count: int
    own_p99: float
    own_longest: float
    worst: tuple[float, ...] = ()


class Pulse:
    """One that is running."""

    def __init__(self, asked: IO[str], told: IO[str]) -> None:
        self._asked = asked
        self._told = told

    def begin(self) -> None:
        """Ask from now on."""
        self._asked.write("begin\n")
        self._asked.flush()

    def end(self) -> Beat:
        """Ask no more; what was seen."""
        self._asked.write("end\n")
        self._asked.flush()
        return msgspec.json.decode(self._told.readline(), type=Beat)


@contextmanager
def pulse(portal: Portal) -> Iterator[Pulse]:
    """Ask until the block is left."""
    host, _, port = portal.url.removeprefix("http://").partition(":")
    command = [sys.executable, "-m", "bench.pulse", host, port]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None  # noqa: S101
        assert process.stdout is not None  # noqa: S101
        try:
            yield Pulse(process.stdin, process.stdout)
        finally:
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _main(host: str, port: int) -> None:
    request = _REQUEST % (host.encode(), port)
    while sys.stdin.readline():
        late: list[float] = []
        own: list[float] = []
        with socket.create_connection((host, port), timeout=60) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                slept = time.monotonic()
                if select.select([sys.stdin], [], [], _BETWEEN)[0]:
                    break
                began = time.monotonic()
                own.append((began - slept - _BETWEEN) * 1e3)
                line.sendall(request)
                if not line.recv(4096):
                    raise ConnectionError("the server closed the line")
                late.append((time.monotonic() - began) * 1e3)
        if not sys.stdin.readline():
            return
        sys.stdout.write(msgspec.json.encode(_beat(late, own)).decode() + "\n")
        sys.stdout.flush()


def _beat(late: list[float], own: list[float]) -> Beat:
    return Beat(
        p99=percentile(late, 0.99),
        longest=max(late, default=0.0),
        count=len(late),
        own_p99=percentile(own, 0.99),
        own_longest=max(own, default=0.0),
        worst=tuple(sorted(late, reverse=True)[:10]),
    )


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
