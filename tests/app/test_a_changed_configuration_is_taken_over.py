"""A valid change replaces clusters and credentials without a restart; an invalid one is refused and the old one stays."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
import yaml
from structlog.testing import capture_logs

from callboard.app.application import Application
from callboard.app.restarts import READ_ONCE, waiting_for_a_restart
from callboard.base.config import load
from callboard.base.part_calls import CALLS
from callboard.base.settings import Settings
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.portal.protocol import ServicesQuery
from callboard.simulator import Fleet
from support.portal import application, write_config

ME = Caller.loopback()
DICE = EntityRef.parse("component:default/dice-roller")
QUICK = {"watchInterval": "50ms"}


@asynccontextmanager
async def kept_up(app: Application) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(app.keep_up())
        yield
        task.cancel()


async def names(app: Application) -> list[str]:
    return sorted(c.name for c in (await app.operations.clusters(ME)).clusters)


async def until(app: Application, wanted: list[str]) -> None:
    async with asyncio.timeout(20):
        while await names(app) != wanted:  # noqa: ASYNC110 - the file watcher looks at intervals, so do we
            await asyncio.sleep(0.05)


def edit(config: Path, **kubernetes: object) -> None:
    document = yaml.safe_load(config.read_text())
    document["kubernetes"].update(kubernetes)
    config.write_text(yaml.safe_dump(document))


async def test_clusters_come_and_go_with_the_file(tmp_path: Path) -> None:
    async with (
        Fleet.start(clusters=2) as fleet,
        application(tmp_path, fleet, "dice-roller", callboard=QUICK) as app,
        kept_up(app),
    ):
        both, config = sorted(c.name for c in fleet), tmp_path / "app-config.yaml"
        assert await names(app) == both
        locator = {"type": "kubeconfig", "files": [str(tmp_path / "kubeconfig")]}
        edit(config, clusterLocatorMethods=[{**locator, "contexts": [fleet[0].name]}])
        await until(app, [fleet[0].name])
        view = await app.portal.kubernetes_settled(DICE, ME, within=20)
        assert [c.cluster.name for c in view.clusters] == [fleet[0].name]


async def test_a_wrong_file_is_refused_and_what_was_in_force_stays(tmp_path: Path) -> None:
    async with (
        Fleet.start(clusters=2) as fleet,
        application(tmp_path, fleet, "dice-roller", callboard=QUICK) as app,
        kept_up(app),
    ):
        both, config = sorted(c.name for c in fleet), tmp_path / "app-config.yaml"
        good = config.read_text()
        before = app.configuration
        edit(config, clusterLocatorMethods=[{"type": "kubeconfg", "files": []}])
        await asyncio.sleep(0.5)
        assert app.configuration is before
        assert await names(app) == both
        config.write_text(good + "\n# mended\n")
        async with asyncio.timeout(20):
            while app.configuration is before:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.05)
        assert await names(app) == both


async def test_a_catalog_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    async with (
        Fleet.start(clusters=1) as fleet,
        application(tmp_path, fleet, "dice-roller", callboard=QUICK) as app,
        kept_up(app),
    ):
        write_config(tmp_path, fleet, "dice-roller", "scoreboard", callboard=QUICK)
        async with asyncio.timeout(20):
            while (await app.portal.services(ServicesQuery(kind=("component",)), ME)).total != 2:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


async def test_what_needs_a_restart_is_said_to_need_one(tmp_path: Path) -> None:
    async with (
        Fleet.start(clusters=1) as fleet,
        application(tmp_path, fleet, "dice-roller", callboard=QUICK) as app,
    ):
        logged: list[str] = []
        app.relog = lambda settings: logged.append(settings.level)
        config = tmp_path / "app-config.yaml"
        document = yaml.safe_load(config.read_text())
        document["app"] = {"title": "Another"}
        document["backend"] = {"listen": ":7100"}
        document["callboard"]["logging"] = {"level": "debug"}
        with capture_logs() as logs:
            async with kept_up(app):
                config.write_text(yaml.safe_dump(document))
                async with asyncio.timeout(20):
                    while not any("in force" in entry["event"] for entry in logs):  # noqa: ASYNC110
                        await asyncio.sleep(0.05)
        (told,) = [entry for entry in logs if "in force" in entry["event"]]
        assert (told["log_level"], told["keys"]) == ("warning", ["app.title", "backend.listen"])
        assert logged == ["debug"], "the log's level is taken over"


TAKEN_OVER = [
    "auth.environment",
    "auth.providers",
    "backend.auth",
    "backend.reading",
    "callboard.access",
    "callboard.auth",
    "callboard.catalog",
    "callboard.clusters",
    "callboard.connect",
    "callboard.diagnosis",
    "callboard.extensions",
    "callboard.followServices",
    "callboard.kubeconfig",
    "callboard.links",
    "callboard.logging",
    "callboard.outbound",
    "callboard.parts",
    "callboard.routes",
    "callboard.services",
    "catalog.locations",
    "catalog.processingInterval",
    "catalog.rules",
    "integrations.github",
    "integrations.gitlab",
    "kubernetes",
]
"""In force as soon as the files are read again."""
NOT_USED = ["backend.cors"]
OTHERS: dict[str, object] = {
    "app.title": "Other",
    "app.baseUrl": "https://other.example.org",
    "organization.name": "Other",
    "backend.baseUrl": "https://other.example.org",
    "backend.listen": ":7444",
    "backend.https": {"certificate": {"cert": "c", "key": "k"}},
    "auth.session": {"secret": "another that is long enough"},
    "backend.database": {"client": "better-sqlite3", "connection": "elsewhere"},
    "callboard.dataDirectory": "elsewhere",
    "callboard.database": {"connections": 9},
    "callboard.checkpoint": {"enabled": False},
    "callboard.watchInterval": "9s",
    "callboard.lookAround": "9m",
    "callboard.extensions.path": "elsewhere",
    "callboard.web": {"drainDelay": "9s"},
}


def test_every_setting_is_taken_over_or_said_to_need_a_restart() -> None:
    """Whoever adds one says which."""
    keys = set()
    for each in msgspec.structs.fields(Settings):
        if isinstance(each.type, type) and issubclass(each.type, msgspec.Struct):
            keys |= {f"{each.encode_name}.{inner.encode_name}" for inner in msgspec.structs.fields(each.type)}
        else:
            keys.add(each.encode_name)
    assert keys == {*TAKEN_OVER, *READ_ONCE, *NOT_USED} - {"callboard.extensions.path"}
    assert set(OTHERS) == set(READ_ONCE)


@pytest.mark.parametrize("key", OTHERS)
def test_one_that_is_read_at_the_start_is_told_by_its_name(key: str, tmp_path: Path) -> None:
    value = OTHERS[key]
    for name in reversed(key.split(".")):
        value = {name: value}
    file = tmp_path / "app-config.yaml"
    file.write_text(yaml.safe_dump(value))
    assert waiting_for_a_restart(Settings(), load([file], {}).settings) == (key,)
    assert waiting_for_a_restart(load([file], {}).settings, load([file], {}).settings) == ()


async def test_what_is_said_to_be_in_force_acts(tmp_path: Path) -> None:
    async with (
        Fleet.start(clusters=1) as fleet,
        application(tmp_path, fleet, "dice-roller", callboard=QUICK) as app,
    ):
        config = tmp_path / "app-config.yaml"
        document = yaml.safe_load(config.read_text())
        document["callboard"] |= {
            "links": {"logs": [{"title": "Our logs", "url": "https://logs.example.org/{pod}"}]},
            "access": {"contact": "mailto:platform@example.org"},
            "auth": {"sessionIdle": "7m"},
            "extensions": {"watched": ["one"]},
            "followServices": False,
            "clusters": {"limits": {"softDeadline": 3}},
        }
        with capture_logs() as logs:
            async with kept_up(app):
                config.write_text(yaml.safe_dump(document))
                async with asyncio.timeout(20):
                    while not any("in force" in entry["event"] for entry in logs):  # noqa: ASYNC110
                        await asyncio.sleep(0.05)
        try:
            assert [each["event"] for each in logs if "in force" in each["event"]] == [
                "a changed configuration is in force"
            ]
            assert "Our logs" in str(app.portal.outward())
            assert app.fleet.settings.callboard.clusters.limits.soft_deadline == 3
            assert app.configuration.settings.callboard.auth.session_idle == 420
            assert CALLS.watches("one")
        finally:
            CALLS.watch(())
