"""What has to be decided before a cluster's part of a snapshot may be seen, and what follows from what is. Pure."""

from collections.abc import Callable, Iterable

import msgspec

from callboard.access.reviews import Decision
from callboard.kube.reads.access_review import Attributes
from callboard.model.grants import Grant, Why, Withheld
from callboard.model.resource import ResourceType
from callboard.model.snapshot import ClusterSnapshot

__all__ = ["MOST_NAMESPACES", "ClusterGrants", "Scopes", "scopes_of", "seen_by"]

MOST_NAMESPACES = 50
"""Namespaces decided on one by one, for one service in one cluster, where the whole cluster is not granted: a service lives
in a handful. What lies in further ones, by name, is not shown."""


class Scopes(msgspec.Struct, frozen=True):
    """Types that were asked for, with the namespaces the questions name and those in which there are objects. It names what
    may be hidden: for deciding only, never to be shown or kept for somebody."""

    types: tuple[ResourceType, ...]
    asked: frozenset[tuple[str, str]]
    """(type key, namespace) of the selection's questions; "" where they ask everywhere."""
    selected: frozenset[tuple[str, str]]
    """(type key, namespace) of the selected objects."""


class ClusterGrants(msgspec.Struct, frozen=True):
    """What one subject may see of one cluster. `open` says that something is being asked for the first time."""

    grants: frozenset[Grant]
    withheld: frozenset[Withheld]
    open: bool


def scopes_of(cluster: ClusterSnapshot) -> Scopes:
    """The scopes of a cluster's part."""
    types: dict[str, ResourceType] = {}
    asked: set[tuple[str, str]] = set()
    selected: set[tuple[str, str]] = set()
    for outcome in cluster.outcomes:
        key = outcome.question.type.key
        types.setdefault(key, outcome.question.type)
        asked.add((key, outcome.question.namespace))
        selected.update((key, o.namespace) for o in outcome.objects if o.namespace)
    for outcome in cluster.references:
        types.setdefault(outcome.question.type.key, outcome.question.type)
    return Scopes(tuple(types.values()), frozenset(asked), frozenset(selected))


def seen_by(
    cluster: str, scopes: Scopes, decision: Callable[[Attributes], Decision], *, settled: bool
) -> ClusterGrants:
    """What may be seen, by `decision`, which is called for whatever has to be known and asks for what is not.

    First each type in the whole cluster. Where that is denied, the namespaces that the questions name and those in which
    something of the type was selected; and, in namespaces in which something was selected that is granted, the other types
    too: for what belongs to it, and so that "there is none" can be told from "you may not see". Hidden objects leave no
    trace in what comes of it: because of them only their own type is asked about in their own namespace, and denied.

    `settled` says that this subject has been shown this cluster before: what is still open because of an object (and not of
    a question) is then hidden without a word.
    """
    return _Deciding(cluster, scopes, decision, settled=settled).seen()


class _Deciding:
    def __init__(
        self, cluster: str, scopes: Scopes, decision: Callable[[Attributes], Decision], *, settled: bool
    ) -> None:
        self._cluster = cluster
        self._scopes = scopes
        self._decision = decision
        self._settled = settled
        self._grants: set[Grant] = set()
        self._withheld: set[Withheld] = {Withheld(cluster)}
        self._open = False

    def seen(self) -> ClusterGrants:
        denied = [t for t in self._scopes.types if not self._granted(t)]
        by_name = [t for t in denied if t.namespaced is not False]
        if by_name:
            self._in_namespaces(by_name)
        whole = {g.type for g in self._grants if g.namespace == "*"}
        if self._scopes.types and all(t.key in whole for t in self._scopes.types):
            self._withheld.clear()
        return ClusterGrants(frozenset(self._grants), frozenset(self._withheld), self._open)

    def _granted(self, resource: ResourceType) -> bool:
        """Whether a type is granted everywhere; types that are not, and not denied either, are no further asked about."""
        found = self._decision(Attributes.listing(resource))
        if found is Decision.ALLOWED:
            self._grants.add(Grant(self._cluster, type=resource.key))
        elif found is Decision.OPEN:
            asked = any(key == resource.key for key, _ in self._scopes.asked)
            self._await(resource, "*", told=asked)
        elif found is Decision.UNDECIDED:
            self._hold(resource, "*", Why.UNDECIDED)
        return found is not Decision.DENIED

    def _in_namespaces(self, types: list[ResourceType]) -> None:
        keys = {t.key: t for t in types}
        asked = {(k, n) for k, n in self._scopes.asked if n and k in keys}
        scopes = asked | {(k, n) for k, n in self._scopes.selected if k in keys}
        kept = sorted({n for _, n in scopes})[:MOST_NAMESPACES]
        for key, namespace in sorted(scopes):
            if namespace in kept:
                self._namespace(keys[key], namespace, told=(key, namespace) in asked)
        for namespace in sorted(self._populated()):
            for key in sorted(keys):
                if (key, namespace) not in scopes:
                    self._namespace(keys[key], namespace, told=False)

    def _populated(self) -> Iterable[str]:
        """Namespaces in which something was selected that is granted."""
        whole = {g.type for g in self._grants if g.namespace == "*"}
        named = {(g.type, g.namespace) for g in self._grants}
        return {n for k, n in self._scopes.selected if k in whole or (k, n) in named}

    def _namespace(self, resource: ResourceType, namespace: str, *, told: bool) -> None:
        found = self._decision(Attributes.listing(resource, namespace))
        if found is Decision.ALLOWED:
            self._grants.add(Grant(self._cluster, namespace, resource.key))
        elif found is Decision.OPEN:
            self._await(resource, namespace if told else "*", told=told)
        elif found is Decision.UNDECIDED and told:
            self._hold(resource, namespace, Why.UNDECIDED)

    def _await(self, resource: ResourceType, namespace: str, *, told: bool) -> None:
        self._open = True
        if told or not self._settled:
            self._hold(resource, namespace, Why.AWAITED)

    def _hold(self, resource: ResourceType, namespace: str, why: Why) -> None:
        self._withheld.add(Withheld(self._cluster, namespace, resource.key, why))
