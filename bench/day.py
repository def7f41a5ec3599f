"""A day of it: CPU per hour of both sides, out of measured pieces, by the number of people who keep a page open. Pure."""

from typing import Final

import msgspec

__all__ = ["Day", "Pieces", "break_even"]

POLL_SECONDS: Final = 10.0
"""Backstage's page asks so often (`useKubernetesObjects`, default)."""
DEPLOYS_A_DAY: Final = 3000.0
CHANGES_A_DEPLOY: Final = 100.0
"""Watch events of one rollout of ten pods: about eight a pod, old and new, and some of its workload's own."""
OPENED_AN_HOUR: Final = 6.0
"""Times each viewer loads the page anew."""


class Pieces(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured, in CPU seconds: `sync` once, `idle` and `peer_idle` a second, `change` each change that arrives,
    `page` each load, `viewer` a second of a page that is kept open and quiet, `update` each change that reaches an open
    page, `poll` each look of Backstage's page. `services` share the deploys."""

    sync: float
    idle: float
    change: float
    page: float
    viewer: float
    update: float
    poll: float
    peer_idle: float
    services: int


class Day(msgspec.Struct, frozen=True):
    """The two straight lines: CPU seconds an hour without anyone, and for each viewer."""

    fixed: float
    each: float

    def hour(self, viewers: float) -> float:
        """CPU seconds in an hour with so many viewers."""
        return self.fixed + viewers * self.each

    @classmethod
    def ours(cls, pieces: Pieces) -> "Day":
        """One sync a day, every deploy's changes, and for each viewer page loads, the quiet page, and the updates of the
        one service looked at; no two look at the same, so nothing is shared."""
        deploys = DEPLOYS_A_DAY / 24
        return cls(
            fixed=pieces.sync / 24 + 3600 * pieces.idle + deploys * CHANGES_A_DEPLOY * pieces.change,
            each=OPENED_AN_HOUR * pieces.page
            + 3600 * pieces.viewer
            + deploys / pieces.services * CHANGES_A_DEPLOY * pieces.update,
        )

    @classmethod
    def theirs(cls, pieces: Pieces) -> "Day":
        """Every viewer's page polls."""
        return cls(fixed=3600 * pieces.peer_idle, each=3600 / POLL_SECONDS * pieces.poll)


def break_even(ours: Day, theirs: Day) -> float | None:
    """From how many viewers on ours costs less: 0 if it does without any, None if it never does."""
    if ours.fixed <= theirs.fixed:
        return 0.0 if ours.each <= theirs.each else None
    if ours.each >= theirs.each:
        return None
    return (ours.fixed - theirs.fixed) / (theirs.each - ours.each)
