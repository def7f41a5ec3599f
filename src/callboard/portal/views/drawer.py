"""What a drawer shows: one object, or the log of one container."""

from datetime import datetime

import msgspec

from callboard.model.cluster import ClusterInfo
from callboard.model.outcome import Answer
from callboard.model.verdict import Health
from callboard.portal.views.kubernetes import ContainerRow, EventsPart, ObjectKey

__all__ = ["ConditionRow", "Field", "LogView", "ObjectView"]


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
    labels: tuple[tuple[str, str], ...] = ()
    owners: tuple[str, ...] = ()
    containers: tuple[ContainerRow, ...] = ()
    events: EventsPart = EventsPart(answer=Answer.AWAITED)
    yaml: str = ""
    yaml_refused: str = ""
    """Why the caller is not given it, in words."""
    as_of: datetime | None = None


class LogView(msgspec.Struct, frozen=True, kw_only=True):
    """A container's log, read to its end or to the limit. `failure` is set when it could not be read, or no further than these
    lines.

    Lines are text without control characters. `truncated` tells that earlier lines exist and were not read; `most` is 0, or
    the bytes after which reading stopped: there are later lines.
    """

    key: ObjectKey
    cluster: ClusterInfo
    container: str
    containers: tuple[ContainerRow, ...] = ()
    previous: bool = False
    lines: tuple[str, ...] = ()
    truncated: bool = False
    most: int = 0
    failure: str = ""
    failure_words: str = ""
    as_of: datetime | None = None
