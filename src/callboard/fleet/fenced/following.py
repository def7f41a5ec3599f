"""What an extension's provider follows, behind its fence. A page that is being made reads from it: there nothing raises, and what
cannot be had is missing, and told. Where it breaks otherwise, whoever follows begins anew."""

from collections.abc import Collection
from datetime import datetime
from itertools import islice
from typing import Final, TypeVar

from callboard.base.errors import CallboardError
from callboard.base.fence import Fence, PartFailed, WrongAnswer
from callboard.base.part_calls import Given
from callboard.base.shape import misfit_in, shown_type
from callboard.extend.following import FollowedCluster, Following, Touched
from callboard.extend.parts import Located
from callboard.fleet.fenced.shapes import held_snapshot
from callboard.model.cluster import Cluster, ClusterInfo
from callboard.model.entity import Entity, EntityRef
from callboard.model.snapshot import ClusterSnapshot, Notice

__all__ = ["FencedFollowing"]

MOST_CLUSTERS: Final = 10_000
MOST_TOUCHED: Final = 100_000
"""Of one answer: one for each cluster is usual."""
MOST_NOTICES: Final = 1_000

T = TypeVar("T")


class FencedFollowing:
    """Implements `extend.Following`."""

    def __init__(self, following: Following, fence: Fence) -> None:
        self._following = following
        self._fence = fence

    async def run(self) -> None:
        """Raises PartFailed where it comes to an end of its own."""
        doing = "follow services"
        await self._fence.lasting(doing, lambda: self._following.run())
        why = "stopped following services"
        self._fence.tell(doing, why)
        raise PartFailed(self._fence.part, why)

    async def wait(self) -> None:
        """Raises PartFailed."""
        await self._fence.lasting("wait for changes", lambda: self._following.wait())

    def put(self, entity: Entity) -> None:
        """Raises UsageError where its annotations cannot be read, and PartFailed."""
        given = Given(entity)
        self._fence.now("follow a service", lambda: self._following.put(entity), _anything, given=given)

    def drop(self, ref: EntityRef) -> None:
        """Raises PartFailed."""
        given = Given(str(ref))
        self._fence.now("leave a service", lambda: self._following.drop(ref), _anything, given=given)

    def take(self) -> Collection[Touched]:
        """Raises PartFailed: what it would have told is lost, so that all has to be read anew."""
        return self._fence.now("say what changed", lambda: self._following.take(), _all_touched)

    def clusters(self) -> dict[str, FollowedCluster]:
        """None where they cannot be told."""
        try:
            return self._fence.now("say how clusters stand", lambda: self._following.clusters(), _clusters)
        except CallboardError:
            return {}

    def notices(self) -> Collection[Notice]:
        """That they cannot be told is one of them."""
        try:
            return self._fence.now("say what to know", lambda: self._following.notices(), _notices)
        except CallboardError as error:
            return (Notice(error.code, error.message, incomplete=True),)

    async def located(self, entity: Entity) -> Located:
        """Raises CallboardError alone."""
        return await self._fence.call(
            "say where a service may run",
            lambda: self._following.located(entity),
            _located,
            about=str(entity.ref),
            given=Given(entity),
        )

    def read(self, entity: Entity, cluster: str) -> ClusterSnapshot | None:
        """None where it cannot be told."""
        try:
            return self._fence.now(
                "say what is held of a service",
                lambda: self._following.read(entity, cluster),
                held_snapshot,
                given=Given(entity, cluster),
            )
        except CallboardError:
            return None


def _anything(_: object) -> None:
    return None


def _several(value: object, most: int, what: str) -> list[object]:
    if not isinstance(value, Collection) or isinstance(value, str | bytes):
        raise WrongAnswer(f"expected several of {what}, got {shown_type(value)}")
    taken = list(islice(iter(value), most + 1))
    if len(taken) > most:
        raise WrongAnswer(f"more than {most} of {what}")
    return taken


def _each_is(values: list[object], of: type[T]) -> tuple[T, ...]:
    sound = tuple(v for v in values if isinstance(v, of))
    if len(sound) != len(values):
        wrong = next(v for v in values if not isinstance(v, of))
        raise WrongAnswer(f"expected {of.__name__}, got {shown_type(wrong)}")
    return sound


def _all_touched(value: object) -> tuple[Touched, ...]:
    found = _each_is(_several(value, MOST_TOUCHED, "Touched"), Touched)
    for each in found:
        if wrong := misfit_in(each, cluster=str, refs=frozenset, whole=bool):
            raise WrongAnswer(wrong)
        _each_is(
            list(each.refs), EntityRef
        )  # a catalog may have more of them than other collections may hold
    return found


def _clusters(value: object) -> dict[str, FollowedCluster]:
    if not isinstance(value, dict):
        raise WrongAnswer(f"expected FollowedCluster by name, got {shown_type(value)}")
    names = _each_is(_several(value, MOST_CLUSTERS, "FollowedCluster"), str)
    found = dict(zip(names, _each_is(list(value.values()), FollowedCluster), strict=True))
    moment = datetime | None
    for each in found.values():
        if wrong := misfit_in(
            each, cluster=ClusterInfo, ready=bool, as_of=moment, polled=bool, stale_since=moment
        ):
            raise WrongAnswer(wrong)
    return found


def _notices(value: object) -> tuple[Notice, ...]:
    found = _each_is(_several(value, MOST_NOTICES, "Notice"), Notice)
    for each in found:
        if wrong := misfit_in(each, code=str, message=str, cluster=str, incomplete=bool):
            raise WrongAnswer(wrong)
    return found


def _located(value: object) -> Located:
    if not isinstance(value, Located):
        raise WrongAnswer(f"expected Located, got {shown_type(value)}")
    clusters = _each_is(_several(value.clusters, MOST_CLUSTERS, "Cluster"), Cluster)
    if wrong := next(filter(None, (misfit_in(c, name=str) for c in clusters)), ""):
        raise WrongAnswer(wrong)
    return Located(clusters, _notices(value.notices))
