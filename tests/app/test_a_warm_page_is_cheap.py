"""A page of a service that is listened to, opened again: nothing is read, asked, put together, rendered or packed for it."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import event

from callboard.simulator import Fleet
from callboard.web.application import WebOptions
from support.portal import application
from support.web_server import get, serving

HUB = {"parts": {"objectsProvider": "hub"}, "lookAround": None}
PAGE = "/catalog/default/component/dice-roller/kubernetes?wait=10"


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Every SQL statement of this process, as it is sent."""
    sent: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        sent.append(statement)

    event.listen(sqlalchemy.Engine, "before_cursor_execute", note)
    yield sent
    event.remove(sqlalchemy.Engine, "before_cursor_execute", note)


async def test_a_warm_page_is_a_look_up(tmp_path: Path, statements: list[str]) -> None:
    options = WebOptions()
    async with (
        Fleet.start(clusters=3, speed=0) as fleet,
        application(tmp_path, fleet, "dice-roller", callboard=HUB) as app,
        serving(app.portal, options) as base,
    ):
        first = (await get(base, PAGE)).text
        await asyncio.sleep(1.5)  # what was seen is written
        assert (await get(base, PAGE)).text == first

        def counted() -> tuple[object, ...]:
            requests = [cluster.counters.questions for cluster in fleet]
            return app.class_views.arranged, Counter(options.rendered), requests, tuple(statements)

        before = counted()
        for _ in range(5):
            assert (await get(base, PAGE)).text == first
        assert counted() == before
        assert statements, "the first page did read the catalog"
