"""Whatever happens in clusters, to them and to Callboard, in whatever order: every page held open ends as one opened anew."""

import asyncio
import tempfile
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from callboard.simulator import Fleet, SimulatedCluster
from callboard.simulator.machinery.refusal import ApiRefusal
from support.faces import Faces, cut, faces, hurry
from support.listening import eventually
from support.open_page import OpenPage

Step = tuple[str, int, Any]
SERVICES = ("dice-roller", "scoreboard")
ID, NAME = "backstage.io/kubernetes-id", "app.kubernetes.io/name"
TROUBLES: dict[str, dict[str, Any]] = {
    "gone": {},
    "too-many-requests": {"retry_after": 1},
    "server-error": {},
    "html": {},
    "hang": {},
    "reset": {},
    "truncated": {"times": 10},
    "forbidden": {"path": "*/pods*"},
    "watch-ends": {"size": 40},
    "watch-gone": {},
    "watch-silent": {},
    "watch-repeats": {},
    "watch-no-bookmarks": {},
}
CHANGES = ("scale", "roll out", "delete", "leave", "join", "evict", "compact", "cut")
PAGES = ("/catalog", *map(Faces.path, SERVICES))
ON = st.integers(0, 1)
"""The number of the cluster."""

STEPS = st.one_of(
    st.tuples(st.sampled_from(CHANGES), ON, st.integers(0, 9)),
    st.tuples(st.sampled_from(CHANGES), ON, st.integers(0, 9)),
    st.tuples(st.just("trouble"), ON, st.sampled_from(sorted(TROUBLES))),
    st.tuples(st.just("well again"), ON, st.none()),
    st.tuples(st.just("time"), ON, st.sampled_from([1, 30, 600])),
    st.tuples(st.just("breath"), ON, st.sampled_from([10, 300, 3000])),
    st.tuples(st.just("arrive"), ON, st.sampled_from(PAGES)),
    st.tuples(st.just("go"), ON, st.integers(0, 9)),
    st.tuples(st.just("restart"), ON, st.none()),
)


def change(cluster: SimulatedCluster, what: str, number: int) -> None:
    """One of the things that happen in a cluster."""
    store, service = cluster.store, SERVICES[number % 2]
    pods = sorted(p["metadata"]["name"] for p in store.list("pods", "games"))
    pod = pods[number % len(pods)] if pods else "none"
    with suppress(ApiRefusal):  # it is not there
        if what == "scale":
            store.patch("deployments", service, {"spec": {"replicas": number % 4}}, "games")
        elif what == "roll out":
            template = {"metadata": {"annotations": {"round": str(number)}}}
            store.patch("deployments", service, {"spec": {"template": template}}, "games")
        elif what == "delete":
            store.delete("pods", pod, "games", grace=0)
        elif what in ("leave", "join"):
            value = service if what == "join" else None
            store.patch("pods", pod, {"metadata": {"labels": {ID: value, NAME: value}}}, "games")
        elif what == "evict":
            status = {"status": {"phase": "Failed", "reason": "Evicted"}}
            store.patch("pods", pod, status, "games", subresource="status")
        elif what == "compact":
            store.compact()
        else:
            cut(cluster)


def well(cluster: SimulatedCluster) -> None:
    """All is well again; a stream that has swallowed something does not go on as if nothing were."""
    cluster.chaos.off()
    cut(cluster)


class History:
    """A world, and who looks at it: page by page, each with what closes it."""

    def __init__(self, world: Faces, stack: AsyncExitStack) -> None:
        self.world = world
        self.fleet = world.fleet
        self._stack = stack
        self.open: list[tuple[OpenPage, AsyncExitStack]] = []

    async def arrive(self, path: str) -> None:
        """Somebody opens a page."""
        closing = await self._stack.enter_async_context(AsyncExitStack())
        self.open.append((await closing.enter_async_context(self.world.page(path)), closing))

    async def take(self, step: Step) -> None:
        """Let it happen."""
        what, number, how = step
        cluster = self.fleet[number]
        if what == "trouble":
            cluster.chaos.on(how, **TROUBLES[how])
            cut(cluster)
        elif what == "well again":
            well(cluster)
        elif what == "time":
            self.fleet.step(how)
        elif what == "breath":
            for _ in range(how):
                await asyncio.sleep(0)
        elif what == "arrive":
            await self.arrive(how)
        elif what == "go":
            if self.open:
                await self.open.pop(how % len(self.open))[1].aclose()
        elif what == "restart":
            await self.world.end()
            await self.world.begin()
        else:
            change(cluster, what, how)

    async def end(self) -> None:
        """The clusters are well again, and everybody waits."""
        for cluster in self.fleet:
            well(cluster)
        self.fleet.step(30)
        pages = [page for page, _ in self.open]
        await self.world.same_as_fresh(*pages, within=40)
        assert {page.reloads for page in pages} == {1}


async def lived(steps: list[Step], directory: Path) -> None:
    async with Fleet.start("quiet", clusters=2, speed=0.0) as fleet:
        async with faces(fleet, directory, *SERVICES) as world, AsyncExitStack() as stack:
            history = History(world, stack)
            for path in PAGES:
                await history.arrive(path)
            for step in steps:
                await history.take(step)
            await history.arrive(PAGES[1])
            await history.end()
        await eventually(lambda: all(c.counters.open_watches == 0 for c in fleet))
        left = {t.get_name() for t in asyncio.all_tasks()} - {"simulator-clock"}
        assert not [name for name in left if name.startswith(("look", "ask", "page", "watch"))]


@settings(
    max_examples=3,
    phases=[
        Phase.explicit,
        Phase.reuse,
        Phase.generate,
    ],  # shrinking takes minutes; the steps are told as they are
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.lists(STEPS, min_size=10, max_size=30))
def test_every_open_page_ends_as_a_fresh_one(steps: list[Step]) -> None:
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as directory:
        hurry(patch)
        asyncio.run(lived(steps, Path(directory)))
