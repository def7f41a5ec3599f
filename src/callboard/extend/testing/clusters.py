"""Stand-in Kubernetes clusters on loopback sockets."""

import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import msgspec

from callboard.base.errors import UsageError
from callboard.simulator.fleet import Fleet
from callboard.simulator.machinery.refusal import ApiRefusal
from callboard.simulator.scenarios.reading import load_scenario

__all__ = ["SimulatedClusters", "simulated_clusters"]


class SimulatedClusters:
    """Running clusters by name. Deployments get their pods, pods get ready, events come, as in a real one, within a moment. What
    runs there from the start carries the label `backstage.io/kubernetes-id: dice-roller`."""

    def __init__(self, fleet: Fleet, directory: Path) -> None:
        self._fleet = fleet
        self.kubeconfig = directory / "kubeconfig"
        """A kubeconfig whose contexts are the clusters, for whoever may do anything there."""
        fleet.kubeconfig(self.kubeconfig)

    @property
    def names(self) -> tuple[str, ...]:
        """The clusters' names, in order."""
        return tuple(self._fleet.clusters)

    def create(self, cluster: str, *manifests: Mapping[str, Any]) -> None:
        """Create objects, as `kubectl create` does from the same YAML, a CustomResourceDefinition before its resources; a
        `status` is what its controller writes afterwards. Raises UsageError for what the API server refuses."""
        for manifest in manifests:
            simulated, tree = self._of(cluster), deepcopy(dict(manifest))
            status = tree.pop("status", None)
            try:
                made = simulated.store.create(tree)
                if status is not None:
                    kind = simulated.registry.of_kind(made["apiVersion"], made["kind"])
                    metadata = made["metadata"]
                    simulated.store.set_status(kind, metadata["name"], status, metadata.get("namespace", ""))
            except ApiRefusal as error:
                raise UsageError(f"The API server refuses: {error}") from None
            simulated.engine.run()

    def delete(self, cluster: str, manifest: Mapping[str, Any]) -> None:
        """Delete the object that the manifest names. Raises UsageError."""
        simulated, metadata = self._of(cluster), manifest["metadata"]
        kind = simulated.registry.of_kind(manifest["apiVersion"], manifest["kind"])
        try:
            simulated.store.delete(kind, metadata["name"], metadata.get("namespace", ""))
        except ApiRefusal as error:
            raise UsageError(f"The API server refuses: {error}") from None
        simulated.engine.run()

    def step(self, seconds: float) -> None:
        """Move the clusters' own time forward."""
        self._fleet.step(seconds)

    async def silence(self, cluster: str) -> None:
        """The cluster does not answer any more."""
        await self._of(cluster).close()

    def _of(self, cluster: str) -> Any:
        if cluster not in self._fleet.clusters:
            raise UsageError(f"There is no cluster {cluster!r}; there are: {', '.join(self.names)}.")
        return self._fleet[cluster]


@asynccontextmanager
async def simulated_clusters(*names: str) -> AsyncIterator[SimulatedClusters]:
    """Clusters of these names (one called "eu" without any). They end with the block."""
    wanted = names or ("eu",)
    quiet = load_scenario("quiet")
    specs = quiet.fleet(len(wanted))
    clusters = [msgspec.structs.replace(spec, name=name) for spec, name in zip(specs, wanted, strict=True)]
    scenario = msgspec.structs.replace(quiet, clusters=tuple(clusters))
    with tempfile.TemporaryDirectory(prefix="callboard-test-") as directory:
        async with Fleet.start(scenario, clusters=len(wanted)) as fleet:
            yield SimulatedClusters(fleet, Path(directory))
