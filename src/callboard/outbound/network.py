"""Which addresses may be connected to. Pure."""

import ipaddress
from enum import Enum
from typing import Final

__all__ = ["Network", "may_connect"]

IPv4 = ipaddress.IPv4Address
IPv6 = ipaddress.IPv6Address


class Network(Enum):
    """How far one request may reach."""

    PUBLIC = "public"
    """Addresses of the whole world's: for hosts that others may choose."""

    OURS = "ours"
    """Our own network and this machine as well: for a host that the operator wrote down by name."""


_NEVER: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",  # this machine, under a name nobody means
        "169.254.0.0/16",  # link-local: the metadata of clouds, with the credentials of the machine
        "224.0.0.0/4",
        "255.255.255.255/32",
        "100.100.100.200/32",  # Alibaba Cloud's metadata
        "168.63.129.16/32",  # Azure's, at a public address
        "192.0.0.192/32",  # Oracle Cloud's
        "::/128",
        "fe80::/10",
        "ff00::/8",
        "fd00:ec2::/32",  # Amazon's metadata and its neighbours, within unique local addresses
        "fd20:ce::/32",  # Google's
        "fd00:42::/32",  # Scaleway's
    )
)
_PRIVATE: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        "100.64.0.0/10",  # shared by carriers, and by clusters
        "192.88.99.0/24",
        "::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
    )
)


def may_connect(address: str, network: Network) -> bool:
    """Whether a request that may reach `network` may connect to this address, as the resolver gives it (a zone is passed over).

    An IPv6 address that stands for an IPv4 one is judged as both: mapped, compatible, NAT64 (64:ff9b::/96), 6to4 (2002::/16),
    ISATAP.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = _embedded(ip) if isinstance(ip, IPv6) else None
    mapped = isinstance(ip, IPv6) and ip.ipv4_mapped is not None
    judged: list[IPv4 | IPv6] = [each for each in (None if mapped else ip, inner) if each is not None]
    if any(each in net for each in judged for net in _NEVER if each.version == net.version):
        return False
    return network is Network.OURS or all(_is_public(each) for each in judged)


def _is_public(ip: IPv4 | IPv6) -> bool:
    return (
        ip.is_global and not ip.is_multicast and not any(ip in n for n in _PRIVATE if n.version == ip.version)
    )


def _embedded(ip: IPv6) -> IPv4 | None:
    """The IPv4 address that traffic to `ip` may end at."""
    packed = ip.packed
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip.sixtofour is not None:
        return ip.sixtofour
    if packed[:12] == bytes.fromhex("0064ff9b") + bytes(8):
        return IPv4(packed[12:])
    if packed[:12] == bytes(12) and int(ip) > 1:  # ::1 is an address of its own
        return IPv4(packed[12:])
    if packed[8:12] in (bytes.fromhex("00005efe"), bytes.fromhex("02005efe")):
        return IPv4(packed[12:])
    return None
