"""What the placeholders of one source name, together within bounds."""

from callboard.base.errors import Problem
from callboard.catalog.processing.reading import Content
from callboard.catalog.sources.location import Location

__all__ = ["MOST_ADDRESSES", "TargetContents"]

MOST_BYTES = 64 * 1024 * 1024
"""Of all definitions that one source names."""
MOST_ADDRESSES = 200
"""Addresses that one source may name."""


class TargetContents:
    """`held` is what was found, by location."""

    def __init__(self) -> None:
        self.held: dict[Location, Content] = {}
        self._left = MOST_BYTES

    def put(self, location: Location, content: Content) -> None:
        """Keep it, or what is told instead where it is too much with all the others."""
        if isinstance(content, bytes):
            self._left -= len(content)
            if self._left < 0:
                expected = f"at most {MOST_BYTES} bytes in all"
                content = Problem(
                    "is too much beside the other definitions of its file",
                    where=location.shown,
                    expected=expected,
                )
        self.held[location] = content
