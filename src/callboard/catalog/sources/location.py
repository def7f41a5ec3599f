"""Where entities come from: a file or a URL, and the targets one location names."""

import hashlib
import os.path
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import msgspec

from callboard.base.errors import BadInput, Problem
from callboard.outbound import shown_url

__all__ = ["Location", "resolved", "rooted"]

TYPES = ("file", "url")
LONGEST = 4096
"""Characters of a target: no file system takes a longer path, hardly a server a longer address."""


class Location(msgspec.Struct, frozen=True, order=True):
    """`type` is `file` or `url`; `target` is an absolute path (a glob, perhaps) or an absolute URL.

    `str()` gives `type:target`, as the annotation `backstage.io/managed-by-location` holds it.
    """

    type: str
    target: str

    def __str__(self) -> str:
        return f"{self.type}:{self.target}"

    @property
    def shown(self) -> str:
        """The target as errors and logs may show it: without a URL's query, which may hold a token."""
        return shown_url(self.target) if self.type == "url" else self.target[:500]

    @property
    def entity_name(self) -> str:
        """The name of the Location entity Backstage generates for a configured location."""
        return "generated-" + hashlib.sha1(str(self).encode(), usedforsecurity=False).hexdigest()


def rooted(kind: str, target: str, directory: Path) -> Location:
    """A configured location; a relative file target starts at `directory`. Raises BadInput for a type nobody reads."""
    if kind == "file":
        return Location("file", os.path.normpath(os.path.join(directory.absolute(), target)))  # noqa: PTH118 - a glob is no Path
    return _checked(kind, target)


def resolved(base: Location, kind: str, target: str) -> Location:
    """What a Location entity that was read from `base` points to.

    Relative targets start at the place of the file that names them. A document that came over the network may not name a
    local file: raises BadInput, as for a type nobody reads.
    """
    kind = kind or base.type
    if "\0" in target or len(target) > LONGEST:
        raise BadInput(Problem("is no path or address", found=shown_url(target)[:100].replace("\0", "�")))
    if kind == "file":
        if base.type != "file":
            raise BadInput(
                Problem("a location read from a URL may not point to a local file", found=f"file:{target}")
            )
        return Location("file", os.path.normpath(os.path.join(os.path.dirname(base.target), target)))  # noqa: PTH118, PTH120 - a glob is no Path
    try:
        return _checked(kind, urljoin(base.target, target) if base.type == "url" else target)
    except ValueError:
        raise BadInput(Problem("is not an address that can be read", found=shown_url(target))) from None


def _checked(kind: str, target: str) -> Location:
    if kind not in TYPES:
        found = kind[:100]
        raise BadInput(
            Problem("nobody reads locations of this type", found=found, expected=" or ".join(TYPES))
        )
    try:
        scheme = urlsplit(target).scheme
    except ValueError:
        scheme = ""
    if scheme not in ("http", "https"):
        raise BadInput(
            Problem(
                "is not an address that can be read",
                found=shown_url(target),
                expected="http://… or https://…",
            )
        )
    return Location(kind, target)
