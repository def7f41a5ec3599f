"""Decides by the policies in force: each question once for all who would get the same answer.

A question is cut down to what the policies look at (`uses`) before it is put. So a list of thousands of services is as many
questions as there are different owners that matter to who asks, and people of the same groups share them.
"""

from collections.abc import Callable, Generator, Mapping
from typing import Any, Final, NamedTuple

from callboard.access.permission import decide as decide_built_in
from callboard.access.permission import is_known
from callboard.access.policies.policies import CedarAnswer, Policies
from callboard.access.policies.uses import Uses
from callboard.model.caller import Caller, CallerKind
from callboard.model.entity import EntityRef
from callboard.model.facts import ClusterFacts, Directory, EntityFacts
from callboard.model.permission import DONE_TO, Action, Resource, ResourceKind, Ruling

__all__ = ["MOST_KNOWN", "ObjectPlace", "PolicyEngine"]

MOST_KNOWN: Final = 200_000
"""Answers kept; beyond it all are asked for anew."""
MOST_RULINGS: Final = 50_000
"""Rulings kept for callers, entities and places as they came: what is asked for a page again and again."""
STEP: Final = 20
"""Questions put in one step: two to six milliseconds."""

_BY_POLICY: Final = frozenset({CallerKind.PERSON, CallerKind.SERVICE})
_EVERYWHERE: Final = frozenset({CallerKind.LOOPBACK, CallerKind.CALLBOARD})

_IN: Final = "in "

_NO_SUCH = Ruling(False, "there is no such thing in the catalog, as far as the caller may know")
_SAID = Ruling(True, "the token says so, and no policy forbids it")
_NOT_SAID = Ruling(False, "the token does not say so")
_SOME = Ruling(True, "of each by itself")
_SOMEWHERE = Ruling(True, "it depends on where: on the cluster, the namespace or the type")


