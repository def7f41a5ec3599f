"""Where one gets from a page of the list: to its neighbours, to the services of one health, to another order. Pure."""

from collections.abc import Iterable

import msgspec

from callboard.model.finding import Impact
from callboard.model.verdict import WORST_FIRST, Health
from callboard.portal.protocol import ListGrouping
from callboard.portal.views import HealthTally, ServicesView
from callboard.web.urls import Urls
from callboard.web.words import HEALTH, anchor, short_ref

__all__ = [
    "BY_HEALTH",
    "FILTERS",
    "PAGE_SIZE",
    "YOURS",
    "Choices",
    "GroupHead",
    "GroupLink",
    "HealthLink",
    "Paging",
    "TallyLinks",
    "chosen_in",
    "group_head",
    "group_links",
    "list_alarm",
    "paging",
    "tally_links",
]

FILTERS = ("kind", "type", "owner", "lifecycle", "tag", "system", "environment", "cluster")
YOURS = ("mine", "starred")
BY_HEALTH = ("health", "sort", "group")
PAGE_SIZE = 50

GROUPINGS = {
    ListGrouping.NONE: "Nothing",
    ListGrouping.OWNER: "Owner",
    ListGrouping.SYSTEM: "System",
    ListGrouping.ENVIRONMENT: "Environment",
    ListGrouping.CLUSTER: "Cluster",
}

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
    group: str = ""
    """What it is grouped by: a service is in every group that it belongs to."""
    alarm: str = ""
    """What the browser's tab is marked with."""


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


class GroupLink(msgspec.Struct, frozen=True):
    """One way to group the list."""

    title: str
    url: str
    current: bool


class GroupHead(msgspec.Struct, frozen=True, kw_only=True):
    """What stands above the services of one group; `url` lists them alone. `goes_on` says that the page before has some,
    `place` that the group is one: there is what is unhealthy of it."""

    id: str
    title: str
    count: int
    unhealthy: int | None
    url: str
    goes_on: bool
    place: bool


def group_links(view: ServicesView, choices: Choices, urls: Urls) -> tuple[GroupLink, ...]:
    """The ways to group it: by place only for readers who are told where things run."""
    others = tuple(pair for pair in choices if pair[0] != "group")
    places = view.tally is not None or any(facet.key == "cluster" for facet in view.facets)
    offered = [g for g in ListGrouping if places or g.value in ("", "owner", "system", view.group)]
    return tuple(
        GroupLink(
            GROUPINGS[group],
            urls.list_url((*others, ("group", group.value))),
            view.group == group.value,
        )
        for group in offered
    )


def group_head(view: ServicesView, value: str, choices: Choices, urls: Urls, *, first: bool) -> GroupHead:
    """The head of one of its groups; `first` where its first row is the page's first."""
    group = next(g for g in view.groups if g.value == value)
    before = 0
    for each in view.groups:
        if each.value == value:
            break
        before += each.count
    others = tuple(pair for pair in choices if pair[0] not in ("group", view.group))
    return GroupHead(
        id=anchor(f"{view.group}/{value}", "g"),
        title=short_ref(value) if value else f"No {view.group}",
        count=group.count,
        unhealthy=group.unhealthy,
        url=urls.list_url(chosen_in((*others, (view.group, value)))) if value else "",
        goes_on=first and view.offset > before,
        place=bool(value) and view.group in (ListGrouping.ENVIRONMENT, ListGrouping.CLUSTER),
    )


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
        filtered=any(key not in ("sort", "group") for key, _ in choices),
        healths=words,
        refused=view.refused,
        group=view.group,
        alarm=list_alarm(view),
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


def list_alarm(view: ServicesView) -> str:
    """How bad the worst service of a page is for its users, where that alarms."""
    found = {row.impact for row in view.rows}
    worst = next((i for i in (Impact.DOWN, Impact.DEGRADED) if i in found), None)
    return str(worst) if worst is not None else ""
