"""Tabs and cards behind their fences: what one of them does wrong stands in its own place, and the page around it stands."""

from collections.abc import Callable, Sequence
from typing import Any

from callboard.base.fence import Fence, WrongAnswer
from callboard.base.shape import shown_type
from callboard.extend.pages import Card, Piece, Tab

__all__ = ["PageFences", "anything", "pieces_of", "sentence"]

TAB = 10.0
"""Seconds for a tab's view."""
OUR_TAB = 30.0
"""The same for ours: Kubernetes' waits for slow clusters where the address asks for it."""
CARD = 5.0
"""Seconds for one card. A card that takes longer is told as such; the others do not wait for it any further."""
MOST_HTML = 4 * 1024 * 1024
"""Characters of what an extension's tab, card or piece is drawn to."""
MOST_PIECES = 5000


class PageFences:
    """One for each tab and card, kept: whoever is too late again and again is not waited for."""

    def __init__(self) -> None:
        self._fences: dict[tuple[str, str, str], Fence] = {}

    def of(self, page: Tab | Card) -> Fence:
        """The fence of a tab or card. Its failures name its title."""
        what = "tab" if isinstance(page, Tab) else "card"
        key = (what, page.key, page.extension)
        if key not in self._fences:
            seconds = CARD if what == "card" else TAB if page.extension else OUR_TAB
            self._fences[key] = Fence(f"the {what} {page.title[:100]!r}", page.extension, deadline=seconds)
        return self._fences[key]

    def drawn(self, page: Tab | Card, draw: Callable[[], object]) -> Any:
        """What drawing it gives. Raises CallboardError."""

        def check(value: object) -> object:
            if page.extension and isinstance(value, str) and len(value) > MOST_HTML:
                raise WrongAnswer(f"{len(value)} characters, of at most {MOST_HTML}")
            return value

        return self.of(page).now("be drawn", draw, check)


def anything(value: object) -> object:
    """The check of what may be anything: a view struct is known to its own template alone."""
    return value


def sentence(words: str) -> str:
    """The words of a failure as a sentence of its own."""
    return words[:1].upper() + words[1:].rstrip(".") + "."


def pieces_of(value: object) -> Sequence[Piece]:
    """The check of a tab's pieces."""
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        raise WrongAnswer(f"expected several of Piece, got {shown_type(value)}")
    if len(value) > MOST_PIECES:
        raise WrongAnswer(f"{len(value)} pieces, of at most {MOST_PIECES}")
    strange = next((each for each in value if not isinstance(each, Piece)), None)
    if strange is not None:
        raise WrongAnswer(f"expected Piece, got {shown_type(strange)}")
    return value
