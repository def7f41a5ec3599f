"""What a proxy in front says of a request: whom it is from, and by which name we were asked. Pure.

Nothing of it is believed but what a proxy that the operator named has said: from anybody else such headers are taken out.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from starlette.types import Scope

__all__ = ["PEER", "TrustedProxies", "networks_of"]

PEER: Final = "callboard.peer"
"""What is left in the scope: the address at the other end of the connection itself."""
_MOST_HOPS: Final = 20
_FORWARDED: Final = frozenset(
    {
        b"forwarded",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-proto",
        b"x-forwarded-port",
        b"x-real-ip",
    }
)

Address = IPv4Address | IPv6Address
Networks = Sequence[IPv4Network | IPv6Network]


def networks_of(texts: Iterable[str]) -> Networks:
    """Addresses and networks as they are written. Raises ValueError."""
    return tuple(ip_network(text, strict=False) for text in texts)


class TrustedProxies:
    """Reads what they say. `networks` are theirs."""

    def __init__(self, networks: Networks = ()) -> None:
        self._networks = networks

    def __bool__(self) -> bool:
        return bool(self._networks)

    def includes(self, address: str) -> bool:
        """Whether an address is one of theirs."""
        found = _address(address)
        return found is not None and any(
            found in each for each in self._networks if each.version == found.version
        )

    def seen(self, scope: Scope) -> Scope:
        """The scope as it is to be read: its client, and its Host, as a proxy of theirs says; the headers themselves are gone."""
        client = scope.get("client")
        peer = client[0] if client else ""
        told: dict[bytes, list[bytes]] = {}
        headers = []
        for name, value in scope["headers"]:
            if name in _FORWARDED:
                told.setdefault(name, []).append(value)
            else:
                headers.append((name, value))
        scope = {**scope, "headers": headers, PEER: peer}
        if not told or not self.includes(peer):
            return scope
        origin = self._origin(b",".join(told.get(b"x-forwarded-for", ())))
        if origin:
            scope["client"] = (origin, 0)
        hosts = told.get(b"x-forwarded-host", [])
        if len(hosts) == 1 and b"," not in hosts[0]:
            kept = [(name, value) for name, value in headers if name != b"host"]
            scope["headers"] = [(b"host", hosts[0].strip()), *kept]
        return scope

    def _origin(self, chain: bytes) -> str:
        """The last address of the chain that is no proxy of ours: what stands before it, anybody may have written."""
        for hop in reversed(chain.decode("latin-1").split(",")[-_MOST_HOPS:]):
            found = _address(hop.strip())
            if found is None:
                return ""
            if not self.includes(str(found)):
                return str(found)
        return ""


def _address(text: str) -> Address | None:
    """An address, as it is or with a port; one of IPv4 that is written as IPv6 is the former."""
    host = text.strip("[]")
    if text.startswith("["):
        host = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        host = text.partition(":")[0]
    try:
        found = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
