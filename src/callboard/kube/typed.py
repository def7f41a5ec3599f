"""An object's redacted JSON to its typed fields."""

from typing import Final

import msgspec

from callboard.model.objects import Body, Generic

__all__ = ["typed"]


class _MetadataOnly(msgspec.Struct):
    metadata: msgspec.Raw


_metadata_only: Final = msgspec.json.Decoder(_MetadataOnly).decode
_decoders: Final[dict[type[Body], msgspec.json.Decoder[Body]]] = {}


def typed(raw: bytes, kind: type[Body]) -> Body:
    """The typed fields of an object's JSON. Raises msgspec.ValidationError where they are of another shape; of a custom
    resource only its metadata has one."""
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        if "got `null`" in str(error):
            return _without_nulls(raw, kind)
        if kind is not Generic:
            raise
        return _without_status(raw)


def _without_nulls(raw: bytes, kind: type[Body]) -> Body:
    """Kubernetes reads null as absent, everywhere; our structs do so only where null is common."""
    tree = _drop_nulls(msgspec.json.decode(raw))
    try:
        return msgspec.convert(tree, kind)
    except msgspec.ValidationError:
        if kind is not Generic:
            raise
        return _without_status(msgspec.json.encode(tree))


def _without_status(raw: bytes) -> Generic:
    """A custom resource may give its status any shape: then its metadata is all we understand."""
    return msgspec.json.decode(msgspec.json.encode(_metadata_only(raw)), type=Generic)


def _drop_nulls(value: object) -> object:
    if isinstance(value, dict):
        return {k: _drop_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_drop_nulls(v) for v in value]
    return value
