"""Troubles as they happen: each is told alone once it is one, since when it is so, and goes when the trouble goes."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from callboard.simulator import Fleet, SimulatedCluster
from callboard.simulator.machinery.collection import Change, Collection
from callboard.simulator.machinery.tree import dig
from support.conditions.scene import NOW
from support.conditions.troubles import LIVE, SCENARIO, LiveTrouble
from support.conditions.whole_way import Told, codes_of, told

NEAR = timedelta(seconds=10)
BOUND = timedelta(minutes=3)
Page = dict[str, Any]


class Seen(msgspec.Struct, kw_only=True):
    """The pages before, during and after, by service, and what truly happened when."""

    before: dict[str, Page]
    during: dict[str, Page]
    after: dict[str, Page]
    truths: dict[str, datetime]


class _Witness:
    """Notes when the first pod of a namespace that was ready is not any more, and when a controller first says that it failed."""

    def __init__(self, cluster: SimulatedCluster) -> None:
        self._now = cluster.engine.now
        self.broke: dict[str, datetime] = {}
        self.said: dict[str, datetime] = {}
        cluster.store.observe(self._changed)

    def _changed(self, collection: Collection, change: Change) -> None:
        tree = change.record.tree
        namespace = tree["metadata"].get("namespace", "")
        now = datetime.fromtimestamp(self._now(), UTC)
        if collection.kind.plural == "pods" and change.previous is not None:
            if (
                _ready(change.previous.tree)
                and not _ready(tree)
                and "deletionTimestamp" not in tree["metadata"]
            ):
                self.broke.setdefault(namespace, now)
        elif any(_bad(tree, c) for c in dig(tree, "status", "conditions", default=[])):
            self.said.setdefault(namespace, now)

    def truth(self, name: str, began: datetime) -> datetime:
        """Since when the trouble is, that began to be made at `began`."""
        noted: dict[str, dict[str, datetime]] = {"broke": self.broke, "told": self.said}
        return noted.get(LIVE[name].since, {}).get(name, began)


def _ready(tree: Any) -> bool:
    found = dig(tree, "status", "conditions", default=[])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in found)


def _bad(tree: Any, said: Any) -> bool:
    if (said["type"], said.get("reason")) == ("ScalingLimited", "TooManyReplicas"):
        return bool(tree["status"]["desiredReplicas"] == tree["spec"]["maxReplicas"])
    return (said["type"], said["status"]) in {
        ("ReplicaFailure", "True"),
        ("Failed", "True"),
        ("AbleToScale", "False"),
    }


async def _pages(callboard: Told, wanted: Callable[[str, Page], bool]) -> dict[str, Page]:
    """The page of each service, when it is as wanted or does not come to be so."""
    found = {name: await callboard.page(name) for name in LIVE}
    with suppress(TimeoutError):
        async with asyncio.timeout(90):
            while others := [name for name in LIVE if not wanted(name, found[name])]:
                await asyncio.sleep(0.1)
                found |= {name: await callboard.page(name) for name in others}
    return found


def _as_it_is(name: str, page: Page, truth: datetime) -> bool:
    trouble = LIVE[name]
    alone = _alarms(page) == ({trouble.code} if trouble.alarms else set()) and trouble.code in codes_of(page)
    return alone and (not trouble.since or _since_is_near(trouble, page, truth))


def _since_is_near(trouble: LiveTrouble, page: Page, truth: datetime) -> bool:
    [finding] = [f for f in page["findings"] if f["code"] == trouble.code]
    late = BOUND if trouble.bound else NEAR
    return (
        finding["since"] is not None
        and finding["sinceAtLeast"] is trouble.bound
        and -NEAR <= datetime.fromisoformat(finding["since"]) - truth <= late
    )


def _alarms(page: Page) -> set[str]:
    return {f["code"] for f in page["findings"] if f["impact"] != "notice"}


async def _watched(directory: Path) -> Seen:
    async with Fleet.start(SCENARIO, now=NOW.timestamp(), speed=0.0) as fleet:
        cluster = fleet[0]
        stage = fleet.stages[cluster.name]
        async with told(fleet, directory, list(LIVE)) as callboard:
            before = await _pages(callboard, lambda _, page: not codes_of(page))
            witness = _Witness(cluster)
            began = datetime.fromtimestamp(fleet.timeline.now(), UTC)
            for name, trouble in LIVE.items():
                trouble.begin(stage, name)
            for _ in range(17):
                fleet.step(60)
            truths = {name: witness.truth(name, began) for name in LIVE}
            during = await _pages(callboard, lambda name, page: _as_it_is(name, page, truths[name]))
            for name, trouble in LIVE.items():
                trouble.end(stage, name)
            for _ in range(22):
                fleet.step(60)
            after = await _pages(callboard, lambda _, page: page["verdict"]["health"] == "healthy")
    return Seen(before=before, during=during, after=after, truths=truths)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return asyncio.run(_watched(tmp_path_factory.mktemp("live")))


def test_they_are_some_forty() -> None:
    assert len(LIVE) >= 35
    assert sum(trouble.alarms for trouble in LIVE.values()) >= 30


@pytest.mark.parametrize("name", LIVE)
def test_nothing_is_told_before(name: str, seen: Seen) -> None:
    assert codes_of(seen.before[name]) == set()


@pytest.mark.parametrize("name", LIVE)
def test_it_is_told_alone(name: str, seen: Seen) -> None:
    page, trouble = seen.during[name], LIVE[name]
    assert _alarms(page) == ({trouble.code} if trouble.alarms else set())
    assert trouble.code in codes_of(page)
    assert (page["verdict"]["health"] == "unhealthy") is trouble.alarms


@pytest.mark.parametrize("name", [n for n, trouble in LIVE.items() if trouble.since])
def test_since_is_true(name: str, seen: Seen) -> None:
    trouble, page, truth = LIVE[name], seen.during[name], seen.truths[name]
    told_of = [(f["code"], f["since"], f["sinceAtLeast"]) for f in page["findings"]]
    assert _since_is_near(trouble, page, truth), (truth, told_of)


@pytest.mark.parametrize("name", LIVE)
def test_it_goes_when_the_trouble_goes(name: str, seen: Seen) -> None:
    page = seen.after[name]
    assert _alarms(page) == set()
    assert page["verdict"]["health"] == "healthy", page["verdict"]
