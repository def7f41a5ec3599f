"""A change costs one rendering for everyone, and each reader gets just what they have not got."""

import asyncio
import gc
import gzip
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing
from datetime import timedelta

import aiohttp
import msgspec
import pytest
from starlette.types import Message

from callboard.base.clock import FakeClock
from callboard.extend.pages import CardContext
from callboard.http.site import Site
from callboard.model.caller import Caller
from callboard.model.door import Refused, RequestFacts, RouteClass
from callboard.model.entity import EntityRef
from callboard.portal.views import ClusterPart
from callboard.web import times
from callboard.web.application import WebOptions, create_web
from callboard.web.kubernetes_tab import KubernetesTab, kubernetes_page
from callboard.web.live.fragments import BY_VALUE, VALUE_HOLDS, Fragment, Fragments, Frame
from callboard.web.live.request import MOST_TOPICS, LiveRequest, WantedTopic
from callboard.web.live.stream import LiveStream, Pace
from callboard.web.live.tabs import EntityTabs
from callboard.web.live.topics import Live, Topics
from callboard.web.rendering import Renderer
from callboard.web.static_files import StaticFiles
from support.live import KUBERNETES, ask, body, have_of, messages, topic, watching
from support.live_portal import NAMES, LivePortal
from support.web_scenes import ENTITY, NOW, StubPortal, healthy, kubernetes, pod, troubled, workload
from support.web_server import door, get, listening, operations, serving

PAGE = "/catalog/default/component/dice-roller/kubernetes"
CLUSTER = "callboard/tabs/kubernetes_cluster.html"


async def admitted() -> None:
    """The door lets the reader stay."""


def pods(name: str, count: int) -> ClusterPart:
    """A cluster with so many pods."""
    return healthy(name, count)


async def test_a_change_is_rendered_once_however_many_watch() -> None:
    portal, options = LivePortal(), WebOptions()
    async with serving(portal, options) as base, AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(watching(base)) for _ in range(12)]
        for reader in readers:
            await reader.next()
        assert options.rendered[CLUSTER] == len(NAMES), "each cluster once, for twelve readers"
        before = options.rendered.copy()
        await portal.change(troubled("eu-03"))
        updates = [await reader.next() for reader in readers]
    new = options.rendered - before
    assert new[CLUSTER] == 1
    assert new["callboard/tabs/kubernetes_head.html"] == 1
    assert new["callboard/tabs/matrix_row.html"] == 1
    assert set(new) == {
        CLUSTER,
        "callboard/tabs/kubernetes_head.html",
        *(f"callboard/tabs/matrix_{part}.html" for part in ("head", "row")),
    }
    assert sum(new.values()) == len(new)
    assert len({update.html for update in updates}) == 1
    assert "keeps crashing" in updates[0].html


async def test_readers_of_one_view_share_its_frame() -> None:
    portal = LivePortal()
    (tab,) = (t for t in portal.tabs() if t.key == "kubernetes")
    (again,) = (t for t in portal.tabs() if t.key == "kubernetes")
    context = CardContext(entity=ENTITY, caller=Caller.loopback())
    assert tab.live is not None
    assert again.live is not None
    async with aclosing(tab.live(context)) as one, aclosing(again.live(context)) as other:  # type: ignore[type-var]
        assert await anext(one) is await anext(other)


async def test_what_was_rendered_goes_with_what_it_shows() -> None:
    renderer = Renderer(StaticFiles(), FakeClock(NOW), title="Callboard")
    fragments = Fragments(renderer, FakeClock(NOW), Counter())
    tabs = EntityTabs(StubPortal(), renderer, fragments)
    tab = KubernetesTab(StubPortal()).tab()
    view = kubernetes(*map(healthy, NAMES))
    page = kubernetes_page(view)
    first = await tabs.frame(tab, page, ENTITY)
    assert await tabs.frame(tab, page, ENTITY) is first, "one frame for everyone with the same view"
    other = await tabs.frame(tab, kubernetes_page(view), ENTITY)
    assert other is not first
    assert all(one is same for one, same in zip(first.fragments, other.fragments, strict=True))
    assert len(fragments._by_object) == 2 * len(NAMES), "each cluster and its line"
    assert len(tabs._frames) == 1, "a frame goes with its view"
    del view, page
    gc.collect()
    assert len(fragments._by_object) == len(tabs._frames) == 0


