"""The Kubernetes view written out as the document that machines read, and what it comes to as an exit code. Pure."""

import hashlib
from collections.abc import Generator
from datetime import datetime

import msgspec

from callboard.base.giving_way import at_once
from callboard.model.notice import NoticeCode
from callboard.model.snapshot import ClusterState, Notice
from callboard.model.verdict import ClusterVerdict, Health
from callboard.portal.documents.findings import finding_documents
from callboard.portal.documents.status import (
    ClusterDocument,
    Conclusion,
    EntityDocument,
    EventDocument,
    FreshnessDocument,
    GapDocument,
    MissingDocument,
    NoticeDocument,
    ObjectDocument,
    PodDocument,
    PodUsageDocument,
    StatusDocument,
    TroubleDocument,
    VerdictDocument,
    WorkloadDocument,
)
from callboard.portal.views import (
    ClusterPart,
    EventRow,
    KubernetesView,
    MissingRow,
    ObjectRow,
    PodRow,
    PodUsage,
    WorkloadPart,
)

__all__ = [
    "conclude",
    "document_in_steps",
    "document_of",
    "etag_of",
    "is_late",
    "without_usage",
]

VERSION = 1


def conclude(view: KubernetesView, *, require_all: bool = False) -> Conclusion:
    """What the view comes to as an exit code, with the reasons. Not healthy is never 0."""
    troubles = [
        TroubleDocument(
            cluster=p.cluster.name, health=p.verdict.health, why=p.verdict.sentence, since=p.verdict.since
        )
        for p in view.clusters
        if p.verdict.health in (Health.UNHEALTHY, Health.PROGRESSING)
    ]
    gaps = [GapDocument(cluster=p.cluster.name, why=_gap(p)) for p in view.clusters if _blind(p)]
    told = (*view.notices, *(n for p in view.clusters for n in p.notices))
    gaps += [GapDocument(cluster=n.cluster, why=n.message) for n in told if n.gap]
    if not view.clusters and not gaps:
        gaps.append(
            GapDocument(cluster="", why=next((n.message for n in view.notices), "no cluster was asked"))
        )
    if not troubles and not gaps and view.verdict.could_not_tell:
        gaps.append(GapDocument(cluster="", why=view.verdict.sentence))
    if not troubles and not gaps and view.verdict.health is not Health.HEALTHY:
        troubles.append(TroubleDocument(cluster="", health=view.verdict.health, why=view.verdict.sentence))
    code = 1 if troubles else 0
    if gaps and (require_all or not troubles):
        code = 2
    return Conclusion(
        exit_code=code,
        require_all=require_all,
        unhealthy=tuple(troubles),
        could_not_tell=tuple(dict.fromkeys(gaps)),
    )


def document_of(
    view: KubernetesView, *, require_all: bool = False, now: datetime | None = None
) -> StatusDocument:
    """The view as a document. Nothing of the view is left out but the containers of its pods. `now` is the moment at which a
    view is read that may be older: what is listened to is as of then."""
    return at_once(document_in_steps(view, require_all=require_all, now=now))


def document_in_steps(
    view: KubernetesView, *, require_all: bool = False, now: datetime | None = None
) -> Generator[None, None, StatusDocument]:
    """`document_of`, standing still after each cluster."""
    entity = view.entity
    now = now if view.live else None
    clusters: list[ClusterDocument] = []
    for part in view.clusters:
        clusters.append(_cluster(part, now))
        yield
    return StatusDocument(
        version=VERSION,
        entity=EntityDocument(
            ref=str(entity.ref),
            kind=entity.kind,
            namespace=entity.metadata.namespace,
            name=entity.metadata.name,
            title=entity.title,
        ),
        verdict=VerdictDocument(
            health=view.verdict.health,
            sentence=view.verdict.sentence,
            since=view.verdict.since,
            at_least=view.verdict.at_least,
            impact=view.verdict.impact,
            could_not_tell=view.verdict.could_not_tell,
            final=view.complete and all(p.final for p in view.clusters),
        ),
        findings=finding_documents(view.verdict.findings),
        conclusion=conclude(view, require_all=require_all),
        clusters=tuple(clusters),
        notices=tuple(_notice(n) for n in view.notices),
        selector=view.selector,
        namespaces=view.namespaces,
        as_of=now or view.as_of,
        complete=view.complete,
        settled=view.settled,
        live=view.live,
    )


def etag_of(document: StatusDocument) -> str:
    """A weak ETag by content: equal while nothing but the times and lengths of asking differs."""
    clusters = tuple(
        msgspec.structs.replace(
            c,
            as_of=None,
            took_seconds=0.0,
            freshness=tuple(msgspec.structs.replace(f, as_of=None) for f in c.freshness),
        )
        for c in document.clusters
    )
    timeless = msgspec.structs.replace(document, as_of=None, clusters=clusters)
    return f'W/"{hashlib.sha256(msgspec.json.encode(timeless, order="deterministic")).hexdigest()[:32]}"'


def without_usage(document: StatusDocument) -> StatusDocument:
    """The document without what pods use, which is another every few seconds."""

    def bare(pods: tuple[PodDocument, ...]) -> tuple[PodDocument, ...]:
        return tuple(msgspec.structs.replace(p, usage=None) if p.usage else p for p in pods)

    clusters = tuple(
        msgspec.structs.replace(
            c,
            pods=bare(c.pods),
            workloads=tuple(msgspec.structs.replace(w, pods=bare(w.pods)) for w in c.workloads),
        )
        for c in document.clusters
    )
    return msgspec.structs.replace(document, clusters=clusters)


