"""A fleet of stand-in API servers in this process: what tests hold, and what the simulator's own process runs."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from callboard.simulator.cluster import SimulatedCluster
from callboard.simulator.kubeconfig import KubeconfigEntry, write_kubeconfig
from callboard.simulator.machinery.times import Timeline
from callboard.simulator.scenarios.reading import load_scenario
from callboard.simulator.scenarios.schema import Scenario
from callboard.simulator.scenarios.stage import Stage, oldest
from callboard.simulator.serving.certificates import Authority

__all__ = ["Fleet"]

_TICK = 0.05
"""Wall-clock seconds between two looks at what is due; requests look for themselves."""


class Fleet:
    """Clusters that share a clock and a certificate authority.

    `clusters` maps names to `SimulatedCluster`; iterating gives them in the scenario's order; `fleet[0]` and `fleet["name"]`
    both work.
    """

    def __init__(
        self,
        scenario: Scenario,
        clusters: list[SimulatedCluster],
        stages: dict[str, Stage],
        timeline: Timeline,
    ) -> None:
        self.scenario = scenario
        self.clusters = {cluster.name: cluster for cluster in clusters}
        self.stages = stages
        self.timeline = timeline

    def __iter__(self) -> Iterator[SimulatedCluster]:
        return iter(self.clusters.values())

    def __len__(self) -> int:
        return len(self.clusters)

    def __getitem__(self, key: str | int) -> SimulatedCluster:
        return list(self.clusters.values())[key] if isinstance(key, int) else self.clusters[key]

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        scenario: Scenario | Path | str = "quiet",
        *,
        seed: int | str = 1,
        clusters: int = 1,
        speed: float = 1.0,
        now: float | None = None,
        base_port: int = 0,
        history: int = 2000,
    ) -> AsyncIterator["Fleet"]:
        """Build and serve a fleet; it stops when the block is left.

        `scenario` is a built-in name, a file or a Scenario. `speed` is simulated seconds per second (0: only `step` moves it);
        `now` is the simulated present (default: the wall's), `history` how many changes a collection remembers for watches.
        """
        chosen = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
        timeline = Timeline(now, speed=0.0)
        begin = timeline.now() - oldest(chosen)
        authority = Authority()
        pair = authority.server()
        made: list[SimulatedCluster] = []
        stages: dict[str, Stage] = {}
        try:
            async with asyncio.TaskGroup() as tasks:
                try:
                    gc.disable()  # building makes millions of dicts and no garbage cycles
                    for index, spec in enumerate(chosen.fleet(clusters)):
                        cluster = SimulatedCluster(
                            spec,
                            seed=str(seed),
                            timeline=timeline,
                            start=begin,
                            authority=authority,
                            history=history,
                        )
                        stage = stages[cluster.name] = Stage(cluster, chosen)
                        stage.build()
                        namespaces = list(
                            dict.fromkeys(
                                service.namespace for service in chosen.services if service.runs_on(spec.name)
                            )
                        )
                        cluster.bind_identities(namespaces[:2])
                        cluster.engine.run()
                        await cluster.serve(pair, base_port + index if base_port else 0)
                        made.append(cluster)
                    gc.enable()
                    timeline.speed = speed
                    fleet = cls(chosen, made, stages, timeline)
                    ticker = tasks.create_task(fleet._tick(), name="simulator-clock")
                    try:
                        yield fleet
                    finally:
                        ticker.cancel()
                finally:
                    gc.enable()
                    for cluster in made:
                        await cluster.close()
        except BaseExceptionGroup as group:
            if len(group.exceptions) == 1:
                raise group.exceptions[
                    0
                ] from None  # what failed is the caller's own block, not a group of tasks
            raise

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            for cluster in self:
                cluster.engine.run_on()

    def run(self) -> None:
        """Let everything happen that is due now."""
        for cluster in self:
            cluster.engine.run()

    def step(self, seconds: float) -> None:
        """Move the fleet's time forward and let everything due happen, at its own moment."""
        self.timeline.step(seconds)
        self.run()

    def entries(self, identity: str = "admin") -> list[KubeconfigEntry]:
        """What clients need, as admin, viewer, namespaced or nobody; the others of them are users named `CLUSTER-viewer` etc."""
        return [
            KubeconfigEntry(
                item.name,
                item.url,
                item.ca_pem,
                getattr(item.identities, identity),
                {
                    f"{item.name}-{other}": getattr(item.identities, other)
                    for other in item.identities.__struct_fields__
                    if other != identity
                },
            )
            for item in self
        ]

    def kubeconfig(self, path: Path | str, identity: str = "admin") -> Path:
        """Write a kubeconfig (mode 0600) with a context per cluster; the first is current."""
        return write_kubeconfig(Path(path), self.entries(identity))
