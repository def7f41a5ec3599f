"""Who may see what, decided for a caller and a snapshot: by the portal, or by each cluster for its own users.

`callboard.clusters.visibility` says which. Grants are made of what is known at the moment; what is not is asked for, and a
reader is told when to look again: when it was found out, and before what was decided runs out.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TypeVar

from callboard.access.permission import Decide, decide
from callboard.access.policies.engine import Enough, ObjectPlace, PolicyEngine
from callboard.access.policies.sight import (
    facts_of,
    granted_by_policies,
    granted_everywhere,
    sees_whole_services,
)
from callboard.access.reviews import Decision, Reviews
from callboard.access.scopes import ClusterGrants, Scopes, scopes_of, seen_by
from callboard.access.subject import Subject, subject_of
from callboard.base.bounded_map import BoundedMap
from callboard.base.object_cache import ObjectCache
from callboard.base.settings import CallboardSettings
from callboard.kube.reads.access_review import Attributes
from callboard.model.caller import Caller, CallerKind
from callboard.model.entity import EntityRef
from callboard.model.facts import ClusterFacts
from callboard.model.grants import Grant, Grants, Why, Withheld
from callboard.model.permission import Action, Resource, ResourceKind, Ruling
from callboard.model.snapshot import ClusterSnapshot, ServiceSnapshot

__all__ = ["GrantsReader", "Visibility"]

MOST_REMEMBERED = 20_000
"""Services whose scopes are kept, so that the list can tell what is remembered of them to whom it may be told."""
MOST_SHARING = 500
"""Callers of whom it is kept what policies grant them of one snapshot."""
POLICIES_AGAIN = 5.0
"""Seconds until it is looked again what policies let somebody see who keeps a page open: they, or owners, may be others."""
SOONEST = 0.05
"""Seconds between two looks of a reader because of time alone."""

_ANY_OBJECTS = Resource(kind=ResourceKind.OBJECTS)
_READING = frozenset({"get", "list", "watch"})
_NOT_SEEN = Ruling(False, "the caller sees no such cluster")
_NOTHING = Grants()
_EVERYTHING = Grants.everything()


T = TypeVar("T")
_Caller = tuple[object, ...]
_State = tuple[object, ...]


class Visibility:
    """Decides for everybody. `settings` gives those in force; who may read no objects at all (`decide`) sees none. With an
    `engine`, of people and services its policies decide first, and what they grant the clusters may narrow."""

    def __init__(
        self,
        settings: Callable[[], CallboardSettings],
        reviews: Reviews,
        decide: Decide = decide,
        engine: PolicyEngine | None = None,
    ) -> None:
        self._settings = settings
        self._decide = decide
        self._engine = engine
        self._clusters: dict[str, ClusterFacts] = {}
        self.reviews = reviews
        self._scopes: ObjectCache[Scopes] = ObjectCache()
        self._granted: ObjectCache[dict[_Caller, tuple[_State, Grants]]] = ObjectCache()
        self._remembered: BoundedMap[EntityRef, tuple[tuple[str, Scopes], ...]] = BoundedMap(MOST_REMEMBERED)

    @contextmanager
    def reader(self, caller: Caller, changed: Callable[[], None]) -> Iterator["GrantsReader"]:
        """Somebody who looks; `changed` is called when their grants may have changed since they asked for them last. It must
        be quick and not raise."""
        reader = GrantsReader(self, caller, changed)
        try:
            yield reader
        finally:
            reader.close()

    async def prepared(self, snapshot: ServiceSnapshot, caller: Caller) -> None:
        """Put the questions to the policies that the grants for a snapshot follow from, some at a time; others have their turn
        in between."""
        engine = self._by_policy(caller)
        if engine is not None and self._known(engine, caller, snapshot) is not None:
            return
        while engine is not None:
            try:
                with engine.step():
                    self._granted_of(engine, caller, snapshot)
            except Enough:
                await asyncio.sleep(0)
            else:
                return

    async def decided(self, snapshot: ServiceSnapshot, caller: Caller) -> Grants:
        """The grants once nothing is open any more: after the clusters' deadlines at most."""
        news = asyncio.Event()
        await self.prepared(snapshot, caller)
        with self.reader(caller, news.set) as reader:
            while True:
                news.clear()
                grants = reader.grants(snapshot)
                if not reader.pending:
                    return grants
                await news.wait()

    async def ruled(
        self, caller: Caller, action: Action, ref: EntityRef | None, cluster: str, namespace: str, type_: str
    ) -> Ruling:
        """Whether a caller may do something to objects of a service that they see. Of none: whether they may read
        any there."""
        return await self._answered(lambda: self._ruling(caller, action, ref, cluster, namespace, type_))

    async def _answered(self, work: Callable[[], T]) -> T:
        return work() if self._engine is None else await self._engine.answered(work)

    def _ruling(
        self, caller: Caller, action: Action, ref: EntityRef | None, cluster: str, namespace: str, type_: str
    ) -> Ruling:
        if ref is None:
            about = Resource(kind=ResourceKind.PLACE, cluster=cluster, namespace=namespace, type=type_)
            return self._decide(caller, Action.OBJECTS_READ, about)
        engine = self._by_policy(caller)
        if engine is None:
            return self._decide(
                caller, action, Resource(kind=ResourceKind.OBJECTS, entity=ref, cluster=cluster)
            )
        facts, place = engine.facts(ref), self._clusters.get(cluster)
        if facts is None or place is None:
            return _NOT_SEEN
        return engine.on_objects(caller, action, facts, ObjectPlace(place, namespace, type_))

    def when_answered(self, tell: Callable[[], None]) -> None:
        """Call `tell` once, when another engine has answered something more."""
        if self._engine is not None:
            self._engine.when_answered(tell)

    def leave(self, tell: Callable[[], None]) -> None:
        """Do not call it any more."""
        if self._engine is not None:
            self._engine.leave(tell)

    def tells_all(self, caller: Caller) -> bool:
        """Whether a caller sees of each service everything or nothing, whatever there is."""
        if self.any_decides() or not self._reads(caller):
            return False
        engine = self._by_policy(caller)
        return engine is None or sees_whole_services(engine, caller)

    async def may(
        self, caller: Caller, ref: EntityRef | None, cluster: str, wanted: Attributes
    ) -> Why | None:
        """Whether a caller may do one thing in a cluster, for a service they look at, or for any: None, or why not. What is no
        reading that we do nobody may."""
        if not self._reads(caller) or not _is_reading(wanted):
            return Why.DENIED
        action = Action.LOGS_READ if wanted.subresource else Action.RESOURCES_READ
        if not (await self.ruled(caller, action, ref, cluster, wanted.namespace, _key(wanted))).allowed:
            return Why.DENIED
        if self._portal_decides(caller, cluster):
            return None
        subject = self.subject(caller)
        if subject is None:
            return Why.NO_USER
        news = asyncio.Event()
        self.reviews.listen(cluster, subject, news.set)
        try:
            while True:
                news.clear()
                decision, _ = self.reviews.decision(cluster, subject, wanted)
                if decision is not Decision.OPEN:
                    break
                await news.wait()
        finally:
            self.reviews.leave(cluster, subject, news.set)
        why = {Decision.ALLOWED: None, Decision.UNDECIDED: Why.UNDECIDED}
        return why.get(decision, Why.DENIED)

    def recalled(self, ref: EntityRef, caller: Caller) -> tuple[Grants | None, bool]:
        """(grants of a caller for a service as anybody saw it last, whether more may be known in a moment). None where a
        cluster decides and nobody has seen the service yet, or not everything is decided: what is remembered of it is then
        told to nobody. What is not known is asked for."""
        if not self._reads(caller):
            return _NOTHING, False
        engine = self._by_policy(caller)
        if engine is None:
            return self._recalled(ref, caller, None)
        with engine.noted() as noted:
            grants, open_ = self._recalled(ref, caller, engine)
        return (None, True) if noted.awaited else (grants, open_)

    def _recalled(
        self, ref: EntityRef, caller: Caller, engine: PolicyEngine | None
    ) -> tuple[Grants | None, bool]:
        everywhere = granted_everywhere(engine, caller, ref) if engine is not None else _EVERYTHING
        if everywhere is not None and (everywhere == _NOTHING or not self.any_decides()):
            return everywhere, False
        scopes = self._remembered.get(ref)
        if scopes is None:
            return None, False
        seen = [self.seen(name, each, caller, settled=True)[0] for name, each in scopes]
        grants, open_ = _joined(seen), any(found.open for found in seen)
        if engine is not None:
            grants = self._policed(engine, caller, ref, scopes).within(grants)
        return (grants if grants.decided and not open_ else None), open_

    async def recall(
        self, refs: Sequence[EntityRef], caller: Caller, *, within: float
    ) -> dict[EntityRef, Grants]:
        """The same for many, waiting at most `within` seconds for what is being decided; those without grants left out."""
        subject, news = self.subject(caller), asyncio.Event()
        listened: list[tuple[str, Subject]] = []
        if subject is not None:
            clusters = {name for ref in refs for name, _ in self._remembered.get(ref) or ()}
            listened = [(name, subject) for name in clusters]
        for name, whose in listened:
            self.reviews.listen(name, whose, news.set)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(within):
                    # Of all, so that they are asked side by side.
                    while sum(self.recalled(ref, caller)[1] for ref in refs):
                        if self._engine is not None:
                            self._engine.when_answered(news.set)
                        await news.wait()
                        news.clear()
        finally:
            for name, whose in listened:
                self.reviews.leave(name, whose, news.set)
        found = {ref: self.recalled(ref, caller)[0] for ref in refs}
        return {ref: grants for ref, grants in found.items() if grants is not None}

    def subject(self, caller: Caller) -> Subject | None:
        """As whom the clusters know the caller."""
        return subject_of(caller, self._settings().access)

    def scopes(self, cluster: ClusterSnapshot) -> Scopes:
        """The scopes of a cluster's part, found once for each."""
        known = self._scopes.get(cluster)
        return known if known is not None else self._scopes.put(cluster, scopes_of(cluster))

    def seen(
        self, cluster: str, scopes: Scopes, caller: Caller, *, settled: bool
    ) -> tuple[ClusterGrants, float | None]:
        """What a caller may see of a cluster by what is known now, and when to look again (the loop's time)."""
        if self._portal_decides(caller, cluster):
            granted = {Grant(cluster, type=t.key) for t in scopes.types}
            withheld = frozenset[Withheld]() if granted else frozenset({Withheld(cluster)})
            if not self._cluster_decides(cluster):
                granted, withheld = {Grant(cluster)}, frozenset()
            return ClusterGrants(frozenset(granted), withheld, open=False), None
        subject = self.subject(caller)
        if subject is None:
            withheld = frozenset({Withheld(cluster, why=Why.NO_USER)})
            return ClusterGrants(frozenset(), withheld, open=False), None
        again: list[float] = []

        def decision(wanted: Attributes) -> Decision:
            found, until = self.reviews.decision(cluster, subject, wanted)
            again.append(until)
            return found

        return seen_by(cluster, scopes, decision, settled=settled), min(again, default=None)

    def grants(
        self, snapshot: ServiceSnapshot, caller: Caller, settled: set[str]
    ) -> tuple[Grants, bool, float | None]:
        """(grants by what is known now, whether anything is open, when to look again). Clusters of which nothing is open join
        `settled` once they have answered."""
        if not self._reads(caller):
            return _NOTHING, False, None
        engine = self._by_policy(caller)
        if engine is None:
            return self._by_clusters(snapshot, caller, settled)
        seen, open_, again = self._by_clusters(snapshot, caller, settled)
        with engine.noted() as noted:
            grants = self._granted_of(engine, caller, snapshot).within(seen)
        soon = min(asyncio.get_running_loop().time() + POLICIES_AGAIN, noted.until)
        return grants, open_ or noted.awaited, min(again or soon, soon)

    def _by_clusters(
        self, snapshot: ServiceSnapshot, caller: Caller, settled: set[str]
    ) -> tuple[Grants, bool, float | None]:
        """The same without what policies say."""
        if not self.any_decides():
            return _EVERYTHING, False, None
        parts: list[ClusterGrants] = []
        times: list[float] = []
        scopes = tuple((c.cluster.name, self.scopes(c)) for c in snapshot.clusters)
        if snapshot.complete:
            self._remembered.put(snapshot.entity.ref, scopes)
        for (name, each), cluster in zip(scopes, snapshot.clusters, strict=True):
            found, again = self.seen(name, each, caller, settled=name in settled)
            parts.append(found)
            times += [again] if again is not None else []
            if not found.open and cluster.outcomes:
                settled.add(name)
        return _joined(parts), any(p.open for p in parts), min(times, default=None)

    def _granted_of(self, engine: PolicyEngine, caller: Caller, snapshot: ServiceSnapshot) -> Grants:
        """What policies grant of a snapshot; the same for who looks again."""
        known = self._known(engine, caller, snapshot)
        if known is not None:
            return known
        of_all = self._granted.get(snapshot)
        if of_all is None:
            of_all = self._granted.put(snapshot, {})
        for each in snapshot.clusters:
            self._clusters[each.cluster.name] = facts_of(each.cluster)
        scopes = tuple([(c.cluster.name, self.scopes(c)) for c in snapshot.clusters])
        grants = self._policed(engine, caller, snapshot.entity.ref, scopes)
        if snapshot.complete:
            self._remembered.put(snapshot.entity.ref, scopes)
        if engine.another is None:  # what that says holds for as long as it says
            if len(of_all) >= MOST_SHARING:
                of_all.clear()
            of_all[_key_of(caller)] = (engine.state, grants)
        return grants

    def _known(self, engine: PolicyEngine, caller: Caller, snapshot: ServiceSnapshot) -> Grants | None:
        """What was found that policies grant of this very snapshot, where it still holds."""
        of_all = self._granted.get(snapshot)
        known = of_all.get(_key_of(caller)) if of_all else None
        return known[1] if known is not None and known[0] == engine.state else None

    def _policed(
        self, engine: PolicyEngine, caller: Caller, ref: EntityRef, scopes: Iterable[tuple[str, Scopes]]
    ) -> Grants:
        clusters = ((self._clusters.get(name, ClusterFacts(name=name)), each) for name, each in scopes)
        return granted_by_policies(engine, caller, ref, clusters)

    def _by_policy(self, caller: Caller) -> PolicyEngine | None:
        return self._engine if self._engine is not None and self._engine.decides_for(caller) else None

    def _reads(self, caller: Caller) -> bool:
        if self._by_policy(caller) is not None:
            return caller.kind is not CallerKind.SERVICE or Action.RESOURCES_READ in caller.may
        return self._decide(caller, Action.RESOURCES_READ, _ANY_OBJECTS).allowed

    def _portal_decides(self, caller: Caller, cluster: str) -> bool:
        """Callboard's own work sees what its credential sees; nobody is shown it but callers of equal grants."""
        return caller.kind is CallerKind.CALLBOARD or not self._cluster_decides(cluster)

    def _cluster_decides(self, cluster: str) -> bool:
        return self._settings().clusters.visibility_of(cluster) == "cluster"

    def any_decides(self) -> bool:
        """Whether any cluster decides by itself who sees what."""
        clusters = self._settings().clusters
        return clusters.visibility == "cluster" or any(
            o.visibility == "cluster" for o in clusters.by_name.values()
        )


