"""One YAML document of a catalog file, with the lines its parts stand on."""

import re
from collections.abc import Iterator
from dataclasses import replace

import msgspec

from callboard.base import yaml
from callboard.base.errors import Problem
from callboard.base.yaml import Path, Value, path_text

__all__ = ["Path", "SourceDocument", "Value", "path_text", "read_documents"]


_NAMES = re.compile(r"[A-Za-z0-9_$./\[\]-]{0,300}")


class SourceDocument(msgspec.Struct, frozen=True):
    """A document of the file or URL `where`. With `problems` its value is good for naming it, and nothing else."""

    where: str
    value: Value
    source: yaml.YamlDocument
    problems: tuple[Problem, ...] = ()

    def line(self, path: Path = ()) -> int:
        """The line, from 1, of `path` or of the nearest part above it that exists."""
        return self.source.line_of(path)


def read_documents(text: bytes, where: str) -> Iterator[SourceDocument]:
    """The documents of a file one by one, empty ones left out. What is no YAML ends them with one that only has problems."""
    for document in yaml.iter_documents(text, where):
        problems = tuple(replace(each, path=_plain(each.path)) for each in document.problems)
        yield SourceDocument(where, document.value, document, problems)


def _plain(path: str) -> str:
    """A path into a file as it may be shown: as far as its steps are names, for it may be any file of anybody's."""
    plain = _NAMES.match(path)
    return path if plain and plain.end() == len(path) else "…"
