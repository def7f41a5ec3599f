"""Who owns what, who belongs to which group, who depends on whom: of all entities, in memory. Pure; made anew when the catalog is
another. It is a `model.facts.Directory`."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from callboard.model.entity import EntityRef, Relation
from callboard.model.facts import EntityFacts

__all__ = ["CatalogDirectory", "directory_of"]

MOST_GROUPS: Final = 1_000
"""Of one person, nested ones included."""

_DEPENDENTS = frozenset({"dependencyOf", "apiConsumedBy"})
_BELONGS = frozenset({"memberOf", "childOf"})


class CatalogDirectory:
    """`revision` is the catalog's, of which it is."""

    def __init__(
        self,
        facts: Mapping[EntityRef, EntityFacts],
        parents: Mapping[str, tuple[str, ...]],
        revision: int = 0,
    ) -> None:
        self.revision = revision
        self._facts = facts
        self._parents = parents
        self._groups: dict[tuple[str, tuple[str, ...]], frozenset[str]] = {}

    def facts(self, ref: EntityRef) -> EntityFacts | None:
        """What is known of an entity; None where there is none."""
        return self._facts.get(ref)

    def all(self) -> Iterator[EntityFacts]:
        """All entities."""
        return iter(self._facts.values())

    def __len__(self) -> int:
        return len(self._facts)

    def groups_of(self, subject: str, groups: tuple[str, ...] = ()) -> frozenset[str]:
        """The refs of all groups somebody is in, by what they bring and by the catalog, those above them included; and they
        themselves. Groups that contain one another are no more than that."""
        key = (subject, groups)
        found = self._groups.get(key)
        if found is None:
            if len(self._groups) >= 10_000:
                self._groups.clear()
            found = self._groups[key] = self._closed((subject, *groups))
        return found

    def _closed(self, begin: Iterable[str]) -> frozenset[str]:
        """The nearest first, so that what is beyond the bound is what is furthest above."""
        found: dict[str, None] = dict.fromkeys(begin)
        waiting = deque(found)
        while waiting:
            for above in self._parents.get(waiting.popleft(), ()):
                if len(found) >= MOST_GROUPS:
                    return frozenset(found)
                if above not in found:
                    found[above] = None
                    waiting.append(above)
        return frozenset(found)


class _Metadata(msgspec.Struct, frozen=True):
    name: str
    namespace: str = "default"
    labels: dict[str, str] = {}
    tags: tuple[str, ...] = ()


class _Spec(msgspec.Struct, frozen=True):
    type: object = None
    lifecycle: object = None


class _Document(msgspec.Struct, frozen=True, rename="camel"):
    """The parts of an entity's JSON that permissions may depend on."""

    kind: str
    metadata: _Metadata
    spec: _Spec = _Spec()
    relations: tuple[Relation, ...] = ()


def directory_of(documents: Iterable[bytes], revision: int = 0) -> CatalogDirectory:
    """The directory of these entities. It computes for some 10 µs an entity: call it in a thread."""
    decoder = msgspec.json.Decoder(_Document)
    entities: dict[str, tuple[EntityRef, _Document, dict[str, list[str]]]] = {}
    for raw in documents:
        try:
            document = decoder.decode(raw)
        except msgspec.ValidationError:
            continue  # of what cannot be read here nobody may read anything
        ref = EntityRef.of(document.kind, document.metadata.namespace, document.metadata.name)
        related: dict[str, list[str]] = {}
        for relation in document.relations:
            related.setdefault(relation.type, []).append(relation.target_ref)
        entities[str(ref)] = (ref, document, related)

    owners = {name: frozenset(related.get("ownedBy", ())) for name, (_, _, related) in entities.items()}
    facts: dict[EntityRef, EntityFacts] = {}
    parents: dict[str, tuple[str, ...]] = {}
    for name, (ref, document, related) in entities.items():
        above = [target for kind in _BELONGS for target in related.get(kind, ())]
        if above:
            parents[name] = tuple(above)
        systems = [t for t in related.get("partOf", ()) if t.startswith("system:")]
        facts[ref] = EntityFacts(
            ref=ref,
            type=_text(document.spec.type),
            lifecycle=_text(document.spec.lifecycle),
            system=systems[0] if systems else "",
            owners=owners[name],
            dependents=_dependents(related, entities, owners),
            tags=frozenset(document.metadata.tags),
            labels=document.metadata.labels,
        )
    return CatalogDirectory(facts, parents, revision)


def _dependents(
    related: Mapping[str, list[str]],
    entities: Mapping[str, tuple[EntityRef, _Document, dict[str, list[str]]]],
    owners: Mapping[str, frozenset[str]],
) -> frozenset[str]:
    """The owners of what depends on an entity, or uses it or an API it provides."""
    users = [user for kind in _DEPENDENTS for user in related.get(kind, ())]
    for api in related.get("providesApi", ()):
        if api in entities:
            users += entities[api][2].get("apiConsumedBy", ())
    found: set[str] = set()
    for user in users:
        found |= owners.get(user, frozenset())
    return frozenset(found)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
