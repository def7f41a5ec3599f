"""Which proxy leads to an address, if any."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from yarl import URL

from callboard.base.errors import Unavailable
from callboard.base.proxies import environment_proxy
from callboard.outbound.address import WebAddress
from callboard.outbound.failures import inside
from callboard.outbound.network import Network, may_connect

__all__ = ["proxy_to"]

OWN_NAMES = ("localhost", "localdomain", "internal")
"""Last labels that lead inside wherever they lead."""


def proxy_to(
    address: WebAddress, network: Network, configured: str | None, environment: Mapping[str, str] | None
) -> URL | None:
    """The proxy of the operator (`configured`: "" for none, None for the environment's) for `address`.

    What a proxy makes of a name cannot be checked from here; a number, or a name that leads inside anywhere, can. Raises
    Unavailable for these and for a proxy that is none.
    """
    proxy = environment_proxy(address.text, environment) if configured is None else configured
    if not proxy:
        return None
    last = address.host.rpartition(".")[2]
    if ":" in address.host or last.isdigit():
        if not may_connect(address.host, network):
            raise inside(address)
    elif network is Network.PUBLIC and last in OWN_NAMES:
        raise inside(address)
    if urlsplit(proxy).scheme not in ("http", "https"):
        message = f"{address.shown}: the proxy is no http:// or https:// address"
        raise Unavailable(message, code="url-proxy")
    return URL(proxy)
