"""Which services there are and how many pods each has: the same in every cluster, so that a page spans the fleet."""

from collections.abc import Iterator
from typing import Final

import msgspec

__all__ = ["SERVICE_LABEL", "Service", "services"]

SERVICE_LABEL: Final = "backstage.io/kubernetes-id"

_WORDS: Final = (
    "accounts", "billing", "cart", "checkout", "delivery", "exports", "fraud", "gateway", "inventory", "ledger",
    "mailer", "notices", "orders", "payments", "pricing", "quotes", "ratings", "search", "sessions", "tax",
)  # fmt: skip
_SIZES: Final = (100, 50, 25, 10, 10, 10, 5, 5, 3, 2)
"""Pods of a service in one cluster, over and over: large ones and the long tail."""
_PER_NAMESPACE: Final = 10


class Service(msgspec.Struct, frozen=True):
    """One service of the fleet. `number` tells its variant: sidecars, volumes and environment differ by it."""

    number: int
    name: str
    namespace: str
    pods: int


def services(pods: int) -> Iterator[Service]:
    """Services until `pods` pods are given away; the last one takes what is left."""
    number = 0
    while pods > 0:
        size = min(_SIZES[number % len(_SIZES)], pods)
        name = f"{_WORDS[number % len(_WORDS)]}-{number:03d}"
        yield Service(number, name, f"team-{number // _PER_NAMESPACE:03d}", size)
        pods -= size
        number += 1
