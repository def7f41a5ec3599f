"""What goes wrong at a simulated cluster while people look, and what goes on there meanwhile."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

from callboard.simulator import Fleet, SimulatedCluster
from callboard.simulator.machinery.refusal import ApiRefusal
from support.faces import cut
from support.listening import eventually

__all__ = [
    "Trouble",
    "away",
    "calm",
    "cut_again_and_again",
    "happenings",
    "mode",
    "no_bookmarks",
    "streams",
]

Trouble = Callable[[SimulatedCluster], AbstractAsyncContextManager[None]]
"""Something that is wrong for as long as the context lasts."""
LIVE = "<span>Live</span>"


def calm(clusters: int) -> Callable[[str], bool]:
    """Whether a page shows that so many clusters, and so all of them, have told everything, and go on."""
    return lambda html: "· live" in html and html.count(LIVE) == clusters and "Could not see" not in html


def happenings(cluster: SimulatedCluster, fleet: Fleet) -> None:
    """One pod is deleted, one leaves the selection, others come, a scaler goes; and time passes."""
    store = cluster.store
    pods = [
        p["metadata"]["name"]
        for p in store.list("pods", "games")
        if p["metadata"]["labels"].get("app.kubernetes.io/name") == "dice-roller"
    ]
    store.delete("pods", pods[0], "games", grace=0)
    without = dict.fromkeys(("backstage.io/kubernetes-id", "app.kubernetes.io/name"))
    store.patch("pods", pods[1], {"metadata": {"labels": without}}, "games")
    store.patch("deployments", "dice-roller", {"spec": {"replicas": 4}}, "games")
    with suppress(ApiRefusal):  # it is gone already
        store.delete("horizontalpodautoscalers.autoscaling", "scoreboard", "games")
    fleet.step(5)


def mode(name: str, path: str = "*", **how: float) -> Trouble:
    """The cluster misbehaves so for all its requests, those now open included; it forgets its past meanwhile."""

    @asynccontextmanager
    async def trouble(cluster: SimulatedCluster) -> AsyncIterator[None]:
        rule = cluster.chaos.on(name, path, **how)  # type: ignore[arg-type]
        cluster.store.compact()
        cut(cluster)
        yield
        cluster.chaos.off(rule)

    return trouble


@asynccontextmanager
async def away(cluster: SimulatedCluster) -> AsyncIterator[None]:
    """Nobody listens at its address."""
    port, pair = int(cluster.url.rpartition(":")[2]), cluster._pair
    assert pair is not None
    await cluster.close()
    cluster.store.compact()
    yield
    await cluster.serve(pair, port)


@asynccontextmanager
async def cut_again_and_again(cluster: SimulatedCluster) -> AsyncIterator[None]:
    """Every stream breaks, and as soon as some stand again, once more."""
    cut(cluster)
    yield
    for _ in range(4):
        await watches(cluster, 4)
        cut(cluster)


def streams(name: str, opened: int = 0, **how: float) -> Trouble:
    """Watches misbehave so at each event, until so many were opened anew."""

    @asynccontextmanager
    async def trouble(cluster: SimulatedCluster) -> AsyncIterator[None]:
        cluster.bookmark_seconds = 0.1
        rule = cluster.chaos.on(name, "*watch=true*", **how)  # type: ignore[arg-type]
        yield
        await watches(cluster, opened)
        cluster.chaos.off(rule)
        cut(cluster)  # a stream that has swallowed something does not go on as if nothing were

    return trouble


@asynccontextmanager
async def no_bookmarks(cluster: SimulatedCluster) -> AsyncIterator[None]:
    """What was resumed from grows old without anyone saying so, and is refused."""
    async with streams("watch-no-bookmarks")(cluster):
        yield
        for number in range(50):
            cluster.store.create({"metadata": {"name": f"c{number}"}}, "configmaps", namespace="default")
        cluster.store.compact()
        cut(cluster)
        await watches(cluster, 5)


async def watches(cluster: SimulatedCluster, more: int) -> None:
    """Wait until so many more watches were opened."""
    wanted = cluster.counters.watches_opened + more
    await eventually(lambda: cluster.counters.watches_opened >= wanted, 45)
