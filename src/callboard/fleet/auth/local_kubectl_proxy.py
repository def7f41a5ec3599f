"""`localKubectlProxy`: nothing is sent along; the proxy on this machine adds the person's credential."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from callboard.base.errors import Problem
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster, Credential, CredentialKind

__all__ = ["LocalKubectlProxyStrategy"]


class LocalKubectlProxyStrategy:
    """Anonymous, and only towards loopback: elsewhere it would be an open door mistaken for a closed one."""

    async def credential(self, cluster: Cluster, caller: Caller) -> Credential:
        """The anonymous credential."""
        return Credential(kind=CredentialKind.ANONYMOUS, identity=f"kubectl proxy at {cluster.name}")

    def problems(self, cluster: Cluster) -> Sequence[Problem]:
        """An address that is not this machine's."""
        if (urlsplit(cluster.url).hostname or "") in ("127.0.0.1", "::1", "localhost"):
            return ()
        return (
            Problem(
                f"cluster {cluster.name!r} uses localKubectlProxy, but its URL is not on this machine",
                where=cluster.source,
                path="url",
                expected="http://127.0.0.1:8001",
            ),
        )
