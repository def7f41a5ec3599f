"""The form of a rule: facts in, a sign or nothing out."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from callboard.model.finding import Arguments, Confidence, Evidence, Impact, Since

__all__ = ["DiagnosisRule", "RuleScope", "Sign"]


class RuleScope(StrEnum):
    """What a rule is shown; `facts.py` has the struct of each."""

    CONTAINER = "container"
    """A container of a pod that is not well (ContainerFacts)."""
    POD = "pod"
    """A pod that is not well (PodFacts)."""
    WORKLOAD = "workload"
    """A controller with its pods, after these (WorkloadFacts)."""
    OBJECT = "object"
    """Anything else that was selected (ObjectFacts)."""


class Sign(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a rule saw. Who it is about, how bad that is, and what to do next the engine adds: it is the same for all rules.

    `detail` tells two causes of one code apart; `message` names another sentence than the code's own; `container` is the one
    whose log tells more, `previous` whether that of its last run does, `pods` whose it is where the sign is not of a pod;
    `until` is the next moment, by the cluster's time, at which time alone may change what the rule says; `impact` is set
    where the sign itself tells how bad it is.
    """

    arguments: Arguments = {}
    evidence: tuple[Evidence, ...] = ()
    since: Since | None = None
    detail: str = ""
    message: str = ""
    occurrences: int = 0
    container: str = ""
    previous: bool = False
    pods: tuple[str, ...] = ()
    confidence: Confidence = Confidence.CERTAIN
    until: datetime | None = None
    impact: Impact | None = None


class DiagnosisRule(msgspec.Struct, frozen=True, kw_only=True):
    """One condition.

    `judge` is pure and total: facts of its scope → a Sign, None, or the moment at which to look again although nothing has
    changed. `impact` is None where it follows from how many pods are ready. `window` says in words until when, or after what
    time, it speaks. `reads` names the references it takes evidence from (events, nodes, claims). What speaks only where
    they tell something either says more than another rule (`refines`, its codes) or is a notice, so that a list, which
    reads none, and a page never disagree on whether something is well. `follows` marks what is told under another finding
    of the same workload where there is one.
    """

    code: str
    scope: RuleScope
    judge: Callable[[Any], "Sign | datetime | None"]
    impact: Impact | None = None
    window: str = "As long as it is so."
    reads: tuple[str, ...] = ()
    refines: tuple[str, ...] = ()
    follows: bool = False
    needs_log: bool = False
    kinds: tuple[str, ...] = ()
    """Kinds of objects a rule of scope OBJECT is shown; all without."""
    waits: tuple[str, ...] = ()
    """Reasons for which a container must wait for a rule of scope CONTAINER to be shown it; any state without."""
    ended: bool = False
    """Whether a container must have ended at least once for a rule of scope CONTAINER to be shown it."""
    unscheduled: bool = False
    """Whether a pod must be one that the scheduler has given no node for a rule of scope POD to be shown it."""
    phases: tuple[str, ...] = ()
    """Phases of the pods a rule of scope POD is shown; all without."""
