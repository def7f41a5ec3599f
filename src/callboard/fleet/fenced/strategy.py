"""An auth strategy behind its fence."""

from collections.abc import Sequence

from callboard.base.errors import CallboardError, Problem
from callboard.base.fence import Fence, WrongAnswer
from callboard.base.part_calls import Given
from callboard.base.shape import misfit
from callboard.extend.parts import AuthStrategy
from callboard.fleet.fenced.elements import Elements, elements
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster, Credential

__all__ = ["FencedStrategy"]

MOST_PROBLEMS = 20
MOST_IDENTITY = 500
"""Characters. The identity is in every key of what is shared: without one, nothing may be."""


class FencedStrategy:
    """A cluster that gets no credential fails alone, each in its own time."""

    def __init__(self, strategy: AuthStrategy, fence: Fence) -> None:
        self._strategy = strategy
        self._fence = fence

    async def credential(self, cluster: Cluster, caller: Caller) -> Credential:
        """The strategy's credential. Raises CallboardError alone."""
        return await self._fence.call(
            "give a credential",
            lambda: self._strategy.credential(cluster, caller),
            _credential,
            about=cluster.name,
            given=Given(cluster, caller),
        )

    def problems(self, cluster: Cluster) -> Sequence[Problem]:
        """What the strategy says is wrong with the cluster's auth metadata, or with the strategy."""
        try:
            found = self._fence.now(
                "look at a cluster's auth metadata",
                lambda: self._strategy.problems(cluster),
                _problems,
                given=Given(cluster),
            )
        except CallboardError as error:
            return (Problem(error.message, where=cluster.source),)
        return found.sound


def _credential(value: object) -> Credential:
    if found := misfit(value, Credential):
        raise WrongAnswer(found)
    assert isinstance(value, Credential)  # noqa: S101 - that is what was looked at
    if not value.identity.strip() or len(value.identity) > MOST_IDENTITY:
        raise WrongAnswer("a credential without an identity that can be told")
    return value


def _problems(value: object) -> Elements[Problem]:
    return elements(value, Problem, MOST_PROBLEMS)
