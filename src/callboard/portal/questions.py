"""What extensions ask, for a caller: each question decided first, and everything that comes of it visible to that caller."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from functools import partial

import msgspec

from callboard.access.visibility import Visibility
from callboard.base.errors import NotAllowed, NotFound, Unavailable, UsageError
from callboard.extend.asking import EntityPage, Observed
from callboard.fleet.wiring.wiring import WiredFleet
from callboard.kube.limits import Limits
from callboard.kube.reads.access_review import Attributes
from callboard.model.caller import Caller, CallerKind
from callboard.model.cluster import ClusterInfo
from callboard.model.entity import Entity, EntityRef
from callboard.model.grants import Why
from callboard.model.outcome import Answer, Failure, FailureCode, Outcome, Question
from callboard.model.permission import DONE_TO, Action, Resource, ResourceKind
from callboard.model.selector import LabelSelector
from callboard.model.snapshot import ClusterSnapshot, ServiceSnapshot
from callboard.portal.asking.observing import Observing
from callboard.portal.listing.services import ServicesRoad
from callboard.portal.permissions import Permissions, no_such_cluster
from callboard.portal.protocol import ServicesQuery

__all__ = ["Questions"]

MOST_ENTITIES = 200
MOST_WAIT = 30.0
"""Seconds."""
MOST_NAME = 253
"""Characters of a name, a namespace, a group: Kubernetes' own bound."""

_SECRETS = "secrets"
_WITHOUT_ENTITY = (ResourceKind.PLACE, ResourceKind.CLUSTER, ResourceKind.CATALOG, ResourceKind.PORTAL)
_NO_WHOLE = b"{}"
"""Stands for the JSON of an object that the caller may not read as a whole."""
_WHY = {
    Why.DENIED: (FailureCode.NOT_GRANTED, "not granted to you"),
    Why.AWAITED: (FailureCode.UNDECIDED, "it is not decided yet whether you may see this"),
    Why.UNDECIDED: (FailureCode.UNDECIDED, "it could not be decided whether you may see this"),
    Why.NO_USER: (FailureCode.NO_USER, "the cluster shows this only to its own users, and you are none"),
}


