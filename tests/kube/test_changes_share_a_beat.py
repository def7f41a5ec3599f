"""Changes that come one by one are taken in together, however many watches they come on; the first after a pause at once."""

import asyncio
from contextlib import aclosing

from callboard.kube.connection.connection import Connection, Connections
from callboard.kube.loop.batching import Batcher
from callboard.kube.watching.watch import Delete, Upsert, watch_together
from callboard.model.outcome import Question
from callboard.model.resource import KNOWN_TYPES
from callboard.simulator.cluster import SimulatedCluster as StandIn
from support.kube_client import bearer, cluster_of

CONFIGMAPS = next(t for t in KNOWN_TYPES if t.plural == "configmaps")
NAMESPACES = ("chess", "darts", "rugby")
EACH = 40
LONG = 0.5
"""Seconds between two beats here: a slow machine must not find each change in a beat of its own."""


class Listening:
    """A watch of the configmaps of one namespace, and what it has taken in, and in how many goes."""

    def __init__(self, connection: Connection, namespace: str) -> None:
        self.goes = 0
        self.names: list[str] = []
        self.ready = asyncio.Event()
        self.gone = asyncio.Event()
        self._connection = connection
        self._question = Question(type=CONFIGMAPS, namespace=namespace)

    async def run(self, until: int) -> None:
        async with aclosing(watch_together(self._connection, self._question)) as together:
            async for changes in together:
                if not self.ready.is_set():
                    self.ready.set()
                    continue
                self.goes += 1
                self.names += [c.object.name for c in changes if isinstance(c, Upsert | Delete)]
                self.gone.set()
                if len(self.names) >= until:
                    return


def create(stand_in: StandIn, namespace: str, name: str) -> None:
    stand_in.store.create({"metadata": {"name": name}}, "configmaps", namespace=namespace)


async def test_changes_on_many_watches_are_taken_in_together(
    connections: Connections, stand_in: StandIn
) -> None:
    beat = connections.beat = Batcher(LONG)
    connection = connections.to(cluster_of(stand_in), bearer(stand_in.identities.admin))
    for namespace in NAMESPACES:
        stand_in.store.create({"metadata": {"name": namespace}}, "namespaces")
    watches = {namespace: Listening(connection, namespace) for namespace in NAMESPACES}
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        for each in watches.values():
            group.create_task(each.run(EACH))
            await each.ready.wait()
        for number in range(EACH):
            for namespace in NAMESPACES:
                create(stand_in, namespace, f"c{number:02}")
                await asyncio.sleep(0.002)  # each goes out by itself
    for each in watches.values():
        assert each.names == [f"c{number:02}" for number in range(EACH)]
        assert each.goes <= beat.batches + 1
    assert beat.batches < EACH


async def test_what_comes_after_a_pause_waits_for_nothing(
    connections: Connections, stand_in: StandIn
) -> None:
    beat = connections.beat = Batcher(0.01)
    connection = connections.to(cluster_of(stand_in), bearer(stand_in.identities.admin))
    listening = Listening(connection, "games")
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(listening.run(5))
        await listening.ready.wait()
        for number in range(5):
            await asyncio.sleep(0.03)
            create(stand_in, "games", f"c{number}")
            await listening.gone.wait()
            listening.gone.clear()
    assert (listening.goes, beat.batches) == (5, 0)
