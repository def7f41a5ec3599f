"""What came with a request, as the structs that a route declares. Foreign values in, structs or UsageError out."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args, get_origin, get_type_hints

import msgspec

from callboard.base.errors import UsageError

__all__ = ["body_as", "parameters_as"]

MOST_VALUES: Final = 50
MOST_TEXT: Final = 500
MOST_WORDS: Final = 300


def parameters_as(
    struct: type[msgspec.Struct] | None, path: Mapping[str, str], query: Sequence[tuple[str, str]]
) -> Any:
    """Those of the path and of the query string. A field of a list or tuple takes every value that is given."""
    if len(query) > MOST_VALUES:
        raise UsageError(f"The address has {len(query)} parameters; at most {MOST_VALUES} are understood.")
    for name, value in (*path.items(), *query):
        if len(value) > MOST_TEXT or len(name) > MOST_TEXT:
            raise UsageError(f"A parameter of the address is longer than {MOST_TEXT} characters.")
    if struct is None:
        if query:
            raise UsageError(f"This address takes no parameter {query[0][0][:100]!r}.")
        return None
    several = _several(struct)
    values: dict[str, object] = dict(path)
    for name, value in query:
        if name not in several:
            known = ", ".join(sorted(several.keys() - path.keys())) or "none"
            raise UsageError(f"This address takes no parameter {name[:100]!r}; it takes: {known}.")
        if several[name]:
            given = values.setdefault(name, [])
            if isinstance(given, list):
                given.append(value)
        elif name in values:
            raise UsageError(f"The parameter {name!r} stands more than once in the address.")
        else:
            values[name] = value
    return _converted(lambda: msgspec.convert(values, struct, strict=False), "address")


def body_as(kind: type | None, body: bytes, content_type: str) -> Any:
    """The body, decoded."""
    if kind is None:
        if body:
            raise UsageError("This address takes no body.")
        return None
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise UsageError(
            "The body of this request is JSON, and has to say so: Content-Type: application/json."
        )
    return _converted(lambda: msgspec.json.decode(body, type=kind), "body")


def _several(struct: type[msgspec.Struct]) -> Mapping[str, bool]:
    """By name in an address: whether the field takes several values."""
    hints = get_type_hints(struct)
    return {
        field.encode_name: _is_collection(hints.get(field.name)) for field in msgspec.structs.fields(struct)
    }


def _is_collection(kind: Any) -> bool:
    origin = get_origin(kind) or kind
    if origin in (list, tuple, set, frozenset):
        return True
    return any((get_origin(each) or each) in (list, tuple, set, frozenset) for each in get_args(kind))


def _converted(make: Any, what: str) -> Any:
    try:
        return make()
    except (msgspec.MsgspecError, RecursionError) as error:
        words = str(error)[:MOST_WORDS] or "it is nested too deep"
        raise UsageError(f"The {what} of this request is not understood: {words}.") from None