def is_late(part: ClusterPart) -> bool:
    """Whether the cluster is past its soft deadline: a page no longer waits for it."""
    return any(n.code == NoticeCode.LATE for n in part.notices)


def _blind(part: ClusterPart) -> bool:
    verdict = part.verdict
    return not part.final or verdict.health is Health.UNKNOWN or verdict.blind


def _gap(part: ClusterPart) -> str:
    """Why a cluster could not be told, the server's own words included."""
    verdict: ClusterVerdict = part.verdict
    if part.state is ClusterState.FAILED:
        return part.failure_words or part.failure or verdict.sentence
    words = [
        f"{m.plain} ({m.words})" if m.words not in ("", m.plain) else m.plain
        for m in part.missing
        if not m.reference
    ]
    if part.state in (ClusterState.AWAITED, ClusterState.PARTIAL):
        usual = "no answer yet" if part.state is ClusterState.AWAITED else "answers are still awaited"
        words.append(next((n.message for n in part.notices if n.code == NoticeCode.LATE), usual))
    elif not part.final:
        words.append("pods found through their owners are still awaited")
    words += [w for w in verdict.missing if not any(m.plain == w for m in part.missing)]
    return "; ".join(words) or verdict.sentence


def _cluster(part: ClusterPart, now: datetime | None) -> ClusterDocument:
    return ClusterDocument(
        name=part.cluster.name,
        title=part.cluster.display,
        labels=part.cluster.labels,
        state=part.state,
        health=part.verdict.health,
        sentence=part.verdict.sentence,
        since=part.verdict.since,
        failure=part.failure,
        failure_words=part.failure_words,
        workloads=tuple(_workload(w) for w in part.workloads),
        pods=tuple(_pod(p) for p in part.pods),
        others=tuple(_object(row) for section in part.sections for row in section.rows),
        events_answer=part.events.answer,
        events=tuple(_event(e) for e in part.events.rows),
        events_older=part.events.older,
        missing=tuple(_missing(m) for m in part.missing),
        empty=part.empty,
        malformed=part.malformed,
        notices=tuple(_notice(n) for n in part.notices),
        objects=part.objects,
        asked_as=part.asked_as,
        as_of=now if now is not None and part.current else part.as_of,
        took_seconds=round(part.took, 3),
        freshness=tuple(
            FreshnessDocument(
                freshness=row.freshness,
                types=row.types,
                as_of=row.as_of,
                stale_since=row.stale_since,
                words=row.words,
            )
            for row in part.freshness
        ),
        usage_answer=part.usage_answer,
    )


def _workload(part: WorkloadPart) -> WorkloadDocument:
    row = part.row
    return WorkloadDocument(
        type=row.key.type,
        kind=row.kind,
        namespace=row.key.namespace,
        name=row.key.name,
        health=row.health,
        reason=row.reason,
        summary=row.summary,
        created=row.created,
        referenced=row.referenced,
        desired=part.desired,
        ready=part.ready,
        updated=part.updated,
        available=part.available,
        rollout=part.rollout,
        revision=part.revision,
        images=part.images,
        labels=part.labels,
        since=part.since,
        pods=tuple(_pod(p) for p in part.pods),
        children=tuple(_object(c) for c in part.children),
        scaler=_object(part.scaler) if part.scaler else None,
    )


def _pod(row: PodRow) -> PodDocument:
    return PodDocument(
        namespace=row.key.namespace,
        name=row.key.name,
        health=row.health,
        status=row.status,
        detail=row.detail,
        ready=row.ready,
        total=row.total,
        restarts=row.restarts,
        last_restart=row.last_restart,
        created=row.created,
        node=row.node,
        referenced=row.referenced,
        usage=_usage(row.usage) if row.usage else None,
    )


def _usage(usage: PodUsage) -> PodUsageDocument:
    def whole(amount: float | None) -> int | None:
        return None if amount is None else round(amount)

    return PodUsageDocument(
        cpu_cores=round(usage.cpu, 6),
        cpu_request_cores=usage.cpu_request,
        cpu_limit_cores=usage.cpu_limit,
        memory_bytes=round(usage.memory),
        memory_request_bytes=whole(usage.memory_request),
        memory_limit_bytes=whole(usage.memory_limit),
    )


def _object(row: ObjectRow) -> ObjectDocument:
    return ObjectDocument(
        type=row.key.type,
        kind=row.kind,
        namespace=row.key.namespace,
        name=row.key.name,
        health=row.health,
        reason=row.reason,
        summary=row.summary,
        created=row.created,
        referenced=row.referenced,
    )


def _event(row: EventRow) -> EventDocument:
    return EventDocument(
        object=row.object,
        namespace=row.key.namespace if row.key else "",
        type=row.type,
        reason=row.reason,
        message=row.message,
        occurrences=row.occurrences,
        last_seen=row.last_seen,
    )


def _missing(row: MissingRow) -> MissingDocument:
    return MissingDocument(
        what=row.what, answer=row.answer, plain=row.plain, words=row.words, reference=row.reference
    )


def _notice(notice: Notice) -> NoticeDocument:
    return NoticeDocument(code=notice.code, message=notice.message, cluster=notice.cluster)