async def test_heads_that_no_page_shows_any_more_are_let_go_of() -> None:
    clock, rendered = FakeClock(NOW), Counter[str]()
    fragments = Fragments(Renderer(StaticFiles(), clock, title="Callboard"), clock, rendered)
    tabs = EntityTabs(StubPortal(), fragments._renderer, fragments)
    tab = KubernetesTab(StubPortal()).tab()

    async def shown(*clusters: ClusterPart) -> None:
        await tabs.frame(tab, kubernetes_page(kubernetes(*clusters)), ENTITY)

    for number in range(600):
        await shown(troubled(f"eu-{number}"))
        clock.advance(1)
    assert len(fragments._by_value) <= 3 * (VALUE_HOLDS + 1), "of each two heads and a foot"
    before = rendered.copy()
    await shown(troubled("eu-599"))
    own = ("callboard/tabs/kubernetes_cluster.html", "callboard/tabs/matrix_row.html")
    assert not [template for template in rendered - before if template not in own], "the newest are there"
    for number in range(BY_VALUE):
        await shown(troubled(f"us-{number}"))
    assert len(fragments._by_value) == BY_VALUE


async def test_a_change_brings_its_cluster_and_the_head_and_no_more() -> None:
    portal = LivePortal(*(pods(name, 20) for name in NAMES))
    async with serving(portal) as base, watching(base) as reader:
        whole = await reader.next()
        first = reader.bytes
        assert len(whole.ids) == 2 * len(NAMES) + 3, "each with its line; two heads and the foot"
        await portal.change(pods("eu-05", 21))
        update = await reader.next()
    assert len([i for i in update.ids if i.startswith("cluster")]) == 1
    assert not [i for i in update.ids if i == "asked"]
    assert update.data["lineups"] == [], "the order is as it was"
    assert (reader.bytes - first) * 4 < first


async def test_trouble_changes_the_order_too() -> None:
    portal = LivePortal()
    async with serving(portal) as base, watching(base) as reader:
        lines, order, *_ = (await reader.next()).data["lineups"]
        assert [each["id"] for each in (lines, order)] == ["matrix", "clusters"]
        await portal.change(troubled("eu-07"))
        lines, after, *_ = (await reader.next()).data["lineups"]
    assert len(lines["ids"]) == len(NAMES)
    assert lines["ids"][0].endswith("eu-07")
    assert sorted(after["ids"]) == sorted(order["ids"])
    assert after["ids"][0] == order["ids"][7]


async def test_what_a_page_holds_is_not_sent_again() -> None:
    portal, options = LivePortal(), WebOptions()
    async with serving(portal, options) as base:
        have = have_of((await get(base, PAGE)).text)
        rendered = options.rendered.copy()
        async with watching(base, have={"1": have}) as reader:
            await reader.next("hello")
            await portal.change(troubled("eu-03"))
            update = await reader.next()
    assert len(update.ids) == 4, "the cluster and its line, and two heads"
    assert (options.rendered - rendered)[CLUSTER] == 1, "the page's own rendering served the stream"


async def test_coming_back_brings_what_differs() -> None:
    portal = LivePortal()
    async with serving(portal) as base:
        async with watching(base) as reader:
            whole = (await reader.next()).data
            have = {each["id"]: each["tag"] for kind in ("fragments", "lineups") for each in whole[kind]}
        await portal.change(troubled("eu-03"))
        async with watching(base, have={"1": have}) as reader:
            update = await reader.next()
    assert len([i for i in update.ids if i.startswith("cluster")]) == 1


async def test_ages_alone_are_no_change() -> None:
    portal = LivePortal(troubled("eu-01"))
    clock = FakeClock(NOW)
    options = WebOptions()

    def make(port: int) -> Site:
        guard, _ = door(port)
        return create_web(portal, guard, operations(), options, clock=clock)

    async with listening(make) as base:
        early = (await get(base, PAGE)).text
        clock.advance(3600)
        late = (await get(base, PAGE)).text
    assert "for <time" in early
    assert ">40 min</time>" in early
    assert ">1 h 40 min</time>" in late, "a page says how long ago it is now"
    assert have_of(early) == have_of(late)
    assert options.rendered[CLUSTER] == 1


def test_an_age_is_written_anew_and_nothing_else() -> None:
    html = '<p title="5 s"><time data-ago datetime="2026-11-21T08:59:00Z" title="x">7 d ago</time> 5 s &lt;time data-ago</p>'
    assert times.with_ages(html, NOW) == html.replace("7 d ago", "1 min ago")
    assert times.without_ages(html) == html.replace("7 d ago", "")


