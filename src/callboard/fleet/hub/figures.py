"""The hub in numbers, as of now."""

from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from callboard.fleet.hub.streams.stream import Stream
from callboard.model.outcome import Freshness

if TYPE_CHECKING:
    from callboard.fleet.hub.hub import Hub

__all__ = ["ClusterFigures", "HubFigures", "StreamState", "figures"]


class StreamState(StrEnum):
    """How a stream stands."""

    LIVE = "live"
    """Watched, and current."""
    POLLED = "polled"
    """Asked at an interval, and current as of the last time."""
    STALE = "stale"
    """What it holds is what was seen last: the newest attempts failed."""
    WITHOUT = "without"
    """It holds nothing: its first answer is still awaited, or it was refused or failed from the start."""


class ClusterFigures(msgspec.Struct, kw_only=True):
    """One cluster's. `bytes` are those of the objects as they are kept, packed; `waiting` are streams that would watch and
    may not, and requests that wait for their turn."""

    streams: dict[StreamState, int]
    watches: int = 0
    lists: int = 0
    waiting: int = 0
    objects: int = 0
    bytes: int = 0


class HubFigures(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. `selections` are live selections, each of one service on one cluster, `viewers` those who follow a service."""

    clusters: dict[str, ClusterFigures]
    selections: int
    viewers: int


def figures(hub: "Hub") -> HubFigures:
    """Costs a few microseconds for each stream; no object is looked at."""
    clusters: dict[str, ClusterFigures] = {}

    def of(name: str) -> ClusterFigures:
        return clusters.setdefault(name, ClusterFigures(streams=dict.fromkeys(StreamState, 0)))

    for name, budget in hub.budgets():
        found = of(name)
        found.watches += budget.watches
        found.lists += budget.lists
        found.waiting += budget.waiting
    for stream in hub.streams:
        found = of(stream.source.cluster.name)
        found.streams[state_of(stream)] += 1
        found.objects += len(stream.held.objects)
        found.bytes += stream.held.objects.bytes
    return HubFigures(clusters=clusters, selections=hub.selections, viewers=hub.viewers)


def state_of(stream: Stream) -> StreamState:
    """How a stream stands."""
    held = stream.held
    if not held.known:
        return StreamState.WITHOUT
    if held.stale_since is not None:
        return StreamState.STALE
    return StreamState.LIVE if held.freshness is Freshness.LIVE else StreamState.POLLED
