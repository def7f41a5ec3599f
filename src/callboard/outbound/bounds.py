"""How long one request may take, and how much may come of it."""

import msgspec

__all__ = ["Bounds"]

MIB = 1024 * 1024


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds and bytes of one request."""

    connect: float = 5.0
    """For name, TCP and TLS together."""

    head: float = 10.0
    """From the connection to the end of the answer's head."""

    whole: float = 15.0
    """For everything, redirects included."""

    max_bytes: int = 1 * MIB
    """Of the body. The head is bounded by the client library: lines of 8 KiB, 128 of them."""
