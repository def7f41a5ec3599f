"""A source of clusters behind its fence, with what it gave last for as long as it gives nothing: nobody waits for it in vain."""

import asyncio
from datetime import UTC

import structlog

from callboard.base.bounded_map import BoundedMap
from callboard.base.clock import Clock
from callboard.base.errors import CallboardError
from callboard.base.fence import Fence, PartFailed, WrongAnswer
from callboard.base.shape import shown_type
from callboard.extend.parts import ClusterSupplier, Supplied, TellingSupplier
from callboard.fleet.fenced.elements import Elements, elements
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster
from callboard.model.notice import NoticeCode
from callboard.model.snapshot import Notice

__all__ = ["LastingSupplier"]

MOST_CLUSTERS = 5000
MOST_NOTICES = 50
MOST_NAME = 500
"""Characters of a cluster's name."""
MOST_CALLERS = 1000
"""Whose last answers are kept: a source may answer by caller."""
AGAIN = 5.0
"""Seconds until a source that failed is asked again; until then everyone has what it gave last."""
SHORT = 0.2
"""Seconds for which a source that failed is waited for when it is asked again; its answer serves whoever comes after."""

PATIENCE = 1.0
"""Seconds for which a source that answered last time is waited for, where its last answer will do."""
FRESH = 30.0
"""Seconds for which an answer will do as it is while a newer one is on its way; then it is told that there may be others."""

log = structlog.get_logger(__name__)


class _Known:
    """What one caller was given."""

    def __init__(self) -> None:
        self.good: Supplied | None = None
        self.good_at = ""
        self.good_until = 0.0
        self.failure = ""
        self.again = 0.0
        self.asking: asyncio.Task[Supplied] | None = None


class LastingSupplier:
    """Implements `extend.TellingSupplier`. `where` is the place in the configuration that asked for it.

    A source that fails is a notice with `code`, which is a gap: whatever it would name now is not known. What it gave last
    stays for as long. Callers who bring tokens of their own are asked for each time, and nothing is kept of them.
    """

    def __init__(
        self, supplier: ClusterSupplier, fence: Fence, *, where: str, code: NoticeCode, clock: Clock
    ) -> None:
        self._supplier = supplier
        self._fence = fence
        self._where = where + (f" (extension {fence.extension!r})" if fence.extension else "")
        self._code = code
        self._clock = clock
        self._known: BoundedMap[str, _Known] = BoundedMap(MOST_CALLERS)
        self._failing = False

    async def clusters(self, caller: Caller) -> tuple[Cluster, ...]:
        """The clusters alone."""
        return (await self.supplied(caller)).clusters

    async def supplied(self, caller: Caller) -> Supplied:
        """What there is, and what is wrong. Never raises for what the source does, and does not wait for it where it failed
        last."""
        if caller.tokens:
            return await self._ask(caller, _Known())
        known = self._known.of(caller.identity, _Known)
        if known.asking is None:
            if known.failure and asyncio.get_running_loop().time() < known.again:
                return self._lasting(known)
            known.asking = self._fence.begin(self._ask(caller, known))
            known.asking.add_done_callback(lambda _: setattr(known, "asking", None))
        asking = known.asking
        patience = SHORT if known.failure else PATIENCE if known.good is not None else None
        done, _ = await asyncio.wait({asking}, timeout=patience)
        if not done or asking.cancelled():
            fresh = not known.failure and asyncio.get_running_loop().time() < known.good_until
            return known.good if fresh and known.good is not None else self._lasting(known)
        return asking.result()

    async def _ask(self, caller: Caller, known: _Known) -> Supplied:
        before = known.good.clusters if known.good is not None else ()

        async def ask() -> object:
            if isinstance(self._supplier, TellingSupplier):
                return await self._supplier.supplied(caller)
            return await self._supplier.clusters(caller)

        try:
            clusters, notices = await self._fence.call(
                "say which clusters there are", ask, lambda value: _checked(value, before)
            )
            if clusters.told and not clusters.sound:
                raise CallboardError(f"it gave nothing that can be used: {clusters.told}")
        except CallboardError as error:
            why = f"it {error.why}" if isinstance(error, PartFailed) else error.message
            self._fell(why)
            known.failure, known.again = why, asyncio.get_running_loop().time() + AGAIN
            return self._lasting(known)
        if self._failing:
            self._failing = False
            log.info("a source of clusters answers again", source=self._where)
        known.failure, known.good_at = "", f"{self._clock.now().astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
        told = notices.sound
        if clusters.told:
            self._fell(clusters.told)
            told += (Notice(self._code, f"clusters of {self._where}: {clusters.told}"),)
        known.good = Supplied(clusters.sound, told)
        known.good_until = asyncio.get_running_loop().time() + FRESH
        return known.good

    def _lasting(self, known: _Known) -> Supplied:
        why = known.failure or "it has not answered yet"
        if known.good is None:
            return Supplied((), (Notice(self._code, f"clusters of {self._where} are missing: {why}"),))
        words = (
            f"clusters of {self._where} are those known at {known.good_at}, there may be others now: {why}"
        )
        return Supplied(known.good.clusters, (*known.good.notices, Notice(self._code, words)))

    def _fell(self, why: str) -> None:
        if not self._failing:
            self._failing = True
            log.warning(
                "a source of clusters fails: what runs on clusters that only it knows cannot be told, and no service is called "
                "healthy; it is asked again",
                source=self._where,
                why=why,
            )


def _checked(value: object, before: tuple[Cluster, ...]) -> tuple[Elements[Cluster], Elements[Notice]]:
    if isinstance(value, Supplied):
        notices = elements(value.notices, Notice, MOST_NOTICES)
        return elements(value.clusters, Cluster, MOST_CLUSTERS, trusted=before, also=_nameless), notices
    if hasattr(value, "clusters"):
        raise WrongAnswer(f"expected Supplied, got {shown_type(value)}")
    return elements(value, Cluster, MOST_CLUSTERS, trusted=before, also=_nameless), Elements(())


def _nameless(cluster: Cluster) -> str:
    if not cluster.name.strip() or len(cluster.name) > MOST_NAME:
        return "a cluster needs a name that can be told"
    return ""
