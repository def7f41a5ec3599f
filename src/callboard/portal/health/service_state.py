"""One service as the board has it: what each of its clusters was found to be, and what that comes to."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from callboard.diagnosis.verdict import verdict
from callboard.extend.following import FollowedCluster
from callboard.model.entity import Entity
from callboard.model.grants import ANY, Grants
from callboard.model.notice import NoticeCode
from callboard.model.snapshot import ClusterSnapshot, ClusterState, Notice, ServiceSnapshot
from callboard.model.verdict import ClusterVerdict, Health, Verdict
from callboard.portal.views import ServiceHealth

__all__ = ["NOWHERE", "ServiceState", "combined", "covers", "current_of", "health_row"]

NOWHERE = ""
"""Stands among a service's lost clusters while it cannot be told where it may run."""


class ServiceState:
    """`by_cluster` holds the clusters where something of it is; where nothing is, one verdict serves all services alike."""

    __slots__ = (
        "by_cluster",
        "clusters",
        "current",
        "due",
        "entity",
        "lane",
        "lost",
        "moved",
        "namespaces",
        "notices",
        "renewing",
        "revision",
        "revisit_at",
        "since",
        "states",
        "touched",
        "verdict",
    )

    def __init__(self, entity: Entity, namespaces: tuple[str, ...]) -> None:
        self.entity = entity
        self.namespaces = namespaces
        self.clusters: frozenset[str] = frozenset()
        self.notices: tuple[Notice, ...] = ()
        """What is to be known about how its clusters were found."""
        self.by_cluster: dict[str, ClusterVerdict] = {}
        self.revisit_at: dict[str, datetime] = {}
        """When a cluster's part means another thing by time alone, where it does."""
        self.touched: set[str] = set()
        """Clusters to be looked at again."""
        self.lost: set[str] = set()
        """Clusters on which it cannot be told from what is held."""
        self.lane: object = None
        self.due = 0.0
        self.renewing = False
        self.verdict: Verdict | None = None
        """None until every cluster has come to something."""
        self.since: tuple[Health, datetime] | None = None
        self.states: Mapping[str, FollowedCluster] = {}
        """How current its clusters were when it was judged last: what a row says of it, until the next row goes out."""
        self.current: tuple[object, ...] = ()
        """What that comes to in a row, to compare with."""
        self.revision = 0
        """The board's, when a row of it was last another."""
        self.moved = 0
        """The board's, when any of its clusters was last found another: what a class that sees less is told by."""

    @property
    def health(self) -> Health | None:
        """What it is, else what it was when it could be told last; None where it never could."""
        if self.verdict is not None:
            return self.verdict.health
        return self.since[0] if self.since is not None else None

    @property
    def unlocated(self) -> bool:
        """Whether it could not be told, or not wholly, where it may run."""
        return NOWHERE in self.lost or any(n.code == NoticeCode.SERVICE_LOCATOR_FAILED for n in self.notices)

    @property
    def stale(self) -> bool:
        """Whether any of its clusters is shown as it was known last."""
        return self.stale_since is not None

    @property
    def told_since(self) -> datetime | None:
        """Since when it is as it is, as the service's own page tells it: what the objects say; of a trouble the earlier of that
        and of when it was seen first, which objects forget."""
        if self.verdict is None:
            return None
        if self.verdict.health is not Health.UNHEALTHY or self.since is None:
            return self.verdict.since
        return min(self.since[1], self.verdict.since or self.since[1])

    @property
    def stale_since(self) -> datetime | None:
        """Since when that is so, of the cluster that was seen least lately."""
        mine = (s for name in self.clusters if (s := self.states.get(name)) is not None)
        return min((s.stale_since for s in mine if s.stale_since), default=None)


def covers(grants: Grants, clusters: frozenset[str]) -> bool:
    """Whether callers of these grants may see everything that is counted on these clusters."""
    whole = {g.cluster for g in grants.grants if g.namespace == ANY and g.type == ANY}
    return ANY in whole or clusters <= whole


def combined(
    entity: Entity,
    clusters: Sequence[FollowedCluster],
    verdict_on: Callable[[str], ClusterVerdict],
    notices: Sequence[Notice],
) -> Verdict:
    """The service's verdict out of those of its clusters, all of which have come to something, and of what is to be known about
    how they were found."""
    heads = tuple(ClusterSnapshot(cluster=c.cluster, state=ClusterState.ANSWERED) for c in clusters)
    whole = ServiceSnapshot(entity=entity, clusters=heads, notices=tuple(notices))
    return verdict(whole, [verdict_on(c.cluster.name) for c in clusters])


def health_row(
    found: Verdict,
    since: datetime | None,
    entity: Entity,
    clusters: frozenset[str],
    states: Mapping[str, FollowedCluster],
    now: datetime,
) -> ServiceHealth:
    """A verdict with how current it is: as of the oldest of what it was made of."""
    mine = [states[name] for name in clusters if name in states]
    stale = sorted(c.cluster.display for c in mine if c.stale_since)
    return ServiceHealth(
        ref=entity.ref,
        health=found.health,
        impact=found.impact,
        sentence=found.sentence,
        since=since,
        as_of=min((c.as_of for c in mine if c.as_of and (c.stale_since or c.polled)), default=now),
        live=True,
        polled=any(c.polled and not c.stale_since for c in mine),
        stale_since=min((c.stale_since for c in mine if c.stale_since), default=None),
        stale=tuple(stale),
    )


def current_of(clusters: frozenset[str], states: Mapping[str, FollowedCluster]) -> tuple[object, ...]:
    """What a row says of how current the clusters are; another value where it would say something else."""
    return tuple(
        (name, s.stale_since, s.polled) for name in sorted(clusters) if (s := states.get(name)) is not None
    )
