"""Local files: what a glob names, and reading within bounds."""

import glob
import os
import stat
from pathlib import Path

from callboard.base.errors import BadInput, NotFound, Problem
from callboard.catalog.sources.location import Location, has_wildcard

__all__ = ["expand", "read_file"]


def expand(location: Location) -> list[Location]:
    """The files a target names: itself, or what its glob matches, in order; none where there is none."""
    if has_wildcard(location.target) and not os.path.lexists(location.target):
        found = glob.glob(location.target, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
        matches = [match for match in sorted(found) if Path(match).is_file()]
    else:
        matches = [location.target] if os.path.lexists(location.target) else []
    return [Location("file", match) for match in matches]


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
