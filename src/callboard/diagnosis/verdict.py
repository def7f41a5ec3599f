"""One verdict per cluster and one for the service, each in one sentence that is honest about gaps."""

from collections.abc import Sequence
from datetime import datetime

from callboard.diagnosis.engine import ClusterDiagnosis, cluster_time, diagnose
from callboard.diagnosis.findings import IMPACTS
from callboard.diagnosis.gaps import gaps
from callboard.diagnosis.ownership import Grouping, group
from callboard.diagnosis.together import together
from callboard.model.environment import environment_of, is_production
from callboard.model.finding import Finding, Impact
from callboard.model.objects import KubeObject
from callboard.model.objects.workload import CronJob, Deployment, Job, StatefulSet
from callboard.model.outcome import Answer, FailureCode, Outcome
from callboard.model.resource import DECISIVE, words_of
from callboard.model.snapshot import ClusterSnapshot, ClusterState, ServiceSnapshot
from callboard.model.verdict import ClusterVerdict, Health, ObjectHealth, Verdict

__all__ = ["cluster_time", "cluster_verdict", "verdict"]

READY = "everything is ready"
MOST_WORDS = 400
"""Characters of one gap's words in a verdict's sentence; its notice has them all."""
_IMPACT_WORDS = {Impact.DOWN: "down", Impact.DEGRADED: "degraded", Impact.AT_RISK: "at risk"}


def cluster_verdict(
    cluster: ClusterSnapshot,
    grouping: Grouping | None = None,
    diagnosis: ClusterDiagnosis | None = None,
) -> ClusterVerdict:
    """One cluster's verdict; pass the grouping and the diagnosis where they are already made."""
    name = cluster.cluster.name
    if cluster.state is ClusterState.AWAITED:
        return ClusterVerdict(cluster=name, health=Health.UNKNOWN, sentence="no answer yet")
    if cluster.state is ClusterState.FAILED:
        words = cluster.failure.message if cluster.failure else "no answer"
        return ClusterVerdict(
            cluster=name, health=Health.UNKNOWN, sentence=f"could not be asked: {words}", missing=(words,)
        )
    grouping = grouping or group(cluster)
    diagnosis = diagnosis or diagnose(cluster, grouping)
    judged = [
        *((w.object, h) for w, h in zip(grouping.workloads, diagnosis.workloads, strict=True)),
        *zip(grouping.pods, diagnosis.pods, strict=True),
        *diagnosis.others,
    ]
    unseen = [o for o in cluster.outcomes if o.answer.failed or o.answer is Answer.AWAITED]
    malformed = [o for o in cluster.outcomes if o.malformed]
    stale = [o for o in cluster.outcomes if o.stale_since is not None]
    missing = _missing(cluster.outcomes)
    untold = tuple(n.message for n in cluster.notices if n.gap)
    health, said, since, at_least = _judge(judged, diagnosis.findings)
    resting = _resting(judged) if health is Health.HEALTHY else ""
    blind = any(o.question.type.key in DECISIVE for o in (*unseen, *malformed, *stale))
    if not judged and (withheld := _all_withheld(cluster.outcomes)):
        return ClusterVerdict(cluster=name, health=Health.UNKNOWN, sentence=withheld, missing=missing)
    missing += untold
    if health in (Health.HEALTHY, Health.NOTHING) and (blind or untold):
        seen = "all that could be seen is healthy" if judged else "nothing seen so far"
        deciding = [o for o in cluster.outcomes if o.question.type.key in DECISIVE]
        rest = next(iter((*_missing(deciding), *untold)), "answers are still awaited")
        return ClusterVerdict(
            cluster=name,
            health=Health.UNKNOWN,
            sentence=f"{seen}; {rest}",
            since=since,
            missing=missing,
            findings=diagnosis.findings,
        )
    return ClusterVerdict(
        cluster=name,
        health=health,
        sentence=resting or said,
        rests=bool(resting),
        since=since,
        at_least=at_least,
        impact=_worst(diagnosis.findings),
        findings=diagnosis.findings,
        missing=missing,
        blind=blind or bool(untold),
    )


def _worst(findings: Sequence[Finding]) -> Impact | None:
    return next((f.impact for f in findings if f.impact.alarms), None)


