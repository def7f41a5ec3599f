"""Lines out of pieces of bytes, wherever the pieces are cut."""

from collections.abc import Iterator

__all__ = ["LineTooLong", "Lines"]


class LineTooLong(Exception):
    """A line grew beyond the most that is kept of one."""


class Lines:
    """Feed it pieces, take whole lines (without their line feed, empty ones left out). Holds at most `most` bytes of an
    unfinished line; raises LineTooLong for one that is longer."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """The lines that end within `piece`. Must be used up before the next call."""
        start = 0
        while (end := piece.find(b"\n", start)) >= 0:
            self._hold(piece[start:end])
            start = end + 1
            line = self._take()
            if line:
                yield line
        self._hold(piece[start:])

    def _hold(self, part: bytes) -> None:
        if not part:
            return
        if self._size + len(part) > self._most:
            raise LineTooLong
        self._held.append(part)
        self._size += len(part)

    def _take(self) -> bytes:
        line = self._held[0] if len(self._held) == 1 else b"".join(self._held)
        self._held = []
        self._size = 0
        return line
