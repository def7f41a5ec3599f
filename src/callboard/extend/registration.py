"""How a part says what it is, and what it gets when it is made."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, NoReturn, TypeVar

import msgspec

from callboard.base.clock import Clock
from callboard.base.errors import UsageError
from callboard.extend.parts import (
    AuthStrategy,
    CustomResourceSupplier,
    EntityReader,
    Fetcher,
    ServiceLocator,
    TellingSupplier,
)

__all__ = ["PartConfig", "Parts", "ProviderRegistration", "Registration", "wrapping", "wrapping_provider"]

Part = TypeVar("Part")
Options = Mapping[str, object]


def _no_other(key: str, options: Options | None = None) -> NoReturn:
    raise UsageError("This configuration was not made by Callboard: there is no other part.", code="not-lent")


class PartConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What a factory may use.

    `options` is the part's own section of the configuration (for a cluster supplier: its item of
    `kubernetes.clusterLocatorMethods`; for a service locator: `kubernetes.serviceLocatorMethod`).
    `where` names that section in words fit for an error; `base_dir` is the directory relative paths start from. `entities` reads
    the catalog for a caller: what they may not see is not there, and five seconds are the most it takes.
    """

    options: Mapping[str, object]
    where: str
    base_dir: str
    clock: Clock
    entities: EntityReader
    other: Callable[..., Any] = _no_other
    """Makes another part of the same kind, by the key that configuration names it by, out of this section or of other options; it
    is begun and ended with this one. `wrapping` is the way to it with types."""


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


def wrapping(
    key: str,
    around: str,
    make: Callable[[PartConfig, Part], Part],
    *,
    options: Callable[[Options], Options] | None = None,
) -> Registration[Part]:
    """A part that changes one thing and leaves the rest to another of its kind, ours for example: `around` is that one's key. It
    is made out of the same section, or of what `options` makes of it."""

    def made(config: PartConfig) -> Part:
        return make(config, config.other(around, options(config.options) if options else None))

    return Registration(key, made)


class ProviderRegistration(msgspec.Struct, Generic[Part], frozen=True):
    """The same for a part that stands on the others: an objects provider."""

    key: str
    make: Callable[[PartConfig, Parts], Part]


def wrapping_provider(
    key: str, around: str, make: Callable[[PartConfig, Parts, Part], Part]
) -> ProviderRegistration[Part]:
    """The same for an objects provider. One that shall keep the list current has `following` as well, as a FollowingProvider."""

    def made(config: PartConfig, parts: Parts) -> Part:
        return make(config, parts, config.other(around))

    return ProviderRegistration(key, made)


class Offered(msgspec.Struct, Generic[Part], frozen=True):
    """Something an extension offers, and the extension's name; "" for ours."""

    extension: str
    item: Part
