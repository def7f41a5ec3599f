"""The Overview tab: the cards that apply to an entity, and our own four."""

import asyncio
from collections.abc import Sequence

import msgspec

from callboard.base.errors import CallboardError
from callboard.base.fence import Fence
from callboard.base.part_calls import Given
from callboard.extend.pages import Card, CardContext, Tab
from callboard.model.entity import Entity
from callboard.portal.protocol import Portal
from callboard.portal.views import ServiceView
from callboard.web.page_fences import PageFences, anything, sentence

__all__ = ["OverviewTab", "OverviewView", "Panel", "cards"]

TEMPLATES = "callboard/cards/"


class Panel(msgspec.Struct, frozen=True):
    """One card with what it shows; `failure` instead where it could not be made."""

    card: Card
    view: object = None
    failure: str = ""


class OverviewView(msgspec.Struct, frozen=True):
    """The cards, in order."""

    panels: tuple[Panel, ...]


class OverviewTab:
    """Makes the tab; one card's trouble is that card's alone."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._fences = PageFences()

    def tab(self) -> Tab:
        """Its registration."""
        return Tab(
            key="overview",
            title="Overview",
            template="callboard/tabs/overview.html",
            view=self.view,
            applies=lambda entity: True,
            order=100,
        )

    async def view(self, context: CardContext) -> OverviewView:
        """All cards at once."""
        async with asyncio.TaskGroup() as group:
            made = [
                group.create_task(_panel(card, context, self._fences.of(card)))
                for card in self._portal.cards()
            ]
        return OverviewView(tuple(panel for task in made if (panel := task.result()) is not None))


async def _panel(card: Card, context: CardContext, fence: Fence) -> Panel | None:
    try:
        if not fence.now("say whether it applies", lambda: card.applies(context.entity), bool):
            return None
        given = Given(context.entity, context.caller)
        return Panel(card, await fence.call("show itself", lambda: card.view(context), anything, given=given))
    except CallboardError as error:
        return Panel(card, failure=sentence(error.message))


def cards(portal: Portal) -> Sequence[Card]:
    """Our own cards. All show parts of one ServiceView."""

    async def view(context: CardContext) -> ServiceView:
        return await portal.service(context.entity.ref, context.caller)

    def always(entity: Entity) -> bool:
        return True

    def card(key: str, title: str, order: int) -> Card:
        return Card(
            key=key, title=title, template=f"{TEMPLATES}{key}.html", view=view, applies=always, order=order
        )

    return (
        card("about", "About", 100),
        card("relations", "Relations", 200),
        Card(
            key="links",
            title="Links",
            template=f"{TEMPLATES}links.html",
            view=view,
            applies=lambda entity: bool(entity.metadata.links),
            order=300,
        ),
        card("annotations", "Labels and annotations", 400),
    )