class ObjectPlace(NamedTuple):
    """Where an object lies. `namespace` is "" for what lies in none, `type` is a ResourceType.key."""

    cluster: ClusterFacts
    namespace: str = ""
    type: str = ""


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
        self._answers: dict[tuple[object, ...], CedarAnswer] = {}
        self._rulings: dict[tuple[object, ...], tuple[object, ClusterFacts | None, Ruling]] = {}
        self.version = 1
        """Another number whenever other policies are in force."""
        self.asked = 0
        """Questions that were put to Cedar."""
        self.errors: dict[str, int] = {}
        """What went wrong in policies, in words, and how often; at most a hundred."""

    @property
    def policies(self) -> Policies:
        """Those in force."""
        return self._policies

    def use(self, policies: Policies) -> None:
        """Put others in force."""
        self._policies = policies
        self._answers.clear()
        self._rulings.clear()
        self.errors.clear()
        self.version += 1

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
            return self._ruled(caller, action, {"resource": _uid("Portal", "callboard"), "context": {}}, ())
        cluster = self._clusters(resource.cluster)
        if resource.kind is ResourceKind.CLUSTER:
            return self.on_cluster(caller, action, cluster) if resource.cluster else _SOME
        facts = self._directory().facts(resource.entity) if resource.entity else None
        if facts is None:
            return _NO_SUCH
        if resource.kind is ResourceKind.ENTITY:
            return self.on_entity(caller, action, facts)
        if not resource.cluster and self._policies.uses(action).place:
            return _SOMEWHERE
        return self.on_objects(caller, action, facts, ObjectPlace(cluster, resource.namespace, resource.type))

    def on_cluster(self, caller: Caller, action: Action, cluster: ClusterFacts) -> Ruling:
        """Of a cluster."""
        if caller.kind not in _BY_POLICY:
            return decide_built_in(caller, action, Resource(kind=ResourceKind.CLUSTER))
        directory = self._directory()
        key = (action, caller.kind, caller.subject, caller.groups, action in caller.may, cluster.name)
        known = self._rulings.get(key)
        # who is in which group is the directory's
        if known is not None and known[0] is directory and known[1] == cluster:
            return known[2]
        request = {"resource": _uid("Cluster", cluster.name), "context": {}}
        about = (cluster.name, _pairs(cluster.labels))
        return self._keep(
            key, directory, cluster, self._ruled(caller, action, request, about, cluster=cluster)
        )

    def on_entity(self, caller: Caller, action: Action, facts: EntityFacts) -> Ruling:
        """Of an entity of the catalog."""
        if caller.kind not in _BY_POLICY:
            return decide_built_in(caller, action, Resource(kind=ResourceKind.ENTITY))
        return self._about(caller, action, facts, None)

    def on_objects(self, caller: Caller, action: Action, facts: EntityFacts, place: ObjectPlace) -> Ruling:
        """Of objects of a service at one place."""
        if caller.kind not in _BY_POLICY:
            return decide_built_in(caller, action, Resource(kind=ResourceKind.OBJECTS))
        return self._about(caller, action, facts, place)

    def uses(self, action: Action) -> Uses:
        """What the policies in force look at for an action."""
        return self._policies.uses(action)

    # ---- the whole catalog

    def decides_for(self, caller: Caller) -> bool:
        """Whether policies say what a caller may; for all others the rules that are built in do."""
        return caller.kind in _BY_POLICY

    def facts(self, ref: EntityRef) -> EntityFacts | None:
        """What is known of an entity; None where there is none."""
        return self._directory().facts(ref)

    def allowed(
        self, caller: Caller, action: Action = Action.ENTITY_READ
    ) -> Generator[None, None, frozenset[EntityRef] | None]:
        """The entities to which somebody may do something, wherever it may be; None for all there are. A generator that stands
        still after some questions, and after some hundred entities."""
        if caller.kind in _EVERYWHERE:
            return None
        if caller.kind is CallerKind.ANONYMOUS or (
            caller.kind is CallerKind.SERVICE and action not in caller.may
        ):
            return frozenset()
        found: list[EntityRef] = []
        number = 0
        asked = self.asked
        place = _NOWHERE if ResourceKind.OBJECTS in DONE_TO[action] else None
        for number, facts in enumerate(self._directory().all(), 1):
            if self._looked_at(caller, action, facts, place).allowed:
                found.append(facts.ref)
            if self.asked - asked >= STEP or number % 500 == 0:
                yield
                asked = self.asked
        return None if len(found) == number else frozenset(found)

    def alike(self, action: Action) -> bool:
        """Whether an action on clusters is decided alike for all of them."""
        uses = self._policies.uses(action)
        return not (uses.attributes or uses.labels or uses.any_label or uses.identity or uses.place)

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
        return self._keep(key, facts, cluster, self._looked_at(caller, action, facts, place))

    def _keep(
        self, key: tuple[object, ...], by: object, cluster: ClusterFacts | None, ruling: Ruling
    ) -> Ruling:
        if len(self._rulings) >= MOST_RULINGS:
            self._rulings.clear()
        self._rulings[key] = (by, cluster, ruling)
        return ruling

    def _looked_at(
        self, caller: Caller, action: Action, facts: EntityFacts, place: ObjectPlace | None
    ) -> Ruling:
        uses = self._policies.uses(action)
        who = self._who(caller)
        seen = _seen_of(facts, uses, who)
        request: dict[str, Any] = {"resource": _uid("Entity", str(facts.ref) if uses.identity else "")}
        key: tuple[object, ...] = (seen, request["resource"]["id"])
        context: dict[str, Any] = {}
        if place is not None:
            name = place.cluster.name if uses.cluster else ""
            context = {
                "cluster": {"__entity": _uid("Cluster", name)},
                "namespace": place.namespace if uses.namespace else "",
                "type": place.type if uses.type else "",
            }
            key += (name, _pairs(place.cluster.labels) if uses.cluster else (), *list(context.values())[1:])
        request["context"] = context
        cluster = place.cluster if place is not None and uses.cluster else None
        return self._ruled(caller, action, request, key, facts=facts, cluster=cluster)

    def _ruled(
        self,
        caller: Caller,
        action: Action,
        request: dict[str, Any],
        about: tuple[object, ...],
        *,
        facts: EntityFacts | None = None,
        cluster: ClusterFacts | None = None,
    ) -> Ruling:
        if caller.kind is CallerKind.SERVICE and action not in caller.may:
            return _NOT_SAID
        uses, who = self._policies.uses(action), self._who(caller)
        groups = who if uses.principal else who & uses.groups
        name = caller.subject if uses.principal else ""
        key = (action, caller.kind, name, groups, about)
        answer = self._answers.get(key)
        if answer is None:
            if len(self._answers) >= MOST_KNOWN:
                self._answers.clear()
            answer = self._answers[key] = self._put(
                caller, action, request, groups, name, facts=facts, cluster=cluster
            )
        return _ruling(caller, answer)

    def _put(
        self,
        caller: Caller,
        action: Action,
        request: dict[str, Any],
        groups: frozenset[str],
        name: str,
        *,
        facts: EntityFacts | None,
        cluster: ClusterFacts | None,
    ) -> CedarAnswer:
        uses, who = self._policies.uses(action), self._who(caller)
        kind = "Service" if caller.kind is CallerKind.SERVICE else "User"
        parents = set(groups)
        entities: list[object] = []
        if facts is not None:
            seen = dict(_seen_of(facts, uses, who))
            for attribute in uses.members:
                parents |= seen[_IN + attribute]
                seen.setdefault(attribute, seen[_IN + attribute])
            entities.append(_entity(request["resource"], seen))
        if cluster is not None:
            entities.append(_cluster_entity(cluster))
        entities.append(
            {
                "uid": _uid(kind, name),
                "attrs": {"name": name},
                "parents": [_uid("Group", group) for group in sorted(parents)],
            }
        )
        self.asked += 1
        answer = self._policies.ask(action, {"principal": _uid(kind, name), **request}, entities)
        for error in answer.errors:
            if len(self.errors) < 100 or error in self.errors:
                self.errors[error] = self.errors.get(error, 0) + 1
        return answer

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
    return Ruling(False, "no policy allows it")


