"""The one context that hooks, tabs, cards and routes get."""

from typing import Any, NoReturn

import msgspec

from callboard.base.clock import Clock, SystemClock
from callboard.base.errors import UsageError
from callboard.extend.asking import Ask, ExtensionLog, WayOut
from callboard.model.caller import Caller
from callboard.model.entity import Entity

__all__ = ["CardContext", "ExtensionContext", "RequestContext"]


class _NotLent:
    """Stands for what Callboard fills in, in a context that somebody made by hand."""

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise UsageError(
            f"This context was not made by Callboard: there is no {name!r} in it.", code="not-lent"
        )


_NOT_LENT: Any = _NotLent()


class ExtensionContext(msgspec.Struct, frozen=True, kw_only=True):
    """What an extension has of its own, whoever looks. A hook gets it that names the argument `context`."""

    extension: str = ""
    """The name of the entry point."""
    settings: Any = None
    """Its section of `callboard.extensions.settings`, as the struct that `callboard_settings` gives; None without that hook."""
    clock: Clock = SystemClock()
    """What time it is."""
    outbound: WayOut = _NOT_LENT
    """The way out, to what is no cluster."""
    log: ExtensionLog = _NOT_LENT
    """The log."""


class RequestContext(ExtensionContext, frozen=True, kw_only=True):
    """For whom something is done: one call of one caller. It opens nothing after that call."""

    caller: Caller
    """Who asks, without whatever opens something: its `tokens` are empty."""
    entity: Entity | None = None
    """What it is about, where it is about one."""
    query: dict[str, str] = {}
    """The query string: foreign text."""
    ask: Ask = _NOT_LENT
    """What can be asked as this caller."""


class CardContext(RequestContext, frozen=True, kw_only=True):
    """Who looks at which entity: what the function behind a tab or a card gets."""

    entity: Entity
    """The entity whose page it is."""
