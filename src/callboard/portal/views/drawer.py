"""What a drawer shows of one object."""

from datetime import datetime

import msgspec

from callboard.model.cluster import ClusterInfo
from callboard.model.outcome import Answer
from callboard.model.verdict import Health
from callboard.portal.views.kubernetes import ContainerRow, EventsPart, ObjectKey, PodUsage

__all__ = ["ConditionRow", "Field", "ObjectView", "OwnerRow"]


class Field(msgspec.Struct, frozen=True):
    """One important field of an object, in words."""

    label: str
    value: str
    time: datetime | None = None


class ConditionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One of the object's conditions, as it tells them. `status` is True, False or Unknown."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    since: datetime | None = None


class OwnerRow(msgspec.Struct, frozen=True):
    """What owns an object, or owns its owner. `key` is None where it is not among what is shown of the service."""

    title: str
    key: ObjectKey | None = None


class ObjectView(msgspec.Struct, frozen=True, kw_only=True):
    """One object, for its drawer. `yaml` has no managed fields and no Secret values; `containers` is empty but for pods."""

    key: ObjectKey
    cluster: ClusterInfo
    kind: str
    api_version: str
    health: Health
    reason: str = ""
    fields: tuple[Field, ...] = ()
    conditions: tuple[ConditionRow, ...] = ()
    more_conditions: int = 0
    """How many more there are, which nobody would read."""
    labels: tuple[tuple[str, str], ...] = ()
    more_labels: int = 0
    owners: tuple[OwnerRow, ...] = ()
    """The nearest first."""
    usage: PodUsage | None = None
    makes_pods: bool = False
    """Whether the pods it makes have logs that can be read together."""
    containers: tuple[ContainerRow, ...] = ()
    events: EventsPart = EventsPart(answer=Answer.AWAITED)
    yaml: str = ""
    yaml_refused: str = ""
    """Why the caller is not given it, in words."""
    as_of: datetime | None = None
    live: bool = False
    """Whether it is listened to: what changes is shown as it changes."""
    gone_at: datetime | None = None
    """When it was noticed that it was deleted; the rest is as it was last seen."""
    stale: str = ""
    """Why it may not be so any more, in words."""
