"""A stored document as the model's Entity."""

from typing import Any

import msgspec

from callboard.base.errors import Unavailable
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
    """Read the JSON the store keeps. Raises Unavailable for what is none: the disk changed it."""
    try:
        read = _DECODER.decode(document)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Unavailable(
            "An entity in Callboard's database cannot be read: the database is damaged. Whoever runs this portal can move it "
            "away; the catalog is then read anew from its files.",
            code="database-damaged",
        ) from error
    return Entity(
        api_version=read.api_version,
        kind=read.kind,
        metadata=read.metadata,
        spec=read.spec,
        relations=read.relations,
        status=read.status.items,
    )
