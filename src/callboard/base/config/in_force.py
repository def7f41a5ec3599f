"""Every setting as it is in force, and where it was written: for whoever looks after Callboard.

What is a secret, came out of the environment or another file, or is an extension's own, is named and not shown.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from callboard.base.config.load import LoadedConfig
from callboard.base.secret import Secret
from callboard.base.settings.forms import Opaque
from callboard.base.yaml import Path, path_text

__all__ = ["SettingLine", "settings_in_force"]

MOST_VALUE: Final = 300
_SECRET: Final = "(set, not shown)"  # what stands in its place
_HIDDEN: Final = "(from the environment or another file, not shown)"
_OPAQUE: Final = "(an extension’s own, not shown)"
_URL: Final = "(an address with a user in it, not shown)"


class SettingLine(msgspec.Struct, frozen=True, kw_only=True):
    """One setting. `where` is the file and `line` it was written in; "" for a default."""

    path: str
    value: str
    where: str = ""
    line: int | None = None


def settings_in_force(loaded: LoadedConfig) -> tuple[SettingLine, ...]:
    """All of them, section by section; what has no value is left out."""
    return tuple(_lines(loaded, loaded.settings, ()))


def _lines(loaded: LoadedConfig, value: object, path: Path) -> Iterator[SettingLine]:
    if isinstance(value, msgspec.Struct):
        tag = value.__struct_config__.tag
        if isinstance(tag, str) and value.__struct_config__.tag_field:
            yield _line(loaded, (*path, value.__struct_config__.tag_field), tag)
        for field in msgspec.structs.fields(value):
            yield from _lines(loaded, getattr(value, field.name), (*path, field.encode_name))
    elif isinstance(value, Opaque):
        for key in value:
            yield _line(loaded, (*path[:-1], key) if path[-1:] == ("options",) else (*path, key), _OPAQUE)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _lines(loaded, item, (*path, str(key)))
    elif isinstance(value, tuple | list | frozenset) and any(_is_many(item) for item in value):
        for number, item in enumerate(value):
            yield from _lines(loaded, item, (*path, number))
    elif value is not None and value != () and value != frozenset():
        yield _line(loaded, path, _text(value))


def _is_many(value: object) -> bool:
    return isinstance(value, msgspec.Struct | Mapping)


def _line(loaded: LoadedConfig, path: Path, text: str) -> SettingLine:
    origin = loaded.written(*path)
    if origin is None:
        return SettingLine(path=path_text(path), value=text)
    hidden = origin.hidden and text != _SECRET
    return SettingLine(
        path=path_text(path), value=_HIDDEN if hidden else text, where=origin.where, line=origin.line
    )


def _text(value: object) -> str:
    match value:
        case Secret():
            return _SECRET
        case bool():
            return "true" if value else "false"
        case float():
            return "never" if math.isinf(value) else f"{value:g}"
        case tuple() | list() | frozenset():
            return ", ".join(_text(item) for item in value)[:MOST_VALUE]
        case str() if "://" in value and "@" in value:
            return _URL
        case _:
            return str(value)[:MOST_VALUE]