class Numbers:
    """A topic whose views are numbers, drawn as one element."""

    kind = "numbers"

    def __init__(self) -> None:
        self.drawn: list[int] = []
        self.given = 0
        self.last = asyncio.Event()

    async def open(self, key: str, caller: Caller, have: Mapping[str, str]) -> Live:
        async def views() -> AsyncIterator[object]:
            for number in range(1000):
                self.given += 1
                yield number
                await asyncio.sleep(0)
            self.last.set()
            await asyncio.Event().wait()

        async def draw(view: int) -> Frame:
            self.drawn.append(view)
            return Frame.of((Fragment("number", f"<b id=number>{view}</b>"),))

        return Live(views(), draw)


async def test_a_slow_reader_gets_the_newest_and_nothing_is_queued() -> None:
    numbers = Numbers()
    wanted = LiveRequest(watch=(WantedTopic(as_="1", topic="numbers/all"),))
    taken = asyncio.Event()
    sent: list[bytes] = []

    async def send(message: Message) -> None:
        if body := message.get("body"):
            sent.append(body)
            if b"update" in body:
                await taken.wait()

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    stream = LiveStream(
        wanted, Topics((numbers,)), Caller.loopback(), Pace(between=0.0),
        admitted=admitted, draining=asyncio.Event(),
    )  # fmt: skip
    reading = asyncio.create_task(stream({"type": "http"}, receive, send))
    async with asyncio.timeout(10):
        await numbers.last.wait()
        taken.set()
        while len(sent) < 3:  # noqa: ASYNC110 - the stream tells nobody
            await asyncio.sleep(0.01)
    reading.cancel()
    assert numbers.given == 1000
    assert len(numbers.drawn) == 2, "what was not taken was never even drawn"
    assert b">999<" in sent[2]


async def test_several_topics_share_a_stream_and_one_refusal_is_its_own() -> None:
    portal = LivePortal()
    async with serving(portal) as base:
        topics = {"a": KUBERNETES, "b": topic(ref=EntityRef("component", "default", "nobody")), "c": topic("overview"),
                  "d": topic("nope"), "e": "nothing/x", "f": "tab/x", "g": KUBERNETES}  # fmt: skip
        async with watching(base, topics) as reader:
            refused = {m.data["as"]: m.data["code"] for m in [await reader.next("refused") for _ in "bcdef"]}
        async with watching(base, topics) as reader:
            updated = {(await reader.next()).data["as"] for _ in "ag"}
    assert refused == dict.fromkeys("bcde", "not-found") | {"f": "usage"}
    assert updated == {"a", "g"}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b'{"watch": []}',
        b'{"watch": [{"as": "1"}]}',
        b'{"watch": [{"as": "1", "topic": 3}]}',
        msgspec.json.encode(body({str(i): KUBERNETES for i in range(MOST_TOPICS + 1)})),
        b'{"watch": [{"as": "1", "topic": "' + b"x" * 600_000 + b'"}]}',
    ],
)
async def test_a_request_that_is_not_understood_is_refused_whole(raw: bytes) -> None:
    portal = LivePortal()
    async with serving(portal) as base:
        answer = await ask(base, raw=raw, headers={"Accept": "application/json"})
    assert answer.status == 400
    assert portal.callers == []


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_another_sites_page_gets_no_stream(headers: dict[str, str]) -> None:
    portal = LivePortal()
    async with serving(portal) as base:
        assert (await ask(base, headers=headers)).status == 403
    assert portal.callers == []


async def test_two_thousand_pods_weigh_little_and_their_tables_come_on_demand() -> None:
    def big(name: str, crc: int = 0) -> ClusterPart:
        # names, ages and nodes as different as real ones are
        draw = random.Random(name)
        letters = "bcdfghjklmnpqrstvwxz2456789"
        made = tuple(
            pod(
                name,
                f"dice-roller-7d9f8c6b5-{''.join(draw.choices(letters, k=5))}",
                created=NOW - timedelta(seconds=draw.randrange(900_000)),
                node=f"ip-10-{draw.randrange(256)}-{draw.randrange(256)}.compute.internal",
            )
            for _ in range(50)
        )
        return msgspec.structs.replace(healthy(name), workloads=(workload(name, made),), took=0.08 + crc)

    names = [f"eu-{i:02}" for i in range(40)]
    portal = LivePortal(*map(big, names))
    async with serving(portal) as base:
        async with (
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.get(base + PAGE, headers={"Accept-Encoding": "gzip"}) as answer,
        ):
            zipped = await answer.read()
        page = gzip.decompress(zipped).decode()
        assert len(zipped) <= 60_000
        assert page.count('class="tile"') == 2000
        assert "<table" not in page
        whole = (await get(base, PAGE + "?tables=1")).text
        assert whole.count("<table") == 40
        assert "data-topic" not in whole, "a page with everything in it is read by reloading"
        place = re.findall(r'data-place="([^"]+)"', page)[7]
        async with watching(base, have={"1": have_of(page) | {place: ""}}) as reader:
            table = await reader.next()
            assert table.ids == {place}
            assert table.html.count("<tr") == 51
            await portal.change(big("eu-00", 1))
            assert place not in (await reader.next()).ids, "another cluster's change leaves it alone"
            shown = big("eu-07")
            gone = msgspec.structs.replace(shown.workloads[0], pods=shown.workloads[0].pods[1:])
            await portal.change(msgspec.structs.replace(shown, workloads=(gone,)))
            update = await reader.next()
    assert place in update.ids
    assert update.html.count("<tr") == 50


