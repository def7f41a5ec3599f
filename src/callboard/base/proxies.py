"""Which HTTP proxy leads to an address: the environment's, as Go and so kubectl reads it.

Rules of golang.org/x/net/http/httpproxy: HTTPS_PROXY and HTTP_PROXY by scheme, lower case after upper; NO_PROXY is a list
of host suffixes, `host:port`, addresses and CIDR ranges, or `*`; loopback never goes through an environment's proxy.
"""

import ipaddress
import os
from collections.abc import Mapping
from urllib.parse import urlsplit

__all__ = ["environment_proxy"]


def environment_proxy(url: str, environment: Mapping[str, str] | None = None) -> str:
    """The proxy of `environment` (default: the process's) for `url`, or ""."""
    env = os.environ if environment is None else environment
    target = urlsplit(url)
    host = (target.hostname or "").rstrip(".").lower()
    names = ("HTTPS_PROXY", "https_proxy") if target.scheme == "https" else ("HTTP_PROXY", "http_proxy")
    proxy = next((env[n] for n in names if env.get(n)), "")
    if not proxy or _is_loopback(host):
        return ""
    port = target.port or (443 if target.scheme == "https" else 80)
    exceptions = next((env[n] for n in ("NO_PROXY", "no_proxy") if env.get(n)), "")
    if any(_covers(e.strip().lower(), host, port) for e in exceptions.split(",") if e.strip()):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _covers(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    address = _address(host)
    if "/" in entry:
        try:
            return address is not None and address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    name, _, number = entry.rpartition(":") if _has_port(entry) else (entry, "", "")
    if number and int(number) != port:
        return False
    name = name.strip("[]")
    if address is not None:
        return _address(name) == address
    name = name.removeprefix("*")
    if name.startswith("."):
        return host.endswith(name)
    return host == name or host.endswith(f".{name}")


def _has_port(entry: str) -> bool:
    head, colon, tail = entry.rpartition(":")
    number = (
        tail.isascii() and tail.isdigit() and len(tail) <= 5
    )  # a port, and no digit that `int` does not take
    return bool(colon) and number and (":" not in head or head.endswith("]"))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
