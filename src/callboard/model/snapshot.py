"""Everything known about one entity at one moment."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

import msgspec

from callboard.model.cluster import ClusterInfo
from callboard.model.entity import Entity
from callboard.model.notice import GAPS
from callboard.model.objects import KubeObject
from callboard.model.outcome import Answer, Failure, FailureCode, Freshness, Outcome

__all__ = ["CHILD_TYPES", "ClusterSnapshot", "ClusterState", "Notice", "ServiceSnapshot"]


CHILD_TYPES = frozenset({"pods", "replicasets.apps", "jobs.batch"})
"""Types (ResourceType.key) whose reference objects belong to the service through their owner."""


class ClusterState(StrEnum):
    """How far the asking of one cluster has come."""

    AWAITED = "awaited"
    """Nothing has arrived yet."""
    PARTIAL = "partial"
    """Some questions are answered, others awaited."""
    ANSWERED = "answered"
    """Every question has an outcome (each may be a failure of its own). References may still be awaited."""
    FAILED = "failed"
    """Nothing could be asked: no credential, no connection, breaker open, deadline. `failure` says why."""


class Notice(msgspec.Struct, frozen=True):
    """Something about how the answer came to be that a person must know: an annotation that names an unknown cluster,
    a supplier that failed, a custom resource that is cluster-scoped and was not asked for. `cluster` "" means in general.

    `code` is one of `model.notice.NoticeCode`, or an extension's own. `incomplete`: something that the service may run on, or
    consist of, was not asked; ours are known by their code."""

    code: str
    message: str
    cluster: str = ""
    incomplete: bool = False

    @property
    def gap(self) -> bool:
        """Whether what was not asked may be in trouble, so that the service is not called healthy."""
        return self.incomplete or self.code in GAPS


class ClusterSnapshot(msgspec.Struct, frozen=True, kw_only=True, weakref=True):
    """One cluster's part. `references` are asked second: `references_complete` says whether they have all arrived. They hold
    only what truly belongs to the service or is about it, never the neighbours that came in the same answer; an object
    stands either in `outcomes` or in `references`. Questions still open stand as AWAITED outcomes.

    `took` is in seconds from the first request to the last answer of the selection. `asked_as` is the credential's identity.
    `clock_offset` is the cluster's clock minus ours, in seconds, from the `Date` header; None where it is not known.
    """

    cluster: ClusterInfo
    state: ClusterState = ClusterState.AWAITED
    outcomes: tuple[Outcome, ...] = ()
    references: tuple[Outcome, ...] = ()
    references_complete: bool = False
    failure: Failure | None = None
    notices: tuple[Notice, ...] = ()
    asked_as: str = ""
    as_of: datetime | None = None
    took: float = 0.0
    clock_offset: float | None = None

    def objects(self) -> Iterator[KubeObject]:
        """The selected objects, in the order of the questions."""
        for outcome in self.outcomes:
            yield from outcome.objects

    def members(self) -> Iterator[KubeObject]:
        """The service's own objects, each once: the selected ones, and those found as their children (a ReplicaSet's pods
        without the label). Events, nodes, claims and quotas are about the service and no part of it."""
        yield from self.objects()
        for outcome in self.references:
            if outcome.question.type.key in CHILD_TYPES:
                yield from outcome.objects

    @property
    def current(self) -> bool:
        """Whether all that is known of the selection is listened to, and so as of the moment at which it is read. `as_of` is
        then when it changed last."""
        known = [o for o in self.outcomes if o.answer.known]
        return bool(known) and all(o.freshness is Freshness.LIVE and o.stale_since is None for o in known)

    @property
    def final(self) -> bool:
        """Whether nothing that a verdict rests on is still awaited: the selection, and the children found through their
        owners. Events, nodes and the like may be. What is known from before a restart alone is still awaited."""
        if self.restored:
            return False
        if self.state is not ClusterState.ANSWERED or self.references_complete:
            return self.state in (ClusterState.ANSWERED, ClusterState.FAILED)
        asked = [o for o in self.references if o.answer is not Answer.NOT_ASKED]
        # The pods of a CronJob's Jobs are asked for once the Jobs are known.
        further = any(o.type.key == "cronjobs.batch" for o in self.members())
        awaited = any(o.answer is Answer.AWAITED and o.question.type.key in CHILD_TYPES for o in asked)
        return bool(asked) and not further and not awaited

    @property
    def restored(self) -> bool:
        """Whether some of it is from before Callboard was restarted, and has not been asked for since."""
        return any(
            o.stale_since is not None and o.failure is not None and o.failure.code is FailureCode.RESTARTED
            for o in self.outcomes
        )

    @property
    def unseen(self) -> tuple[Outcome, ...]:
        """The selection's questions that could not be answered."""
        return tuple(o for o in self.outcomes if o.answer.failed)


class ServiceSnapshot(msgspec.Struct, frozen=True, kw_only=True, weakref=True):
    """One entity, all its clusters, at one moment. Clusters keep the order in which they are known, not of arrival.

    `live` says that whoever made this goes on listening: a newer snapshot follows each change, also after a settled one.
    `located` is False while it is being found out which clusters to ask.
    """

    entity: Entity
    clusters: tuple[ClusterSnapshot, ...] = ()
    notices: tuple[Notice, ...] = ()
    as_of: datetime | None = None
    live: bool = False
    located: bool = True

    @property
    def complete(self) -> bool:
        """Whether every cluster has answered or failed; references may still come."""
        return self.located and all(
            c.state in (ClusterState.ANSWERED, ClusterState.FAILED) for c in self.clusters
        )

    @property
    def settled(self) -> bool:
        """Whether everything asked has come to something: all clusters complete, their references too. Nothing more will
        come then, unless this is `live`."""
        return self.complete and all(
            c.references_complete or c.state is ClusterState.FAILED for c in self.clusters
        )
