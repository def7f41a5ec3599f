"""What a glob matches, within a bound: `*` within one folder, `**` through folders, hidden ones only where they are named.

`**` follows no links, so that a link to its own folder is no maze; and every folder is looked at once for each part of a pattern.
"""

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase

from callboard.base.errors import BadInput, Problem

__all__ = ["MOST_LOOKED_AT", "has_wildcard", "matching"]

MOST_LOOKED_AT = 200_000
"""Entries of folders for one glob: a second's work."""


def has_wildcard(target: str) -> bool:
    """Whether a file target is a glob."""
    return any(c in target for c in "*?[")


def matching(pattern: str) -> list[str]:
    """The files that a pattern names, in order; a relative one starts at the working directory. Raises BadInput where too much
    would have to be looked at."""
    parts = pattern.split("/")
    first = next((n for n, part in enumerate(parts) if has_wildcard(part)), len(parts) - 1)
    search = _Search(pattern)
    start = "/".join(parts[:first]) or ("/" if pattern.startswith("/") else ".")
    return sorted({found.removeprefix("./") for found in search.below(start, tuple(parts[first:]))})


class _Search:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._left = MOST_LOOKED_AT
        self._seen: set[tuple[str, tuple[str, ...]]] = set()

    def below(self, folder: str, parts: tuple[str, ...]) -> Iterator[str]:
        if (folder, parts) in self._seen:
            return
        self._seen.add((folder, parts))
        head, rest = parts[0], parts[1:]
        if head == "**":
            yield from self._through(folder, rest)
        elif has_wildcard(head):
            for entry in self._entries(folder):
                hidden = entry.name.startswith(".") and not head.startswith(".")
                if not hidden and fnmatchcase(entry.name, head):
                    yield from self._at(entry.path, rest)
        else:
            yield from self._at(os.path.join(folder, head), rest)  # noqa: PTH118 - one of very many

    def _through(self, folder: str, rest: tuple[str, ...]) -> Iterator[str]:
        yield from self.below(folder, rest or ("*",))
        for entry in self._entries(folder):
            if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                yield from self.below(entry.path, ("**", *rest))

    def _at(self, path: str, rest: tuple[str, ...]) -> Iterator[str]:
        if not rest:
            if os.path.isfile(path):  # noqa: PTH113
                yield path
        elif os.path.isdir(path):  # noqa: PTH112
            yield from self.below(path, rest)

    def _entries(self, folder: str) -> "list[os.DirEntry[str]]":
        try:
            with os.scandir(folder) as entries:
                found: list[os.DirEntry[str]] = []
                for entry in entries:
                    self._left -= 1
                    if self._left < 0:
                        raise self._too_wide()
                    found.append(entry)
                return found
        except OSError:
            return []  # it is no folder any more, or is not ours to look into

    def _too_wide(self) -> BadInput:
        expected = f"at most {MOST_LOOKED_AT} files and folders to look at"
        return BadInput(Problem("names too much", where=self._pattern[:500], expected=expected))
