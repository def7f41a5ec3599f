"""One YAML document of a catalog file, with the lines its parts stand on."""

from collections.abc import Iterator

import msgspec

from callboard.base import yaml
from callboard.base.errors import Problem
from callboard.base.yaml import Path, Value, path_text

__all__ = ["Document", "Path", "Value", "path_text", "read_documents"]


class Document(msgspec.Struct, frozen=True):
    """A document of the file or URL `where`. With `problems` its value is good for naming it, and nothing else."""

    where: str
    value: Value
    source: yaml.Document
    problems: tuple[Problem, ...] = ()

    def line(self, path: Path = ()) -> int:
        """The line, from 1, of `path` or of the nearest part above it that exists."""
        return self.source.line_of(path)


def read_documents(text: bytes, where: str) -> Iterator[Document]:
    """The documents of a file one by one, empty ones left out. What is no YAML ends them with one that only has problems."""
    for document in yaml.iter_documents(text, where):
        yield Document(where, document.value, document, document.problems)
