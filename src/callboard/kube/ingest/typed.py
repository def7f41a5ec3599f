"""An object's redacted JSON to its typed fields."""

from typing import Final

import msgspec

from callboard.model.objects import Body, Generic
from callboard.model.objects.time import Time, beyond_calendar, may_be_beyond, usable

__all__ = ["typed"]


_decoders: Final[dict[type[Body], msgspec.json.Decoder[Body]]] = {}


def typed(raw: bytes, kind: type[Body]) -> Body:
    """The typed fields of an object's JSON. Raises msgspec.ValidationError where they are of another shape, or hold a time that
    is none to compute with. Of a custom resource only its metadata has a shape; conditions are read without such times."""
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    try:
        return _checked(decoder.decode(raw), raw)
    except msgspec.ValidationError as error:
        if "got `null`" not in str(error) and kind is not Generic:
            raise
        return _second_reading(raw, kind)


def _checked(body: Body, raw: bytes) -> Body:
    if may_be_beyond(raw) and (path := beyond_calendar(body)):
        raise msgspec.ValidationError(f"Too near the ends of the calendar - at `{path}`")
    return body


def _second_reading(raw: bytes, kind: type[Body]) -> Body:
    """Kubernetes reads null as absent, everywhere; our structs do so only where null is common."""
    tree = _drop_nulls(msgspec.json.decode(raw))
    if kind is not Generic:
        return _checked(msgspec.convert(tree, kind), raw)
    try:
        return _checked(msgspec.convert(_with_usable_times(tree), Generic), raw)
    except msgspec.ValidationError:
        # A custom resource may give its status any shape: then its metadata is all we understand.
        metadata = tree.get("metadata") if isinstance(tree, dict) else None
        return _checked(msgspec.convert({"metadata": metadata}, Generic), raw)


def _drop_nulls(value: object) -> object:
    if isinstance(value, dict):
        return {k: _drop_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_drop_nulls(v) for v in value]
    return value


def _with_usable_times(tree: object) -> object:
    """A custom resource without the times of its conditions that are none."""
    status = tree.get("status") if isinstance(tree, dict) else None
    conditions = status.get("conditions") if isinstance(status, dict) else None
    for condition in conditions if isinstance(conditions, list) else ():
        if isinstance(condition, dict) and not _is_time(condition.get("lastTransitionTime")):
            condition.pop("lastTransitionTime", None)
    return tree


def _is_time(value: object) -> bool:
    try:
        return usable(msgspec.convert(value, Time))
    except msgspec.ValidationError:
        return False
