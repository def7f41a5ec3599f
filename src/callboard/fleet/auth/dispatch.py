"""One strategy made of many: the cluster's `authProvider` says which."""

from collections.abc import Mapping, Sequence

from callboard.base.errors import BadInput, Problem
from callboard.extend.parts import AuthStrategy
from callboard.fleet.nearest import expected_one_of, nearest_hint
from callboard.model.caller import Caller
from callboard.model.cluster import AUTH_PROVIDER, Cluster, Credential

__all__ = ["DispatchingStrategy"]


class DispatchingStrategy:
    """Hands each cluster to the strategy registered under its auth provider."""

    def __init__(self, strategies: Mapping[str, AuthStrategy]) -> None:
        self._strategies = dict(strategies)

    async def credential(self, cluster: Cluster, caller: Caller) -> Credential:
        """The strategy's credential. Raises BadInput when there is no such strategy, else what the strategy raises."""
        strategy = self._strategies.get(cluster.auth_provider)
        if strategy is None:
            raise BadInput(self._unknown(cluster), code="unknown-auth-provider")
        return await strategy.credential(cluster, caller)

    def problems(self, cluster: Cluster) -> Sequence[Problem]:
        """What is wrong with the cluster's auth metadata."""
        strategy = self._strategies.get(cluster.auth_provider)
        if strategy is None:
            return (self._unknown(cluster),)
        return strategy.problems(cluster)

    def _unknown(self, cluster: Cluster) -> Problem:
        provider = cluster.auth_provider
        return Problem(
            message=f"cluster {cluster.name!r} names an auth provider that nobody here knows"
            if provider
            else f"cluster {cluster.name!r} names no auth provider",
            where=cluster.source,
            path="authProvider" if provider else f"authMetadata['{AUTH_PROVIDER}']",
            found=repr(provider[:80]) if provider else "",
            expected=expected_one_of(self._strategies),
            hint=nearest_hint(provider, self._strategies),
        )
