"""Where one gets from a page of the list: to its neighbours, to the services of one health, to another order. Pure."""

from collections.abc import Iterable

import msgspec

from callboard.model.verdict import WORST_FIRST, Health
from callboard.portal.views import HealthTally, ServicesView
from callboard.web.urls import Urls
from callboard.web.words import HEALTH

__all__ = [
    "FILTERS",
    "PAGE_SIZE",
    "YOURS",
    "Choices",
    "HealthLink",
    "Paging",
    "TallyLinks",
    "chosen_in",
    "paging",
    "tally_links",
]

FILTERS = ("kind", "type", "owner", "lifecycle", "tag", "system", "environment", "cluster")
YOURS = ("mine", "starred")
BY_HEALTH = ("health", "sort")
PAGE_SIZE = 50

Choices = tuple[tuple[str, str], ...]
"""What of an address chooses a list, whatever page of it: pairs of parameter and value, in our order."""


class Paging(msgspec.Struct, frozen=True):
    """Where this page of the list stands; an empty URL means there is no such page. `filtered` says that there may be more
    services than are listed, `healths` in words which ones only, and `refused` why not although that was asked for."""

    first: int
    last: int
    total: int
    previous: str
    next: str
    filtered: bool
    healths: str = ""
    refused: str = ""


class HealthLink(msgspec.Struct, frozen=True):
    """The services of one health; where they are chosen, the way back to all."""

    health: Health
    count: int
    url: str
    chosen: bool


class TallyLinks(msgspec.Struct, frozen=True):
    """How many services are how, each a link; `all_url` where only some healths are listed. `order_url` sorts the other way:
    by name where trouble is first."""

    tally: HealthTally
    links: tuple[HealthLink, ...]
    all_url: str
    order_url: str
    trouble_first: bool


def chosen_in(given: Iterable[tuple[str, str]]) -> Choices:
    """The choices of an address, each parameter's together, the rest of it left out."""
    pairs = tuple((key, value) for key, value in given if value)
    return tuple(pair for name in ("q", *YOURS, *FILTERS, *BY_HEALTH) for pair in pairs if pair[0] == name)


def paging(view: ServicesView, choices: Choices, urls: Urls) -> Paging:
    """The neighbours of this page, with every filter kept."""

    def at(offset: int) -> str:
        return urls.list_url((*choices, ("offset", str(offset) if offset else "")))

    size = view.limit or PAGE_SIZE
    words = " or ".join(HEALTH[h].lower() for h in view.health)
    return Paging(
        first=view.offset + 1 if view.rows else 0,
        last=view.offset + len(view.rows),
        total=view.total,
        previous=at(max(0, view.offset - size)) if view.offset > 0 else "",
        next=at(view.offset + size) if view.offset + len(view.rows) < view.total else "",
        filtered=any(key != "sort" for key, _ in choices),
        healths=words,
        refused=view.refused,
    )


def tally_links(view: ServicesView, choices: Choices, urls: Urls) -> TallyLinks | None:
    """The tally as the filter it is; None where there is none."""
    tally = view.tally
    if tally is None:
        return None
    others = tuple(pair for pair in choices if pair[0] != "health")
    unsorted = tuple(pair for pair in choices if pair[0] != "sort")
    return TallyLinks(
        tally=tally,
        links=tuple(
            HealthLink(
                health=health,
                count=tally.counts.get(health, 0),
                url=urls.list_url(
                    others if view.health == (health,) else chosen_in((*others, ("health", health.value)))
                ),
                chosen=health in view.health,
            )
            for health in WORST_FIRST
            if tally.counts.get(health) or health in view.health
        ),
        all_url=urls.list_url(others) if view.health else "",
        order_url=urls.list_url((*unsorted, ("sort", "name")) if view.trouble_first else unsorted),
        trouble_first=view.trouble_first,
    )