class Questions:
    """The road of extensions. Every method takes the caller; what it raises is what `extend.asking.Ask` says."""

    def __init__(
        self,
        *,
        services: ServicesRoad,
        observing: Observing,
        fleet: Callable[[], WiredFleet],
        visibility: Visibility,
        limits_of: Callable[[str], Limits],
        permissions: Permissions,
    ) -> None:
        self._services = services
        self._observing = observing
        self._fleet = fleet
        self._visibility = visibility
        self._limits_of = limits_of
        self._permissions = permissions
        self._decide = permissions.decide

    async def entity(self, ref: EntityRef, caller: Caller) -> Entity:
        """One entity."""
        await self._permissions.catalog(caller)
        return await self._services.entity(ref, caller)

    async def admitted(
        self, caller: Caller, action: Action, ref: EntityRef | None, cluster: str, namespace: str
    ) -> Entity | None:
        """The entity, where it is about one, for a caller who may do that to it, or in that cluster and namespace ("" for any).
        Raises NotAllowed, NotFound."""
        _bounded(cluster=cluster, namespace=namespace)
        await self._permissions.catalog(caller)
        entity = await self.entity(ref, caller) if ref is not None else None
        kinds = DONE_TO[action]
        if entity is not None:
            objects = ResourceKind.OBJECTS in kinds
            kind = ResourceKind.OBJECTS if objects else ResourceKind.ENTITY
        elif ResourceKind.OBJECTS in kinds:
            # of each service by itself, when it is asked about
            if caller.kind is CallerKind.SERVICE and action not in caller.may:
                raise NotAllowed(
                    f"{action} is not allowed here: the token does not say so.", code="not-permitted"
                )
            return None
        else:
            if cluster and not await self._permissions.answered(lambda: self._may_know(caller, cluster)):
                raise _no_cluster(cluster)
            kind = next(k for k in _WITHOUT_ENTITY if k in kinds)
        about = Resource(kind=kind, entity=ref, cluster=cluster, namespace=namespace)
        await self._permissions.require(caller, action, about)
        return entity

    async def entities(self, query: ServicesQuery, caller: Caller) -> EntityPage:
        """Those that fit."""
        await self._permissions.catalog(caller)
        limit, offset = max(1, min(query.limit, MOST_ENTITIES)), max(0, query.offset)
        found = await self._services.entities(
            msgspec.structs.replace(query, limit=limit, offset=offset), caller
        )
        return EntityPage(entities=tuple(found.entities), total=found.total)

    async def clusters(self, caller: Caller) -> tuple[ClusterInfo, ...]:
        """The clusters the caller may know of."""
        await self._permissions.prepare(caller)
        supplied = await self._fleet().suppliers.supplied(caller)
        return await self._permissions.answered(
            lambda: tuple(c.info for c in supplied.clusters if self._may_know(caller, c.name))
        )

    async def observed(
        self, ref: EntityRef, caller: Caller, *, cluster: str = "", within: float = 5.0
    ) -> Observed:
        """A service's objects and findings when settled, or after `within` seconds."""
        newest: Observed | None = None
        async with aclosing(self.changes(ref, caller, cluster=cluster)) as seen:
            with suppress(TimeoutError):
                async with asyncio.timeout(MOST_WAIT):
                    newest = await anext(seen, None)
            if newest is not None and not newest.settled:
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(0.0, min(within, MOST_WAIT))):
                        async for newest in seen:
                            if newest.settled:
                                break
        if newest is None:
            raise Unavailable("Nothing came of asking how this service is.", code="no-snapshot")
        return newest

    async def changes(
        self, ref: EntityRef, caller: Caller, *, cluster: str = ""
    ) -> AsyncGenerator[Observed, None]:
        """The same as it comes, and after each change where clusters are listened to."""
        _bounded(cluster=cluster)
        await self._permissions.catalog(caller)
        entity = await self._services.entity(ref, caller)
        knows = self._permissions.knows
        if cluster and not await self._permissions.answered(lambda: knows(caller, cluster)):
            raise no_such_cluster(ref, cluster)
        await self._permissions.objects(caller, entity, Action.RESOURCES_READ)
        async with aclosing(self._observing.changes(entity, caller, cluster=cluster)) as seen:
            async for each in seen:
                snapshot = await self._permissions.answered(
                    partial(self._readable, each.snapshot, ref, caller)
                )
                yield msgspec.structs.replace(each, snapshot=snapshot)

    async def ask(self, cluster: str, question: Question, caller: Caller) -> Outcome:
        """Any list or get that the caller may ask, of one cluster."""
        kind = question.type
        _bounded(
            cluster=cluster,
            namespace=question.namespace,
            name=question.name,
            group=kind.group,
            version=kind.version,
            plural=kind.plural,
        )
        if not cluster or not kind.plural or not kind.version:
            raise UsageError("A question names a cluster, and a type with its version.", code="bad-question")
        # what is asked for is what the parser understood, whatever was written
        selector = str(LabelSelector.parse(question.label_selector)) if question.label_selector else ""
        question = msgspec.structs.replace(question, label_selector=selector)
        await self._permissions.prepare(caller)
        if not await self._permissions.answered(lambda: self._may_know(caller, cluster)):
            raise _no_cluster(cluster)
        place = (None, cluster, question.namespace, kind.key)
        ruling = await self._visibility.ruled(caller, Action.OBJECTS_READ, *place)
        if not ruling.allowed:
            words = (
                f"You may not read objects there that are no service's ({Action.OBJECTS_READ}): {ruling.by}."
            )
            raise NotAllowed(words, code="not-permitted")
        if kind.key == _SECRETS:
            secrets = Resource(kind=ResourceKind.OBJECTS, cluster=cluster, namespace=question.namespace)
            await self._permissions.require(caller, Action.SECRETS_READ, secrets)
        listing = Attributes.listing(kind, question.namespace)
        if question.name:
            listing = msgspec.structs.replace(listing, verb="get")
        if why := await self._visibility.may(caller, None, cluster, listing):
            code, words = _WHY[why]
            failure = Failure(code=code, message=words, status=403)
            return Outcome(question=question, answer=Answer.FORBIDDEN, failure=failure)
        outcome = await self._answer(cluster, question, caller)
        return await self._permissions.answered(lambda: self._where_they_may(outcome, cluster, caller))

    def _where_they_may(self, outcome: Outcome, cluster: str, caller: Caller) -> Outcome:
        """A list over all namespaces without those in which they may not."""
        kind, asked = outcome.question.type.key, outcome.question.namespace
        found = {o.namespace for o in outcome.objects} | {m.namespace for m in outcome.malformed}
        hidden = {
            namespace
            for namespace in found - {asked}
            if not self._decide(
                caller,
                Action.OBJECTS_READ,
                Resource(kind=ResourceKind.PLACE, cluster=cluster, namespace=namespace, type=kind),
            ).allowed
        }
        if not hidden:
            return outcome
        objects = tuple(o for o in outcome.objects if o.namespace not in hidden)
        answer = outcome.answer if objects or outcome.answer is not Answer.OBJECTS else Answer.EMPTY
        malformed = tuple(m for m in outcome.malformed if m.namespace not in hidden)
        return msgspec.structs.replace(
            outcome, objects=objects, answer=answer, malformed=malformed, remaining=None
        )

    async def _answer(self, cluster: str, question: Question, caller: Caller) -> Outcome:
        fleet, limits = self._fleet(), self._limits_of(cluster)
        found, credential = await fleet.way(cluster, caller)
        outcome: Outcome | None = None
        try:
            async with asyncio.timeout(limits.whole):
                asked = fleet.parts.fetcher.ask(found, credential, [question])
                outcome = next(iter([each async for each in asked]), None)
        except TimeoutError:
            outcome = None
        if outcome is None:
            failure = Failure(code=FailureCode.DEADLINE, message=f"no answer within {limits.whole:g} s")
            return Outcome(question=question, answer=Answer.LATE, failure=failure)
        return outcome

    def _may_know(self, caller: Caller, cluster: str) -> bool:
        if not self._permissions.knows(caller, cluster):
            return False
        about = Resource(kind=ResourceKind.CLUSTER, cluster=cluster)
        return self._decide(caller, Action.CLUSTERS_READ, about).allowed

    def _whole(self, caller: Caller, about: Resource) -> bool:
        """Whether they may read objects as a whole."""
        return self._decide(caller, Action.YAML_READ, about).allowed

    def _readable(self, snapshot: ServiceSnapshot, ref: EntityRef, caller: Caller) -> ServiceSnapshot:
        """With the JSON of such objects only as the caller may read whole."""
        clusters = tuple(self._readable_of(c, ref, caller) for c in snapshot.clusters)
        return msgspec.structs.replace(snapshot, clusters=clusters)

    def _readable_of(self, cluster: ClusterSnapshot, ref: EntityRef, caller: Caller) -> ClusterSnapshot:
        def readable(outcomes: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
            return tuple(o if self._all_whole(o, name, ref, caller) else _without_whole(o) for o in outcomes)

        name = cluster.cluster.name
        outcomes, references = readable(cluster.outcomes), readable(cluster.references)
        if all(a is b for a, b in zip(outcomes, cluster.outcomes, strict=True)) and all(
            a is b for a, b in zip(references, cluster.references, strict=True)
        ):
            return cluster
        return msgspec.structs.replace(cluster, outcomes=outcomes, references=references)

    def _all_whole(self, outcome: Outcome, cluster: str, ref: EntityRef, caller: Caller) -> bool:
        kind = outcome.question.type.key
        return all(
            self._whole(
                caller,
                Resource(
                    kind=ResourceKind.OBJECTS, entity=ref, cluster=cluster, namespace=namespace, type=kind
                ),
            )
            for namespace in {o.namespace for o in outcome.objects}
        )


def _no_cluster(cluster: str) -> NotFound:
    return NotFound(f"There is no cluster {cluster!r}.", code="no-such-cluster")


def _without_whole(outcome: Outcome) -> Outcome:
    objects = tuple(msgspec.structs.replace(o, raw=_NO_WHOLE) for o in outcome.objects)
    return msgspec.structs.replace(outcome, objects=objects)


def _bounded(**values: str) -> None:
    for name, value in values.items():
        if len(value) > MOST_NAME or not value.isprintable():
            raise UsageError(
                f"A {name} is a text of at most {MOST_NAME} printable characters.", code="bad-question"
            )
