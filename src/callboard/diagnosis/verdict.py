"""One verdict per cluster and one for the service, each in one sentence that is honest about gaps."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from callboard.diagnosis.gaps import gaps
from callboard.diagnosis.kstatus import object_health
from callboard.diagnosis.ownership import Grouping, group
from callboard.diagnosis.words import plain_reason
from callboard.diagnosis.workload_health import workload_health
from callboard.model.objects import KubeObject
from callboard.model.objects.workload import Deployment, StatefulSet
from callboard.model.outcome import Answer, FailureCode, Outcome
from callboard.model.resource import DECISIVE, words_of
from callboard.model.snapshot import ClusterSnapshot, ClusterState, ServiceSnapshot
from callboard.model.verdict import ClusterVerdict, Health, ObjectHealth, Verdict

__all__ = ["cluster_time", "cluster_verdict", "verdict"]

READY = "everything is ready"
MOST_WORDS = 400
"""Characters of one gap's words in a verdict's sentence; its notice has them all."""


def cluster_verdict(
    cluster: ClusterSnapshot,
    grouping: Grouping | None = None,
    judged: Sequence[tuple[KubeObject, ObjectHealth]] | None = None,
) -> ClusterVerdict:
    """One cluster's verdict; pass the grouping where it is already made, and the health of its workloads and of its pods
    without one, in this order, where that is."""
    name = cluster.cluster.name
    if cluster.state is ClusterState.AWAITED:
        return ClusterVerdict(cluster=name, health=Health.UNKNOWN, sentence="no answer yet")
    if cluster.state is ClusterState.FAILED:
        words = cluster.failure.message if cluster.failure else "no answer"
        return ClusterVerdict(
            cluster=name, health=Health.UNKNOWN, sentence=f"could not be asked: {words}", missing=(words,)
        )
    grouping = grouping or group(cluster)
    if judged is None:
        now = cluster_time(cluster)
        judged = [
            *((w.object, workload_health(w, now)) for w in grouping.workloads),
            *((p, object_health(p, now)) for p in grouping.pods),
        ]
    unseen = [o for o in cluster.outcomes if o.answer.failed or o.answer is Answer.AWAITED]
    malformed = [o for o in cluster.outcomes if o.malformed]
    stale = [o for o in cluster.outcomes if o.stale_since is not None]
    missing = _missing(cluster.outcomes)
    untold = tuple(n.message for n in cluster.notices if n.gap)
    health, sentence, since = _judge(judged)
    if health is Health.HEALTHY:
        sentence = _resting(grouping) or sentence
    blind = any(o.question.type.key in DECISIVE for o in (*unseen, *malformed, *stale))
    if not judged and (withheld := _all_withheld(cluster.outcomes)):
        return ClusterVerdict(cluster=name, health=Health.UNKNOWN, sentence=withheld, missing=missing)
    missing += untold
    if health in (Health.HEALTHY, Health.NOTHING) and (blind or untold):
        seen = "what we could see is healthy" if judged else "nothing seen so far"
        deciding = [o for o in cluster.outcomes if o.question.type.key in DECISIVE]
        rest = next(iter((*_missing(deciding), *untold)), "answers are still awaited")
        return ClusterVerdict(
            cluster=name, health=Health.UNKNOWN, sentence=f"{seen}; {rest}", since=since, missing=missing
        )
    return ClusterVerdict(
        cluster=name,
        health=health,
        sentence=sentence,
        since=since,
        missing=missing,
        blind=blind or bool(untold),
    )


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
    return f"{words_of(outcome.question.type)} are shown as they were last seen"


def cluster_time(cluster: ClusterSnapshot) -> datetime | None:
    """What time it was in the cluster when its part was made; None before it answered."""
    return cluster.as_of + timedelta(seconds=cluster.clock_offset or 0.0) if cluster.as_of else None


def _judge(judged: Sequence[tuple[KubeObject, ObjectHealth]]) -> tuple[Health, str, datetime | None]:
    """The worst of the objects, the sentence that names it, and since when."""
    for worst in (Health.UNHEALTHY, Health.UNKNOWN, Health.PROGRESSING):
        hit = [(o, h) for o, h in judged if h.health is worst]
        if hit:
            obj, first = hit[0]
            more = f", and {len(hit) - 1} more" if len(hit) > 1 else ""
            sentence = f"{obj.type.title} {obj.name}: {plain_reason(first.reason) or worst.value}{more}"
            return worst, sentence, min((h.since for _, h in hit if h.since), default=None)
    if not judged:
        return Health.NOTHING, "nothing of this service runs here", None
    return Health.HEALTHY, READY, None


def _resting(grouping: Grouping) -> str:
    """What is as it should be only because nothing of it is wanted; "" where there is no such thing."""
    names = [
        f"{w.object.type.title} {w.object.name}"
        for w in grouping.workloads
        if isinstance(w.object.body, Deployment | StatefulSet) and w.object.body.spec.replicas == 0
    ]
    if not names:
        return ""
    more = f" and {len(names) - 1} more are" if len(names) > 1 else " is"
    return f"{names[0]}{more} scaled to zero"


def verdict(snapshot: ServiceSnapshot, clusters: Sequence[ClusterVerdict] | None = None) -> Verdict:
    """The service's verdict: the worst that is known decides; gaps are told, and never taken for health. A gap is also what is
    not known to exist: clusters of a source that cannot be asked, for example."""
    elsewhere = tuple(n.message.rstrip(".") for n in snapshot.notices if n.gap)
    parts = tuple(clusters) if clusters is not None else tuple(cluster_verdict(c) for c in snapshot.clusters)
    open_ = (ClusterState.AWAITED, ClusterState.PARTIAL)
    awaited = {c.cluster.name for c in snapshot.clusters if c.state in open_}
    by = {h: sorted((c for c in parts if c.health is h), key=lambda c: c.cluster) for h in Health}
    titles = {c.cluster.name: c.cluster.display for c in snapshot.clusters}
    health = next(
        (h for h in (Health.UNHEALTHY, Health.PROGRESSING, Health.UNKNOWN, Health.HEALTHY) if by[h]),
        Health.NOTHING,
    )
    if not snapshot.located:
        sentence, health = "It is being found out where this service runs.", Health.UNKNOWN
    elif not parts:
        sentence = f"No cluster to ask: {elsewhere[0]}." if elsewhere else "No cluster to ask."
        health = Health.UNKNOWN
    else:
        sentence = _sentence(by, titles, awaited, len(parts), elsewhere)
        if elsewhere and health in (Health.HEALTHY, Health.NOTHING):
            health = Health.UNKNOWN
    return Verdict(
        health=health,
        sentence=sentence,
        clusters=parts,
        since=by[health][0].since if by[health] else None,
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
    for health, words in ((Health.UNHEALTHY, "unhealthy"), (Health.PROGRESSING, "not ready yet")):
        if by[health]:
            first, *others = by[health]
            clauses.append(f"{words} in {_names([first], titles)}: {first.sentence}")
            if others:
                clauses.append(f"also {words} in {_names(others, titles)}")
    for health, words in ((Health.HEALTHY, "healthy"), (Health.NOTHING, "not running")):
        if by[health]:
            clauses.append(_share(words, by[health], total, titles, known=bool(elsewhere)))
    if resting := [c for c in by[Health.HEALTHY] if c.sentence != READY]:
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
