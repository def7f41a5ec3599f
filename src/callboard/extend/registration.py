"""How a part says what it is, and what it gets when it is made."""

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

import msgspec

from callboard.base.clock import Clock
from callboard.extend.parts import (
    AuthStrategy,
    CustomResourceSupplier,
    EntityReader,
    Fetcher,
    ServiceLocator,
    TellingSupplier,
)

__all__ = ["PartConfig", "Parts", "ProviderRegistration", "Registration"]

Part = TypeVar("Part")


class PartConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What a factory may use.

    `options` is the part's own section of the configuration (for a cluster supplier: its item of
    `kubernetes.clusterLocatorMethods`; for a service locator: `kubernetes.serviceLocatorMethod`).
    `where` names that section in words fit for an error; `base_dir` is the directory relative paths start from.
    """

    options: Mapping[str, object]
    where: str
    base_dir: str
    clock: Clock
    entities: EntityReader


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """The wired parts an objects provider stands on: each is one object, whatever it is made of behind."""

    clusters: TellingSupplier
    locator: ServiceLocator
    auth: AuthStrategy
    fetcher: Fetcher
    custom_resources: CustomResourceSupplier


class Registration(msgspec.Struct, Generic[Part], frozen=True):
    """One implementation of a part: `key` is what configuration names it by (`config`, `multiTenant`, `serviceAccount`)."""

    key: str
    make: Callable[[PartConfig], Part]


class ProviderRegistration(msgspec.Struct, Generic[Part], frozen=True):
    """The same for a part that stands on the others: an objects provider."""

    key: str
    make: Callable[[PartConfig, Parts], Part]


class Offered(msgspec.Struct, Generic[Part], frozen=True):
    """Something an extension offers, and the extension's name; "" for ours."""

    extension: str
    item: Part
