"""The one way out to everything that is not a cluster: catalog addresses, identity providers, whatever else is asked over HTTP.

It must never connect to an address that was not checked in the very moment of connecting, follow a redirect nobody allowed,
send what was meant for one origin to another, wait without a deadline, or keep more of an answer than was asked for. `catalog`,
`access`, `fleet`, `portal` and `app` may call it; clusters have a way of their own (`kube`).

    get(url, check) ─▶ address (one normal form) ─▶ check: which network ─▶ connector (each socket) ─▶ WebAnswer
"""

from callboard.outbound.address import WebAddress, address_of, shown_url
from callboard.outbound.bounds import Bounds
from callboard.outbound.client import Outbound, WebAnswer
from callboard.outbound.network import Network

__all__ = ["Bounds", "Network", "Outbound", "WebAddress", "WebAnswer", "address_of", "shown_url"]
