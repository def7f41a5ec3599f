"""The cluster we run in: `{type: inCluster}`, Callboard's own."""

from collections.abc import Sequence

from callboard.base.errors import Unavailable
from callboard.base.settings import InClusterLocator
from callboard.fleet.pod_identity import PodIdentity
from callboard.fleet.suppliers.config import custom_resources_of
from callboard.model.caller import Caller
from callboard.model.cluster import AUTH_PROVIDER, Cluster, Trust

__all__ = ["InClusterSupplier"]


class InClusterSupplier:
    """One cluster, as the pod's service account."""

    def __init__(self, locator: InClusterLocator, *, where: str, pod: PodIdentity) -> None:
        self._locator = locator
        self._where = where
        self._pod = pod

    async def clusters(self, caller: Caller) -> Sequence[Cluster]:
        """The one cluster. Raises Unavailable outside a pod."""
        if not self._pod.present:
            raise Unavailable(
                f"{self._where} asks for the cluster we run in, but this is not a pod with a service account",
                code="not-in-cluster",
            )
        return (
            Cluster(
                name=self._locator.name,
                url=self._pod.url,
                title=self._locator.title or "",
                auth_metadata={AUTH_PROVIDER: "serviceAccount"},
                trust=Trust(ca_file=self._pod.ca_file),
                skip_metrics_lookup=self._locator.skip_metrics_lookup,
                custom_resources=custom_resources_of(self._locator.custom_resources),
                namespace=self._pod.namespace,
                source=self._where,
            ),
        )
