"""What the page of extensions shows, as structs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from callboard.base.part_calls import PartCall
from callboard.base.part_failures import PartFailure
from callboard.base.settings import RouteSettings
from callboard.host.stalls import Stall

__all__ = ["ExtensionFacts", "ExtensionRow", "ExtensionsView", "KeptRouteRow", "ManagedExtensions"]


class ExtensionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one extension: `origin` says how it came in, `adds` what it brings, in words; `problems` are sentences.
    `loaded` is False for one whose code was never loaded."""

    name: str
    ours: bool = False
    version: str = ""
    origin: str = ""
    adds: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    loaded: bool = True


class ManagedExtensions(Protocol):
    """What `app` does with them."""

    def facts(self) -> Sequence[ExtensionFacts]:
        """Those that there are, those that are off among them."""
        ...

    def fixed(self) -> Mapping[str, bool]:
        """Those that the configuration has switched, which nobody else does."""
        ...

    def locked(self) -> bool:
        """Whether the configuration lets nothing be changed here."""
        ...

    def left_out(self) -> Sequence[str]:
        """What of the routes that were written here is not served, a sentence each."""
        ...

    async def use(self, off: frozenset[str], kept: Sequence[RouteSettings]) -> None:
        """Go on without those that are `off`, and with these routes. Raises CallboardError, and then all stays."""
        ...


class ExtensionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One extension. `state` is in words; `fixed`: the configuration says whether it is on; `by`: who switched it off."""

    facts: ExtensionFacts
    on: bool
    state: str
    fixed: bool
    by: str = ""
    at: datetime | None = None
    failures: tuple[PartFailure, ...] = ()
    stalls: int = 0
    stalled: float = 0.0
    """Seconds in all that its code held up everything."""
    last_stall: Stall | None = None
    watched: bool = False
    calls: tuple[PartCall, ...] = ()
    """What it was asked last, the newest first, where it is watched."""


class KeptRouteRow(msgspec.Struct, frozen=True):
    """A route that was written here."""

    path: str
    title: str
    by: str
    at: datetime
    yaml: str


class ExtensionsView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything but the figures of routes. `may_change`: whether the reader may, and the configuration lets them. `stalls` are
    those of nobody known, with the newest first."""

    extensions: tuple[ExtensionRow, ...]
    kept: tuple[KeptRouteRow, ...]
    left_out: tuple[str, ...]
    stalls: tuple[Stall, ...]
    may_change: bool
    locked: bool
