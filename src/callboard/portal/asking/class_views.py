"""What a visibility class sees, arranged once for everybody in it.

A cluster's part is arranged once for each (ClusterSnapshot, class), however many callers, pages and services look at it, and
is the same object for all of them: whoever draws it may keep the drawing beside it. It is kept for as long as anybody holds
the snapshot it was made of, such as a page, its feed or the hub's live selection, and no longer.
"""

import asyncio
from collections.abc import Callable, Generator, Iterator
from datetime import timedelta
from itertools import count

import msgspec

from callboard.access.visible import visible_cluster, visible_notices
from callboard.base.aside import LARGE, aside
from callboard.base.giving_way import giving_way
from callboard.base.object_cache import ObjectCache
from callboard.diagnosis.engine import cluster_time, turns
from callboard.diagnosis.rules.registry import DiagnosisRules, ordinary
from callboard.model.grants import Grants
from callboard.model.outcome import Outcome
from callboard.model.snapshot import ClusterSnapshot, ServiceSnapshot
from callboard.portal.arranging.arrangement import arrange, arrange_cluster
from callboard.portal.views import ClusterPart, KubernetesView

__all__ = ["ClassView", "ClassViews"]

MOST = 200_000
"""Objects in the parts that are kept, each about a kilobyte of rows: what was used longest ago is arranged anew when it is
wanted again."""
RENEWED = timedelta(seconds=30)
"""Age of a part that is not listened to after which it is as of a later moment although what its class sees has not changed;
see `ClassView`."""


class _Seen(msgspec.Struct, frozen=True):
    """A part, and what it was made of: `snapshot` is None where that is the whole snapshot, so that this does not keep it."""

    part: ClusterPart
    snapshot: ClusterSnapshot | None


_Kept = tuple[_Seen | None]
"""In a tuple, because that nothing is seen is worth keeping, too."""


class ClassViews:
    """All parts that are shared at present. `arranged` counts, for tests and figures, how often one was made."""

    def __init__(self, *, most: int = MOST, rules: Callable[[], DiagnosisRules] = ordinary) -> None:
        self._rules = rules
        self._by = rules()
        self._kept: ObjectCache[_Kept] = ObjectCache(most, _weight)
        self.arranged = 0

    def __len__(self) -> int:
        return len(self._kept)

    def part(self, whole: ClusterSnapshot, grants: Grants) -> ClusterPart | None:
        """What callers of these grants see of a cluster; None where they see nothing of it."""
        seen = self.seen(whole, grants)
        return seen.part if seen else None

    def seen(self, whole: ClusterSnapshot, grants: Grants, before: _Seen | None = None) -> _Seen | None:
        """The same, from `before` where nothing that is seen has changed since."""
        kept = self._of(whole, grants)
        if kept is None:
            kept = self._keep(whole, grants, _look(whole, grants, before, self._by))
        return kept[0]

    async def look_aside(self, whole: ClusterSnapshot, grants: Grants, before: _Seen | None = None) -> None:
        """Arrange a large one while others have their turn, so that `seen` finds it."""
        if self._of(whole, grants) is None:
            by = self._by
            found = await aside(lambda: _look(whole, grants, before, by))
            if self._of(whole, grants) is None and by is self._by:
                self._keep(whole, grants, found)

    def _of(self, whole: ClusterSnapshot, grants: Grants) -> _Kept | None:
        if self._by is not self._rules():
            # Judged by other rules: all of it is another thing now.
            self._by = self._rules()
            self._kept.clear()
        return self._kept.get(whole, grants)

    def _keep(self, whole: ClusterSnapshot, grants: Grants, found: "_Looked") -> _Kept:
        self.arranged += found.arranged
        return self._kept.put(whole, (found.seen,), grants)


class _Looked(msgspec.Struct, frozen=True):
    """What is seen, and whether it was arranged for that."""

    seen: _Seen | None
    arranged: bool = False


def _look(whole: ClusterSnapshot, grants: Grants, before: _Seen | None, by: DiagnosisRules) -> _Looked:
    """Pure: of a large one a thread does it."""
    snapshot = visible_cluster(whole, grants)
    if snapshot is None:
        return _Looked(None)
    if snapshot is whole:
        return _Looked(_Seen(arrange_cluster(whole, by), None), arranged=True)
    if before is not None and before.snapshot is not None and _alike(before.snapshot, snapshot):
        return _Looked(before)
    return _Looked(_Seen(arrange_cluster(snapshot, by), snapshot), arranged=True)


