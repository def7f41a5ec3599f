"""A question in Cedar's form, cut down to what the policies look at. Pure."""

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, Final

from callboard.access.policies.uses import Uses
from callboard.model.caller import Caller, CallerKind
from callboard.model.facts import ClusterFacts, EntityFacts
from callboard.model.permission import Action

__all__ = ["Asker", "cluster_entity", "pairs", "uid"]

_PATHS: Final = {
    **{name: f"ref.{name}" for name in ("kind", "namespace", "name")},
    **{name: name for name in ("type", "lifecycle", "system", "owners", "dependents", "tags")},
}
_NONE: Final = frozenset[str]()


class Asker:
    """Somebody who wants to do something: what the policies look at of them and of entities, found out once for many questions.

    `who` is every group they are in, and they themselves. `begin` is what makes their questions different from another's.
    """

    def __init__(self, caller: Caller, action: Action, uses: Uses, who: frozenset[str]) -> None:
        self.caller, self.action, self.uses, self.who = caller, action, uses, who
        self.groups = who if uses.principal else who & uses.groups
        self.name = caller.subject if uses.principal else ""
        self.begin = (action, caller.kind, self.name, self.groups)
        self._whole = tuple(sorted(uses.attributes & _PATHS.keys()))
        self._values = _getter([_PATHS[name] for name in self._whole])
        self._members = tuple(sorted(uses.members))
        self._labels = tuple(sorted(uses.labels))

    def seen(self, facts: EntityFacts) -> tuple[Any, ...]:
        """What the policies look at of an entity: whole attributes, which of some values others hold, memberships, labels."""
        uses, who = self.uses, self.who
        seen = self._values(facts)
        if uses.holds:
            seen += tuple([getattr(facts, name) & values for name, values in uses.holds])
        if self._members:
            seen += tuple([getattr(facts, name) & who for name in self._members])
        if uses.any_label:
            seen += pairs(facts.labels)
        elif self._labels:
            labels = facts.labels
            seen += tuple([(key, labels[key]) for key in self._labels if key in labels])
        return seen

    def entities(
        self, of: Mapping[str, str], facts: EntityFacts | None, cluster: ClusterFacts | None
    ) -> list[object]:
        """What Cedar is given. What no policy looks at is left empty: it makes no difference."""
        uses, parents = self.uses, set(self.groups)
        found: list[object] = []
        if facts is not None:
            attributes = {name: getattr(facts.ref, name) for name in ("kind", "namespace", "name")}
            attributes |= {name: getattr(facts, name) for name in ("type", "lifecycle", "system")}
            kept = {name: value if name in uses.attributes else "" for name, value in attributes.items()}
            holds = dict(uses.holds)
            for name in ("owners", "dependents", "tags"):
                held: frozenset[str] = getattr(facts, name)
                if name in uses.members:
                    parents |= held & self.who
                if name not in uses.attributes:
                    also = self.who if name in uses.members else _NONE
                    held = held & (holds.get(name, _NONE) | also)
                kept[name] = sorted(held) if name == "tags" else _groups(held)
            labels = {k: v for k, v in facts.labels.items() if uses.any_label or k in uses.labels}
            found.append({"uid": of, "attrs": kept, "parents": [], "tags": labels})
        if cluster is not None:
            found.append(cluster_entity(cluster))
        principal = {"uid": self.principal, "attrs": {"name": self.name}}
        return [*found, {**principal, "parents": [uid("Group", group) for group in sorted(parents)]}]

    @property
    def principal(self) -> dict[str, str]:
        """Who asks, as far as it matters."""
        return uid("Service" if self.caller.kind is CallerKind.SERVICE else "User", self.name)


def _getter(paths: list[str]) -> Callable[[EntityFacts], tuple[Any, ...]]:
    if not paths:
        return lambda facts: ()
    get = attrgetter(*paths)
    return get if len(paths) > 1 else lambda facts: (get(facts),)


def _groups(refs: frozenset[str]) -> Any:
    return [{"__entity": uid("Group", ref)} for ref in sorted(refs)]


def cluster_entity(cluster: ClusterFacts) -> dict[str, object]:
    """A cluster as Cedar is given it."""
    return {
        "uid": uid("Cluster", cluster.name),
        "attrs": {"name": cluster.name, "environment": cluster.environment},
        "parents": [],
        "tags": dict(cluster.labels),
    }


def uid(kind: str, name: str) -> dict[str, str]:
    """The name of something in Cedar's form."""
    return {"type": kind, "id": name}


def pairs(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Labels as a value."""
    return tuple(sorted(labels.items()))
