"""An objects provider of an extension behind its fence."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from callboard.base.fence import Fence, WrongAnswer
from callboard.base.fenced_steps import each
from callboard.base.part_calls import Given
from callboard.base.shape import misfit_in, shown_type
from callboard.extend.following import Following, FollowingProvider
from callboard.extend.parts import ObjectsProvider
from callboard.fleet.fenced.following import FencedFollowing
from callboard.fleet.fenced.shapes import cluster_misfit
from callboard.model.caller import Caller
from callboard.model.entity import Entity
from callboard.model.snapshot import Notice, ServiceSnapshot

__all__ = ["FencedFollowingProvider", "FencedProvider", "fenced_provider"]

FIRST = 20.0
"""Seconds until the first snapshot, which needs no answer of a cluster."""
SILENCE = 60.0
"""Seconds of silence in an asking that is neither settled nor live: nothing more will come of it."""
BETWEEN = 0.02
"""Seconds between two snapshots at least, so that one who gives them without end leaves time for others."""


class FencedProvider:
    """Page by page: what goes wrong ends the asking of this service, which says why."""

    def __init__(self, provider: ObjectsProvider, fence: Fence) -> None:
        self._provider = provider
        self._fence = fence

    async def objects(
        self, entity: Entity, caller: Caller, *, only: frozenset[str] = frozenset()
    ) -> AsyncGenerator[ServiceSnapshot, None]:
        """The provider's snapshots. Raises CallboardError alone."""
        given = each(
            self._fence,
            "say how a service is",
            lambda: self._provider.objects(entity, caller, only=only),
            _snapshot,
            patience=_patience,
            given=Given(entity, caller, f"only {', '.join(sorted(only))}" if only else ""),
        )
        async with aclosing(given):
            async for snapshot in given:
                yield snapshot
                await asyncio.sleep(BETWEEN)


class FencedFollowingProvider(FencedProvider):
    """The same for one that can follow."""

    def __init__(self, provider: FollowingProvider, fence: Fence) -> None:
        super().__init__(provider, fence)
        self._following = provider

    def following(self, caller: Caller) -> Following:
        """Follow as this caller."""
        following = self._fence.now(
            "follow services", lambda: self._following.following(caller), _following, given=Given(caller)
        )
        return FencedFollowing(following, self._fence) if self._fence.extension else following


def fenced_provider(provider: ObjectsProvider, fence: Fence) -> ObjectsProvider:
    """Behind the fence, following where it follows."""
    follows = fence.now("say whether it follows", lambda: isinstance(provider, FollowingProvider), bool)
    if follows and isinstance(provider, FollowingProvider):
        return FencedFollowingProvider(provider, fence)
    return FencedProvider(provider, fence)


def _patience(last: ServiceSnapshot | None) -> float | None:
    if last is None:
        return FIRST
    return None if last.live else SILENCE


def _following(value: object) -> Following:
    if not callable(getattr(value, "run", None)):
        raise WrongAnswer(f"expected Following, got {shown_type(value)}")
    return value  # type: ignore[return-value]  # that is what was looked at


def _snapshot(value: object) -> ServiceSnapshot:
    """Its frame; the objects in it are what a fetcher read."""
    if not isinstance(value, ServiceSnapshot):
        raise WrongAnswer(f"expected ServiceSnapshot, got {shown_type(value)}")
    found = misfit_in(value, entity=Entity, clusters=tuple, notices=tuple[Notice, ...])
    found = found or next(filter(None, map(cluster_misfit, value.clusters)), "")
    if found:
        raise WrongAnswer(found)
    return value
