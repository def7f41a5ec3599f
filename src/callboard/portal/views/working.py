"""What workloads are doing, and how people reach them, as the faces show it."""

from datetime import datetime

import msgspec

from callboard.portal.views.keys import ObjectKey

__all__ = ["JobProgress", "RoutePath", "ScalerMetric", "ScalerState", "ScheduleState", "VersionChange"]


class VersionChange(msgspec.Struct, frozen=True, kw_only=True):
    """A release under way: from which versions (the ones still there) to which, by their names. Of `desired` pods so many are
    `updated`, and of these `ready`. `blocking` are pods of the new version that are not ready: (key, what each says), the worst
    first, of `waiting` in all. `paused` is whether somebody has stopped it."""

    before: tuple[str, ...]
    after: str
    desired: int
    updated: int
    ready: int
    waiting: int = 0
    blocking: tuple[tuple[ObjectKey, str], ...] = ()
    paused: bool = False


class ScalerMetric(msgspec.Struct, frozen=True):
    """One thing an autoscaler goes by: `current` is "" where it is not measured; `over` is whether it asks for more pods."""

    name: str
    current: str
    target: str
    over: bool = False


class ScalerState(msgspec.Struct, frozen=True, kw_only=True):
    """An autoscaler: how many pods there are, how many it wants, its bounds, and what limits it, in words; `short` is whether
    that keeps it from what the load asks for."""

    key: ObjectKey
    current: int
    desired: int
    least: int
    most: int
    metrics: tuple[ScalerMetric, ...] = ()
    limit: str = ""
    short: bool = False


class ScheduleState(msgspec.Struct, frozen=True, kw_only=True):
    """When a CronJob runs, in words; its last run and the next one, None where it is suspended or that cannot be told."""

    words: str
    suspended: bool = False
    last: datetime | None = None
    succeeded: datetime | None = None
    next: datetime | None = None


class JobProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a Job is."""

    succeeded: int
    wanted: int
    active: int = 0
    failed: int = 0
    started: datetime | None = None
    ended: datetime | None = None


class RoutePath(msgspec.Struct, frozen=True, kw_only=True):
    """One way to the pods: an address, the Service behind it, how many of its pods are ready. `broken` says where it breaks, ""
    where it does not; `unseen` is whether its Service was not among what could be seen, so that the rest is not known."""

    address: str
    route: ObjectKey | None
    service: str
    service_key: ObjectKey | None
    port: str = ""
    ready: int = 0
    total: int = 0
    broken: str = ""
    unseen: bool = False
