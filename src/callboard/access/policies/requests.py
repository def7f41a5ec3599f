"""A question in Cedar's form, cut down to what the policies look at. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from callboard.access.policies.uses import Uses
from callboard.model.facts import ClusterFacts, EntityFacts

__all__ = ["IN", "cluster_entity", "entity_as", "pairs", "seen_of", "uid"]

IN: Final = "in "


def seen_of(facts: EntityFacts, uses: Uses, who: frozenset[str]) -> tuple[tuple[str, Any], ...]:
    """What the policies look at of an entity, as a value: whole attributes by their names, memberships with `in ` before."""
    seen: list[tuple[str, Any]] = []
    for attribute in sorted(uses.attributes):
        if attribute in ("kind", "namespace", "name"):
            seen.append((attribute, getattr(facts.ref, attribute)))
        else:
            seen.append((attribute, getattr(facts, attribute, "")))
    for attribute in sorted(uses.members):
        held: frozenset[str] = getattr(facts, attribute)
        seen.append((IN + attribute, held & who))
    if uses.any_label:
        seen.append(("", pairs(facts.labels)))
    elif uses.labels:
        seen.append(("", tuple((k, facts.labels[k]) for k in sorted(uses.labels) if k in facts.labels)))
    return tuple(seen)


def entity_as(of: Mapping[str, str], seen: Mapping[str, Any]) -> dict[str, object]:
    """The entity as Cedar is given it. What no policy looks at is left empty: it makes no difference."""
    attributes: dict[str, object] = {}
    for name in ("kind", "namespace", "name", "type", "lifecycle", "system"):
        attributes[name] = seen.get(name, "")
    for name in ("owners", "dependents"):
        attributes[name] = [{"__entity": uid("Group", ref)} for ref in sorted(seen.get(name, ()))]
    attributes["tags"] = sorted(seen.get("tags", ()))
    return {"uid": of, "attrs": attributes, "parents": [], "tags": dict(seen.get("", ()))}


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