class ClassView:
    """What one class sees of one asking, for all its readers: the newest view, which is replaced only by another that differs.

    A change of hidden objects alone must leave no trace, not even that the page is as of a later moment: then the view stays
    as it is, until time alone makes what is seen another, or what was asked at intervals is as of a moment well after.
    """

    def __init__(
        self,
        class_views: ClassViews,
        grants: Grants,
        *,
        selector: str = "",
        namespaces: tuple[str, ...] = (),
        numbers: Iterator[int] | None = None,
    ) -> None:
        self._class_views = class_views
        self._grants = grants
        self._selector = selector
        self._namespaces = namespaces
        self._source: ServiceSnapshot | None = None
        self._seen: dict[str, _Seen] = {}
        self._head: ServiceSnapshot | None = None
        self._view: KubernetesView | None = None
        self._numbers = numbers or count(1)
        self._arranging = asyncio.Lock()

    async def newest(self, latest: Callable[[], ServiceSnapshot]) -> KubernetesView:
        """`view` of what is the latest when its turn has come. Forty clusters are some tenths of a second to arrange: others
        have theirs in between. One view at a time, so that none is followed by an older one."""
        async with self._arranging:
            whole = latest()
            for cluster in whole.clusters if self._source is not whole else ():
                if sum(len(o.objects) for o in cluster.outcomes) > LARGE:
                    await self._class_views.look_aside(
                        cluster, self._grants, self._seen.get(cluster.cluster.name)
                    )
            await giving_way(self._arranged(whole))
            return self.view(whole)

    def _arranged(self, whole: ServiceSnapshot) -> Generator[None, None, None]:
        if self._source is not whole:
            for cluster in whole.clusters:
                self._class_views.seen(cluster, self._grants, self._seen.get(cluster.cluster.name))
                yield

    def view(self, whole: ServiceSnapshot) -> KubernetesView:
        """The view of a snapshot of the asking: the same object as before where nothing visible has changed."""
        if self._view is not None and self._source is whole:
            return self._view
        self._source = whole
        seen: dict[str, _Seen] = {}
        clusters: list[ClusterSnapshot] = []
        for cluster in whole.clusters:
            name = cluster.cluster.name
            found = self._class_views.seen(cluster, self._grants, self._seen.get(name))
            if found is not None:
                seen[name] = found
                clusters.append(found.snapshot or cluster)
        head = msgspec.structs.replace(whole, clusters=(), notices=visible_notices(whole, self._grants))
        if self._view is not None and self._same(seen, head):
            return self._view
        self._seen, self._head = seen, head
        self._view = arrange(
            msgspec.structs.replace(head, clusters=tuple(clusters)),
            selector=self._selector,
            namespaces=self._namespaces,
            revision=next(self._numbers),
            parts=tuple(found.part for found in seen.values()),
        )
        return self._view

    def _same(self, seen: dict[str, _Seen], head: ServiceSnapshot) -> bool:
        before = self._head
        return (
            before is not None
            and (before.entity, before.notices, before.live) == (head.entity, head.notices, head.live)
            and list(seen) == list(self._seen)
            and all(found.part is self._seen[name].part for name, found in seen.items())
        )


def _weight(kept: _Kept) -> int:
    (seen,) = kept
    return 1 + (seen.part.objects if seen else 0)


def _alike(before: ClusterSnapshot, now: ClusterSnapshot) -> bool:
    """Whether what is seen of a cluster differs in the time of looking only, and that makes no difference."""
    if _timeless(before) != _timeless(now):
        return False
    was, is_ = cluster_time(before), cluster_time(now)
    if was is not None and is_ is not None:
        end = turns(before)
        if end is not None and end <= is_:
            return False
    if now.current or before.as_of is None or now.as_of is None:
        return True
    return now.as_of - before.as_of < RENEWED


def _timeless(cluster: ClusterSnapshot) -> ClusterSnapshot:
    def still(outcomes: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
        return tuple(msgspec.structs.replace(o, as_of=None, took=0.0, resource_version="") for o in outcomes)

    return msgspec.structs.replace(
        cluster,
        outcomes=still(cluster.outcomes),
        references=still(cluster.references),
        as_of=None,
        took=0.0,
        clock_offset=None,
    )
