"""What the kubeconfig supplier has read, for the strategy that asks as its users."""

from collections.abc import Sequence

from callboard.base.clock import Clock
from callboard.base.errors import Problem
from callboard.base.settings import KubeconfigSettings
from callboard.kube.kubeconfig import Context, UserCredentials
from callboard.model.cluster import Credential

__all__ = ["CONTEXT", "Kubeconfigs"]

CONTEXT = "callboard.io/kubeconfig-context"
"""The key of `auth_metadata` that says which context a cluster is: the supplier's place and the context's name."""


class Kubeconfigs:
    """The contexts in use, and one cache of credentials for all of them. Suppliers put, the strategy gets."""

    def __init__(self, settings: KubeconfigSettings, clock: Clock) -> None:
        self._credentials = UserCredentials(
            clock, allow_exec=settings.allow_exec_plugins, exec_deadline=settings.exec_deadline
        )
        self._contexts: dict[str, Context] = {}

    def put(self, contexts: dict[str, Context]) -> None:
        """Contexts by key, new or changed. Those no longer there stay: a look that began before may still ask as them."""
        self._contexts.update(contexts)

    def problems(self, key: str) -> Sequence[Problem]:
        """Why no credential can be had for a context."""
        context = self._contexts.get(key)
        if context is None:
            return (Problem("the kubeconfig context is not known (any more)", where=key),)
        return self._credentials.problems(context.user)

    async def credential(self, key: str) -> Credential | None:
        """The credential of the context's user as it is now; None for an unknown context. Raises BadInput or Unavailable."""
        context = self._contexts.get(key)
        if context is None:
            return None
        user = context.user
        if not user.name:
            return await self._credentials.credential(context, f"nobody, by {user.where}")
        return await self._credentials.credential(context, f"kubeconfig user {user.name} of {user.where}")
