"""A log is followed through the whole of Callboard, over real sockets: lines come, containers come and go, rights are taken."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from pathlib import Path

import pytest

from callboard.app.application import Application
from callboard.base.errors import NotAllowed, Unavailable
from callboard.model.audit import AuditDeed
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.model.permission import Action, Resource, Ruling
from callboard.portal.asking import following
from callboard.portal.logs.follows import MOST_OF_ONE
from callboard.portal.protocol import LogFollow, LogQuery
from callboard.portal.views import LogNews, LogRow, ObjectKey
from callboard.simulator import Fleet
from callboard.simulator.scenarios.schema import TroubleSpec
from support.portal import application

ME = Caller.loopback()
DICE = EntityRef.parse("component:default/dice-roller")
HUB = {"parts": {"objectsProvider": "hub"}}


class Reader:
    """Takes what comes."""

    def __init__(self, views: AsyncGenerator[LogFollow, None]) -> None:
        self.views = views
        self.rows: list[LogRow] = []
        self.said: list[str] = []
        self.cursors: dict[str, str] = {}
        self.sources: set[str] = set()
        self.state = ""

    async def next(self) -> LogNews:
        async with asyncio.timeout(30):
            news = (await anext(self.views)).take()
        self.rows += news.rows
        self.said += news.said
        self.cursors |= dict(news.cursors)
        self.sources |= {f"{s.pod}/{s.container}" for s in news.sources}
        self.state = news.state
        return news

    async def rows_until(self, count: int) -> list[LogRow]:
        while len(self.rows) < count:
            await self.next()
        return self.rows

    async def written_on(self, fleet: Fleet) -> None:
        """Until the log is taken away."""
        while True:
            fleet.step(10)
            await self.next()

    async def said_until(self, words: str) -> None:
        while not any(words in said for said in self.said):
            await self.next()


def pods(fleet: Fleet) -> list[str]:
    names = (p["metadata"]["name"] for p in fleet[0].store.list("pods", "games"))
    return [name for name in names if name.startswith("dice-roller-")]


def key(fleet: Fleet, name: str, type_: str = "pods") -> ObjectKey:
    return ObjectKey(fleet[0].name, type_, "games", name)


def follow(
    app: Application, of: ObjectKey, cursors: dict[str, str] | None = None, **query: str
) -> AsyncGenerator[LogFollow, None]:
    return app.portal.log_live(DICE, of, LogQuery(**query), cursors or {}, ME)  # type: ignore[arg-type]


async def test_a_log_goes_on_from_its_page_and_from_where_it_was_left(tmp_path: Path) -> None:
    async with Fleet.start() as fleet, application(tmp_path, fleet, "dice-roller", callboard=HUB) as app:
        of = key(fleet, pods(fleet)[0])
        shown = await app.portal.log(DICE, of, LogQuery(tail_lines=50), ME)
        assert (len(shown.rows), shown.earlier, shown.follows) == (50, True, True)
        assert {row.level for row in shown.rows} >= {"info"}
        cursors = {s.id: s.cursor for s in shown.sources}
        seen = list(shown.rows)
        for _ in range(2):
            async with aclosing(follow(app, of, cursors)) as views:
                reader = Reader(views)
                fleet.step(30)
                await reader.rows_until(3)
            assert reader.state == "live"
            seen += reader.rows
            cursors = reader.cursors
        ats = [row.at for row in seen]
        assert ats == sorted(set(ats)), "nothing comes twice, and nothing out of turn"
        whole = await app.portal.log(DICE, of, LogQuery(), ME)
        assert ats == [row.at for row in whole.rows if seen[0].at <= row.at <= seen[-1].at], (
            "nothing is missing"
        )


async def test_all_pods_of_a_workload_are_read_and_followed_and_new_ones_join(tmp_path: Path) -> None:
    async with Fleet.start() as fleet, application(tmp_path, fleet, "dice-roller", callboard=HUB) as app:
        of = key(fleet, "dice-roller", "deployments.apps")
        shown = await app.portal.log(DICE, of, LogQuery(), ME)
        assert {s.pod for s in shown.sources} == set(pods(fleet))
        assert {row.source for row in shown.rows} == set(range(len(shown.sources)))
        assert [row.at for row in shown.rows] == sorted(row.at for row in shown.rows)
        async with aclosing(follow(app, of, {s.id: s.cursor for s in shown.sources})) as views:
            reader = Reader(views)
            await reader.next()
            before = set(pods(fleet))
            fleet[0].store.patch(
                "deployments", "dice-roller", {"spec": {"replicas": len(before) + 1}}, "games"
            )
            while not set(pods(fleet)) - before:
                fleet.step(1)
            (new,) = set(pods(fleet)) - before
            while not any(source.startswith(f"{new}/") for source in reader.sources):
                fleet.step(5)
                await reader.next()


async def test_what_happens_to_its_container_is_said(tmp_path: Path) -> None:
    async with Fleet.start() as fleet, application(tmp_path, fleet, "dice-roller", callboard=HUB) as app:
        name = pods(fleet)[0]
        async with aclosing(follow(app, key(fleet, name))) as views:
            reader = Reader(views)
            await reader.rows_until(1)
            fleet[0].store.delete("pods", name, "games")
            fleet.step(60)
            await reader.said_until("deleted")
            assert reader.state == "ended"
            with pytest.raises(StopAsyncIteration):
                await anext(views)


async def test_a_log_that_is_not_there_says_why_and_becomes_live(tmp_path: Path) -> None:
    async with Fleet.start() as fleet, application(tmp_path, fleet, "dice-roller", callboard=HUB) as app:
        fleet.stages[fleet[0].name].start(TroubleSpec("missing-config", "dice-roller"))
        fleet.step(120)
        waiting = next(
            p["metadata"]["name"]
            for p in fleet[0].store.list("pods", "games")
            if any("waiting" in s["state"] for s in p["status"].get("containerStatuses", ()))
        )
        of = key(fleet, waiting)
        shown = await app.portal.log(DICE, of, LogQuery(), ME)
        assert "has not started yet" in shown.failure
        assert "something its configuration refers to is missing" in shown.failure
        assert shown.follows
        async with aclosing(follow(app, of)) as views:
            reader = Reader(views)
            await reader.said_until("has not started yet")
            assert reader.state == "waiting"
            found = {"name": "dice-roller-settings", "namespace": "games"}
            data = {"PAYMENT_PROVIDER_URL": "https://pay.invalid"}
            fleet[0].store.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": found, "data": data})
            fleet.step(60)
            await reader.rows_until(1)
            assert reader.state == "live"


async def test_it_is_on_record_once_and_ends_with_the_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "ASK_AGAIN", 0.0)
    async with Fleet.start() as fleet, application(tmp_path, fleet, "dice-roller", callboard=HUB) as app:
        recorded: list[str] = []
        permissions = app.portal._permissions

        def record(deed: AuditDeed, caller: Caller, what: str = "", **more: str) -> None:
            recorded.append(what)

        monkeypatch.setattr(permissions, "record", record)
        of = key(fleet, pods(fleet)[0])
        for _ in range(3):
            async with aclosing(follow(app, of)) as views:
                await Reader(views).rows_until(1)
        assert [what.endswith("(followed)") for what in recorded] == [True]

        allowed = permissions.decide

        def no_logs(caller: Caller, action: Action, resource: Resource) -> Ruling:
            if action is Action.LOGS_READ:
                return Ruling(allowed=False, by="logs are for others")
            return allowed(caller, action, resource)

        async with aclosing(follow(app, of)) as views:
            reader = Reader(views)
            await reader.rows_until(1)
            monkeypatch.setattr(permissions, "decide", no_logs)
            with pytest.raises(NotAllowed):
                await reader.written_on(fleet)


async def test_one_person_follows_so_many_logs_and_no_more(tmp_path: Path) -> None:
    async with (
        Fleet.start() as fleet,
        application(tmp_path, fleet, "dice-roller", callboard=HUB) as app,
        AsyncExitStack() as stack,
    ):
        of = key(fleet, pods(fleet)[0])
        for _ in range(MOST_OF_ONE):
            await Reader(await stack.enter_async_context(aclosing(follow(app, of)))).rows_until(1)
        with pytest.raises(Unavailable, match="You follow"):
            await anext(follow(app, of))
        assert app.portal._kubernetes.follows.count == MOST_OF_ONE
        await stack.aclose()
        assert app.portal._kubernetes.follows.count == 0
