"""`kubeconfig`: the context's own user: token, token file, client certificate, password, or a program where allowed."""

from collections.abc import Sequence

from callboard.base.errors import Problem, Unavailable
from callboard.fleet.kubeconfigs import CONTEXT, Kubeconfigs
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster, Credential

__all__ = ["KubeconfigStrategy"]


class KubeconfigStrategy:
    """Everyone asks as the user that the kubeconfig names. The identity is user and file: a renewed token keeps it."""

    def __init__(self, kubeconfigs: Kubeconfigs) -> None:
        self._kubeconfigs = kubeconfigs

    async def credential(self, cluster: Cluster, caller: Caller) -> Credential:
        """The user's credential as it is now: files are read again when they changed.

        Raises BadInput for what the kubeconfig says in vain, Unavailable for what a program did not give.
        """
        credential = await self._kubeconfigs.credential(_key(cluster))
        if credential is None:
            raise Unavailable(f"cluster {cluster.name!r} is no context of a kubeconfig", code="no-context")
        return credential

    def problems(self, cluster: Cluster) -> Sequence[Problem]:
        """Why the user can get no credential here."""
        return self._kubeconfigs.problems(_key(cluster))


def _key(cluster: Cluster) -> str:
    value = cluster.auth_metadata.get(CONTEXT, "")
    return value if isinstance(value, str) else ""
