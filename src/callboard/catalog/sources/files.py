"""Local files: what a target names, which of it may be read, and reading within bounds."""

import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path

import msgspec

from callboard.base.errors import BadInput, NotFound, Problem
from callboard.catalog.sources.globs import has_wildcard, matching
from callboard.catalog.sources.location import Location

__all__ = ["Expansion", "expand", "folder_of", "is_inside", "read_file"]


class Expansion(msgspec.Struct, frozen=True):
    """What a target names: files in order, and those that may not be read, links followed."""

    files: tuple[Location, ...] = ()
    outside: tuple[str, ...] = ()


def folder_of(target: str) -> str:
    """The folder of a file, or that in which a glob begins."""
    fixed = re.split(r"[*?\[]", target, maxsplit=1)[0] if has_wildcard(target) else target
    return os.path.dirname(fixed)  # noqa: PTH120 - a glob is no Path


def is_inside(path: str, folders: Sequence[str]) -> bool:
    """Whether `path`, its links followed, lies in one of the folders, theirs followed as well."""
    real = Path(os.path.realpath(path))
    return any(real.is_relative_to(os.path.realpath(folder)) for folder in folders)


def expand(location: Location, folders: Sequence[str] | None = None) -> Expansion:
    """The files a target names: itself, or what its glob matches, in order; none where there is none.

    With `folders`, only what lies in them is named; raises BadInput where the target as such lies elsewhere: then nothing
    is looked for.
    """
    target = location.target
    is_glob = has_wildcard(target)
    if folders is not None and not is_inside(folder_of(target) if is_glob else target, folders):
        raise BadInput(
            Problem(
                f"{location} may not be read from there",
                where=location.shown,
                expected=f"a file in {' or '.join(folders)}",
                hint="callboard.catalog.folders allows further folders",
            )
        )
    if is_glob and not os.path.lexists(target):
        matches = matching(target)
    else:
        matches = [target] if os.path.lexists(target) else []
    inside = [m for m in matches if folders is None or is_inside(m, folders)]
    outside = tuple(m for m in matches if m not in inside) if len(inside) < len(matches) else ()
    return Expansion(tuple(Location("file", match) for match in inside), outside)


def read_file(path: str, limit: int) -> bytes:
    """The bytes of a file. Raises NotFound, or BadInput for what is no readable file of at most `limit` bytes."""
    try:
        # Without O_NONBLOCK the open itself would wait for the other end of a named pipe.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise NotFound(f"file:{path} does not exist", code="no-such-location") from error
    except OSError as error:
        raise BadInput(Problem(f"cannot be read: {error.strerror}", where=path)) from error
    try:
        mode = os.fstat(handle).st_mode
        if stat.S_ISDIR(mode):
            hint = f"name its files, for example {path}/*.yaml"
            raise BadInput(Problem("is a directory", where=path, expected="a file", hint=hint))
        if not stat.S_ISREG(mode):
            raise BadInput(Problem("is not a regular file", where=path, expected="a file"))
        with os.fdopen(handle, "rb", closefd=False) as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise BadInput(Problem(f"cannot be read: {error.strerror}", where=path)) from error
    finally:
        os.close(handle)
    if len(data) > limit:
        raise BadInput(Problem("is too large", where=path, expected=f"at most {limit} bytes"))
    return data
