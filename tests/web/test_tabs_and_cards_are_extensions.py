"""Ours and anyone's tabs and cards come through one hook; a bad one costs itself, and a missing one its feature only."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from callboard.base.errors import Unavailable
from callboard.extend.pages import Card, CardContext, Tab
from callboard.model.entity import Entity
from support.live import ask, topic
from support.web_scenes import StubPortal
from support.web_server import get, serving

ENTITY = "/catalog/default/component/dice-roller"


class Cost(msgspec.Struct):
    words: str


def always(entity: Entity) -> bool:
    return True


def broken(entity: Entity) -> bool:
    raise RuntimeError("a plugin's mistake")


def card(key: str, words: str | Exception) -> Card:
    async def view(context: CardContext) -> Cost:
        if isinstance(words, Exception):
            raise words
        return Cost(f"{words} {context.caller.kind} {context.query.get('x', '')}")

    return Card(key=key, title=key.title(), template="support:templates/cost.html", view=view, applies=always)


class Extended(StubPortal):
    """Ours, and what an extension brings."""

    def __init__(self, *, keep: tuple[str, ...] = ("overview", "kubernetes")) -> None:
        super().__init__()
        self.keep = keep

    def tabs(self) -> tuple[Tab, ...]:
        async def view(context: CardContext) -> Cost:
            return Cost("3 euro")

        async def live(context: CardContext) -> AsyncIterator[object]:
            yield Cost("4 euro")

        template = "support:templates/cost.html"
        return (
            *(t for t in super().tabs() if t.key in self.keep),
            Tab(key="cost", title="Cost", template=template, view=view, applies=always, live=live),
            Tab(key="bad", title="Bad", template=template, view=view, applies=broken),
        )

    def cards(self) -> tuple[Card, ...]:
        bad = (card("angry", RuntimeError("eyJ secret")), card("away", Unavailable("the price list is away")))
        return (*super().cards(), card("price", "<b>cheap</b>"), *bad)


async def test_an_extensions_card_and_tab_stand_beside_ours() -> None:
    async with serving(Extended()) as base:
        overview = (await get(base, ENTITY + "?x=%3Ci%3E")).text
        cost = (await get(base, ENTITY + "/cost")).text
        stream = (await ask(base, {"1": topic("cost")})).text
    assert "&lt;b&gt;cheap&lt;/b&gt; loopback &lt;i&gt;" in overview
    assert 'data-mark="note"' in overview, "the template uses the macros of callboard/parts.html"
    assert 'href="/catalog/default/component/dice-roller/cost"' in overview
    assert "3 euro" in cost
    assert f'data-topic="{topic("cost")}"' in cost
    assert "4 euro" in stream


async def test_a_failing_card_or_tab_costs_itself_only() -> None:
    async with serving(Extended()) as base:
        overview = await get(base, ENTITY)
    assert overview.status == 200
    assert "The card &#39;Angry&#39; failed unexpectedly (RuntimeError)." in overview.text
    assert "The price list is away." in overview.text
    assert "eyJ" not in overview.text
    assert "Rolls dice" in overview.text
    assert ">Bad<" not in overview.text


@pytest.mark.parametrize("gone", ["overview", "kubernetes"])
async def test_without_one_of_ours_the_rest_works(gone: str) -> None:
    kept = "kubernetes" if gone == "overview" else "overview"
    async with serving(Extended(keep=(kept,))) as base:
        assert (await get(base, f"{ENTITY}/{gone}")).status == 404
        assert (await get(base, f"{ENTITY}/{kept}")).status == 200
        first = await get(base, ENTITY)
    assert first.status == 200
    assert f'/{gone}"' not in first.text.partition('<nav class="tabs"')[2].partition("</nav>")[0]
