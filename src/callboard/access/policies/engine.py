"""Decides by the policies in force: each question once for all who would get the same answer.

A question is cut down to what the policies look at (`uses`) before it is put. So a list of thousands of services is as many
questions as there are different owners that matter to who asks, and people of the same groups share them.
"""

import math
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from callboard.access.permission import decide as decide_built_in
from callboard.access.permission import is_known
from callboard.access.policies.another import AnotherEngine, Noted
from callboard.access.policies.policies import CedarAnswer, Policies
from callboard.access.policies.requests import Asker, pairs, uid
from callboard.access.policies.uses import Uses
from callboard.model.caller import Caller, CallerKind
from callboard.model.entity import EntityRef
from callboard.model.facts import ClusterFacts, Directory, EntityFacts
from callboard.model.permission import DONE_TO, Action, Resource, ResourceKind, Ruling

__all__ = ["MOST_KNOWN", "Enough", "FoundEntities", "ObjectPlace", "PolicyEngine"]

MOST_KNOWN: Final = 200_000
"""Answers kept; beyond it all are asked for anew."""
MOST_RULINGS: Final = 50_000
"""Rulings kept for callers, entities and places as they came: what is asked for a page again and again."""
MOST_ASKERS: Final = 10_000
"""Callers of whom it is kept what counts of them."""
STEP: Final = 20
"""Questions put in one step: two to six milliseconds."""

_BY_POLICY: Final = frozenset({CallerKind.PERSON, CallerKind.SERVICE})
_EVERYWHERE: Final = frozenset({CallerKind.LOOPBACK, CallerKind.CALLBOARD})

_NO_SUCH = Ruling(False, "there is no such thing in the catalog, as far as the caller may know")
NO_POLICY = Ruling(False, "no policy allows it")
_SAID = Ruling(True, "the token says so, and no policy forbids it")
_NOT_SAID = Ruling(False, "the token does not say so")
_SOME = Ruling(True, "of each by itself")
_SOMEWHERE = Ruling(True, "it depends on where: on the cluster, the namespace or the type")
_OF_CALLBOARD: Final = {"resource": uid("Portal", "callboard"), "context": {}}


class ObjectPlace(NamedTuple):
    """Where an object lies. `namespace` is "" for what lies in none, `type` is a ResourceType.key."""

    cluster: ClusterFacts
    namespace: str = ""
    type: str = ""


class FoundEntities(NamedTuple):
    """The entities somebody may do something to, None for all there are; until when (the loop's time) that holds, and whether
    something of it is still being found out."""

    refs: frozenset[EntityRef] | None
    until: float = math.inf
    awaited: bool = False


class Enough(Exception):
    """So many questions were put as may be put in one step."""


T = TypeVar("T")

_NOWHERE = ObjectPlace(ClusterFacts(name=""))


