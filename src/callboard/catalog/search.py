"""What one may ask the catalog, and what it answers."""

import re
import unicodedata

import msgspec

from callboard.base.errors import UsageError
from callboard.base.texts import Texts
from callboard.model.entity import Entity, EntityRef

__all__ = ["FACETS", "MAX_LIMIT", "SORTS", "FacetValue", "Found", "ReadableRefs", "SearchQuery", "words_of"]

FACETS = ("kind", "type", "owner", "lifecycle", "tag", "system", "namespace")
"""What entities are filtered and counted by."""

SORTS = ("relevance", "title", "name", "kind", "type", "owner", "lifecycle", "namespace")
MAX_LIMIT = 1_000
MAX_TERMS = 8
MAX_WORD = 64

_WORD = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


class SearchQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Several values of one filter are alternatives; filters and the words of `text` are joined by and.

    A word of `text` matches the words of name, title, description, tags and owner that begin with it. Filters compare
    without regard to case; `owner` and `system` are refs (`group:default/team-a`, or `team-a`). `relevance` puts names that
    begin with the text first and goes by title otherwise. `limit` is at most 1,000.
    """

    text: str = ""
    kind: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    owner: tuple[str, ...] = ()
    lifecycle: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    system: tuple[str, ...] = ()
    namespace: tuple[str, ...] = ()
    sort: str = "relevance"
    descending: bool = False
    offset: int = 0
    limit: int = 50

    @property
    def terms(self) -> tuple[str, ...]:
        """The words to look for."""
        found = dict.fromkeys(word[:MAX_WORD] for word in _WORD.findall(_folded(self.text)))
        return tuple(found)[:MAX_TERMS]

    def values(self, facet: str) -> tuple[str, ...]:
        """What is asked for under one of `FACETS`."""
        values: tuple[str, ...] = getattr(self, facet)
        return values

    def check(self) -> None:
        """Raises UsageError when a part is out of bounds."""
        if self.sort not in SORTS:
            raise UsageError(
                f"entities cannot be sorted by {self.sort[:40]!r}; possible: {', '.join(SORTS)}",
                code="bad-sort",
            )
        if not 0 <= self.limit <= MAX_LIMIT:
            raise UsageError(f"limit is {self.limit}; it must be from 0 to {MAX_LIMIT}", code="bad-limit")
        if not 0 <= self.offset < 2**31:
            raise UsageError(f"offset is {self.offset}; it must not be negative", code="bad-offset")


class ReadableRefs:
    """The only entities that are there for somebody. `texts` are the same as a statement is given them; `seen` keeps entities as
    they are for those of whom it is, beside what they are whole."""

    def __init__(self, refs: frozenset[EntityRef]) -> None:
        self.refs = refs
        self.texts = Texts(map(str, refs))
        self.seen: dict[EntityRef, tuple[Entity, Entity]] = {}


class Found(msgspec.Struct, frozen=True):
    """One page of entities, and how many there are on all pages."""

    entities: tuple[Entity, ...]
    total: int


class FacetValue(msgspec.Struct, frozen=True):
    """One value of a filter and how many entities have it, all other filters applied. Refs are canonical."""

    value: str
    count: int


def words_of(*texts: str) -> set[str]:
    """The words under which texts are found: runs of letters and digits, and the humps of `camelCase`."""
    found: set[str] = set()
    for text in texts:
        found.update(word[:MAX_WORD] for word in _WORD.findall(_folded(text)))
        for word in _WORD.findall(text):
            humps = _HUMP.findall(word)
            if len(humps) > 1:
                found.update(_folded(hump)[:MAX_WORD] for hump in humps)
    return found


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
