"""Pods that a controller cannot make."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from callboard.diagnosis.rules.facts import WorkloadFacts
from callboard.diagnosis.rules.rule import DiagnosisRule, RuleScope, Sign
from callboard.diagnosis.rules.waiting import LAPSE, over
from callboard.model.finding import Evidence, Impact, Since
from callboard.model.objects import Generic, KubeObject
from callboard.model.objects.meta import Condition, condition
from callboard.model.objects.workload import DaemonSet, Deployment, Job, ReplicaSet, StatefulSet

__all__ = ["RULES"]

_CAUSES: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("CB-QUOTA", re.compile(r"exceeded quota|failed quota", re.I)),
    ("CB-SERVICE-ACCOUNT", re.compile(r'serviceaccount "[^"]{1,253}" not found|error looking up service account', re.I)),
    (
        "CB-LIMIT-RANGE",
        re.compile(r"(minimum|maximum) \S{1,100} usage per (container|pod)|max limit to request ratio", re.I),
    ),
    (
        "CB-ADMISSION",
        re.compile(r"violates PodSecurity|denied the request|webhook|validatingadmissionpolicy", re.I),
    ),
)  # fmt: skip
_QUOTA = re.compile(
    r"exceeded quota: ([^,\s]{1,253}), requested: (\S{1,200}), used: (\S{1,200}), limited: (\S{1,200})"
)
_ACCOUNT = re.compile(r'serviceaccount "([^"]{1,253})"', re.I)
_LATEST: Final = datetime.max.replace(tzinfo=UTC)
_WEBHOOK = re.compile(r'admission webhook "([^"]{1,253})"', re.I)


def _failure(facts: WorkloadFacts) -> Condition | None:
    """The controller's own word that it could not make pods (ReplicaFailure), of it or of its newest ReplicaSets."""
    for obj in (facts.object, *facts.workload.children):
        if isinstance(obj.body, Deployment | ReplicaSet):
            if isinstance(obj.body, ReplicaSet) and obj.body.status.replicas >= obj.body.spec.replicas:
                continue
            found = condition(obj.body.status.conditions, "ReplicaFailure")
            if found is not None and found.status == "True":
                return found
    return None


def _lacking(facts: WorkloadFacts) -> datetime | bool:
    """Whether pods are missing that nothing on its way explains; the moment at which to look again where that is too early to
    say.

    A StatefulSet makes the next pod in the same step in which it counts the last one as ready: where all it counts are and
    there are too few, it could not. A DaemonSet's counts may lag behind a new node: of it only none at all tells. A Job, also
    one that a CronJob or a custom resource started, is given a minute from its start; after a failed pod it waits on purpose.
    """
    body = facts.body
    if isinstance(body, StatefulSet):
        seen = body.status.observed_generation >= body.metadata.generation
        settled = (
            body.status.available_replicas if body.spec.min_ready_seconds else body.status.ready_replicas
        )
        if not seen or body.status.replicas >= body.spec.replicas or settled < body.status.replicas:
            return False
        return over(body.metadata.creation_timestamp, LAPSE, facts.now) or True
    if isinstance(body, DaemonSet):
        seen = body.status.observed_generation >= body.metadata.generation
        if not seen or not body.status.desired_number_scheduled or body.status.current_number_scheduled:
            return False
        return over(body.metadata.creation_timestamp, LAPSE, facts.now) or True
    runs = _podless_runs(facts)
    early = [until for _, run in runs if (until := over(run.status.start_time, LAPSE, facts.now)) is not None]
    return bool(runs) if len(early) < len(runs) or not early else min(early)


def _podless_runs(facts: WorkloadFacts) -> list[tuple[KubeObject, Job]]:
    """The Jobs, of it and below it, that have begun and have not had a pod yet; the one that began first comes first."""
    runs = [(o, o.body) for o in (facts.object, *facts.workload.children) if isinstance(o.body, Job)]
    if not runs:
        return []
    owners = {p.meta.controller.uid for p in facts.workload.pods if p.meta.controller is not None}
    lacking = [(o, run) for o, run in runs if o.meta.uid not in owners and _waits_for_a_pod(run)]
    return sorted(lacking, key=lambda each: each[1].status.start_time or _LATEST)


def _waits_for_a_pod(run: Job) -> bool:
    status = run.status
    if run.spec.suspend or status.active or status.failed or status.succeeded or status.start_time is None:
        return False
    over_ = ("Complete", "Failed", "FailureTarget", "SuccessCriteriaMet", "Suspended")
    return not any(c.status == "True" and c.type in over_ for c in status.conditions)


