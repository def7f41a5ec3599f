"""Small promises of the page: its words, its front door, its weight."""

import gzip
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest

from callboard.web import times, words
from support.web_scenes import StubPortal
from support.web_server import get, serving

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3600, "in the future"), (0, "just now"), (4.9, "just now"), (5, "5 s ago"), (59, "59 s ago"), (60, "1 min ago"),
     (3599, "59 min ago"), (3600, "1 h ago"), (3660, "1 h 1 min ago"), (25_200, "7 h ago"),
     (86_400, "1 d ago"), (864_000, "10 d ago")],
)  # fmt: skip
def test_how_long_ago_reads_as_people_say_it(seconds: float, text: str) -> None:
    assert times.ago(NOW - timedelta(seconds=seconds), NOW) == text


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=5, minutes=30))])
def test_moments_are_told_in_utc_to_the_second(zone: timezone) -> None:
    moment = datetime(2026, 11, 20, 23, 59, 58, 999_999, UTC).astimezone(zone)
    assert times.exact(moment) == "2026-11-20 23:59:58 UTC"
    assert times.iso(moment) == "2026-11-20T23:59:58Z"


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("group:default/games", "games"),
        ("group:other/games", "group:other/games"),
        ("team-a", "team-a"),
        ("group:default/", "group:default/"),
    ],
)
def test_an_owner_is_called_by_its_name(text: str, short: str) -> None:
    assert words.short_ref(text) == short


def test_init_containers_troubles_are_told_in_plain_words() -> None:
    assert (
        words.plain_status("Init:CrashLoopBackOff")
        == "preparing to start: starts, crashes, and is started again and again"
    )
    assert words.plain_status("Init:0/2") == "is getting ready to start"
    assert words.plain_status("Running") == ""


async def test_the_front_page_is_the_list_of_components() -> None:
    portal = StubPortal()
    async with serving(portal) as base:
        front = await get(base, "/")
        await get(base, front.headers["Location"])
    assert front.status == 302
    assert portal.queries[0].kind == ("Component",)


async def test_script_and_style_of_a_service_page_weigh_at_most_80_kb_compressed() -> None:
    async with serving(StubPortal()) as base:
        page = (await get(base, "/catalog/default/component/dice-roller/kubernetes")).text
        wanted = set(re.findall(r'(?:src|href)="(/static/[^"]+\.(?:js|css))"', page))
        weight, seen = 0, set[str]()
        while wanted - seen:
            url = (wanted - seen).pop()
            seen.add(url)
            text = (await get(base, url)).text
            weight += len(gzip.compress(text.encode()))
            folder = url.rpartition("/")[0]
            wanted |= {
                f"{folder}/{name}"
                for name in re.findall(r'(?:from "|import "|url\(")(?:\./)?([\w-]+\.(?:js|css))"', text)
            }
    assert len(seen) >= 10, "the imported modules count as well"
    assert weight <= 80_000
