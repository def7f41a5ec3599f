"""The path below which the site stands where people reach it: of `https://portal.example.org/tools/callboard` it is
`/tools/callboard`; "" where the address has none.

A proxy may pass it on or take it off, so what comes in is read with and without it, and all that goes out has it.
"""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

__all__ = ["TAKEN", "base_path", "base_paths", "below", "is_base_path"]

_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~-]+)*/?")
"""Nothing to escape, so that it is the same in an address, in a cookie and in a page; no empty segments, none of dots alone."""
_LONGEST = 200
TAKEN = frozenset(
    ".well-known admin api catalog favicon.ico live livez me metrics readyz sign-in sign-out stars static".split()  # noqa: SIM905  # as one reads them
)
"""What the site's own paths begin with. A base path that began so could not be told from them once a proxy took it off."""


def is_base_path(path: str) -> bool:
    """Whether a path of an address can be one."""
    plain = len(path) <= _LONGEST and _PATH.fullmatch(path) is not None
    return plain and path.strip("/").partition("/")[0] not in TAKEN


def base_path(address: str | None) -> str:
    """The path of an address, without a slash at its end; "" for what is no address or has a path that cannot be one."""
    try:
        path = urlsplit(address or "").path
    except ValueError:
        return ""
    return path.rstrip("/") if is_base_path(path) else ""


def base_paths(address: str | None, *others: str | None) -> tuple[str, ...]:
    """Those of several addresses, the first one's first; none where the site stands at `/` for its first address and needs no
    more."""
    first, *further = (base_path(each) for each in (address, *others))
    return (first, *dict.fromkeys(each for each in further if each and each != first))


def below(path: str, bases: Iterable[str]) -> str:
    """A request's path as the site knows it: without the first of `bases` that it begins with."""
    for base in bases:
        if base and (path == base or path.startswith(f"{base}/")):
            return path[len(base) :] or "/"
    return path
