"""How the hub stands with each cluster: its streams, as whom they ask, and what is refused to them."""

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from callboard.fleet.hub.figures import StreamState, state_of
from callboard.model.outcome import Answer, Failure

if TYPE_CHECKING:
    from callboard.fleet.hub.hub import Hub

__all__ = ["StreamStanding", "standing"]


class StreamStanding(msgspec.Struct, frozen=True, kw_only=True):
    """One stream. `scope` is "" for a whole cluster, else a namespace or a selector; `failure` why the newest attempt failed."""

    type: str
    scope: str
    identity: str
    state: StreamState
    answer: Answer
    as_of: datetime | None = None
    stale_since: datetime | None = None
    failure: Failure | None = None


def standing(hub: "Hub") -> dict[str, tuple[StreamStanding, ...]]:
    """By cluster. Costs a few microseconds for each stream; no object is looked at."""
    found: dict[str, list[StreamStanding]] = {}
    for stream in hub.streams:
        question, held = stream.question, stream.held
        scope = " ".join(filter(None, (question.namespace, question.label_selector, question.name)))
        found.setdefault(stream.source.cluster.name, []).append(
            StreamStanding(
                type=question.type.key,
                scope=scope,
                identity=stream.source.identity,
                state=state_of(stream),
                answer=held.answer,
                as_of=held.as_of,
                stale_since=held.stale_since,
                failure=held.failure,
            )
        )
    return {name: tuple(streams) for name, streams in found.items()}
