"""Watches: history first, then what happens, as JSON lines, with bookmarks."""

import asyncio
from collections.abc import AsyncIterator, Callable

from callboard.simulator.machinery.collection import Change, Collection, Record
from callboard.simulator.machinery.refusal import too_old_to_watch
from callboard.simulator.machinery.resources import ServedResource
from callboard.simulator.machinery.tree import Tree, encode
from callboard.simulator.serving.accept import AnswerForm
from callboard.simulator.serving.listing import encode_object
from callboard.simulator.serving.options import ListOptions
from callboard.simulator.serving.tables import partial, table

__all__ = ["WatchStream"]

_END = {"k8s.io/initial-events-end": "true"}
_EMPTY_SPEC: dict[tuple[str, str], Tree] = {
    ("", "pods"): {"spec": {"containers": None}, "status": {}},
    ("apps", "deployments"): {
        "spec": {
            "replicas": 0,
            "selector": None,
            "template": {"metadata": {}, "spec": {"containers": None}},
            "strategy": {},
        },
        "status": {},
    },
}


class WatchStream:
    """One watch of one collection. `lines()` yields event lines until the deadline.

    `bookmark_seconds` and the deadline are wall-clock seconds. It keeps a cursor into the collection's
    history and no queue, so its memory does not grow with a slow reader: one that falls behind
    compaction gets a 410 ERROR event and the stream ends.
    """

    def __init__(
        self,
        collection: Collection,
        kind: ServedResource,
        options: ListOptions,
        namespace: str,
        form: AnswerForm,
        *,
        now: Callable[[], float],
        current: Callable[[], int],
        include: str,
        bookmark_seconds: float,
        seconds: float,
    ) -> None:
        self._collection = collection
        self._kind = kind
        self._options = options
        self._namespace = namespace
        self._form = form
        self._now = now
        self._current = current
        self._include = include
        self._bookmark_seconds = bookmark_seconds
        self._seconds = seconds
        self._definitions = True

    async def lines(self) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._seconds
        wake = asyncio.Event()
        stop = self._collection.listen(wake.set)
        try:
            options = self._options
            version = options.version or 0
            if not options.version or options.initial_events:
                version = self._current()
                if options.initial_events is not False:
                    for record in self._collection.records(self._namespace):
                        if options.selects(record.tree):
                            yield self._line("ADDED", record)
                    if options.bookmarks and (options.initial_events or options.version == 0):
                        yield self._bookmark(version, _END)
            cursor = version
            next_bookmark = loop.time() + self._bookmark_seconds
            while True:
                wake.clear()
                changes = self._collection.since(cursor)
                if changes is None:
                    refusal = too_old_to_watch(cursor, self._collection.compacted)
                    yield encode({"type": "ERROR", "object": refusal.body()}) + b"\n"
                    return
                for change in changes:
                    cursor = change.version
                    line = self._event(change)
                    if line is not None:
                        yield line
                if changes:
                    continue
                moment = loop.time()
                if moment >= deadline:
                    return
                if moment >= next_bookmark:
                    next_bookmark = moment + self._bookmark_seconds
                    if options.bookmarks:
                        cursor = max(cursor, self._current())
                        yield self._bookmark(cursor, None)
                        continue
                try:
                    async with asyncio.timeout(min(deadline, next_bookmark) - moment):
                        await wake.wait()
                except TimeoutError:
                    continue
        finally:
            stop()

    def _event(self, change: Change) -> bytes | None:
        record = change.record
        if self._namespace and record.key[0] != self._namespace:
            return None
        if not self._options.selective:
            return self._line(change.type, record)
        now_in = change.type != "DELETED" and self._options.selects(record.tree)
        was_in = change.previous is not None and self._options.selects(change.previous.tree)
        if now_in:
            return self._line("MODIFIED" if was_in else "ADDED", record)
        return self._line("DELETED", record) if was_in else None

    def _line(self, type_: str, record: Record) -> bytes:
        if self._form.kind == "Table":
            metadata = {"resourceVersion": str(record.version)}
            shown = table(
                self._kind,
                [record.tree],
                metadata,
                self._now(),
                include=self._include,
                definitions=self._definitions,
            )
            self._definitions = False
            return encode({"type": type_, "object": shown}) + b"\n"
        if self._form.kind == "PartialObjectMetadata":
            return encode({"type": type_, "object": partial(record.tree)}) + b"\n"
        return b'{"type":"%s","object":%s}\n' % (type_.encode(), encode_object(self._kind, record))

    def _bookmark(self, version: int, annotations: Tree | None) -> bytes:
        metadata: Tree = {"resourceVersion": str(version)}
        if annotations:
            metadata["annotations"] = annotations
        if self._form.kind == "Table":
            held = {"kind": self._kind.kind, "apiVersion": self._kind.api_version, "metadata": metadata}
            columns = table(
                self._kind, [], {"resourceVersion": str(version)}, self._now(), definitions=self._definitions
            )
            self._definitions = False
            row = {"cells": [""] * len(columns["columnDefinitions"] or []), "object": held}
            return encode({"type": "BOOKMARK", "object": {**columns, "rows": [row]}}) + b"\n"
        if self._form.kind == "PartialObjectMetadata":
            whole: Tree = {
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": metadata,
            }
        elif self._kind.custom:
            whole = {"apiVersion": self._kind.api_version, "kind": self._kind.kind, "metadata": metadata}
        else:
            rest = _EMPTY_SPEC.get(self._kind.key, {})
            whole = {
                "kind": self._kind.kind,
                "apiVersion": self._kind.api_version,
                "metadata": metadata,
                **rest,
            }
        return encode({"type": "BOOKMARK", "object": whole}) + b"\n"
