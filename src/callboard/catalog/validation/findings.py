"""Collecting what is wrong with one document, each problem at its place."""

import json
import re
from collections.abc import Mapping

from callboard.base.errors import Problem
from callboard.catalog.sources.document import Path, SourceDocument, path_text
from callboard.catalog.validation.formats import Format

__all__ = ["Findings", "named", "shown", "what"]

SHOWN_CHARACTERS = 80
_NAME = re.compile(r"[A-Za-z0-9_$./-]{1,100}")


def what(value: object) -> str:
    """The kind of a value, in words."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "nothing (null)"
    return {str: "a text", bool: "true or false"}.get(type(value), "a number")


def named(name: object) -> str:
    """A name of a field, kind or entity as it may be shown; what is no name is not."""
    text = str(name)
    return text if _NAME.fullmatch(text) else "…"


def shown(value: object) -> str:
    """A value or its kind, short enough for one line."""
    if value is None or isinstance(value, Mapping | list | tuple):
        return what(value)
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"


class Findings:
    """The problems of one document so far."""

    def __init__(self, document: SourceDocument) -> None:
        self._document = document
        self.problems: list[Problem] = []

    def add(self, path: Path, message: str, *, found: str = "", expected: str = "", hint: str = "") -> None:
        """Note a problem at `path`; its line is that of the nearest place that exists."""
        self.problems.append(
            Problem(
                message,
                where=self._document.where,
                line=self._document.line(path),
                path=path_text((*map(named, path[:1]), *path[1:])),
                found=found,
                expected=expected,
                hint=hint,
            )
        )

    def text(
        self, parent: Mapping[str, object], path: Path, *, required: bool = False, empty: bool = False
    ) -> str | None:
        """The string at `path`, whose last step is a key of `parent`; None, with a problem where due, when it is not one."""
        key = path[-1]
        if key not in parent:
            if required:
                self.add(path, "is missing", expected="a string" if empty else "a non-empty string")
            return None
        value = parent[str(key)]
        if isinstance(value, str) and (value or empty):
            return value
        found = shown(value) if not isinstance(value, str) else "an empty string"
        self.add(path, "is malformed", found=found, expected="a string" if empty else "a non-empty string")
        return None

    def formatted(self, value: str | None, path: Path, form: Format) -> None:
        """Hold a string, if there is one, against its format."""
        if value is not None and not form.accepts(value):
            self.add(path, "is not valid", found=shown(value), expected=form.expected)

    def mapping(
        self, parent: Mapping[str, object], path: Path, *, required: bool = False
    ) -> dict[str, object] | None:
        """The object at `path`, or None with a problem where due."""
        key = str(path[-1])
        if key not in parent:
            if required:
                self.add(path, "is missing", expected="an object")
            return None
        value = parent[key]
        if isinstance(value, dict):
            return value
        self.add(path, "is malformed", found=shown(value), expected="an object")
        return None

    def items(self, parent: Mapping[str, object], path: Path, *, of: str) -> list[object] | None:
        """The list at `path`, or None with a problem where it is something else."""
        key = str(path[-1])
        if key not in parent:
            return None
        value = parent[key]
        if isinstance(value, list):
            return value
        self.add(path, "is malformed", found=shown(value), expected=f"a list of {of}")
        return None
