"""A web address in one normal form: what is compared with a list of allowed ones is what is sent.

Escapes of plain characters are undone and the others written in capitals, `.` and `..` are resolved, double slashes joined
(RFC 3986, section 6.2.2). A path that would lead elsewhere once somebody decodes it further is refused: servers and what
stands before them decode once, twice or not at all.
"""

import ipaddress
import re
from typing import Final
from urllib.parse import quote, unquote_to_bytes, urlsplit

import msgspec

from callboard.base.errors import NotAllowed

__all__ = ["DEFAULT_PORTS", "WebAddress", "address_of", "normal_path", "shown_url"]

DEFAULT_PORTS: Final = {"http": 80, "https": 443}

LONGEST: Final = 8000
"""Characters. Servers commonly take no longer request line."""

_PLAIN: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ESCAPE: Final = re.compile("%([0-9A-Fa-f]{2})")
_HOST: Final = re.compile(r"[a-z0-9._:-]+")
_DECODINGS: Final = 8
"""How often a path is decoded to see where it might lead; what is escaped more often than that, nobody means."""


class WebAddress(msgspec.Struct, frozen=True):
    """Scheme, host in lower case (an IPv6 address without brackets), port, and path with query as they are sent."""

    scheme: str
    host: str
    port: int
    path: str
    query: str = ""

    @property
    def name(self) -> str:
        """The host as people write it: with its port where that is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port: what credentials belong to."""
        return f"{self.scheme}://{self.name}"

    @property
    def text(self) -> str:
        """The whole address."""
        return f"{self.origin}{self.path}{'?' + self.query if self.query else ''}"

    @property
    def shown(self) -> str:
        """The address as errors and logs may show it."""
        return shown_url(self.text)


def shown_url(url: str) -> str:
    """A URL as errors and logs may show it: without user name, password, query and fragment."""
    head, query, _ = url.partition("?")
    scheme, slashes, rest = head.partition("#")[0].partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{slashes}{host.rpartition('@')[2]}{slash}{path}"[:500] + ("?…" if query else "")


def address_of(url: str) -> WebAddress:
    """The normal form of `url`. Raises NotAllowed for what is no http or https URL, or leads nobody knows where."""
    if len(url) > LONGEST:
        raise _refused(f"{shown_url(url)[:100]}… is longer than {LONGEST} characters")
    if any(c <= " " or c in "\x7f\\" or 0xD800 <= ord(c) <= 0xDFFF for c in url):
        raise _refused("a URL with blanks, backslashes or control characters in it is not read")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").removesuffix("."), parts.port
    except ValueError:
        raise _refused(f"{shown_url(url)!r} is not a URL") from None
    if parts.scheme not in DEFAULT_PORTS or not host:
        raise _refused(f"{shown_url(url)!r} is not an http or https URL")
    if "@" in parts.netloc:
        raise _refused("a URL with a user name or password in it is not read")
    if not _HOST.fullmatch(host) or not _plain_number(host):
        raise _refused(
            f"{shown_url(url)!r} has a host that is not read; write a name in its ASCII form (xn--…), a number as a.b.c.d"
        )
    path = normal_path(parts.path)
    if path is None:
        raise _refused(f"{shown_url(url)!r} has a path that may lead elsewhere when it is decoded")
    query = quote(parts.query, safe="/?%:@!$&'()*+,;=-._~[]")
    return WebAddress(parts.scheme, host, port or DEFAULT_PORTS[parts.scheme], path, query)


def _plain_number(host: str) -> bool:
    """Whether a host that ends in a number, and so is an IPv4 address to everyone, is written as one: not 127.1 or 0x7f000001."""
    last = host.rpartition(".")[2]
    if ":" in host or not (last.isdigit() or last.startswith("0x")):
        return True
    try:
        return str(ipaddress.IPv4Address(host)) == host
    except ValueError:
        return False


def normal_path(path: str) -> str | None:
    """The normal form of an absolute path, or None for one that means different things to different servers."""
    if "%" in _ESCAPE.sub("", path) or "\\" in path:
        return None
    plain = quote(_ESCAPE.sub(_unescaped, path), safe="/%:@!$&'()*+,;=-._~[]")
    kept: list[str] = []
    segments = plain.split("/")
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    ending = "/" if kept and segments[-1] in ("", ".", "..") else ""
    normal = "/" + "/".join(kept) + ending
    return None if _hides_a_step(normal) else normal


def _unescaped(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if character in _PLAIN else escape[0].upper()


def _hides_a_step(path: str) -> bool:
    """Whether decoding it further brings up a step, a control character, or bytes that some take for `.` or `/`."""
    form = path.encode()
    for _ in range(_DECODINGS):
        if any(byte < 32 or byte in (0x7F, 0xC0, 0xC1) for byte in form):
            return True
        segments = re.split(rb"[/\\]", form)
        if any(segment.partition(b";")[0].strip() in (b".", b"..") for segment in segments):
            return True
        decoded = unquote_to_bytes(form)
        if decoded == form:
            return False
        form = decoded
    return True


def _refused(message: str) -> NotAllowed:
    return NotAllowed(message, code="url-not-allowed")