class GrantsReader:
    """One who looks at snapshots of one service. Made by `Visibility.reader`."""

    def __init__(self, visibility: Visibility, caller: Caller, changed: Callable[[], None]) -> None:
        self._visibility = visibility
        self._caller = caller
        self._changed = changed
        self._subject = visibility.subject(caller)
        self._listening: set[str] = set()
        self._settled: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None
        self.pending = False
        """Whether something is being asked for the first time: the grants given last are not the last word."""

    def grants(self, snapshot: ServiceSnapshot) -> Grants:
        """What may be seen of a snapshot by what is known now."""
        if self._subject is not None and self._visibility.any_decides():
            for cluster in snapshot.clusters:
                self._listen(cluster.cluster.name, self._subject)
        grants, self.pending, again = self._visibility.grants(snapshot, self._caller, self._settled)
        if self.pending:
            self._visibility.when_answered(self._changed)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if again is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(again, loop.time() + SOONEST), self._changed)
        return grants

    def close(self) -> None:
        """Look no more."""
        self._visibility.leave(self._changed)
        if self._timer is not None:
            self._timer.cancel()
        if self._subject is not None:
            for cluster in self._listening:
                self._visibility.reviews.leave(cluster, self._subject, self._changed)
        self._listening.clear()

    def _listen(self, cluster: str, subject: Subject) -> None:
        if cluster not in self._listening:
            self._listening.add(cluster)
            self._visibility.reviews.listen(cluster, subject, self._changed)


def _key_of(caller: Caller) -> _Caller:
    return caller.kind, caller.subject, caller.groups, caller.may


def _is_reading(wanted: Attributes) -> bool:
    """Of objects, or of a pod's log; every other subresource leads elsewhere (`exec`, `proxy`) or changes something."""
    if wanted.verb not in _READING:
        return False
    return not wanted.subresource or (wanted.group, wanted.resource, wanted.subresource) == (
        "",
        "pods",
        "log",
    )


def _key(wanted: Attributes) -> str:
    """The ResourceType.key of what is asked about."""
    return f"{wanted.resource}.{wanted.group}" if wanted.group else wanted.resource


def _joined(parts: list[ClusterGrants]) -> Grants:
    return Grants(
        frozenset().union(*(p.grants for p in parts)), frozenset().union(*(p.withheld for p in parts))
    )
