"""What was taken from the hub, opened piece by piece: thousands of objects at once would hold up everybody else."""

from collections.abc import Iterator, Sequence
from itertools import islice

from callboard.fleet.hub.port import Held, Key, Update
from callboard.kube.ingest.decode import opened
from callboard.model.objects import KubeObject, PackedObject

__all__ = ["OpenedUpdate", "Opening"]

_PIECE = 200
"""Objects opened at once: some milliseconds."""


class OpenedUpdate:
    """What the hub told, and the objects of it that have been opened, in its order."""

    def __init__(self, update: Update) -> None:
        self.update = update
        self.objects: dict[Key, KubeObject] = {}


class Opening:
    """One batch of `updates`. Whoever needs it goes on where another left off, so that batches are taken in their order."""

    def __init__(self, updates: Sequence[Update]) -> None:
        self.updates = tuple(map(OpenedUpdate, updates))
        self._closed = self._each()

    def go_on(self) -> bool:
        """Open a piece more; whether all is open now."""
        piece = tuple(islice(self._closed, _PIECE))
        for opens, kept in piece:
            opens.objects[kept.namespace, kept.name] = opened(kept)
        return len(piece) < _PIECE

    def _each(self) -> Iterator[tuple[OpenedUpdate, PackedObject]]:
        for opens in self.updates:
            update = opens.update
            for kept in update.objects if isinstance(update, Held) else update.upserts:
                yield opens, kept
