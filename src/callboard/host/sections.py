"""An extension's section of `callboard.extensions.settings`, as the struct that it brings."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import msgspec

from callboard.base.errors import Problem
from callboard.base.secret import Secret

__all__ = ["section_as"]

WHERE = "callboard.extensions.settings"
MOST_WORDS = 300


def section_as(
    struct: type[msgspec.Struct], section: Mapping[str, object], extension: str
) -> tuple[msgspec.Struct | None, tuple[Problem, ...]]:
    """(the section, what is wrong with it: then None). Texts will do for numbers and switches: the environment has no others."""
    where = f"{WHERE}.{extension}"
    try:
        known = [field.encode_name for field in msgspec.structs.fields(struct)]
    except Exception as error:
        words = f"the struct of the extension's settings cannot be read ({type(error).__name__})"
        return None, (Problem(words, where=where),)
    problems = [
        Problem(
            "unknown key",
            where=where,
            path=key[:100],
            expected=f"one of: {', '.join(sorted(known)) or 'nothing'}",
            hint=_meant(key, known),
        )
        for key in section
        if key not in known
    ]
    if problems:
        return None, tuple(problems)
    try:
        return msgspec.convert(dict(section), struct, strict=False, dec_hook=_made), ()
    except msgspec.ValidationError as error:
        words, _, place = str(error).partition(" - at ")
        path = place.strip("`").removeprefix("$").lstrip(".")
        return None, (Problem(words[:MOST_WORDS], where=where, path=path[:100]),)
    except Exception as error:
        return None, (Problem(f"it cannot be read ({type(error).__name__})", where=where),)


def _made(kind: type, value: object) -> Any:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise NotImplementedError(f"no way to read a {kind.__name__}")


def _meant(key: str, known: list[str]) -> str:
    near = get_close_matches(key, known, 1)
    return f"did you mean '{near[0]}'?" if near else ""
