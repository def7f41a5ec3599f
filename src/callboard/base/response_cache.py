"""Answers written once for everyone who is given the same, for a moment, packed once for each encoding that is asked for."""

from collections.abc import Hashable

from callboard.base.clock import Clock
from callboard.base.object_cache import ObjectCache

__all__ = ["HOLD", "PACKED", "Body", "ResponseCache"]

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


class ResponseCache:
    """Answers by the very object they show and a variant, gone with that object. A body must not hold its object."""

    def __init__(self, clock: Clock, *, most: int = MOST) -> None:
        self._clock = clock
        self._entries: ObjectCache[tuple[Body, float]] = ObjectCache(most, lambda entry: len(entry[0].plain))
        self.written = 0
        """How many were put, for tests and figures."""

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, of: object, variant: Hashable = ()) -> Body | None:
        """What was written of this very object, unless that is too long ago."""
        found = self._entries.get(of, variant)
        return found[0] if found is not None and self._clock.monotonic() - found[1] <= HOLD else None

    def put(self, of: object, variant: Hashable, body: Body) -> Body:
        """Keep it in place of what was written before."""
        self.written += 1
        self._entries.put(of, (body, self._clock.monotonic()), variant)
        return body
