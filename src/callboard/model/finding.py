"""What is wrong with a service, told once: a stable code, what it means for its users, since when, and what to do next.

Texts are a message's name and its arguments, never a sentence: the faces make sentences of them
(`diagnosis.texts`), so that one finding can be said in any language.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

__all__ = [
    "Arguments",
    "Confidence",
    "Consequence",
    "Evidence",
    "Finding",
    "FindingPlace",
    "FindingSubject",
    "Impact",
    "NextKind",
    "NextStep",
    "PrecedingChange",
    "Since",
]

Arguments = Mapping[str, str | int]
"""What stands in a message's gaps. Foreign text among it is bounded, and escaped by whoever shows it."""


class Impact(StrEnum):
    """What the users of a service notice, worst first; not how bad the reason looks."""

    DOWN = "down"
    """Nothing of it is ready."""
    DEGRADED = "degraded"
    """Some of what is wanted is missing or fails."""
    AT_RISK = "at-risk"
    """All that is wanted is there, and something cannot get on by itself: a release that is stuck, a loop of crashes."""
    NOTICE = "notice"
    """Worth knowing; no trouble."""

    @property
    def alarms(self) -> bool:
        """Whether a service with such a finding is not well."""
        return self is not Impact.NOTICE


class Confidence(StrEnum):
    """How sure the cause is. That something is wrong is certain in either case."""

    CERTAIN = "certain"
    LIKELY = "likely"


class NextKind(StrEnum):
    """What a next step leads to."""

    LOGS = "logs"
    EVENTS = "events"
    DOCS = "docs"
    DIFF = "diff"
    COMMAND = "command"
    OWNER = "owner"


class Since(msgspec.Struct, frozen=True, gc=False):
    """When the trouble began. Where only a bound is known `exact` is False: it has lasted at least since `at`."""

    at: datetime
    exact: bool = True


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """One thing that was seen: the field (a path, or `event`), its value, and where it stands (`Pod web-1`)."""

    field: str
    value: str
    place: str


class NextStep(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One thing to do. `container` and `previous` say which log; `target` is a docs address, a command, or an owner
    (`service`, `platform`)."""

    kind: NextKind
    message: str
    container: str = ""
    previous: bool = False
    target: str = ""


class PrecedingChange(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The change a trouble followed: what changed (`image`, `revision`), from what to what, and when."""

    what: str
    before: str
    after: str
    at: datetime | None = None


class FindingSubject(msgspec.Struct, frozen=True, gc=False, order=True):
    """The object a finding is about: the workload, where its pods fail alike. `type` is ResourceType.key."""

    type: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class FindingPlace(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Where it was found: a cluster, how many pods (0 where it is not about pods), the first of their names, how bad it is
    there and since when."""

    cluster: str
    impact: Impact
    count: int = 0
    names: tuple[str, ...] = ()
    since: Since | None = None


class Consequence(msgspec.Struct, frozen=True, gc=False):
    """Another finding that this one is the cause of, folded under it."""

    code: str
    arguments: Arguments
    count: int = 0


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One trouble with one cause, in all its places.

    `message` names the sentence, `arguments` fill it. `detail` tells causes of one code apart (a container, an image); it
    is part of the `key`, counts and ages are not. `occurrences` is how often it happened, as far as that is counted
    (restarts, an event's count).
    """

    code: str
    impact: Impact
    subject: FindingSubject
    message: str
    arguments: Arguments
    places: tuple[FindingPlace, ...]
    detail: str = ""
    evidence: tuple[Evidence, ...] = ()
    since: Since | None = None
    after: PrecedingChange | None = None
    occurrences: int = 0
    consequences: tuple[Consequence, ...] = ()
    steps: tuple[NextStep, ...] = ()
    confidence: Confidence = Confidence.CERTAIN
    runbook: str = ""

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What it is the same trouble by, in any cluster and at any time."""
        return (self.code, self.subject.type, self.subject.namespace, self.subject.name, self.detail)

    @property
    def count(self) -> int:
        """How many pods it is about, over all places."""
        return sum(p.count for p in self.places)
