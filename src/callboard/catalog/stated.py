"""Which of an entity's relations it states itself, and not another entity. Pure."""

from callboard.catalog.processing.relations import edges_of
from callboard.model.entity import Entity, Relation

__all__ = ["stated_by"]


def stated_by(entity: Entity) -> frozenset[Relation]:
    """The relations that the entity's own fields make."""
    root = {"apiVersion": entity.api_version, "kind": entity.kind, "spec": entity.spec}
    ref = entity.ref
    return frozenset(
        Relation(edge.type, edge.target) for edge in edges_of(ref, root) if edge.source == str(ref)
    )
