"""What the cluster itself tells: nodes and events."""

from datetime import datetime

import msgspec

from callboard.model.objects.meta import Condition, ObjectMeta
from callboard.model.objects.names import Name
from callboard.model.objects.time import Time

__all__ = ["Event", "Node", "ObjectReference"]


class Taint(msgspec.Struct, frozen=True, gc=False):
    key: Name
    effect: Name = ""
    value: str = ""


class NodeSpec(msgspec.Struct, frozen=True, gc=False):
    unschedulable: bool = False
    taints: tuple[Taint, ...] = ()


class NodeStatus(msgspec.Struct, frozen=True, gc=False):
    conditions: tuple[Condition, ...] = ()
    allocatable: dict[str, str | int | float] | None = None


class Node(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()


class ObjectReference(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    kind: Name = ""
    namespace: Name = ""
    name: Name = ""
    uid: Name = ""
    field_path: Name = ""


class EventSource(msgspec.Struct, frozen=True, gc=False):
    component: Name = ""
    host: str = ""


class EventSeries(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    count: int = 0
    last_observed_time: Time | None = None


class Event(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    """A core/v1 Event. Events vanish after an hour by default: none is not proof of nothing."""

    metadata: ObjectMeta
    involved_object: ObjectReference = ObjectReference()
    type: Name = ""
    reason: Name = ""
    message: str = ""
    count: int | None = None
    first_timestamp: Time | None = None
    last_timestamp: Time | None = None
    event_time: Time | None = None
    series: EventSeries | None = None
    source: EventSource = EventSource()
    reporting_component: Name = ""

    @property
    def last_seen(self) -> datetime | None:
        """When it last happened, from whichever field its reporter filled."""
        series = self.series.last_observed_time if self.series else None
        return series or self.last_timestamp or self.event_time or self.first_timestamp

    @property
    def occurrences(self) -> int:
        return max(self.count or 1, self.series.count if self.series else 1)
