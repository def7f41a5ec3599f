"""Containers that keep ending, by how they end; and what ended not long ago and is well again."""

from collections.abc import Callable
from datetime import timedelta

from msgspec.structs import replace

from callboard.diagnosis.rules.containers import ending, ending_sign, events_of_container
from callboard.diagnosis.rules.facts import ContainerFacts
from callboard.diagnosis.rules.probe import probe_settings
from callboard.diagnosis.rules.rule import DiagnosisRule, RuleScope, Sign
from callboard.diagnosis.rules.start import not_started
from callboard.diagnosis.rules.waiting import over
from callboard.model.finding import Confidence, Evidence, Impact, Since
from callboard.model.objects.pod import ContainerStateTerminated

__all__ = ["RULES"]

RECENT = timedelta(hours=1)
"""How long an end that nothing came of is worth a word."""

_SIGNALS = {132: "SIGILL", 134: "SIGABRT", 135: "SIGBUS", 136: "SIGFPE", 139: "SIGSEGV", 143: "SIGTERM"}


def _kind(ended: ContainerStateTerminated) -> str:
    """The code that an end comes to by itself."""
    if ended.reason == "OOMKilled":
        return "CB-OOM"
    code = ended.exit_code
    if code == 137:
        return "CB-CRASH-KILLED"
    if code in _SIGNALS:
        return "CB-CRASH-SIGNAL"
    if code in (126, 127):
        return "CB-CRASH-COMMAND"
    return "CB-CRASH-FINISHED" if code == 0 else "CB-CRASH-ERROR"


def _ends(facts: ContainerFacts) -> ContainerStateTerminated | None:
    """How a main container that keeps ending ended last, unless it never ran."""
    if facts.role != "container":
        return None
    if "ends" not in facts.known:
        ended = ending(facts)
        facts.known["ends"] = ended if ended is not None and not_started(facts) is None else None
    return facts.known["ends"]


def _ended_as(code: str) -> Callable[[ContainerFacts], Sign | None]:
    def judge(facts: ContainerFacts) -> Sign | None:
        ended = _ends(facts)
        if ended is None or _kind(ended) != code:
            return None
        limits = (facts.container.resources.limits or {}) if facts.container else {}
        limit = str(limits.get("memory", ""))
        sign = ending_sign(facts, ended, signal=_SIGNALS.get(ended.exit_code, ""), limit=limit)
        return replace(sign, message="limit") if limit and code == "CB-OOM" else sign

    return judge


def _killed_by(facts: ContainerFacts, probe: str) -> Sign | None:
    """A container that keeps ending, where the kubelet tells that it ended it for that probe."""
    ended = _ends(facts)
    if ended is None:
        return None
    told = [
        e
        for e in events_of_container(facts)
        if (e.reason == "Unhealthy" and e.message.startswith(f"{probe} probe failed"))
        or (e.reason == "Killing" and f"failed {probe.lower()} probe" in e.message)
    ]
    if not told:
        return None
    spec = facts.container
    settings = (spec.liveness_probe if probe == "Liveness" else spec.startup_probe) if spec else None
    words = told[0].message.partition("probe failed:")[2].strip() or told[0].message
    sign = ending_sign(facts, ended, words=words, settings=probe_settings(settings))
    seen = tuple(Evidence("event", e.message, facts.place) for e in told[:3])
    return replace(sign, evidence=(*sign.evidence, *seen))


def _liveness(facts: ContainerFacts) -> Sign | None:
    return _killed_by(facts, "Liveness")


def _startup(facts: ContainerFacts) -> Sign | None:
    """Also without events: what has a startup probe, was not started yet and was ended from outside was ended by it."""
    if (told := _killed_by(facts, "Startup")) is not None:
        return told
    ended = _ends(facts)
    probe = facts.container.startup_probe if facts.container else None
    if (
        ended is None
        or probe is None
        or facts.status.started is not False
        or ended.exit_code not in (137, 143)
    ):
        return None
    if ended.reason == "OOMKilled":
        return None
    sign = ending_sign(
        facts, ended, words="its startup probe did not succeed in time", settings=probe_settings(probe)
    )
    seen = Evidence("started", "false", facts.place)
    return replace(sign, evidence=(*sign.evidence, seen), confidence=Confidence.LIKELY)


def _restarted(facts: ContainerFacts) -> Sign | None:
    status = facts.status
    ended = status.last_state.terminated
    if facts.role == "init" or status.state.running is None or ended is None or ended.finished_at is None:
        return None
    if facts.now is None or ending(facts) is not None:
        return None
    until = over(ended.finished_at, RECENT, facts.now)
    if until is None or ended.exit_code == 0:
        return None
    named = f"{ended.reason}, " if ended.reason not in ("", "Error") else ""
    return Sign(
        arguments={"container": status.name, "why": f"{named}exit code {ended.exit_code}"},
        evidence=(Evidence("lastState.terminated.exitCode", str(ended.exit_code), facts.place),),
        since=Since(ended.finished_at),
        detail=status.name,
        occurrences=status.restart_count,
        container=status.name,
        previous=True,
        until=until,
    )


_ENDS = (
    "CB-OOM",
    "CB-CRASH-KILLED",
    "CB-CRASH-SIGNAL",
    "CB-CRASH-COMMAND",
    "CB-CRASH-FINISHED",
    "CB-CRASH-ERROR",
)
_WINDOW = "From the third crash, or while it waits for its next run; until it has run for ten minutes."
_BY_PROBE = ("CB-CRASH-KILLED", "CB-CRASH-SIGNAL", "CB-CRASH-FINISHED", "CB-CRASH-ERROR")

RULES = (
    *(
        DiagnosisRule(
            code=code,
            scope=RuleScope.CONTAINER,
            judge=_ended_as(code),
            window=_WINDOW,
            needs_log=True,
            ended=True,
        )
        for code in _ENDS
    ),
    DiagnosisRule(
        code="CB-PROBE-LIVENESS",
        scope=RuleScope.CONTAINER,
        judge=_liveness,
        window=_WINDOW,
        reads=("events",),
        refines=_BY_PROBE,
        needs_log=True,
        ended=True,
    ),
    DiagnosisRule(
        code="CB-PROBE-STARTUP",
        scope=RuleScope.CONTAINER,
        judge=_startup,
        window=_WINDOW,
        refines=(*_BY_PROBE, "CB-PROBE-LIVENESS"),
        needs_log=True,
        ended=True,
    ),
    DiagnosisRule(
        code="CB-RESTARTED",
        scope=RuleScope.CONTAINER,
        judge=_restarted,
        impact=Impact.NOTICE,
        window="For an hour after the last end of a container that runs again.",
        needs_log=True,
        ended=True,
    ),
)
