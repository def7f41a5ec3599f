"""What an answer means, in one word and one sentence."""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from callboard.model.finding import Finding, Impact

__all__ = ["RANK", "WORST_FIRST", "ClusterVerdict", "Health", "ObjectHealth", "Verdict"]


class Health(StrEnum):
    """From best to worst for the users of a service; from UNKNOWN on they are no degrees of health."""

    HEALTHY = "healthy"
    PROGRESSING = "progressing"
    UNHEALTHY = "unhealthy"
    UNKNOWN = "unknown"
    """It could not be seen, or not wholly, and what was seen is not bad."""
    NOTHING = "nothing"
    """Asked everywhere, answered everywhere, nothing runs."""
    HELD = "held"
    """Of an object: somebody wants it so. Suspended, paused, stopped, scaled to zero, or full."""
    NOT_JUDGED = "not-judged"
    """Of an object: it says nothing of its health that is understood, and counts for nothing."""


WORST_FIRST: Final = (
    Health.UNHEALTHY,
    Health.PROGRESSING,
    Health.UNKNOWN,
    Health.HELD,
    Health.NOTHING,
    Health.HEALTHY,
    Health.NOT_JUDGED,
)
"""The one order in which healths are listed: what needs somebody first. `RANK` is the place of each."""
RANK: Final = {health: rank for rank, health in enumerate(WORST_FIRST)}


class ObjectHealth(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One object's status as kstatus computes it (sigs.k8s.io/cli-utils/pkg/kstatus), with the reason in plain words.

    `since` is from when it is so, as far as the objects tell; `at_least` says that this is a bound, and that it may have been
    so for longer.
    """

    health: Health
    reason: str = ""
    since: datetime | None = None
    at_least: bool = False


class ClusterVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """One cluster's verdict. `missing` says in plain words what could not be seen there; `impact` is that of the worst of its
    `findings`, None where none is worse than a notice. `at_least` is as in ObjectHealth."""

    cluster: str
    health: Health
    sentence: str
    since: datetime | None = None
    at_least: bool = False
    impact: Impact | None = None
    findings: tuple[Finding, ...] = ()
    missing: tuple[str, ...] = ()
    rests: bool = False
    """Healthy, and some of it only because somebody wants it so: suspended, paused, scaled to zero. `sentence` says what."""
    blind: bool = False
    """Something that decides readiness could not be seen: what is told may not be the worst there is."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The whole service. `could_not_tell` is True where any gap could hide trouble, whatever `health` says."""

    health: Health
    sentence: str
    clusters: tuple[ClusterVerdict, ...] = ()
    since: datetime | None = None
    at_least: bool = False
    impact: Impact | None = None
    findings: tuple[Finding, ...] = ()
    """Those of all clusters, worst first; the same trouble in several clusters is one."""
    could_not_tell: bool = False
