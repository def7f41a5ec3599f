"""Which addresses may be read: `backend.reading.allow`, with Backstage's own meaning of hosts, ports and paths."""

import posixpath
from collections.abc import Sequence
from enum import Enum
from urllib.parse import SplitResult, unquote, urlsplit

from callboard.base.errors import NotAllowed
from callboard.base.settings import ReadingAllow
from callboard.catalog.sources.location import shown_url

__all__ = ["Grant", "checked_url"]

DEFAULT_PORTS = {"http": 80, "https": 443}


class Grant(Enum):
    """How an address came to be allowed."""

    BY_NAME = "by name"
    """The operator wrote this very host: it may lie in a private network."""

    BY_WILDCARD = "by wildcard"
    """A pattern let it through: whoever owns a name below it must not reach our network."""


def checked_url(url: str, allow: Sequence[ReadingAllow]) -> tuple[SplitResult, Grant]:
    """The parts of a URL that may be read, and why it may. Raises NotAllowed for any other.

    A host counts with its port unless that is its scheme's own; `*.example.org` is every host below it. A path counts
    after `.` and `..` are resolved, by prefix.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise NotAllowed(f"{shown_url(url)!r} is not a URL", code="url-not-allowed") from error
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise NotAllowed(f"{shown_url(url)!r} is not an http or https URL", code="url-not-allowed")
    if parts.username is not None or parts.password is not None:
        raise NotAllowed("a URL with a user name or password in it is not read", code="url-not-allowed")
    if any(c <= " " or c == "\x7f" or c == "\\" for c in url) or not url.isascii():
        raise NotAllowed(
            "a URL with blanks, control or foreign characters in it is not read", code="url-not-allowed"
        )
    host = parts.hostname.lower()
    name = f"[{host}]" if ":" in host else host
    if port is not None and port != DEFAULT_PORTS[parts.scheme]:
        name = f"{name}:{port}"
    path = posixpath.normpath(unquote(parts.path) or "/")
    for entry in sorted(allow, key=lambda e: e.host.startswith("*.")):
        if entry.paths and not any(path.startswith(prefix) for prefix in entry.paths):
            continue
        wanted = entry.host.lower()
        if wanted.startswith("*."):
            if name.endswith(wanted[1:]):
                return parts, Grant.BY_WILDCARD
        elif name == wanted:
            return parts, Grant.BY_NAME
    raise NotAllowed(
        f"reading from {name}{parts.path[:100]} is not allowed; add the host to backend.reading.allow",
        code="url-not-allowed",
    )
