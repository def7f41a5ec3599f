"""An object in its drawer is kept current over the stream: what changes, that it was deleted, and who may not see it any more."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import pytest

from callboard.base.errors import NotAllowed
from callboard.model.audit import AuditDeed
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.model.permission import Action, Resource, Ruling
from callboard.model.verdict import Health
from callboard.portal.views import ObjectKey, ObjectView
from callboard.simulator import Fleet
from callboard.simulator.scenarios.schema import TroubleSpec
from support.live import have_of, watching
from support.portal import application
from support.web_server import get, serving

ME = Caller.loopback()
DICE = EntityRef.parse("component:default/dice-roller")
HUB = {"parts": {"objectsProvider": "hub"}}
PAGE = "/catalog/default/component/dice-roller/kubernetes/object"


def pod_of(fleet: Fleet) -> ObjectKey:
    names = (p["metadata"]["name"] for p in fleet[0].store.list("pods", "games"))
    return ObjectKey(fleet[0].name, "pods", "games", next(n for n in names if n.startswith("dice-roller-")))


async def until(views: AsyncGenerator[ObjectView, None], what: str) -> ObjectView:
    async with asyncio.timeout(30):
        async for view in views:
            if getattr(view, what):
                return view
    raise AssertionError(what)


async def test_a_deleted_object_is_said_to_be_gone_and_keeps_its_last_state(tmp_path: Path) -> None:
    async with (
        Fleet.start() as fleet,
        application(tmp_path, fleet, "dice-roller", callboard=HUB) as app,
        serving(app.portal) as base,
    ):
        key = pod_of(fleet)
        path = f"{PAGE}/{key.cluster}/pods/games/{key.name}"
        page = (await get(base, path)).text
        assert "· live" in page
        assert 'data-object-topic="object/' in page
        found = re.search(r'data-object-topic="([^"]*)"', page)
        assert found
        async with watching(base, {"1": found[1]}, {"1": have_of(page)}) as stream:
            fleet[0].store.patch("pods", key.name, {"metadata": {"labels": {"seen": "yes"}}}, "games")
            await stream.until("seen=yes")
            fleet[0].store.delete("pods", key.name, "games", grace=0)
            await stream.until("Was deleted")
            await stream.next("end")
        assert "no" in (await get(base, path)).text, "who opens it now is told that it is not there"


async def test_what_changes_is_shown_and_its_owners_are_links(tmp_path: Path) -> None:
    async with (
        Fleet.start() as fleet,
        application(tmp_path, fleet, "dice-roller", callboard=HUB) as app,
        aclosing(app.portal.object_live(DICE, pod_of(fleet), ME)) as views,
    ):
        first = await until(views, "owners")
        while len(first.owners) < 2:
            first = await until(views, "owners")
        assert [o.key.type if o.key else "" for o in first.owners] == [
            "replicasets.apps",
            "deployments.apps",
        ]
        fleet.stages[fleet[0].name].start(TroubleSpec("crash-loop", "dice-roller"))
        fleet.step(300)
        async with asyncio.timeout(30):
            async for view in views:
                if view.health is Health.UNHEALTHY or view.gone_at:
                    break
        assert (view.health, view.gone_at) == (Health.UNHEALTHY, None)
        assert view.containers[0].restarts


async def test_its_yaml_is_on_record_once_and_nothing_comes_without_the_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Fleet.start() as fleet, application(tmp_path, fleet, "dice-roller", callboard=HUB) as app:
        permissions, recorded = app.portal._permissions, list[AuditDeed]()
        allowed = permissions.decide

        def record(deed: AuditDeed, caller: Caller, what: str = "", **more: str) -> None:
            recorded.append(deed)

        def nothing(caller: Caller, action: Action, resource: Resource) -> Ruling:
            if action is Action.RESOURCES_READ:
                return Ruling(allowed=False, by="not any more")
            return allowed(caller, action, resource)

        monkeypatch.setattr(permissions, "record", record)
        for _ in range(3):
            async with aclosing(app.portal.object_live(DICE, pod_of(fleet), ME)) as views:
                await until(views, "live")
        assert recorded == [AuditDeed.YAML]
        async with aclosing(app.portal.object_live(DICE, pod_of(fleet), ME)) as views:
            await until(views, "live")
            monkeypatch.setattr(permissions, "decide", nothing)
            fleet[0].store.delete("pods", pod_of(fleet).name, "games")
            with pytest.raises(NotAllowed):
                await until(views, "gone_at")
