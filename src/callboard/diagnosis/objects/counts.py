"""How many of how many: replicas that are ready of those that are wanted."""

from collections.abc import Iterator, Mapping
from typing import Final

from callboard.diagnosis.objects.indication import Indication
from callboard.diagnosis.objects.judgement import State
from callboard.diagnosis.objects.reading import walk, whole

__all__ = ["counts"]

_UPDATED: Final = ("updatedReplicas", "updatedReadyReplicas", "updatedAvailableReplicas")
_READY: Final = (
    "readyReplicas", "availableReplicas", "readyNodes", "availableNodes", "readyInstances", "numberReady", "readyMembers",
    "currentHealthy", "readyPods", *_UPDATED,
)  # fmt: skip
_WANTED: Final = (
    "desiredReplicas",
    "expectedNodes",
    "expectedPods",
    "expectedMachines",
    "desiredHealthy",
    "desiredNumberScheduled",
    "desired",
)
"""In a status: what is wanted, whether or not any of it is there yet."""
_THERE: Final = ("members", "instances", "nodes", "replicas")
"""In a status: what is there, to compare with what of it is ready."""
_WANTED_IN_SPEC: Final = ("replicas", "instances", "size", "nodeCount", "members")


def counts(spec: Mapping[str, object], status: Mapping[str, object]) -> Iterator[Indication]:
    """PROGRESSING for each count that is short of what is wanted, WELL where all is there, HELD where only a part shall get the
    newest version."""
    wanted = next((n for k in _WANTED_IN_SPEC if (n := whole(spec.get(k))) is not None), None)
    yield from _own(status, wanted, _partition(spec))
    for path, key, value in walk(status, 3):
        if isinstance(value, dict) and key not in ("conditions", "history"):
            yield from _below(f"status.{path}", value, None)
        elif isinstance(value, str) and ("ready" in key.lower() or "replicas" in key.lower()):
            have, slash, all_ = value.partition("/")
            ready, of = whole(have), whole(all_)
            if slash and ready is not None and of is not None:
                yield from _compared(f"status.{path}", ready, of)


def _partition(spec: Mapping[str, object]) -> int:
    """How many keep the old version by will."""
    for path, key, value in walk(spec, 3):
        if key == "partition" and "strategy" in path.lower():
            return whole(value) or 0
    return 0


def _own(status: Mapping[str, object], wanted: int | None, partition: int) -> Iterator[Indication]:
    there, updated = whole(status.get("replicas")), whole(status.get("updatedReplicas"))
    if (
        wanted is not None
        and there is not None
        and there > wanted
        and updated is not None
        and updated < there
    ):
        yield Indication(
            state=State.PROGRESSING,
            words=f"{there - wanted} old still ending",
            place="status.replicas",
            value=str(there),
        )
    if partition and wanted is not None and updated is not None and wanted - partition <= updated < wanted:
        yield Indication(
            state=State.HELD,
            words=f"{wanted - updated} of {wanted} keep the old version, as the partition says",
            place="status.updatedReplicas",
            value=str(updated),
        )
        status = {key: value for key, value in status.items() if key not in _UPDATED}
    yield from _below("status", status, wanted)


def _below(path: str, found: Mapping[str, object], wanted: int | None) -> Iterator[Indication]:
    ready = [(k, n) for k in _READY if (n := whole(found.get(k))) is not None]
    if wanted is None:
        wanted = next((n for k in _WANTED if (n := whole(found.get(k))) is not None), None)
        if wanted and not ready and "succeeded" not in found:
            yield from _compared(path, 0, wanted)
    if wanted is None:
        wanted = next((n for k in _THERE if (n := whole(found.get(k))) is not None), None)
    if wanted is None:
        return
    for key, number in ready:
        yield from _compared(f"{path}.{key}", number, wanted)
    missing = whole(found.get("unavailableReplicas"))
    if not ready and missing:
        yield from _compared(f"{path}.unavailableReplicas", wanted - missing, wanted)


def _compared(place: str, ready: int, wanted: int) -> Iterator[Indication]:
    if ready < wanted:
        words = f"{max(ready, 0)} of {wanted} ready"
        yield Indication(state=State.PROGRESSING, words=words, place=place, value=str(ready))
    elif wanted > 0:
        yield Indication(state=State.WELL, place=place, value=str(ready))