async def test_once_gives_what_is_new_and_ends() -> None:
    portal = LivePortal()
    async with serving(portal) as base:
        have = have_of((await get(base, PAGE)).text)
        same = await ask(base, have={"1": have}, once=True)
        await portal.change(troubled("eu-03"))
        after = await ask(base, have={"1": have}, once=True)
    assert [m.event for m in messages(same)] == ["hello"]
    assert [m.event for m in messages(after)] == ["hello", "update"]
    assert len(messages(after)[1].ids) == 4


@pytest.mark.parametrize("busy", [False, True])
async def test_a_session_that_ends_ends_its_stream_and_says_so(busy: bool) -> None:
    portal = LivePortal()
    closed = asyncio.Event()

    class Closing:
        """Lets everyone in until the session is over."""

        def __init__(self, port: int) -> None:
            self.inner, _ = door(port)

        async def admit(self, facts: RequestFacts, route: RouteClass) -> object:
            return (
                Refused(401, "not-signed-in", "Sign in.")
                if closed.is_set()
                else await self.inner.admit(facts, route)
            )

    def make(port: int) -> Site:
        return create_web(portal, Closing(port), operations(), WebOptions(pace=Pace(heartbeat=0.1)))  # type: ignore[arg-type]

    async with listening(make) as base, watching(base) as reader:
        await reader.next()
        closed.set()
        for _ in range(3 if busy else 0):
            await portal.change(troubled("eu-00"))
            await portal.change(healthy("eu-00"))
        bye = await reader.next("bye")
        assert bye.data == {"code": "not-signed-in", "message": "Sign in."}
        assert await reader.response.content.read() == b""
    assert portal.closed == 1


async def test_signing_out_in_one_tab_ends_the_stream_of_the_others_at_once() -> None:
    """No heartbeat is waited for; who is signed in by another session stays."""
    portal, made = LivePortal(), []

    def make(port: int) -> Site:
        guard, sessions = door(port, open_to_all=False)
        made.append((guard, sessions))
        return create_web(portal, guard, operations(guard), WebOptions(pace=Pace(heartbeat=3600)))

    async with listening(make) as base, AsyncExitStack() as stack:
        guard, sessions = made[0]
        cookies = [await sessions.redeem(sessions.link_token(Caller.loopback())) for _ in range(2)]
        mine, other = ({"Cookie": f"{guard.policy.cookie}={c}", "Origin": base} for c in cookies)
        first, second, stays = [
            await stack.enter_async_context(watching(base, headers=each)) for each in (mine, mine, other)
        ]
        for reader in (first, second, stays):
            await reader.next()
        assert (await get(base, "/sign-out", mine, method="POST")).status == 200
        for reader in (first, second):
            bye = await reader.next("bye")
            assert bye.data["code"] == "not-signed-in"
            assert await reader.response.content.read() == b""
        await portal.change(troubled("eu-00"))
        assert (await stays.next("update")).event == "update"


async def test_a_topic_that_cannot_be_drawn_costs_itself_only() -> None:
    class Broken(Numbers):
        kind = "broken"

        async def open(self, key: str, caller: Caller, have: Mapping[str, str]) -> Live:
            async def draw(view: int) -> Frame:
                raise RuntimeError("eyJ")

            return Live((await super().open(key, caller, have)).views, draw)

    wanted = LiveRequest(
        watch=(WantedTopic(as_="b", topic="broken/x"), WantedTopic(as_="n", topic="numbers/x")), once=True
    )
    sent: list[bytes] = []

    async def send(message: Message) -> None:
        sent.append(message.get("body", b""))

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    stream = LiveStream(
        wanted, Topics((Broken(), Numbers())), Caller.loopback(), Pace(),
        admitted=admitted, draining=asyncio.Event(),
    )  # fmt: skip
    await stream({"type": "http"}, receive, send)
    told = b"".join(sent).decode()
    assert '"as":"b","code":"internal","message":"Callboard itself failed while drawing this.' in told
    assert 'event: update\ndata: {"as":"n"' in told
    assert "eyJ" not in told
