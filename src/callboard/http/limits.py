"""What a stranger may cost before anything is known of them, and what each bound is called when it is met."""

from enum import StrEnum
from typing import Final

import msgspec

__all__ = ["REFUSALS", "ConnectionEnd", "HttpLimits"]


class HttpLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one listener and its connections, in bytes, lines, and seconds."""

    connections: int = 1000
    """At once, half-open ones and those in a TLS handshake included."""
    of_address: int = 200
    """The same from one address that is neither this machine's nor a named proxy's."""
    head_bytes: int = 64 * 1024
    """Request line and headers; the trailers of a body as well."""
    head_lines: int = 100
    head_seconds: float = 10.0
    """For a head, or a TLS handshake, from its beginning to its end."""
    body_seconds: float = 30.0
    silence_seconds: float = 30.0
    """Between two requests, and of a reader who takes nothing of an answer."""
    parting_seconds: float = 2.0
    """In which somebody who was refused may read why."""


class ConnectionEnd(StrEnum):
    """Why we ended a connection that another had opened."""

    NOT_HTTP = "not-http"
    """400: what came cannot be read as HTTP/1.1."""
    HEAD_TOO_LARGE = "head-too-large"
    """431: a head beyond its bytes or lines."""
    HEAD_TOO_SLOW = "head-too-slow"
    """408: a head that was not whole in time."""
    BODY_TOO_SLOW = "body-too-slow"
    """408: a body that was not whole in time."""
    NO_ROOM = "no-room"
    """503: as many connections as may be were open, and each was being answered."""
    TOO_MANY = "too-many"
    """429: as many connections as one address may have were open from it."""
    MADE_ROOM = "made-room"
    """Closed for a new one when as many as may be were open: it had waited longest without a whole request."""
    READER_TOO_SLOW = "reader-too-slow"
    """Nothing of an answer was taken for too long."""
    SILENT = "silent"
    """Nothing was asked for too long."""


REFUSALS: Final[dict[ConnectionEnd, tuple[int, str, str]]] = {
    ConnectionEnd.NOT_HTTP: (400, "Bad Request", "This cannot be read as an HTTP/1.1 request."),
    ConnectionEnd.HEAD_TOO_LARGE: (
        431,
        "Request Header Fields Too Large",
        "The head of this request is too large: at most {head_bytes} bytes in {head_lines} lines are read. In a browser, "
        "remove the cookies of this address.",
    ),
    ConnectionEnd.HEAD_TOO_SLOW: (
        408,
        "Request Timeout",
        "The head of this request did not arrive within {head_seconds:g} seconds.",
    ),
    ConnectionEnd.BODY_TOO_SLOW: (
        408,
        "Request Timeout",
        "The body of this request did not arrive within {body_seconds:g} seconds.",
    ),
    ConnectionEnd.NO_ROOM: (
        503,
        "Service Unavailable",
        "As many connections as Callboard takes are open. Try again in a moment.",
    ),
    ConnectionEnd.TOO_MANY: (
        429,
        "Too Many Requests",
        "As many connections as one address may have are open from yours. Close some pages.",
    ),
}
"""Status, reason phrase and words of those ends that are answered; the others are closed without a word."""
