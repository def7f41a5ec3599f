"""A stored document as the model's Entity."""

from typing import Any

import msgspec

from callboard.model.entity import Entity, EntityMeta, EntityStatusItem, Relation

__all__ = ["entity_of"]


class _Status(msgspec.Struct, frozen=True):
    items: tuple[EntityStatusItem, ...] = ()


class _Document(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The envelope as Backstage writes it: status items lie one level deeper than in the model."""

    api_version: str
    kind: str
    metadata: EntityMeta
    spec: dict[str, Any] = {}
    relations: tuple[Relation, ...] = ()
    status: _Status = _Status()


_DECODER = msgspec.json.Decoder(_Document)


def entity_of(document: bytes) -> Entity:
    """Read the JSON the store keeps."""
    read = _DECODER.decode(document)
    return Entity(
        api_version=read.api_version,
        kind=read.kind,
        metadata=read.metadata,
        spec=read.spec,
        relations=read.relations,
        status=read.status.items,
    )
