"""A live page keeps its stream after it has settled, and says for each cluster how current what it shows is."""

from datetime import UTC, datetime

import msgspec

from callboard.model.outcome import Freshness
from callboard.portal.views import FreshnessRow
from support.live import KUBERNETES
from support.web_scenes import StubPortal, healthy, kubernetes
from support.web_server import get, serving

PAGE = "/catalog/default/component/dice-roller/kubernetes"
LIVE = FreshnessRow(freshness=Freshness.LIVE, types=("pods", "deployments"))
POLLED = FreshnessRow(
    freshness=Freshness.POLLED, types=("configmaps",), as_of=datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
)
STALE = FreshnessRow(
    freshness=Freshness.LIVE,
    types=("services",),
    stale_since=datetime(2026, 11, 21, 8, 2, tzinfo=UTC),
    words="connection refused <b>",
)


async def page(*rows: FreshnessRow, live: bool = True) -> str:
    part = msgspec.structs.replace(healthy("eu-1"), freshness=rows)
    view = kubernetes(part, settled=True, complete=True, live=live)
    async with serving(StubPortal((view,))) as base:
        return (await get(base, PAGE)).text


async def test_a_settled_live_page_keeps_its_stream_and_does_not_reload_without_script() -> None:
    text = await page(LIVE)
    assert f'data-topic="{KUBERNETES}"' in text
    assert "http-equiv" not in text


async def test_a_settled_page_that_was_asked_once_has_no_stream() -> None:
    assert "data-topic" not in await page(live=False)


async def test_what_is_alike_is_said_once_and_what_is_not_is_named() -> None:
    alike = await page(LIVE)
    assert "<span>Live</span>" in alike
    mixed = await page(STALE, LIVE, POLLED)
    assert "Live: pods, deployments" in mixed
    assert "Asked at intervals, last" in mixed
    assert ": configmaps" in mixed
    assert "Stale since" in mixed
    assert "08:02:00 UTC" in mixed
    assert "connection refused &lt;b&gt;" in mixed
    assert "out of date" in mixed
    assert "out of date" not in alike
