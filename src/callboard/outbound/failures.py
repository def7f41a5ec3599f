"""What went wrong on the way out, in words that hold nothing of an answer."""

import socket
import ssl

import aiohttp

from callboard.base.errors import Unavailable
from callboard.outbound.address import WebAddress
from callboard.outbound.connector import InsideAddress

__all__ = ["broken", "inside"]


def inside(address: WebAddress) -> Unavailable:
    """The host leads where the request may not go."""
    return Unavailable(
        f"{address.host} leads to an address inside our own network, or to one that is never asked; "
        "write the host itself into backend.reading.allow to permit the former",
        code="url-private-address",
    )


def broken(address: WebAddress, error: Exception) -> Unavailable:
    """Anything a library raised."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, InsideAddress):
        return inside(address)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        cause = error.certificate_error
    if isinstance(cause, ssl.SSLCertVerificationError):
        message = f"{address.shown}: the certificate is not good: {cause.verify_message}"
        return Unavailable(message, code="url-tls")
    if isinstance(cause, ssl.SSLError):
        return Unavailable(f"{address.shown}: no TLS connection: {_reason(cause)}", code="url-tls")
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return Unavailable(f"{address.shown}: the proxy answered {error.status}", code="url-proxy")
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return Unavailable(f"{address.shown}: no connection to the proxy", code="url-proxy")
    if isinstance(cause, socket.gaierror):
        return Unavailable(f"{address.shown}: no host of this name is known", code="url-broken")
    if isinstance(error, aiohttp.ClientConnectorError | ConnectionError):
        reason = cause.strerror if isinstance(cause, OSError) else ""
        return Unavailable(f"{address.shown}: no connection: {reason or 'refused or cut'}", code="url-broken")
    return Unavailable(f"{address.shown} did not answer in whole HTTP", code="url-broken")


def _reason(error: ssl.SSLError) -> str:
    return str(error.reason or "broken off").replace("_", " ").lower()[:80]
