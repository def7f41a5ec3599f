"""What is sent to an API server: target and fields of a request."""

import base64
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from callboard import __version__
from callboard.kube.failure import AnswerRefused, failure_of_exception
from callboard.kube.in_force import in_force
from callboard.model.cluster import Cluster, Credential, CredentialKind
from callboard.model.outcome import Failure, FailureCode

__all__ = ["JSON", "Query", "head_of", "in_the_open", "request_fields", "request_target"]

Query = Sequence[tuple[str, str]]

JSON: Final = "application/json"
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_NO_FIELD: Final = frozenset("\r\n\0")
_TARGET: Final = re.compile(r"/[!-~]*")


def request_fields(
    cluster: Cluster, credential: Credential, accept: str, *, gzip: bool, body: bool
) -> dict[str, str]:
    """All fields but Host and those of the connection. Raises AnswerRefused for a credential that may not or cannot be sent."""
    fields = {
        "Accept": accept,
        "Accept-Encoding": "gzip" if gzip else "identity",
        "User-Agent": f"callboard/{__version__}",
    }
    if body:
        fields["Content-Type"] = JSON
    authorization = _authorization(cluster, credential)
    if authorization:
        fields["Authorization"] = authorization
    return fields


def head_of(host: str, fields: Mapping[str, str]) -> bytes:
    """What stands between a request's target and the end of its head, but for the length of a body. Raises AnswerRefused for
    what no field can hold."""
    lines = ["Host: " + host, *(f"{name}: {value}" for name, value in fields.items())]
    if any(set(line) & _NO_FIELD for line in lines):
        raise AnswerRefused(failure_of_exception(ValueError("no field of a request")))
    return "\r\n".join([" HTTP/1.1", *lines, ""]).encode()


def in_the_open(url: str) -> bool:
    """Whether anybody on the way could read what is sent there: no credential is."""
    target = urlsplit(url)
    return target.scheme != "https" and target.hostname not in _LOOPBACK


def _authorization(cluster: Cluster, credential: Credential) -> str:
    if credential.kind not in (CredentialKind.BEARER, CredentialKind.BASIC):
        return ""
    if in_the_open(cluster.url):
        raise _refused("the cluster's URL is plain http, over which Callboard sends no credential")
    secret = credential.token.reveal().strip()
    basic = credential.kind is CredentialKind.BASIC
    in_force.note(cluster.url, secret, credential.username if basic else "")
    if basic:
        return "Basic " + base64.b64encode(f"{credential.username}:{secret}".encode()).decode()
    if not secret or not secret.isascii() or not secret.isprintable():
        raise _refused("the token is empty or holds characters no token has")
    return f"Bearer {secret}"


def _refused(message: str) -> AnswerRefused:
    return AnswerRefused(Failure(code=FailureCode.CREDENTIAL, message=message))


def request_target(path: str, query: Query) -> str:
    """Path and query as they are sent. Raises AnswerRefused for what no request line can hold."""
    text = path + _text_of(query)
    if not _TARGET.fullmatch(text):
        raise AnswerRefused(failure_of_exception(ValueError("no request target")))
    return text


def _text_of(query: Query) -> str:
    """The query with its question mark, "" for none."""
    if not query:
        return ""
    # a look asks all clusters alike, with the same tuples; what goes on with a list is a list
    return _encoded(query) if isinstance(query, tuple) else _encode(query)


def _encode(query: Query) -> str:
    return "?" + urlencode(query, quote_via=quote)


_encoded: Final = lru_cache(512)(_encode)
