"""Rendered elements, each made once for everyone who sees the same, and frames: all of them that make up a page's part.

What is rendered is kept for as long as the object it shows lives (a `ClusterPart` is the same object from view to view and
for all callers of one class, until its cluster changes), or, for small pieces without such an object, by value.
"""

import base64
import hashlib
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import cached_property

import msgspec
from markupsafe import Markup

from callboard.base.clock import Clock
from callboard.base.object_cache import ObjectCache
from callboard.extend.pages import Piece
from callboard.model.entity import Entity
from callboard.web import times
from callboard.web.rendering import Renderer

__all__ = ["Fragment", "Fragments", "Frame", "Lineup"]

BY_VALUE = 512
"""Pieces kept by value at most: heads and footers of a few kilobytes, and as much again of what they show; those seen last."""
VALUE_HOLDS = 60.0
"""Seconds after which a piece kept by value that no page has shown is let go of: of a service that changes all the time each
page has a head of its own, and only the newest are wanted again."""
AGES_HOLD = 30.0
"""Seconds after which the ages in a kept fragment are written anew, when it goes into a page: as often as `times.js` does."""


class Fragment:
    """One element. `tag` stands for its content but for ages ("5 min ago"), which the browser keeps itself."""

    __slots__ = ("_aged_at", "_html", "_wire", "id", "tag", "within")

    def __init__(self, name: str, html: str, within: str = "", *, at: float = 0.0) -> None:
        self.id = name
        self.within = within
        self.tag = tag_of(times.without_ages(html))
        self._html = Markup(html)  # noqa: S704  # escaped by Jinja2 when it was rendered
        self._aged_at = at
        self._wire: bytes | None = None

    def html(self, clock: Clock) -> Markup:
        """The element, its ages at most `AGES_HOLD` old."""
        now = clock.monotonic()
        if now - self._aged_at > AGES_HOLD:
            self._html = Markup(times.with_ages(self._html, clock.now()))  # noqa: S704  # only ages are new
            self._aged_at, self._wire = now, None
        return self._html

    @property
    def wire(self) -> bytes:
        """Itself as a JSON object, encoded once for all readers."""
        if self._wire is None:
            self._wire = msgspec.json.encode(
                {"id": self.id, "in": self.within, "tag": self.tag, "html": str(self._html)}
            )
        return self._wire


class Lineup(msgspec.Struct, frozen=True):
    """Which elements a list holds, in order. `id` is the list's own."""

    id: str
    ids: tuple[str, ...]
    tag: str

    @property
    def wire(self) -> bytes:
        """Itself as a JSON object."""
        return msgspec.json.encode(self)


class Frame(msgspec.Struct, frozen=True, dict=True, weakref=True):
    """All of one topic at one moment. Fragments are shared with every other frame that shows the same. `on_demand` makes
    those, by id, that only some readers hold."""

    fragments: tuple[Fragment, ...]
    lineups: tuple[Lineup, ...] = ()
    on_demand: Mapping[str, Callable[[], Fragment]] = {}

    @classmethod
    def of(
        cls,
        fragments: Iterable[Fragment],
        lists: Iterable[str] = (),
        on_demand: Mapping[str, Callable[[], Fragment]] | None = None,
    ) -> "Frame":
        """A frame whose lists hold the fragments that name them, in the order given."""
        made = tuple(fragments)
        held = {name: tuple(f.id for f in made if f.within == name) for name in lists}
        lineups = tuple(Lineup(name, ids, tag_of("\n".join(ids))) for name, ids in held.items())
        return cls(made, lineups, on_demand or {})

    def tags(self) -> Mapping[str, str]:
        """What a reader holds who has all of this: ids of fragments and lists, and their tags."""
        return self._tags

    @cached_property
    def _tags(self) -> Mapping[str, str]:
        return {f.id: f.tag for f in self.fragments} | {each.id: each.tag for each in self.lineups}

    def beyond(self, held: Mapping[str, str]) -> tuple[bytes, Mapping[str, str]]:
        """What a reader lacks who holds these tags, as the members of a JSON object, empty for nothing; and the tags that
        they hold then."""
        before = self.__dict__.get("_before")
        if before is not None and before[0] is held:  # as for everyone who got the frame before this one
            return before[1], before[2]
        asked = [self.on_demand[name]() for name in held if name in self.on_demand]
        fragments = [f.wire for f in (*self.fragments, *asked) if held.get(f.id) != f.tag]
        lineups = [each.wire for each in self.lineups if held.get(each.id) != each.tag]
        after = {**self._tags, **{f.id: f.tag for f in asked}} if asked else self._tags
        told = b'"fragments":[' + b",".join(fragments) + b'],"lineups":[' + b",".join(lineups) + b"]"
        lacked = told if fragments or lineups else b""
        self.__dict__["_before"] = (held, lacked, after)
        return lacked, after


class Fragments:
    """Renders pieces and keeps what it rendered. `rendered` counts, by template."""

    def __init__(self, renderer: Renderer, clock: Clock, rendered: Counter[str]) -> None:
        self.clock = clock
        self.rendered = rendered
        self._renderer = renderer
        self._by_object: ObjectCache[Fragment] = ObjectCache()
        self._by_value: OrderedDict[Hashable, tuple[Fragment, float]] = OrderedDict()
        """Each with the moment it was shown last, in that order."""

    def of(self, piece: Piece, entity: Entity) -> Fragment:
        """The piece, rendered now or before."""
        if piece.shows is None:
            return self._valued(piece, entity)
        variant = (piece.template, piece.variant, entity.ref, entity.metadata.etag)
        fragment = self._by_object.get(piece.shows, variant)
        if fragment is None:
            fragment = self._render(piece, entity)
            self._by_object.put(piece.shows, fragment, variant)
        return fragment

    def _valued(self, piece: Piece, entity: Entity) -> Fragment:
        key = (piece.template, piece.view, piece.variant, entity.ref, entity.metadata.etag)
        try:
            known = self._by_value.pop(key, None)
        except TypeError:
            return self._render(piece, entity)  # no value to keep it by
        fragment = known[0] if known is not None else self._render(piece, entity)
        now = self.clock.monotonic()
        self._by_value[key] = (fragment, now)
        while len(self._by_value) > BY_VALUE or now - next(iter(self._by_value.values()))[1] > VALUE_HOLDS:
            self._by_value.popitem(last=False)
        return fragment

    def _render(self, piece: Piece, entity: Entity) -> Fragment:
        self.rendered[piece.template] += 1
        html = self._renderer.template(piece.template, view=piece.view, entity=entity).strip()
        return Fragment(piece.id, html, piece.within, at=self.clock.monotonic())


def tag_of(text: str) -> str:
    """Eight characters that stand for a text: opaque to browsers, the same in every process."""
    return base64.urlsafe_b64encode(hashlib.blake2b(text.encode(), digest_size=6).digest()).decode()
