"""Whatever a cluster does wrong, as a value.

A `Failure`'s message is the API server's own where it spoke (`Status.message`), else ours: one plain sentence without URL,
token or foreign body. An answer that is no JSON is told as such and never quoted.
"""

import asyncio
import errno
import re
import socket
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import aiohttp
import msgspec

from callboard.kube.in_force import in_force
from callboard.kube.text import clean
from callboard.model.outcome import Answer, Failure, FailureCode

__all__ = [
    "AnswerRefused",
    "answer_of",
    "closed_under_us",
    "failure_of_exception",
    "failure_of_status",
    "json_failure",
    "page_failure",
    "retry_after_of",
    "safe_words",
]

MOST_WORDS: Final = 1024

_URL: Final = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s\"'<>]+", re.IGNORECASE)
_BEARER: Final = re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
_JWT: Final = re.compile(r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")


class SocksRefused(aiohttp.ClientConnectionError):
    """The proxy answered that it will not. Its text is fit to be shown."""


class AnswerRefused(Exception):
    """There is no answer, or one that is not taken: its Failure. `fleet` turns it into a value; it reaches nothing above.

    `unanswered` says that the connection broke before the first byte of an answer.
    """

    def __init__(self, failure: Failure, *, unanswered: bool = False) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.unanswered = unanswered


class _Cause(msgspec.Struct):
    reason: str = ""


class _Details(msgspec.Struct, rename="camel"):
    name: str = ""
    kind: str = ""
    retry_after_seconds: int = 0
    causes: tuple[_Cause, ...] | None = None


class Status(msgspec.Struct):
    """`meta/v1.Status`, as an API server refuses."""

    kind: str = ""
    message: str = ""
    reason: str = ""
    code: int = 0
    details: _Details | None = None


_status: Final = msgspec.json.Decoder(Status).decode


def status_of(body: bytes) -> Status | None:
    """The Status a body holds, or None when it is something else."""
    try:
        found = _status(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return found if found.kind == "Status" else None


def safe_words(text: str) -> str:
    """A server's own words as they may be shown: bounded, no control characters, no URL, no credential of ours, nothing that
    looks like one."""
    text = in_force.hidden_in(text[: 4 * MOST_WORDS])
    text = _URL.sub("(address)", text)
    text = _JWT.sub("(token)", _BEARER.sub(r"\1 (token)", text))
    return clean(text, MOST_WORDS)


_CODES: Final = {
    401: FailureCode.UNAUTHORIZED,
    403: FailureCode.FORBIDDEN,
    404: FailureCode.NOT_SERVED,
    410: FailureCode.GONE,
    429: FailureCode.THROTTLED,
}

_LONGEST_WAIT: Final = 300.0
"""Seconds: whatever a cluster says, it is looked at again after that."""

_OWN_WORDS: Final = {
    401: "the API server does not accept our credential",
    403: "the API server refuses this to us",
    404: "the API server does not know this path",
    410: "the API server no longer holds this resourceVersion",
    429: "the API server asks us to come back later",
}


def failure_of_status(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """The Failure of an answer that is no 2xx. A 404 that no API server wrote is no word about what is served."""
    said = status_of(body)
    if 300 <= status < 400:
        return Failure(
            code=FailureCode.REDIRECT,
            status=status,
            message=f"the answer was a redirect ({status}); Callboard follows none, because they would take the credential along",
        )
    code = _CODES.get(status)
    if code is FailureCode.NOT_SERVED and said is None and not body.startswith(b"404 page not found"):
        code = FailureCode.NOT_JSON
    if code is None:
        code = FailureCode.SERVER_ERROR if status >= 500 else FailureCode.UNEXPECTED_STATUS
    if said is not None and said.message:
        message = safe_words(said.message)
    else:
        message = _OWN_WORDS.get(status, f"the API server answered {status}")
        if said is None and body.strip() and not body.startswith(b"404 page not found"):
            message = f"{status}, and {_form(body, headers)}"
    return Failure(
        code=code,
        message=message,
        status=status,
        reason=clean(safe_words(said.reason), 64) if said else "",
        retry_after=retry_after_of(headers, said),
    )


def retry_after_of(headers: Mapping[str, str], said: Status | None = None) -> float | None:
    """Seconds to wait, from `Retry-After` (seconds or a date, RFC 9110 §10.2.3) or the Status, a few minutes at most; None where
    neither says."""
    said_so = _retry_after(headers, said)
    return None if said_so is None else min(said_so, _LONGEST_WAIT)


def _retry_after(headers: Mapping[str, str], said: Status | None) -> float | None:
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 8:
        return float(text)
    if text:
        try:
            when = parsedate_to_datetime(text)
            now = parsedate_to_datetime(headers["Date"]) if headers.get("Date") else datetime.now(UTC)
            return max(0.0, (when - now).total_seconds())
        except (ValueError, TypeError, OverflowError):
            pass
    if said and said.details and said.details.retry_after_seconds > 0:
        return float(said.details.retry_after_seconds)
    return None


def page_failure(headers: Mapping[str, str]) -> Failure | None:
    """The failure of an answer that calls itself a page for browsers; None for any other."""
    if "html" not in headers.get("Content-Type", "").lower():
        return None
    return Failure(code=FailureCode.NOT_JSON, status=200, message=_form(b"", headers))


def _form(body: bytes, headers: Mapping[str, str]) -> str:
    start = body.lstrip()[:64].lower()
    if start.startswith(b"<") or "html" in headers.get("Content-Type", "").lower():
        return "the answer was HTML, not JSON: something other than an API server stands in between"
    return "the answer was not JSON"


def json_failure(body: bytes, headers: Mapping[str, str], error: Exception) -> Failure:
    """Why a 200 could not be read as JSON."""
    if "truncated" in str(error) and body.lstrip()[:1] in (b"{", b"["):
        return Failure(code=FailureCode.TRUNCATED, status=200, message="the answer ends in the middle")
    if not body.strip():
        return Failure(
            code=FailureCode.NOT_JSON, status=200, message="the answer was empty, where JSON belongs"
        )
    return Failure(code=FailureCode.NOT_JSON, status=200, message=_form(body, headers))


_TLS_WORDS: Final = {
    9: "the API server's certificate is not valid yet (is a clock wrong?)",
    10: "the API server's certificate has expired",
    18: "the API server's certificate is self-signed and not trusted",
    19: "the API server's certificate comes from an unknown issuer (a self-signed one in its chain)",
    20: "the API server's certificate comes from an unknown issuer",
    21: "the API server's certificate comes from an unknown issuer",
    62: "the API server's certificate is for another host name",
    64: "the API server's certificate is for another address",
}
"""By OpenSSL's X509_V_ERR_*."""


def closed_under_us(error: BaseException) -> bool:
    """Whether uvloop means that a connection was closed in the moment in which it was to be used: where asyncio's own loop raises
    an OSError, it raises a plain RuntimeError (github.com/aio-libs/aiohttp/issues/12336)."""
    return type(error) is RuntimeError and str(error).endswith("the handler is closed")


def failure_of_exception(error: BaseException) -> Failure:
    """The Failure of what aiohttp, ssl and sockets raise. Unknown errors are ours: INTERNAL, by their class alone."""
    if isinstance(error, AnswerRefused):
        return error.failure
    verify = _verify_error(error)
    if verify is not None:
        words = _TLS_WORDS.get(
            verify.verify_code,
            f"the API server's certificate is refused: {clean(verify.verify_message, 120)}",
        )
        return Failure(code=FailureCode.TLS, message=words)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return _connection(f"the proxy refused the way through ({error.status})")
    if isinstance(error, SocksRefused):
        return _connection(f"the proxy refused the way through ({error})")
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return _connection(f"the proxy cannot be reached: {_os_words(error.os_error)}")
    if isinstance(error, (aiohttp.ClientConnectorSSLError, ssl.SSLError)):
        return Failure(code=FailureCode.TLS, message=f"no TLS with the API server: {_tls_words(error)}")
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return Failure(code=FailureCode.CONNECT_TIMEOUT, message="no connection before the deadline")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return _connection("the API server's name cannot be resolved")
    if isinstance(error, aiohttp.ClientConnectorError):
        return _connection(f"no connection: {_os_words(error.os_error)}")
    if isinstance(error, aiohttp.ClientPayloadError):
        if _reset_below(error):
            return _connection("the connection was reset in the middle of the answer")
        return Failure(code=FailureCode.TRUNCATED, message="the answer ends in the middle")
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return _connection("the connection was closed before an answer")
    if isinstance(error, (aiohttp.ClientResponseError, aiohttp.http_exceptions.HttpProcessingError)):
        return Failure(code=FailureCode.NOT_JSON, message="the answer was not HTTP as we know it")
    if isinstance(error, (asyncio.TimeoutError, aiohttp.ServerTimeoutError)):
        return Failure(code=FailureCode.RESPONSE_TIMEOUT, message="no answer before the deadline")
    if isinstance(error, OSError):
        return _connection(_os_words(error))
    if closed_under_us(error):
        return _connection("the connection was closed before it could be used")
    if isinstance(error, aiohttp.ClientError):
        return _connection("the connection failed")
    return Failure(
        code=FailureCode.INTERNAL, message=f"Callboard failed while asking ({type(error).__name__})"
    )


def answer_of(failure: Failure) -> Answer:
    """Which kind of answer a failure of a list is."""
    match failure.code:
        case FailureCode.FORBIDDEN:
            return Answer.FORBIDDEN
        case FailureCode.UNAUTHORIZED | FailureCode.CREDENTIAL:
            return Answer.UNAUTHORIZED
        case FailureCode.NOT_SERVED:
            return Answer.ABSENT
        case FailureCode.THROTTLED:
            return Answer.THROTTLED
        case (
            FailureCode.CONNECT_TIMEOUT
            | FailureCode.RESPONSE_TIMEOUT
            | FailureCode.BODY_TIMEOUT
            | FailureCode.DEADLINE
        ):
            return Answer.LATE
        case _:
            return Answer.BROKEN


def _connection(message: str) -> Failure:
    return Failure(code=FailureCode.CONNECTION, message=message)


def _causes(error: BaseException | None) -> list[BaseException]:
    """The error and what it came from, innermost last; bounded against rings."""
    chain: list[BaseException] = []
    while error is not None and error not in chain and len(chain) < 8:
        chain.append(error)
        inner = getattr(error, "certificate_error", None) or getattr(error, "os_error", None)
        error = (
            inner
            if isinstance(inner, BaseException) and inner not in chain
            else error.__cause__ or error.__context__
        )
    return chain


def _verify_error(error: BaseException) -> ssl.SSLCertVerificationError | None:
    """The innermost one: aiohttp's own error of that class carries no code."""
    found = (e for e in _causes(error) if isinstance(e, ssl.SSLCertVerificationError))
    return next((e for e in found if isinstance(getattr(e, "verify_code", None), int)), None)


def _reset_below(error: BaseException) -> bool:
    return any(isinstance(e, ConnectionResetError) for e in _causes(error))


def _tls_words(error: BaseException) -> str:
    inner = next((e for e in reversed(_causes(error)) if isinstance(e, ssl.SSLError) and e.reason), None)
    return clean(str(inner.reason).replace("_", " ").lower(), 120) if inner else "the handshake failed"


def _os_words(error: BaseException) -> str:
    if isinstance(error, socket.gaierror):
        return "the name cannot be resolved"
    number = getattr(error, "errno", None)
    match number:
        case errno.ECONNREFUSED:
            return "refused"
        case errno.ECONNRESET | errno.EPIPE:
            return "the connection was reset"
        case errno.EHOSTUNREACH | errno.ENETUNREACH:
            return "the network has no way there"
        case errno.ETIMEDOUT:
            return "it timed out"
        case errno.EMFILE | errno.ENFILE:
            return "Callboard has run out of open files"
        case None:
            return (
                "the connection was lost" if isinstance(error, ConnectionError) else "the connection failed"
            )
        case _:
            return clean(errno.errorcode.get(number, f"errno {number}"), 32)
