"""A service locator behind its fence."""

from collections.abc import Sequence

from callboard.base.errors import CallboardError, NotAllowed, NotSignedIn, UsageError
from callboard.base.fence import Fence, WrongAnswer
from callboard.base.part_calls import Given
from callboard.base.shape import shown_type
from callboard.extend.parts import Located, ServiceLocator
from callboard.fleet.fenced.elements import elements
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster
from callboard.model.entity import Entity
from callboard.model.notice import NoticeCode
from callboard.model.snapshot import Notice

__all__ = ["MOST_NOTICES", "FencedLocator"]

MOST_CLUSTERS = 5000
MOST_NOTICES = 50


class FencedLocator:
    """What goes wrong is a notice, and the service is known to run nowhere for as long: nothing is said of its health."""

    def __init__(self, locator: ServiceLocator, fence: Fence) -> None:
        self._locator = locator
        self._fence = fence

    async def locate(self, entity: Entity, clusters: Sequence[Cluster], caller: Caller) -> Located:
        """Those of `clusters` that the locator names. Raises what concerns the entity or the caller: UsageError, NotSignedIn,
        NotAllowed."""
        try:
            given = await self._fence.call(
                "say where a service may run",
                lambda: self._locator.locate(entity, clusters, caller),
                lambda value: _checked(value, clusters),
                given=Given(entity, clusters, caller),
            )
        except (UsageError, NotSignedIn, NotAllowed):
            raise
        except CallboardError as error:
            return Located((), (_untold(error.message),))
        known = {c.name: c for c in clusters}
        found = tuple(known[name] for name in dict.fromkeys(c.name for c in given.clusters) if name in known)
        strange = [c.name for c in given.clusters if c.name not in known]
        if not strange:
            return Located(found, given.notices)
        words = f"{self._fence.part} names {strange[0][:100]!r}, which is none of the clusters it was given"
        return Located(found, (*given.notices, _untold(words)))


def _checked(value: object, clusters: Sequence[Cluster]) -> Located:
    if not isinstance(value, Located):
        raise WrongAnswer(f"expected Located, got {shown_type(value)}")
    found = elements(value.clusters, Cluster, MOST_CLUSTERS, trusted=clusters)
    notices = elements(value.notices, Notice, MOST_NOTICES)
    told = (_untold(f"of the clusters the service locator gave, {found.told}"),) if found.told else ()
    return Located(found.sound, (*notices.sound, *told))


def _untold(why: str) -> Notice:
    return Notice(
        NoticeCode.SERVICE_LOCATOR_FAILED, f"it could not be found out where this service may run: {why}"
    )