class PolicyEngine:
    """`policies` and `directory` give those in force; `clusters` what is known of a cluster by name. Nothing waits."""

    def __init__(
        self,
        policies: Policies,
        directory: Callable[[], Directory],
        clusters: Callable[[str], ClusterFacts] = lambda name: ClusterFacts(name=name),
    ) -> None:
        self._policies = policies
        self._directory = directory
        self._clusters = clusters
        self._answers: dict[tuple[object, ...], Ruling] = {}
        self._askers: dict[tuple[object, ...], tuple[Directory, Asker]] = {}
        self._rulings: dict[tuple[object, ...], tuple[object, ClusterFacts | None, Ruling]] = {}
        self.another: AnotherEngine | None = None
        """Asked about what the policies allow."""
        self._version = 1
        self._left = math.inf
        self.asked = 0
        """Questions that were put to Cedar."""
        self.errors: dict[str, int] = {}
        """What went wrong in policies, in words, and how often; at most a hundred."""

    @property
    def version(self) -> int:
        """Another number whenever other policies are in force, or another engine has said otherwise than before."""
        return self._version + (self.another.changes if self.another is not None else 0)

    @property
    def policies(self) -> Policies:
        """Those in force."""
        return self._policies

    @property
    def state(self) -> tuple[object, ...]:
        """What is decided by, but for what another engine says; equal states decide alike."""
        return (self._version, self._directory())

    def use_another(self, another: AnotherEngine | None) -> None:
        """Ask another engine as well, or none any more. The one before is the caller's to close."""
        self._version = self.version + 1
        self.another = another

    def use(self, policies: Policies) -> None:
        """Put others in force."""
        self._policies = policies
        self._answers.clear()
        self._askers.clear()
        self._rulings.clear()
        self.errors.clear()
        self._version += 1

    # ---- the port

    def decide(self, caller: Caller, action: Action, resource: Resource) -> Ruling:
        """The port's answer. What is done to the entities of the catalog together is allowed to whoever may do it to any."""
        if caller.kind not in _BY_POLICY or not is_known(action, resource):
            return decide_built_in(caller, action, resource)
        if caller.kind is CallerKind.SERVICE and action not in caller.may:
            return _NOT_SAID
        if resource.kind is ResourceKind.CATALOG:
            return _SOME
        if resource.kind is ResourceKind.PORTAL:
            return self._also(caller, action, self._ruled(caller, action, _OF_CALLBOARD, ()))
        cluster = self._clusters(resource.cluster)
        if resource.kind is ResourceKind.CLUSTER:
            return self.on_cluster(caller, action, cluster) if resource.cluster else _SOME
        if resource.kind is ResourceKind.PLACE:
            return self._on_any_place(caller, action, ObjectPlace(cluster, resource.namespace, resource.type))
        facts = self._directory().facts(resource.entity) if resource.entity else None
        if facts is None:
            return _NO_SUCH
        if resource.kind is ResourceKind.ENTITY:
            return self.on_entity(caller, action, facts)
        if not resource.cluster and self.uses(action).place:
            return _SOMEWHERE
        return self.on_objects(caller, action, facts, ObjectPlace(cluster, resource.namespace, resource.type))

    def on_cluster(self, caller: Caller, action: Action, cluster: ClusterFacts) -> Ruling:
        """Of a cluster."""
        if caller.kind not in _BY_POLICY:
            return decide_built_in(caller, action, Resource(kind=ResourceKind.CLUSTER))
        return self._also(
            caller, action, self._of_cluster(caller, action, cluster), place=ObjectPlace(cluster)
        )

    def _of_cluster(self, caller: Caller, action: Action, cluster: ClusterFacts) -> Ruling:
        directory = self._directory()
        key = (action, caller.kind, caller.subject, caller.groups, action in caller.may, cluster.name)
        known = self._rulings.get(key)
        # who is in which group is the directory's
        if known is not None and known[0] is directory and known[1] == cluster:
            return known[2]
        request = {"resource": uid("Cluster", cluster.name), "context": {}}
        about = (cluster.name, pairs(cluster.labels))
        return self._keep(
            key, directory, cluster, self._ruled(caller, action, request, about, cluster=cluster)
        )

    def on_place(self, caller: Caller, action: Action, place: ObjectPlace) -> Ruling:
        """Of the objects at one place, whatever service they are of."""
        if caller.kind not in _BY_POLICY:
            return decide_built_in(caller, action, Resource(kind=ResourceKind.PLACE))
        uses, cluster = self._policies.uses(action), place.cluster
        context = {
            "namespace": place.namespace if uses.namespace else "",
            "type": place.type if uses.type else "",
        }
        request = {"resource": uid("Cluster", cluster.name), "context": context}
        about = (cluster.name, pairs(cluster.labels), *context.values())
        ruling = self._ruled(caller, action, request, about, cluster=cluster)
        return self._also(caller, action, ruling, place=place)

    def _on_any_place(self, caller: Caller, action: Action, place: ObjectPlace) -> Ruling:
        """ "" stands for any cluster, and with any type for any namespace: then it depends on which, if anybody may at all."""
        uses = self.uses(action)
        if not self._policies.speaks_of(action):
            return NO_POLICY
        narrow = uses.type or (uses.namespace and not place.namespace)
        if not place.cluster.name or (not place.type and narrow):
            return _SOMEWHERE
        return self.on_place(caller, action, place)

    def on_entity(self, caller: Caller, action: Action, facts: EntityFacts) -> Ruling:
        """Of an entity of the catalog."""
        if caller.kind not in _BY_POLICY:
            return decide_built_in(caller, action, Resource(kind=ResourceKind.ENTITY))
        return self._also(caller, action, self._about(caller, action, facts, None), facts)

    def on_objects(self, caller: Caller, action: Action, facts: EntityFacts, place: ObjectPlace) -> Ruling:
        """Of objects of a service at one place."""
        if caller.kind not in _BY_POLICY:
            return decide_built_in(caller, action, Resource(kind=ResourceKind.OBJECTS))
        return self._also(caller, action, self._about(caller, action, facts, place), facts, place)

    def uses(self, action: Action) -> Uses:
        """What the policies in force look at for an action, and another engine of where something is."""
        uses = self._policies.uses(action)
        if self.another is None:
            return uses
        return msgspec.structs.replace(
            uses,
            cluster=uses.cluster or self.another.looks_at("cluster", "cluster_labels"),
            namespace=uses.namespace or self.another.looks_at("namespace"),
            type=uses.type or self.another.looks_at("resource"),
        )

    # ---- the whole catalog

    def decides_for(self, caller: Caller) -> bool:
        """Whether policies say what a caller may; for all others the rules that are built in do."""
        return caller.kind in _BY_POLICY

    def facts(self, ref: EntityRef) -> EntityFacts | None:
        """What is known of an entity; None where there is none."""
        return self._directory().facts(ref)

    def allowed(
        self, caller: Caller, action: Action = Action.ENTITY_READ
    ) -> Generator[None, None, FoundEntities]:
        """The entities to which somebody may do something, wherever it may be. A generator that stands still after some
        questions, and after some hundred entities."""
        if caller.kind in _EVERYWHERE:
            return FoundEntities(None)
        if caller.kind is CallerKind.ANONYMOUS or (
            caller.kind is CallerKind.SERVICE and action not in caller.may
        ):
            return FoundEntities(frozenset())
        found: list[EntityRef] = []
        number, until, awaited = 0, math.inf, False
        asked = self.asked
        place = _NOWHERE if ResourceKind.OBJECTS in DONE_TO[action] else None
        asker = self._asker(caller, action)
        for number, facts in enumerate(self._directory().all(), 1):
            ruling = self._looked_at(asker, facts, place)
            if self.another is not None and ruling.allowed:
                with self.noted() as noted:
                    ruling = self._also(caller, action, ruling, facts, place)
                until, awaited = min(until, noted.until), awaited or noted.awaited
            if ruling.allowed:
                found.append(facts.ref)
            if self.asked - asked >= STEP or number % 500 == 0:
                yield
                asked = self.asked
        return FoundEntities(None if len(found) == number else frozenset(found), until, awaited)

    def alike(self, action: Action) -> bool:
        """Whether an action on clusters is decided alike for all of them."""
        uses = self.uses(action)
        return not (uses.attributes or uses.labels or uses.any_label or uses.identity or uses.place)

    # ---- another engine

    def noted(self) -> AbstractContextManager[Noted]:
        """Notes what comes of the questions that are decided within: nothing may be waited for there."""
        return self.another.noted() if self.another is not None else nullcontext(Noted())

    async def answered(self, work: Callable[[], T]) -> T:
        """What `work` gives or raises, once all is known that it decides by. It may be called several times, and must not
        wait."""
        return work() if self.another is None else await self.another.decided(work)

    async def another_answered(self) -> None:
        """Until whatever another engine is asked by now has come to something."""
        if self.another is not None:
            await self.another.answered()

    def when_answered(self, tell: Callable[[], None]) -> None:
        """Call `tell` once, when another engine has answered something more."""
        if self.another is not None:
            self.another.when_answered(tell)

    def leave(self, tell: Callable[[], None]) -> None:
        """Do not call it any more."""
        if self.another is not None:
            self.another.leave(tell)

    def _also(
        self,
        caller: Caller,
        action: Action,
        ruling: Ruling,
        facts: EntityFacts | None = None,
        place: ObjectPlace | None = None,
    ) -> Ruling:
        """A ruling of the policies, and of another engine where they allow it."""
        another = self.another
        if another is None or not ruling.allowed:
            return ruling
        cluster, namespace, resource = place or (None, "", "")
        question = another.question(caller, self._who(caller), action, facts, cluster, namespace, resource)
        also = another.ruling(question)
        for error in also.errors:
            self._note(error)
        names = (*ruling.policies, another.name)
        if also.allowed:
            return Ruling(True, f"{ruling.by}, and {also.by}", names)
        return msgspec.structs.replace(also, policies=(another.name,))

    def _note(self, error: str) -> None:
        if len(self.errors) < 100 or error in self.errors:
            self.errors[error] = self.errors.get(error, 0) + 1

    # ---- putting a question

    def _about(self, caller: Caller, action: Action, facts: EntityFacts, place: ObjectPlace | None) -> Ruling:
        """As it was ruled for the same caller, entity and place; else by what the policies look at of them."""
        at = (place.cluster.name, place.namespace, place.type) if place is not None else None
        key = (action, caller.kind, caller.subject, caller.groups, action in caller.may, facts.ref, at)
        known = self._rulings.get(key)
        cluster = place.cluster if place is not None else None
        # other facts of the same name are another question
        if known is not None and known[0] is facts and known[1] == cluster:
            return known[2]
        if caller.kind is CallerKind.SERVICE and action not in caller.may:
            return _NOT_SAID
        ruling = self._looked_at(self._asker(caller, action), facts, place)
        return self._keep(key, facts, cluster, ruling)

    def _keep(
        self, key: tuple[object, ...], by: object, cluster: ClusterFacts | None, ruling: Ruling
    ) -> Ruling:
        if len(self._rulings) >= MOST_RULINGS:
            self._rulings.clear()
        self._rulings[key] = (by, cluster, ruling)
        return ruling

    @contextmanager
    def step(self) -> Iterator[None]:
        """Within, no more questions are put than a step may hold: then it raises Enough, and what was answered is kept."""
        before, self._left = self._left, STEP
        try:
            yield
        finally:
            self._left = before

    def _asker(self, caller: Caller, action: Action) -> Asker:
        """What counts of a caller, as it was found for the same one; groups are the directory's."""
        directory = self._directory()
        key = (action, caller.kind, caller.subject, caller.groups)
        known = self._askers.get(key)
        if known is not None and known[0] is directory:
            return known[1]
        if len(self._askers) >= MOST_ASKERS:
            self._askers.clear()
        who = directory.groups_of(caller.subject, caller.groups)
        asker = Asker(caller, action, self._policies.uses(action), who)
        self._askers[key] = (directory, asker)
        return asker

    def _looked_at(self, asker: Asker, facts: EntityFacts, place: ObjectPlace | None) -> Ruling:
        uses = asker.uses
        key: tuple[object, ...] = (asker.begin, asker.seen(facts))
        if uses.identity:
            key += (facts.ref,)
        if place is None:
            known = self._answers.get(key)
            if known is not None:
                return known
            context: dict[str, object] = {}
        else:
            name = place.cluster.name if uses.cluster else ""
            namespace = place.namespace if uses.namespace else ""
            type_ = place.type if uses.type else ""
            key += (name, pairs(place.cluster.labels) if uses.cluster else (), namespace, type_)
            known = self._answers.get(key)
            if known is not None:
                return known
            at = {"__entity": uid("Cluster", name)}
            context = {"cluster": at, "namespace": namespace, "type": type_}
        request = {
            "resource": uid("Entity", str(facts.ref) if uses.identity else ""),
            "context": context,
        }
        cluster = place.cluster if place is not None and uses.cluster else None
        return self._put(asker, request, key, facts=facts, cluster=cluster)

    def _ruled(
        self,
        caller: Caller,
        action: Action,
        request: dict[str, Any],
        about: tuple[object, ...],
        *,
        cluster: ClusterFacts | None = None,
    ) -> Ruling:
        """Of what is no entity of the catalog."""
        if caller.kind is CallerKind.SERVICE and action not in caller.may:
            return _NOT_SAID
        asker = self._asker(caller, action)
        key = (asker.begin, "", about)
        known = self._answers.get(key)
        return known if known is not None else self._put(asker, request, key, cluster=cluster)

    def _put(
        self,
        asker: Asker,
        request: dict[str, Any],
        key: tuple[object, ...],
        *,
        facts: EntityFacts | None = None,
        cluster: ClusterFacts | None = None,
    ) -> Ruling:
        if len(self._answers) >= MOST_KNOWN:
            self._answers.clear()
        if self._left <= 0:
            raise Enough
        self._left -= 1
        self.asked += 1
        entities = asker.entities(request["resource"], facts, cluster)
        answer = self._policies.ask(asker.action, {"principal": asker.principal, **request}, entities)
        for error in answer.errors:
            self._note(error)
        ruling = self._answers[key] = _ruling(asker.caller, answer)
        return ruling

    def _who(self, caller: Caller) -> frozenset[str]:
        """Every group that counts as the caller's, and the caller."""
        return self._directory().groups_of(caller.subject, caller.groups)


def _ruling(caller: Caller, answer: CedarAnswer) -> Ruling:
    names = tuple(str(place) for place in answer.reasons)
    if answer.errors:
        return Ruling(False, f"a policy could not be evaluated: {answer.errors[0]}", names, answer.errors)
    if caller.kind is CallerKind.SERVICE and not answer.reasons:
        return _SAID
    if answer.allowed:
        if caller.kind is CallerKind.SERVICE:
            return Ruling(True, _SAID.by, names)
        return Ruling(True, f"the policy {names[0]} allows it", names)
    if answer.reasons:
        return Ruling(False, f"the policy {names[0]} forbids it", names)
    return NO_POLICY
