"""Addresses of API servers and proxies, taken as kubectl takes them (client-go: rest/url_utils.go, clientcmd/validation.go)."""

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

__all__ = ["PROXIES", "proxy_address", "server_address"]

PROXIES: Final = ("http", "https", "socks5")
_NOT_IN_AN_ADDRESS: Final = re.compile(r"[\x00-\x20\x7f\"<>\\^`{|}]")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


def server_address(server: str) -> str:
    """`server` as a URL of http or https, its scheme in small letters, without query and fragment.

    An address without a scheme is one of http, also where the file has a CA for it: so says kubectl. Raises ValueError, whose
    text is fit to be shown, for what leads nowhere and for a credential in the address.
    """
    parts = _split(server)
    if parts is None:
        parts = _split(f"http://{server}")
        if parts is not None and parts.path not in ("", "/"):
            parts = None
    if parts is None or parts.scheme not in ("http", "https"):
        raise ValueError("the API server's address will not do")
    if parts.username is not None or parts.password is not None:
        raise ValueError("the API server's address carries a credential")
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def proxy_address(proxy: str) -> str:
    """`proxy` with its scheme in small letters; "" stays "". Raises ValueError, whose text is fit to be shown."""
    if not proxy:
        return ""
    parts = _split(proxy)
    if parts is None or parts.scheme not in PROXIES:
        raise ValueError("the proxy's address will not do")
    return f"{parts.scheme}://{parts.netloc}"


def _split(address: str) -> SplitResult | None:
    """None for what is no URL with a scheme and a host."""
    scheme = _SCHEME.match(address)
    if scheme is None or _NOT_IN_AN_ADDRESS.search(address):
        return None
    try:
        parts = urlsplit(address)
        return parts if parts.hostname and parts.port != 0 else None
    except ValueError:
        return None
