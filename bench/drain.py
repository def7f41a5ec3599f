"""A client that costs as little as a client can: it asks, and throws away what comes."""

import socket
import ssl
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

__all__ = ["Drain"]

_PIECE: Final = 1 << 20


class Drain:
    """One connection. Over plain TCP the kernel drops the bytes unread (Linux's MSG_TRUNC)."""

    def __init__(self, url: str, ca: Path) -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname, parts.port or 0), timeout=30)
        self._flags = getattr(socket, "MSG_TRUNC", 0)
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=str(ca))
            self._socket = context.wrap_socket(self._socket, server_hostname=parts.hostname)
            self._flags = 0
        self._piece = bytearray(_PIECE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def ask(self, path: str) -> tuple[str, int]:
        """Send a GET; the head of the answer, and how many bytes of the body came with it."""
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: replay\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            piece = self._socket.recv(4096)
            if not piece:
                raise ConnectionError("the replay closed the connection")
            head += piece
        text, _, rest = head.partition(b"\r\n\r\n")
        return text.decode(), len(rest)

    def get(self, path: str) -> int:
        """Read an answer to its end; its size in bytes."""
        head, size = self.ask(path)
        length = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0])
        while size < length:
            size += self.some(length - size)
        return length

    def some(self, most: int = _PIECE) -> int:
        """Drop what has come, at most `most` bytes; how many they were."""
        got = self._socket.recv_into(self._piece, min(most, _PIECE), self._flags)
        if not got:
            raise ConnectionError("the replay closed the connection")
        return got
