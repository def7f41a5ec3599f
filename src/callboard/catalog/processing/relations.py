"""The relations an entity's fields make, in both directions."""

from collections.abc import Iterator, Mapping

import msgspec

from callboard.catalog.kinds import SpecField, kind_of
from callboard.model.entity import EntityRef

__all__ = ["Edge", "edges_of"]


class Edge(msgspec.Struct, frozen=True, order=True, gc=False):
    """`source` stands in relation `type` to `target`; both canonical refs. The other direction is an edge of its own."""

    source: str
    type: str
    target: str


def edges_of(ref: EntityRef, root: Mapping[str, object]) -> tuple[Edge, ...]:
    """Both directions of every relation a valid entity makes, distinct and in order.

    A reference without namespace means the entity's own; without kind, what the field's table says.
    """
    api_version, kind_name, spec = root.get("apiVersion"), root.get("kind"), root.get("spec")
    if not isinstance(spec, dict):
        return ()
    kind = kind_of(str(api_version), str(kind_name), spec.get("type"))
    edges: set[Edge] = set()
    for field in kind.fields if kind else ():
        if field.link is None:
            continue
        for text in _references(spec, field):
            target = EntityRef.parse(
                text, default_kind=field.link.default_kind, default_namespace=ref.namespace
            )
            edges.add(Edge(str(ref), field.link.forward, str(target)))
            edges.add(Edge(str(target), field.link.backward, str(ref)))
    return tuple(sorted(edges))


def _references(spec: Mapping[str, object], field: SpecField) -> Iterator[str]:
    value = spec.get(field.name)
    values = value if isinstance(value, list) else [value]
    yield from (text for text in values if isinstance(text, str))
