"""A team's page: the services it owns, the worst first, kept current."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

import msgspec

from callboard.extend.pages import CardContext, Piece, Tab
from callboard.model.entity import Entity
from callboard.portal.protocol import ListOrder, Portal, ServicesQuery
from callboard.portal.views import ServicesView
from callboard.web.list_links import Choices
from callboard.web.words import anchor

__all__ = ["TeamHead", "TeamTab", "TeamView"]

ROWS = "services"
"""The id of the list."""
MOST = 100
"""Services on the page; of more it leads to the list."""


class TeamHead(msgspec.Struct, frozen=True):
    """What stands above the services: `counts` of each health, where the reader may see all of it, of `total`; `choices` lead
    to the same in the list of services. `more` are not on this page."""

    counts: tuple[tuple[str, int], ...]
    total: int
    more: int
    worst_first: bool
    choices: Choices


class TeamView(msgspec.Struct, frozen=True):
    """The head and the rows. It is complete from the start; `live` says that it goes on."""

    head: TeamHead
    services: ServicesView
    live: bool
    settled: bool = True


class TeamTab:
    """Makes the tab. A team is a Group; what its child groups own is its own, too."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def tab(self) -> Tab:
        """Its registration: a group opens with it."""
        return Tab(
            key="services",
            title="Services",
            template="callboard/tabs/team.html",
            view=self.view,
            live=self.live,
            pieces=pieces,
            lists=(ROWS,),
            applies=lambda entity: entity.kind.lower() == "group",
            order=50,
        )

    async def view(self, context: CardContext) -> TeamView:
        """What it owns, as it is now."""
        return team_view(await self._portal.services(_query(context.entity), context.caller), context.entity)

    async def live(self, context: CardContext) -> AsyncIterator[TeamView]:
        """The same, and again whenever it reads otherwise."""
        async with aclosing(self._portal.services_live(_query(context.entity), context.caller)) as views:
            async for view in views:
                yield team_view(view, context.entity)


def _owners(team: Entity) -> tuple[str, ...]:
    return tuple(map(str, (team.ref, *team.related("parentOf"))))


def _query(team: Entity) -> ServicesQuery:
    return ServicesQuery(kind=("component",), owner=_owners(team), order=ListOrder.USUAL, limit=MOST)


def team_view(services: ServicesView, team: Entity) -> TeamView:
    """The page of these services of a team."""
    counts = services.tally.counts if services.tally else {}
    head = TeamHead(
        counts=tuple((health.value, number) for health, number in counts.items()),
        total=services.total,
        more=services.total - len(services.rows),
        worst_first=services.trouble_first,
        choices=(("kind", "component"), *(("owner", owner) for owner in _owners(team))),
    )
    return TeamView(head, services, services.live)


def pieces(view: TeamView) -> Sequence[Piece]:
    """The head, and each service."""
    return (
        Piece(id="team-head", template="callboard/tabs/team_head.html", view=view.head),
        *(
            Piece(
                id=anchor(str(row.ref), "s"),
                template="callboard/tabs/team_row.html",
                # As of when a row is that is kept current is not on it: it is as of now.
                view=msgspec.structs.replace(row, health_as_of=None) if row.health_live else row,
                within=ROWS,
            )
            for row in view.services.rows
        ),
    )
