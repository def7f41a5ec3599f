"""The cluster behind `kubectl proxy` on this machine: Backstage's `{type: localKubectlProxy}`."""

from collections.abc import Sequence

from callboard.model.caller import Caller
from callboard.model.cluster import AUTH_PROVIDER, Cluster

__all__ = ["LocalKubectlProxySupplier"]


class LocalKubectlProxySupplier:
    """One cluster named `local`. The proxy adds the person's own credential, so whoever may call it acts as them."""

    def __init__(self, *, where: str) -> None:
        self._cluster = Cluster(
            name="local",
            url="http://127.0.0.1:8001",
            auth_metadata={AUTH_PROVIDER: "localKubectlProxy"},
            skip_metrics_lookup=True,
            source=where,
        )

    async def clusters(self, caller: Caller) -> Sequence[Cluster]:
        """The one cluster; whether a proxy runs shows when it is asked."""
        return (self._cluster,)