def _missing(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """What of these could not be seen, in plain words, each once: what failed, what could not be read, what is stale."""
    words = [gap.plain for gap in gaps(outcomes)]
    words += [
        f"{len(o.malformed)} of the {words_of(o.question.type)} could not be read"
        for o in outcomes
        if o.malformed
    ]
    words += [_last_seen(o) for o in outcomes if o.stale_since is not None]
    return tuple(dict.fromkeys(words))


def _all_withheld(outcomes: Sequence[Outcome]) -> str:
    """Why the caller is shown nothing of a cluster at all; "" where something is or may yet be."""
    asked = [o for o in outcomes if o.answer is not Answer.NOT_ASKED]
    codes = {o.failure.code if o.failure else None for o in asked}
    if codes == {FailureCode.NO_USER}:
        return gaps(asked)[0].plain
    return "you may see nothing of it there" if codes == {FailureCode.NOT_GRANTED} else ""


def _last_seen(outcome: Outcome) -> str:
    if outcome.failure is not None and outcome.failure.code is FailureCode.RESTARTED:
        return "this is from before Callboard was restarted"
    return f"{words_of(outcome.question.type)} are shown as of when they could last be read"


def _judge(
    judged: Sequence[tuple[KubeObject, ObjectHealth]], findings: Sequence[Finding]
) -> tuple[Health, str, datetime | None, bool]:
    """The worst of the objects, the sentence that names it, since when, and whether that is a bound."""
    for worst in (Health.UNHEALTHY, Health.UNKNOWN, Health.PROGRESSING):
        hit = [(o, h) for o, h in judged if h.health is worst]
        if not hit:
            continue
        if worst is Health.UNHEALTHY:
            hit.sort(key=lambda each: _rank(each[0], findings))
        obj, first = hit[0]
        more = f", and {len(hit) - 1} more" if len(hit) > 1 else ""
        told = min((h for _, h in hit if h.since), key=lambda h: str(h.since), default=None)
        said = f"{obj.type.title} {obj.name}: {first.reason or worst.value}{more}"
        return worst, said, told.since if told else None, told is not None and told.at_least
    if not judged:
        return Health.NOTHING, "nothing of this service runs here", None, False
    return Health.HEALTHY, READY, None, False


def _rank(obj: KubeObject, findings: Sequence[Finding]) -> int:
    """How bad the worst finding about an object is; of one that none is about, last."""
    key = (obj.type.key, obj.namespace, obj.name)
    return next(
        (IMPACTS[f.impact] for f in findings if (f.subject.type, f.subject.namespace, f.subject.name) == key),
        len(IMPACTS),
    )


def _resting(judged: Sequence[tuple[KubeObject, ObjectHealth]]) -> str:
    """What is as it should be only because it is told to rest; "" where there is no such thing."""
    resting = [(obj, words) for obj, health in judged if (words := _rests(obj, health))]
    if not resting:
        return ""
    obj, words = resting[0]
    alike = sum(each == words for _, each in resting) - 1
    name = f"{obj.type.title} {obj.name}"
    said = f"{name} and {alike} more are {words}" if alike else f"{name} is {words}"
    other = next(((o, each) for o, each in resting if each != words), None)
    return f"{said}; {other[0].type.title} {other[0].name} is {other[1]}" if other else said


def _rests(obj: KubeObject, health: ObjectHealth) -> str:
    body = obj.body
    if health.health is Health.HELD:
        return health.reason
    if isinstance(body, Deployment | StatefulSet) and body.spec.replicas == 0:
        return "scaled to zero"
    if isinstance(body, CronJob) and body.spec.suspend:
        return "suspended"
    if isinstance(body, Job) and body.spec.suspend and body.status.completion_time is None:
        return "suspended"
    return "paused" if isinstance(body, Deployment) and body.spec.paused else ""


def verdict(snapshot: ServiceSnapshot, clusters: Sequence[ClusterVerdict] | None = None) -> Verdict:
    """The service's verdict: the worst that is known decides; gaps are told, and never taken for health. A gap is also what is
    not known to exist: clusters of a source that cannot be asked, for example."""
    elsewhere = tuple(n.message.rstrip(".") for n in snapshot.notices if n.gap)
    parts = tuple(clusters) if clusters is not None else tuple(cluster_verdict(c) for c in snapshot.clusters)
    open_ = (ClusterState.AWAITED, ClusterState.PARTIAL)
    awaited = {c.cluster.name for c in snapshot.clusters if c.state in open_}
    infos = {c.cluster.name: c.cluster for c in snapshot.clusters}

    def order(part: ClusterVerdict) -> tuple[int, bool, str]:
        rank = len(IMPACTS) if part.impact is None else IMPACTS[part.impact]
        info = infos.get(part.cluster)
        return rank, not (info is not None and is_production(environment_of(info.labels))), part.cluster

    by = {h: sorted((c for c in parts if c.health is h), key=order) for h in Health}
    titles = {c.cluster.name: c.cluster.display for c in snapshot.clusters}
    health = next(
        (h for h in (Health.UNHEALTHY, Health.PROGRESSING, Health.UNKNOWN, Health.HEALTHY) if by[h]),
        Health.NOTHING,
    )
    if not snapshot.located:
        said, health = "It is being found out where this service runs.", Health.UNKNOWN
    elif not parts:
        said = f"No cluster to ask: {elsewhere[0]}." if elsewhere else "No cluster to ask."
        health = Health.UNKNOWN
    else:
        said = _sentence(by, titles, awaited, len(parts), elsewhere)
        if elsewhere and health in (Health.HEALTHY, Health.NOTHING):
            health = Health.UNKNOWN
    first = by[health][0] if by[health] else None
    return Verdict(
        health=health,
        sentence=said,
        clusters=parts,
        since=first.since if first is not None else None,
        at_least=first is not None and first.at_least,
        impact=first.impact if first is not None and health is Health.UNHEALTHY else None,
        findings=together(f for c in parts for f in c.findings),
        could_not_tell=not parts
        or bool(elsewhere)
        or any(c.health is Health.UNKNOWN or c.blind for c in parts),
    )


def _sentence(
    by: dict[Health, list[ClusterVerdict]],
    titles: dict[str, str],
    awaited: set[str],
    total: int,
    elsewhere: Sequence[str],
) -> str:
    clauses: list[str] = []
    for impact, word in (*_IMPACT_WORDS.items(), (None, "unhealthy")):
        ill = [c for c in by[Health.UNHEALTHY] if c.impact is impact]
        if ill and ill[0] is by[Health.UNHEALTHY][0]:
            clauses.append(f"{word} in {_names(ill[:1], titles)}: {ill[0].sentence}")
            ill = ill[1:]
        if ill:
            clauses.append(f"also {word} in {_names(ill, titles)}")
    if by[Health.PROGRESSING]:
        first, *others = by[Health.PROGRESSING]
        clauses.append(f"not ready yet in {_names([first], titles)}: {first.sentence}")
        if others:
            clauses.append(f"also not ready yet in {_names(others, titles)}")
    for health, words in ((Health.HEALTHY, "healthy"), (Health.NOTHING, "not running")):
        if by[health]:
            clauses.append(_share(words, by[health], total, titles, known=bool(elsewhere)))
    if resting := [c for c in by[Health.HEALTHY] if c.rests]:
        clauses.append(f"in {_names(resting, titles)} {resting[0].sentence}")
    unseen = [c for c in by[Health.UNKNOWN] if c.cluster not in awaited]
    if unseen:
        every = len(unseen) == total > 1
        names = f"any of the {total} clusters" if every else _names(unseen, titles)
        clauses.append(f"could not tell for {names}: {unseen[0].sentence}")
    if awaited:
        clauses.append(
            "waiting for 1 cluster" if len(awaited) == 1 else f"waiting for {len(awaited)} clusters"
        )
    if elsewhere:
        more = f" (and {len(elsewhere) - 1} more gaps)" if len(elsewhere) > 2 else ""
        more = " (and one more gap)" if len(elsewhere) == 2 else more
        clauses.append(f"could not tell whether it runs elsewhere: {elsewhere[0][:MOST_WORDS]}{more}")
    text = "; ".join(clauses)
    return text[:1].upper() + text[1:] + "."


def _names(parts: Sequence[ClusterVerdict], titles: dict[str, str]) -> str:
    names = [titles.get(p.cluster, p.cluster) for p in parts]
    if len(names) <= 2:
        return " and ".join(names)
    return f"{names[0]}, {names[1]} and {len(names) - 2} more"


def _share(
    word: str, parts: Sequence[ClusterVerdict], total: int, titles: dict[str, str], *, known: bool
) -> str:
    """`known`: there may be clusters beyond those counted."""
    if len(parts) == total > 1:
        return f"{word} in all {total} known clusters" if known else f"{word} in all {total} clusters"
    return (
        f"{word} in {_names(parts, titles)}"
        if len(parts) <= 2
        else f"{word} in {len(parts)} of {total} clusters"
    )
