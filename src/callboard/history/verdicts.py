"""The last verdict on each service, kept over restarts and written in batches."""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from callboard.base.bounded_map import BoundedMap
from callboard.base.clock import Clock
from callboard.base.errors import Unavailable
from callboard.history.store import VerdictStore
from callboard.history.verdict import LastVerdict
from callboard.model.entity import EntityRef
from callboard.model.grants import Grants
from callboard.model.verdict import Verdict

__all__ = ["Verdicts"]

KEEP = timedelta(days=14)
"""How long a verdict nobody renewed is remembered."""
BETWEEN_WRITES = 1.0
AGAIN = timedelta(seconds=10)
"""The same verdict is written again after so much time; until then only the memory knows that it was seen later."""
MOST_KNOWN = 5000
"""Verdicts kept in memory, those remembered last: who looks again and again causes no reading."""
MOST_UNWRITTEN = 10_000
"""Verdicts that wait to be written at most; beyond it the oldest are dropped, and the next look renews them."""

_log = structlog.get_logger(__name__)


class Verdicts:
    """Remembers per visibility class: callers with other grants never see it. `start` first; `run` in a task of the owner."""

    def __init__(self, store: VerdictStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._refused = False
        self._unwritten: dict[tuple[str, EntityRef], LastVerdict] = {}
        self._known: BoundedMap[tuple[str, EntityRef], tuple[LastVerdict, LastVerdict]] = BoundedMap(
            MOST_KNOWN
        )
        """What was remembered last, and what of it was given to be written."""

    async def start(self) -> None:
        """Make the tables and forget what is too old."""
        await self._store.start(self._clock.now() - KEEP)

    async def remember(
        self, ref: EntityRef, grants: Grants, verdict: Verdict, as_of: datetime | None = None
    ) -> LastVerdict | None:
        """Take note of a settled verdict, seen now, or `as_of` what it was made of, and give what is remembered from then on.
        `since` stays while the health stays; where the database cannot say since when, nothing is noted: None."""
        now = as_of or self._clock.now()
        try:
            last = (await self.last([ref], grants)).get(ref)
        except Unavailable as error:
            _log.error(
                "the database does not tell how a service was; what is seen now is not noted, and the next look tries again",
                service=str(ref),
                why=error.message,
            )
            return None
        since = last.since if last and last.health is verdict.health else verdict.since or now
        noted = LastVerdict(ref, verdict.health, verdict.sentence, since, now)
        self.keep(noted, grants)
        return noted

    def keep(self, verdict: LastVerdict, grants: Grants) -> None:
        """The same for who knows since when."""
        key = (_class(grants), verdict.ref)
        known = self._known.get(key)
        if known is not None and _same(known[1], verdict):
            self._known.put(key, (verdict, known[1]))
            return
        self._known.put(key, (verdict, verdict))
        self._unwritten.pop(key, None)
        self._unwritten[key] = verdict
        self._bound()

    def _bound(self) -> None:
        while len(self._unwritten) > MOST_UNWRITTEN:
            del self._unwritten[next(iter(self._unwritten))]

    async def last(self, refs: Sequence[EntityRef], grants: Grants) -> dict[EntityRef, LastVerdict]:
        """What is remembered for callers of these grants. Raises Unavailable when the database cannot be read."""
        visibility = _class(grants)
        known = self._in_memory(refs, visibility)
        rest = [ref for ref in refs if ref not in known]
        found = await self._store.get(visibility, rest) if rest else {}
        return found | known

    async def last_known(self, refs: Sequence[EntityRef], grants: Grants) -> dict[EntityRef, LastVerdict]:
        """The same for who can do without: what is in memory alone, when the database cannot be read."""
        try:
            return await self.last(refs, grants)
        except Unavailable:
            return self._in_memory(refs, _class(grants))

    def _in_memory(self, refs: Sequence[EntityRef], visibility: str) -> dict[EntityRef, LastVerdict]:
        found: dict[EntityRef, LastVerdict] = {}
        for ref in refs:
            if known := self._known.get((visibility, ref)):
                found[ref] = known[0]
            elif waiting := self._unwritten.get((visibility, ref)):
                found[ref] = waiting
        return found

    async def run(self) -> None:
        """Write batches until cancelled, then the rest."""
        try:
            while True:
                await asyncio.sleep(BETWEEN_WRITES)
                await self.write()
        finally:
            await asyncio.shield(self.write())

    async def write(self) -> None:
        """Write what is waiting. Where the database does not take it, it goes on waiting, unless newer is noted meanwhile."""
        waiting, self._unwritten = self._unwritten, {}
        by_class: dict[str, list[LastVerdict]] = {}
        for (visibility, _), verdict in waiting.items():
            by_class.setdefault(visibility, []).append(verdict)
        try:
            for visibility, found in by_class.items():
                await self._store.put(visibility, found)
                for verdict in found:
                    del waiting[visibility, verdict.ref]
        except Unavailable as error:
            self._unwritten = waiting | self._unwritten
            self._bound()
            if not self._refused:
                _log.error(
                    "the database does not take how services were; it is tried again, and not said again until it works",
                    count=len(waiting),
                    why=error.message,
                )
            self._refused = True
        else:
            self._refused = False


def _same(written: LastVerdict, now: LastVerdict) -> bool:
    return abs(now.as_of - written.as_of) < AGAIN and (written.health, written.sentence, written.since) == (
        now.health,
        now.sentence,
        now.since,
    )


def _class(grants: Grants) -> str:
    return hashlib.sha256(grants.identity.encode()).hexdigest()
