"""What parts of extensions did wrong last, for a page that tells it: bounded, in memory, of this process.

Fences write it (`fence`). It must never hold more than the words that are logged.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

__all__ = ["FAILED", "PartFailure", "PartFailures"]

MOST_EXTENSIONS: Final = 300
MOST_OF_ONE: Final = 20
"""Parts of one extension, the last failure of each."""


class PartFailure(msgspec.Struct, frozen=True, kw_only=True):
    """The last failure of one part: what it was asked to do, why it did not, what it said, and where in its code ("" where
    that is not known)."""

    part: str
    asked_to: str
    why: str
    said: str = ""
    place: str = ""
    at: datetime
    times: int = 1
    """How often that part has failed."""


class PartFailures:
    """By extension."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, PartFailure]] = {}

    def note(
        self, extension: str, part: str, asked_to: str, why: str, *, said: str = "", place: str = ""
    ) -> None:
        """A part of an extension failed just now."""
        of = self._known.pop(extension, {})
        before = of.pop(part, None)
        of[part] = PartFailure(
            part=part,
            asked_to=asked_to,
            why=why,
            said=said,
            place=place,
            at=datetime.now(UTC),
            times=before.times + 1 if before else 1,
        )
        for known, most in ((of, MOST_OF_ONE), (self._known, MOST_EXTENSIONS - 1)):
            while len(known) > most:
                del known[next(iter(known))]  # the one that failed longest ago
        self._known[extension] = of

    def of(self, extension: str) -> Sequence[PartFailure]:
        """Of one extension, the newest first."""
        return tuple(reversed(self._known.get(extension, {}).values()))

    def forget(self, extension: str) -> None:
        """It begins anew."""
        self._known.pop(extension, None)


FAILED: Final = PartFailures()
"""Of this process."""