def _seen_of(facts: EntityFacts, uses: Uses, who: frozenset[str]) -> tuple[tuple[str, Any], ...]:
    """What the policies look at of an entity, as a value: whole attributes by their names, memberships with `in ` before."""
    seen: list[tuple[str, Any]] = []
    for attribute in sorted(uses.attributes):
        if attribute in ("kind", "namespace", "name"):
            seen.append((attribute, getattr(facts.ref, attribute)))
        else:
            seen.append((attribute, getattr(facts, attribute, "")))
    for attribute in sorted(uses.members):
        held: frozenset[str] = getattr(facts, attribute)
        seen.append((_IN + attribute, held & who))
    if uses.any_label:
        seen.append(("", _pairs(facts.labels)))
    elif uses.labels:
        seen.append(("", tuple((k, facts.labels[k]) for k in sorted(uses.labels) if k in facts.labels)))
    return tuple(seen)


def _entity(uid: Mapping[str, str], seen: Mapping[str, Any]) -> dict[str, object]:
    """The entity as Cedar is given it. What no policy looks at is left empty: it makes no difference."""
    attributes: dict[str, object] = {}
    for name in ("kind", "namespace", "name", "type", "lifecycle", "system"):
        attributes[name] = seen.get(name, "")
    for name in ("owners", "dependents"):
        attributes[name] = [{"__entity": _uid("Group", ref)} for ref in sorted(seen.get(name, ()))]
    attributes["tags"] = sorted(seen.get("tags", ()))
    return {"uid": uid, "attrs": attributes, "parents": [], "tags": dict(seen.get("", ()))}


def _cluster_entity(cluster: ClusterFacts) -> dict[str, object]:
    return {
        "uid": _uid("Cluster", cluster.name),
        "attrs": {"name": cluster.name, "environment": cluster.environment},
        "parents": [],
        "tags": dict(cluster.labels),
    }


def _uid(kind: str, name: str) -> dict[str, str]:
    return {"type": kind, "id": name}


def _pairs(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))
