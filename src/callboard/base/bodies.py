"""Answers written once for everyone who is given the same, for a moment, packed once for each encoding that is asked for."""

import weakref
from collections import OrderedDict
from collections.abc import Hashable

from callboard.base.clock import Clock

__all__ = ["HOLD", "PACKED", "Bodies", "Body"]

HOLD = 15.0
"""Seconds: what an answer says of ages, and of the moment it is as of, is at most so much late."""
MOST = 64 * 2**20
"""Bytes of all that is kept; what it is packed to comes on top, about a tenth. What was asked for longest ago goes first."""
PACKED = "callboard.packed"
"""Where a face leaves `Body.packed` in the request's scope, for whoever packs the answer."""


class Body:
    """An answer's bytes and its ETag. `packed` holds the same by content encoding, filled in when it is wanted so."""

    __slots__ = ("etag", "packed", "plain")

    def __init__(self, plain: bytes, etag: str = "") -> None:
        self.plain = plain
        self.etag = etag
        self.packed: dict[str, bytes] = {}


class _Entry:
    __slots__ = ("body", "made_at", "of")

    def __init__(self, of: "weakref.ref[object]", body: Body, made_at: float) -> None:
        self.of = of
        self.body = body
        self.made_at = made_at


class Bodies:
    """Kept by the very object they show, and gone with it. A body must not hold its object."""

    def __init__(self, clock: Clock, *, most: int = MOST) -> None:
        self._clock = clock
        self._most = most
        self._entries: OrderedDict[tuple[int, Hashable], _Entry] = OrderedDict()
        self._weight = 0
        self.written = 0
        """How many were put, for tests and figures."""

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, of: object, variant: Hashable = ()) -> Body | None:
        """What was written of this very object, unless that is too long ago."""
        key = (id(of), variant)
        entry = self._entries.get(key)
        if entry is None or entry.of() is not of or self._clock.monotonic() - entry.made_at > HOLD:
            return None
        self._entries.move_to_end(key)
        return entry.body

    def put(self, of: object, variant: Hashable, body: Body) -> Body:
        """Keep it in place of what was written before."""
        key = (id(of), variant)
        self._drop(key)
        self.written += 1
        entry = _Entry(weakref.ref(of, lambda _: self._drop(key)), body, self._clock.monotonic())
        self._entries[key] = entry
        self._weight += len(body.plain)
        while self._weight > self._most:
            self._drop(next(iter(self._entries)))
        return body

    def _drop(self, key: tuple[int, Hashable]) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._weight -= len(entry.body.plain)
