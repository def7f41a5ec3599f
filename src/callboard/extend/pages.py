"""Tabs and cards of an entity's page.

A tab is a page of its own below an entity; a card is a panel of the Overview tab. Both bring a Jinja2 template and a
function that makes the struct it renders: nothing else reaches the template but that struct, the entity and the macros
of `callboard/parts.html`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec

from callboard.model.caller import Caller
from callboard.model.entity import Entity

__all__ = ["Card", "CardContext", "Tab"]


class CardContext(msgspec.Struct, frozen=True, kw_only=True):
    """Who looks at what. `query` is the page's query string, foreign text."""

    entity: Entity
    caller: Caller
    query: dict[str, str] = {}


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A panel. `template` is "package:path" of a package resource; `view` makes the struct the template sees as `view`.

    `applies` must be cheap and pure. Lower `order` comes first; ours use multiples of 100.
    """

    key: str
    title: str
    template: str
    view: Callable[[CardContext], Awaitable[object]]
    applies: Callable[[Entity], bool]
    order: int = 1000


class Tab(msgspec.Struct, frozen=True, kw_only=True):
    """A tab; `key` is its part of the URL. Otherwise as Card.

    A tab that fills itself while it is looked at gives `live`: an iterator of view structs, each rendered with the same
    template and sent to the open page; the page itself is rendered from `view`, which may then be incomplete.
    """

    key: str
    title: str
    template: str
    view: Callable[[CardContext], Awaitable[object]]
    applies: Callable[[Entity], bool]
    order: int = 1000
    live: Callable[[CardContext], AsyncIterator[object]] | None = None
