"""How often one caller, and one address, may ask: token buckets, kept for those who asked last."""

import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import Final

import msgspec

from callboard.model.door import Refused, RouteClass

__all__ = ["RateLimits", "Rates", "SlowDown", "TokenBuckets", "address_key"]

MOST: Final = 20_000
"""Buckets of each kind; who asked longest ago begins with a full one again."""
_UNLIMITED: Final = frozenset({RouteClass.PUBLIC, RouteClass.METRICS})
"""Cheap, and asked by machines: files and liveness."""


class RateLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Requests in a minute, on average; a tenth of them may come at once, but no fewer than twenty."""

    of_caller: int = 1200
    of_address: int = 3000
    sign_ins: int = 30
    """From one address."""


class SlowDown(Exception):  # on its way to the error page, as a refusal is
    """Somebody asked too often."""

    def __init__(self, whose: str, seconds: float) -> None:
        super().__init__(whose)
        self.seconds = max(1, int(seconds) + 1)
        self.refused = Refused(
            429, "too-many-requests", f"There were too many requests {whose}. Try again in {self.seconds} s."
        )


class TokenBuckets:
    """One bucket for each key: `per_minute` tokens come in a minute, up to a bound. `now` is in seconds."""

    def __init__(self, per_minute: int, *, now: Callable[[], float] = time.monotonic) -> None:
        self._rate = per_minute / 60
        self._size = max(20.0, per_minute / 10)
        self._now = now
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Take one token: 0.0, or the seconds until there is one again."""
        now = self._now()
        left, since = self._held.pop(key, (self._size, now))
        left = min(self._size, left + (now - since) * self._rate)
        waits = 0.0 if left >= 1 else (1 - left) / self._rate
        self._held[key] = (left - 1 if not waits else left, now)
        while len(self._held) > MOST:
            self._held.popitem(last=False)
        return waits


class Rates:
    """All buckets of a listener. Who asks from this machine itself is not limited by address."""

    def __init__(
        self, limits: RateLimits | None = None, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        limits = limits or RateLimits()
        self._callers = TokenBuckets(limits.of_caller, now=now)
        self._addresses = TokenBuckets(limits.of_address, now=now)
        self._sign_ins = TokenBuckets(limits.sign_ins, now=now)

    def from_address(self, client: str, route: RouteClass) -> None:
        """Before anything is known of whoever asks. Raises SlowDown."""
        key = address_key(client)
        if route in _UNLIMITED or not key:
            return
        if waits := self._addresses.take(key):
            raise SlowDown("from your address", waits)
        if route is RouteClass.SIGN_IN and (waits := self._sign_ins.take(key)):
            raise SlowDown("to sign in from your address", waits)

    def from_caller(self, caller: str, route: RouteClass) -> None:
        """Once it is known who asks. Raises SlowDown."""
        if route not in _UNLIMITED and (waits := self._callers.take(caller)):
            raise SlowDown("from you", waits)


def address_key(client: str) -> str:
    """What is counted together: an address, of IPv6 the network of 64 bits that one customer has; "" for this machine."""
    try:
        address = ip_address(client.partition("%")[0])
    except ValueError:
        return client
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    if address.is_loopback:
        return ""
    return str(address) if address.version == 4 else str(IPv6Address(int(address) >> 64 << 64))
