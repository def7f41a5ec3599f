"""Events of a service's objects, and how far they can be trusted."""

import heapq
import re
from datetime import UTC, datetime
from typing import Final

import msgspec

from callboard.diagnosis.ownership import Grouping
from callboard.model.objects import KubeObject
from callboard.model.objects.cluster_state import Event
from callboard.model.outcome import Answer, Outcome
from callboard.model.resource import EVENTS
from callboard.model.snapshot import ClusterSnapshot
from callboard.portal.arranging.clipping import clipped
from callboard.portal.views import EventRow, EventsPart, ObjectKey

__all__ = ["event_row", "events_of", "events_part", "merged"]

MOST_SHOWN: Final = 200
"""Of one cluster or object, the newest: nobody reads more, and a page of thousands is megabytes."""
_COMPARED: Final = 400
"""Characters of an event's words that are compared."""
_DIFFERS = re.compile(r"\b[0-9a-f]{8,}(?:-[0-9a-f]{4,}){0,4}\b|\d+(?:\.\d+)?[a-zµ]*")
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_NONE = "No warnings in about the last hour; a cluster keeps events no longer than that."


def events_part(cluster: ClusterSnapshot, grouping: Grouping) -> EventsPart:
    """The events of everything the grouping shows, newest first."""
    shown = [o for w in grouping.workloads for o in (w.object, *w.children, *w.pods)]
    shown += [*grouping.pods, *grouping.others]
    outcomes = [o for o in cluster.references if o.question.type == EVENTS]
    if not outcomes and not cluster.references_complete:
        return EventsPart(answer=Answer.AWAITED)
    return events_of(cluster.cluster.name, shown, outcomes)


def events_of(cluster: str, objects: list[KubeObject], outcomes: list[Outcome]) -> EventsPart:
    """The events in `outcomes` that are about one of `objects`, matched by uid, or by kind, namespace and name."""
    if not outcomes:
        return EventsPart(
            answer=Answer.NOT_ASKED, plain="Nothing of the service is here, so there are no events of it."
        )
    by_uid = {o.meta.uid: o for o in objects if o.meta.uid}
    by_name = {(o.type.kind, o.namespace, o.name): o for o in objects}
    found: list[tuple[Event, KubeObject]] = []
    for outcome in outcomes:
        for obj in outcome.objects:
            if isinstance(obj.body, Event):
                about = obj.body.involved_object
                target = by_uid.get(about.uid) or by_name.get((about.kind, about.namespace, about.name))
                if target is not None:
                    found.append((obj.body, target))
    newest = heapq.nlargest(MOST_SHOWN, found, key=lambda each: each[0].last_seen or _LONG_AGO)
    rows = tuple(event_row(cluster, event, target) for event, target in newest)
    older = len(found) - len(rows)
    failed = next((o for o in outcomes if o.answer.failed), None)
    if failed is not None:
        words = failed.failure.message if failed.failure else ""
        return EventsPart(
            answer=failed.answer,
            rows=rows,
            older=older,
            plain=f"Events could not be seen: {words or failed.answer}",
        )
    return EventsPart(
        answer=Answer.OBJECTS if rows else Answer.EMPTY, rows=rows, older=older, plain="" if rows else _NONE
    )


def merged(part: EventsPart) -> EventsPart:
    """Events of the same words about the same object as one: how often in all, from the first to the last. Numbers and ids in the
    words make no difference; the newest are shown."""
    same: dict[tuple[str, ...], EventRow] = {}
    for row in part.rows:
        key = (row.type, row.reason, row.object, _DIFFERS.sub("#", row.message[:_COMPARED]))
        known = same.get(key)
        if known is None:
            same[key] = row
            continue
        first = [t for t in (known.first_seen, row.first_seen, row.last_seen) if t is not None]
        same[key] = msgspec.structs.replace(
            known,
            occurrences=known.occurrences + row.occurrences,
            first_seen=min(first, default=None),
        )
    return msgspec.structs.replace(part, rows=tuple(same.values()))


def event_row(cluster: str, event: Event, target: KubeObject) -> EventRow:
    """One event about one of the service's objects."""
    return EventRow(
        key=ObjectKey(cluster, target.type.key, target.namespace, target.name),
        object=f"{target.type.title} {target.name}",
        type=event.type,
        reason=event.reason,
        message=clipped(event.message),
        occurrences=event.occurrences,
        last_seen=event.last_seen,
        first_seen=event.first_timestamp or event.event_time,
    )
