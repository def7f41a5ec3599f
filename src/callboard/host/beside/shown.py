"""Data of a service, arranged to be read: fields, tables, lists and texts. Pure; everything in it stays text."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

__all__ = ["ShownBlock", "ShownData", "ShownField", "shown"]

MOST_ROWS: Final = 500
MOST_COLUMNS: Final = 20
MOST_FIELDS: Final = 100
MOST_CELL: Final = 300
MOST_TEXT: Final = 20_000
MOST_BLOCKS: Final = 50
_SECTIONS: Final = 3
"""How deep sections go; what lies deeper is written as it came."""


class ShownField(msgspec.Struct, frozen=True):
    """One value with its name."""

    name: str
    value: str


class ShownBlock(msgspec.Struct, frozen=True, kw_only=True):
    """One of: fields, a table (columns and rows), a list of items, a text. `more`: how many are left out of it."""

    heading: str = ""
    level: int = 3
    """Of its heading, from 3."""
    fields: tuple[ShownField, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    items: tuple[str, ...] = ()
    text: str = ""
    more: int = 0


class ShownData(msgspec.Struct, frozen=True):
    """The blocks in order. `title` is the service's; `cut` says that whole parts are left out."""

    title: str
    blocks: tuple[ShownBlock, ...]
    cut: bool = False


def shown(value: object, title: str) -> ShownData:
    """An object's plain values become fields, a list of objects a table, a list of values a list, an object in an object a
    section of its own."""
    blocks: list[ShownBlock] = []
    _arrange(value, "", 0, blocks)
    return ShownData(title, tuple(blocks[:MOST_BLOCKS]), cut=len(blocks) > MOST_BLOCKS)


def _arrange(value: object, heading: str, depth: int, blocks: list[ShownBlock]) -> None:
    if len(blocks) > MOST_BLOCKS:
        return
    level = 3 + max(0, depth - 1)
    if isinstance(value, dict) and value and depth <= _SECTIONS:
        plain = [(k, v) for k, v in value.items() if not isinstance(v, dict | list)]
        if plain or heading:
            fields = tuple(ShownField(_cell(k), _cell(v)) for k, v in plain[:MOST_FIELDS])
            blocks.append(
                ShownBlock(heading=heading, level=level, fields=fields, more=max(0, len(plain) - MOST_FIELDS))
            )
        for name, inner in value.items():
            if isinstance(inner, dict | list):
                _arrange(inner, _cell(name), depth + 1, blocks)
    elif isinstance(value, list) and value:
        blocks.append(_listed(value, heading, level))
    elif isinstance(value, str):
        more = max(0, len(value) - MOST_TEXT)
        blocks.append(ShownBlock(heading=heading, level=level, text=value[:MOST_TEXT], more=more))
    else:
        blocks.append(ShownBlock(heading=heading, level=level, text=_cell(value)))


def _listed(value: Sequence[Any], heading: str, level: int) -> ShownBlock:
    taken, more = value[:MOST_ROWS], max(0, len(value) - MOST_ROWS)
    if not all(isinstance(each, dict) for each in taken):
        return ShownBlock(heading=heading, level=level, items=tuple(map(_cell, taken)), more=more)
    columns: list[str] = []
    for each in taken:
        columns = [*columns, *(key for key in each if key not in columns)][:MOST_COLUMNS]
    rows = tuple(tuple(_cell(each[c]) if c in each else "" for c in columns) for each in taken)
    return ShownBlock(heading=heading, level=level, columns=tuple(map(_cell, columns)), rows=rows, more=more)


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = value if isinstance(value, str) else _written(value)
    return text if len(text) <= MOST_CELL else text[:MOST_CELL] + "…"


def _written(value: object) -> str:
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else str(value)
