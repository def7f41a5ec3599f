"""Tabs and cards of an entity's page.

A tab is a page of its own below an entity; a card is a panel of the Overview tab. Both bring a Jinja2 template and a
function that makes the struct it renders: nothing else reaches the template but that struct, the entity and the macros
of `callboard/parts.html`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Any

import msgspec

from callboard.extend.context import CardContext
from callboard.model.entity import Entity

__all__ = ["Card", "CardContext", "Piece", "Tab"]


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A panel. `template` is "package:path" of a package resource; `view` makes the struct the template sees as `view`.

    `applies` must be cheap and pure. Lower `order` comes first; ours use multiples of 100. `key` is unique among all cards;
    `extension` is whose it is, which Callboard fills in.

    A card that does not come within five seconds, raises, or cannot be drawn says so in its place.
    """

    key: str
    title: str
    template: str
    view: Callable[[CardContext], Awaitable[object]]
    applies: Callable[[Entity], bool]
    order: int = 1000
    extension: str = ""


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One element of a live tab that changes on its own: rendered once for all who look, and sent to an open page only
    when it has changed.

    `template` makes exactly one element, whose HTML id is `id`; it sees `view` and the entity. It is rendered anew when
    `shows` is another object than before; `variant` holds whatever else of `view` the template depends on. Without
    `shows`, it is rendered anew when `view`, a hashable value, is not equal to one before.

    `within` is the id of the element of the tab's own template that holds this one among others; "" for one that stands
    where the tab's template puts it.

    A piece `on_demand` is sent only to pages whose reader unfolded the place for it: an element with `data-place` and the id
    that `within` names, somewhere in another piece. What stands there meanwhile should lead to the same without JavaScript.
    """

    id: str
    template: str
    view: object
    shows: object = None
    variant: Hashable = ()
    within: str = ""
    on_demand: bool = False


class Tab(msgspec.Struct, frozen=True, kw_only=True):
    """A tab; `key` is its part of the URL. Otherwise as Card.

    A tab that fills itself while it is looked at gives `live`: an iterator of view structs, each rendered with the same
    template and sent to the open page; the page itself is rendered from `view`, which may then be incomplete.

    A large live tab gives `pieces` as well: what its view struct consists of, in order. Its template then sees `pieces`, a
    mapping from a piece's id, or from a name in `lists`, to the rendered element or elements, of a list to the place where
    they will stand; only pieces change in an open page. `lists` names every `within`, also when nothing is in it.

    A tab has ten seconds for its view; one that does not come, raises, or cannot be drawn says so in its place, and the page
    around it stands.

    `live_query` tells of a view what parameters of the page's address `live` needs to make views of the same form, so that an
    open page is kept current as it was asked for. It must be made of what the view shows, never of foreign text as it came.
    """

    key: str
    title: str
    template: str
    view: Callable[[CardContext], Awaitable[object]]
    applies: Callable[[Entity], bool]
    order: int = 1000
    live: Callable[[CardContext], AsyncIterator[object]] | None = None
    pieces: Callable[[Any], Sequence[Piece]] | None = None
    lists: tuple[str, ...] = ()
    extension: str = ""
    live_query: Callable[[Any], Mapping[str, str]] | None = None
