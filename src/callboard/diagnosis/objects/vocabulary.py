"""What the words mean in which controllers tell their state: a phase, a condition's type, a reason, a message.

Kubernetes has no list of them; these are the words of the field's projects. A word is read as its parts (`ReplicaSetUpdated` is
`replica set updated`), and what says failure counts before what says anything else.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import msgspec

from callboard.diagnosis.objects.judgement import State

__all__ = ["Polarity", "meaning", "polarity", "told"]

_PARTS: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+").findall

_FAILING: Final = (
    "abort", "blocked", "broken", "cancel", "conflict", "corrupt", "crash", "critical", "dead", "degrad", "denied",
    "disconnect", "err",
    "evict", "exceed", "exception", "exhaust", "expir", "fail", "fallback", "fault", "fatal", "forbid", "illegal",
    "incompatible", "insufficient",
    "invalid", "killed", "lost", "malformed", "misconfig", "mismatch", "missing", "noncompliant", "offline", "oom", "orphan",
    "panic", "recoverable", "refus", "reject", "stall", "stuck", "terminal", "throwable", "timeout", "unable",
    "unauthori", "unavailable",
    "unexpected", "unhealthy", "unprocessable", "unreach", "unresolv", "unschedulable", "unsupported", "violat",
    "warn", "wrong",
)  # fmt: skip
"""Beginnings of words that say that something is wrong."""

_NO_FAILURE: Final = frozenset(
    {
        "deadline",
        "deadlines",
        "evictable",
        "expiration",
        "expires",
        "failback",
        "failover",
        "failovers",
        "failsafe",
        "faultless",
        "warm",
        "warmup",
    }
)

_FAILING_PAIRS: Final = frozenset(
    {
        ("already", "exists"), ("back", "off"), ("can", "not"), ("limit", "reached"), ("could", "not"), ("no", "such"),
        ("no", "valid"),
        ("non", "compliant"),
        ("not", "accepted"), ("not", "allowed"), ("not", "compliant"), ("not", "controlled"), ("not", "exist"),
        ("not", "exists"), ("not", "found"), ("not", "healthy"), ("not", "permitted"), ("not", "resolved"), ("not", "set"),
        ("not", "supported"), ("not", "valid"), ("timed", "out"), ("different", "versions"),
    }
)  # fmt: skip

_DENYING: Final = frozenset({"no", "not", "non", "without", "zero", "0", "never", "un"})

_HELD: Final = frozenset(
    {
        "cordoned",
        "disabled", "halted", "hibernated", "hibernating", "onhold", "pause", "paused", "shelved", "sleeping", "standby",
        "stopped", "suspend", "suspended",
    }
)  # fmt: skip

_ON_ITS_WAY: Final = frozenset(
    {
        "changed", "draining", "incomplete", "inqueue", "issuing", "partial", "partially", "pending", "progress",
        "queued", "requested", "retry", "scheduled", "starting", "submitted", "todo", "unfinished", "unready", "wait",
        "waiting", "yellow",
    }
)  # fmt: skip

_LASTING: Final = frozenset(
    {
        "binding", "bindings", "everything", "existing", "listening", "mapping", "monitoring", "nothing", "operating",
        "ping", "routing", "running", "serving", "streaming", "string", "tracing",
        "working",
    }
)  # fmt: skip
"""Words on -ing that say nothing of being under way."""

_WELL: Final = frozenset(
    {
        "accepted", "active", "admitted", "adopted", "allocated", "advertised", "allowed", "applied", "assigned",
        "attached", "authenticated",
        "available", "bootstrapped", "bound", "built", "compiled", "complete", "completed", "compliant", "configured",
        "connected", "converged", "created", "deployed", "discoverable", "discovered", "done", "enabled", "enforced",
        "established", "exists", "fetched", "finished", "fresh", "generated", "green", "healthy", "initialized", "injected",
        "installed", "issued", "joined", "latest", "launched", "listening", "loaded", "maintained", "matched", "normal", "ok",
        "online", "open", "operational", "passed", "passing", "programmed", "promoted", "provided", "propagated", "provisioned",
        "published", "pulled",
        "reachable", "ready", "reserved",
        "reconciled", "registered", "released", "resolved", "restored", "running", "saved", "satisfied",
        "scheduled", "serving", "signed", "started", "steady", "stored", "succeeded", "success", "successful", "successfully",
        "sync", "synced", "synchronized", "up", "updated", "validated", "valid", "verified", "working",
    }
)  # fmt: skip

_OVER: Final = frozenset({"complete", "completed", "done", "finished", "succeeded", "success", "successful"})
"""`ProvisioningSucceeded`: what ends so is under way no more."""

_WHOLE: Final = {
    "unknown": State.UNKNOWN, "red": State.FAILED, "warning": State.FAILED, "inactive": State.HELD, "off": State.HELD,
    "idle": State.WELL, "true": State.WELL, "empty": State.PROGRESSING, "none": None, "archived": State.HELD,
    "locked": State.PROGRESSING, "released": State.PROGRESSING, "terminated": State.FAILED, "down": State.FAILED,
    "outofsync": State.PROGRESSING, "notready": State.PROGRESSING, "scheduled": State.PROGRESSING, "started": State.WELL,
    "desynced": State.FAILED, "new": State.PROGRESSING, "initial": State.PROGRESSING, "reconcile": State.PROGRESSING,
    "bootstrap": State.PROGRESSING, "minimumreplicasunavailable": None,
}  # fmt: skip
"""Words that mean this only where they stand alone."""


def _parts(word: str) -> tuple[str, ...]:
    return tuple(part.lower() for part in _PARTS(word))


def _fails(parts: Sequence[str]) -> bool:
    parts = [part for part in parts if part != "been"]
    for here, part in enumerate(parts):
        before = parts[here - 1] if here else ""
        if (before, part) in _FAILING_PAIRS:
            return True
        if part.startswith(_FAILING) and part not in _NO_FAILURE and before not in _DENYING:
            return True
        if part == "cannot":
            return True
    return False


def _moves(part: str) -> bool:
    return part in _ON_ITS_WAY or (len(part) > 5 and part.endswith("ing") and part not in _LASTING)


@lru_cache(4096)
def meaning(word: str) -> State | None:
    """What a phase or a reason says: `InstallFailed`, `Waiting for pods`, `HEALTH_OK`; None where it says nothing."""
    parts = _parts(word)
    if not parts:
        return None
    alone = "".join(parts)
    if alone in _WHOLE:
        return _WHOLE[alone]
    if _fails(parts):
        return State.FAILED
    if any(part in _HELD for part in parts) and not any(part in _DENYING for part in parts):
        return State.HELD
    if any(_moves(part) for part in parts):
        return State.WELL if parts[-1] in _OVER else State.PROGRESSING
    if any(part in _DENYING for part in parts):
        return State.PROGRESSING if any(part in _WELL or part == "complete" for part in parts) else None
    if any(part in _WELL for part in parts):
        return State.WELL
    return None


def told(message: str) -> State | None:
    """What a sentence says: FAILED, PROGRESSING, or None where it says neither."""
    parts = _parts(message)
    if _fails(parts):
        return State.FAILED
    if any(part in ("waiting", "wait", "progress", "pending", "yet") or _moves(part) for part in parts):
        return State.PROGRESSING
    return None


class Polarity(msgspec.Struct, frozen=True, gc=False):
    """How a condition's type is to be read.

    `good` is what True says; None where it says nothing (`NamesAccepted` says WELL, `Stalled` FAILED, `Reconciling`
    PROGRESSING, `Paused` HELD). `summary` where it speaks of the whole object, `end` where it speaks of an end that comes late.
    """

    good: State | None
    summary: bool = False
    end: bool = False


_NOUNS: Final = frozenset({"available", "configured", "enabled", "healthy", "ready", "supported", "valid"})
_SUMMARY: Final = frozenset(
    {
        "available",
        "healthy",
        "ready",
        "succeeded",
        "success",
        "successful",
        "complete",
        "completed",
        "finished",
    }
)
_END: Final = frozenset(
    {"bootstrapped", "complete", "completed", "done", "finished", "promoted", "succeeded"}
)


@lru_cache(4096)
def polarity(type_: str) -> Polarity:
    """Of a condition's type, which may carry a domain before a slash or a project before a dot."""
    parts = _parts(type_.rsplit("/", 1)[-1].rsplit(".", 1)[-1])
    if not parts or parts[0] in ("warning", "warnings"):
        return Polarity(None)  # beside Ready, a word for whoever maintains it
    denied = parts[0] in ("no", "not", "un", "non") and len(parts) > 1
    if len(parts) > 1 and not denied and parts[-1] in _NOUNS:
        return Polarity(State.WELL)  # FailureDomainsReady speaks of being ready
    failing = _fails(parts) or any(part.startswith(_FAILING) for part in parts)
    if denied:
        return Polarity(State.WELL) if failing else Polarity(State.FAILED)
    if failing or any(part.endswith(("pressure", "error")) for part in parts):
        return Polarity(State.FAILED)
    if any(part in _HELD for part in parts):
        return Polarity(State.HELD)
    if parts[0] in ("partially", "partial"):
        return Polarity(State.PROGRESSING)
    if parts[-1] in _WELL or parts[0] in _WELL:
        whole = len(parts) == 1 and parts[0] in _SUMMARY
        return Polarity(State.WELL, summary=whole, end=parts[-1] in _END or parts[0] in _END)
    if any(_moves(part) for part in parts):
        return Polarity(State.PROGRESSING)
    return Polarity(None)