def _told(facts: WorkloadFacts) -> tuple[str, Evidence] | None:
    """The words of the refusal: the condition's, else the newest event's."""
    found = _failure(facts)
    if found is not None:
        return found.message, Evidence(
            "conditions.ReplicaFailure", found.message or found.reason, facts.place
        )
    for obj in (facts.object, *facts.workload.children):
        for event in reversed(facts.around.events(obj) or ()):
            if event.reason == "FailedCreate" and event.message:
                return event.message, Evidence("event", event.message, f"{obj.type.title} {obj.name}")
    return None


def _cause(words: str) -> str:
    return next((code for code, pattern in _CAUSES if pattern.search(words[:4000])), "CB-PODS-MISSING")


def _of(code: str) -> Callable[[WorkloadFacts], Sign | datetime | None]:
    def judge(facts: WorkloadFacts) -> Sign | datetime | None:
        failure = _failure(facts)
        lacking: datetime | bool = True if failure is not None else _lacking(facts)
        if lacking is False:
            return None
        if lacking is not True:
            return lacking
        told = _told(facts)
        words = told[0] if told is not None else ""
        if _cause(words) != code:
            return None
        at = failure.last_transition_time if failure is not None else _bound(facts)
        return Sign(
            arguments={
                "words": _bare(words),
                "missing": max(facts.desired - _there(facts), 0),
                **_parts(words),
            },
            evidence=(_count(facts), *((told[1],) if told is not None else ())),
            since=Since(at, exact=failure is not None) if at is not None else None,
            message=_message(code, words),
            impact=Impact.DEGRADED if isinstance(facts.body, Generic) and failure is None else None,
        )

    return judge


def _message(code: str, words: str) -> str:
    """Which sentence is said: of a quota that names no numbers (`must specify limits.cpu`) its own words."""
    if code == "CB-QUOTA" and _QUOTA.search(words[:4000]) is None:
        return "unnumbered"
    return "told" if words else ""


def _bound(facts: WorkloadFacts) -> datetime | None:
    """From when pods were missing for certain, where that is known: of a Job its start, of what never had pods its birth."""
    if runs := _podless_runs(facts):
        return runs[0][1].status.start_time
    return None if facts.workload.pods else facts.object.meta.creation_timestamp


def _count(facts: WorkloadFacts) -> Evidence:
    if runs := _podless_runs(facts):
        run, body = runs[0]
        return Evidence("status.active", str(body.status.active), f"{run.type.title} {run.name}")
    return Evidence("status.replicas", f"{_there(facts)} of {facts.desired}", facts.place)


def _there(facts: WorkloadFacts) -> int:
    status = facts.body.status
    if isinstance(facts.body, DaemonSet):
        return facts.body.status.current_number_scheduled
    return int(getattr(status, "replicas", 0))


def _bare(words: str) -> str:
    """A refusal without what is said before every one of them."""
    text = words.removeprefix("Error creating: ")
    _, forbidden, rest = text.partition(" is forbidden: ")
    return rest if forbidden else text


def _parts(words: str) -> dict[str, str | int]:
    """What a refusal names: the quota with its numbers, the service account, the webhook."""
    found: dict[str, str | int] = {}
    if (quota := _QUOTA.search(words[:4000])) is not None:
        found |= {"quota": quota[1], "requested": quota[2], "used": quota[3], "limited": quota[4]}
    if (account := _ACCOUNT.search(words[:4000])) is not None:
        found["account"] = account[1]
    if (webhook := _WEBHOOK.search(words[:4000])) is not None:
        found["webhook"] = webhook[1]
    return found


_WINDOW = (
    "As long as the controller says so; a StatefulSet, DaemonSet or Job that lacks its pods: after a minute."
)

RULES = (
    *(
        DiagnosisRule(
            code=code,
            scope=RuleScope.WORKLOAD,
            judge=_of(code),
            window=_WINDOW,
            reads=("events",),
            refines=("CB-PODS-MISSING",),
        )
        for code, _ in _CAUSES
    ),
    DiagnosisRule(
        code="CB-PODS-MISSING",
        scope=RuleScope.WORKLOAD,
        judge=_of("CB-PODS-MISSING"),
        window=_WINDOW,
        reads=("events",),
    ),
)  # fmt: skip
