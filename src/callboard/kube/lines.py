"""Lines out of pieces of bytes, wherever the pieces are cut."""

from collections.abc import Iterator

__all__ = ["LineTooLong", "Lines"]


class LineTooLong(Exception):
    """A line grew beyond the most that is kept of one."""


class Lines:
    """Feed it pieces, take whole lines (without their line feed, empty ones left out unless `empty`). Holds at most `most`
    bytes of an unfinished line.

    With `cut`, a line that is longer is given cut to `most` bytes and the rest of it is dropped; else LineTooLong is raised.
    """

    def __init__(self, most: int, *, cut: bool = False, empty: bool = False) -> None:
        self._most = most
        self._cut = cut
        self._empty = empty
        self._held: list[bytes] = []
        self._size = 0
        self._skipping = False

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """The lines that end within `piece`. Must be used up before the next call."""
        start = 0
        while (end := piece.find(b"\n", start)) >= 0:
            self._hold(piece[start:end])
            start = end + 1
            line = self._take()
            if line or self._empty:
                yield line
        self._hold(piece[start:])

    def rest(self) -> bytes:
        """What came after the last line feed."""
        return self._take()

    def _hold(self, part: bytes) -> None:
        if self._skipping or not part:
            return
        if self._size + len(part) > self._most:
            if not self._cut:
                raise LineTooLong
            part = part[: self._most - self._size]
            self._skipping = True
        self._held.append(part)
        self._size += len(part)

    def _take(self) -> bytes:
        line = self._held[0] if len(self._held) == 1 else b"".join(self._held)
        self._held = []
        self._size = 0
        self._skipping = False
        return line
