"""The formats of an entity's fields, each with the words that explain it.

Source: `KubernetesValidatorFunctions` and `CommonValidatorFunctions` of Backstage's `catalog-model`. Every pattern is
anchored with `\\Z`: Python's `$` would let a final line break through.
"""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

import msgspec

__all__ = [
    "ANNOTATION_KEY",
    "API_VERSION",
    "KIND",
    "LABEL_KEY",
    "LABEL_VALUE",
    "NAME",
    "NAMESPACE",
    "TAG",
    "URL",
    "Format",
]


class Format(msgspec.Struct, frozen=True):
    """A rule over a string, and how to say it."""

    accepts: Callable[[str], bool]
    expected: str


def _matcher(pattern: str, limit: int) -> Callable[[str], bool]:
    match = re.compile(pattern + r"\Z").match
    return lambda text: 0 < len(text) <= limit and match(text) is not None


_is_name = _matcher(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]", 63)
_is_namespace = _matcher(r"[a-z0-9]+(?:-+[a-z0-9]+)*", 63)
_is_version = _matcher(r"[a-zA-Z0-9]+", 63)


def _is_dns_subdomain(text: str) -> bool:
    return 0 < len(text) <= 253 and all(_is_namespace(part) for part in text.split("."))


def _is_prefixed(text: str, last: Callable[[str], bool]) -> bool:
    parts = text.split("/")
    if len(parts) == 1:
        return last(parts[0])
    return len(parts) == 2 and _is_dns_subdomain(parts[0]) and last(parts[1])


def _is_key(text: str) -> bool:
    return _is_prefixed(text, _is_name)


_SPECIAL_SCHEMES: Final = frozenset({"http", "https", "ws", "wss", "ftp"})
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_FORBIDDEN_IN_HOST: Final = re.compile(r"[\x00-\x20#<>?@\\^|%\x7f]")


def _is_url(text: str) -> bool:
    """Whether the WHATWG parser would take it: a scheme, and for the web's schemes a host."""
    text = text.strip()
    scheme = _SCHEME.match(text)
    if scheme is None:
        return False
    if scheme[0][:-1].lower() not in _SPECIAL_SCHEMES:
        return True
    try:
        parts = urlsplit(scheme[0] + "//" + text[scheme.end() :].lstrip("/\\"))
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return bool(host) and _FORBIDDEN_IN_HOST.search(host or "") is None


_NAME_WORDS: Final = "letters, digits and - _ . with a letter or digit at both ends, at most 63 characters"

NAME: Final = Format(_is_name, _NAME_WORDS)
NAMESPACE: Final = Format(
    _is_namespace, "lower-case letters and digits, joined by dashes, at most 63 characters"
)
KIND: Final = Format(
    _matcher(r"[a-zA-Z][a-z0-9A-Z]*", 63), "letters and digits beginning with a letter, at most 63 characters"
)
API_VERSION: Final = Format(
    lambda text: _is_prefixed(text, _is_version), "[domain/]version, for example backstage.io/v1alpha1"
)
LABEL_KEY: Final = Format(_is_key, f"[domain/]name, the name of {_NAME_WORDS}")
ANNOTATION_KEY: Final = LABEL_KEY
LABEL_VALUE: Final = Format(lambda text: text == "" or _is_name(text), f"nothing, or {_NAME_WORDS}")
TAG: Final = Format(
    _matcher(r"[a-z0-9:+#]+(-[a-z0-9:+#]+)*", 63),
    "lower-case letters, digits and : + #, joined by single dashes, at most 63 characters",
)
URL: Final = Format(_is_url, "an absolute URL, for example https://example.org/runbook")
