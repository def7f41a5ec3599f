"""The record of who did what: a line in the log at once, a row in the database a moment later.

While the database does not take rows they wait, up to `MOST_WAITING`. With as many waiting nothing more is done that has to be on
record: `record` raises, and what it stands before does not happen. So nothing passes that is not at least in the log, and nothing
is lost from the table without a word. It must never be given a body, a token or a line of a log.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final

import msgspec
import structlog

from callboard.access.store import AuditStore
from callboard.base.clock import Clock
from callboard.base.errors import Unavailable, UsageError
from callboard.base.request import request_facts
from callboard.model.audit import AuditDeed, AuditEvent, AuditFilter, AuditOutcome, AuditPage
from callboard.model.caller import Caller, CallerKind

__all__ = ["MOST_WAITING", "AuditTrail"]

MOST_WAITING: Final = 10_000
MOST_PAGE: Final = 500
SOON: Final = 0.2
"""Seconds in which rows are gathered that are written together."""
RETRY: Final = 2.0
FORGET: Final = 3600.0
MOST_STRANGERS: Final = 60
"""Refusals of people nobody knows that are kept in a minute: whoever guesses does not fill the database. All are in the log."""

_log = structlog.get_logger("callboard.audit")


class AuditTrail:
    """`keep` says for how long, in seconds. `run` writes; without a store everything is in the log alone."""

    def __init__(
        self, clock: Clock, store: AuditStore | None = None, keep: Callable[[], float] = lambda: 0.0
    ) -> None:
        self._clock = clock
        self._store = store
        self._keep = keep
        self._waiting: deque[AuditEvent] = deque()
        self._news = asyncio.Event()
        self._writing = asyncio.Lock()
        self._strangers: deque[float] = deque()

    @property
    def waiting(self) -> int:
        """Events that are told and not kept yet."""
        return len(self._waiting)

    def record(
        self,
        deed: AuditDeed,
        caller: Caller,
        what: str = "",
        *,
        action: str = "",
        outcome: AuditOutcome = AuditOutcome.DONE,
        code: str = "",
    ) -> None:
        """Tell and keep what somebody does, before it is done. Raises Unavailable where it could not be kept."""
        facts = request_facts()
        event = AuditEvent(
            at=self._clock.now(),
            deed=deed,
            outcome=outcome,
            who=caller.subject,
            kind=str(caller.kind),
            through=caller.through,
            action=action,
            what=what,
            code=code,
            request=facts.id,
            address=facts.address,
        )
        told = {
            k: str(v)
            for k, v in msgspec.structs.asdict(event).items()
            if v and k not in ("at", "number", "request")
        }
        if self._store is None:
            _log.info("audit", **told)
            return
        if len(self._waiting) >= MOST_WAITING:
            _log.error("audit: refused, because too much waits to be kept", **told)
            raise Unavailable(
                "What you do here has to be on record, and the record cannot be written at the moment.",
                code="audit-full",
            )
        if caller.kind is CallerKind.ANONYMOUS and not self._takes_stranger():
            _log.info("audit", kept=False, **told)
            return
        _log.info("audit", **told)
        self._waiting.append(event)
        self._news.set()

    def _takes_stranger(self) -> bool:
        now = self._clock.now().timestamp()
        while self._strangers and self._strangers[0] <= now - 60:
            self._strangers.popleft()
        if len(self._strangers) >= MOST_STRANGERS:
            return False
        self._strangers.append(now)
        return True

    async def find(self, wanted: AuditFilter) -> AuditPage:
        """One page of the record, with all that was told before. Raises Unavailable, and UsageError for a page too large."""
        if not 0 < wanted.limit <= MOST_PAGE:
            raise UsageError(f"A page of the record has 1 to {MOST_PAGE} events.", code="bad-limit")
        if self._store is None:
            raise Unavailable("No record is kept here.", code="no-audit")
        await self.flush()
        events = await self._store.find(wanted)
        more = len(events) == wanted.limit
        return AuditPage(events=events, older=events[-1].number if more else 0, waiting=self.waiting)

    async def flush(self) -> None:
        """Write what waits, if the database takes it."""
        async with self._writing:
            while self._waiting and self._store is not None:
                batch = tuple(self._waiting)
                try:
                    await self._store.add(batch)
                except Unavailable as error:
                    _log.warning(
                        "the record of who did what cannot be written to the database; it waits, and stands in this log",
                        waiting=len(self._waiting),
                        error=error.message,
                    )
                    return
                for _ in batch:
                    self._waiting.popleft()

    async def run(self) -> None:
        """Write what comes until cancelled; then, what still waits."""
        loop = asyncio.get_running_loop()
        forget_at = loop.time()
        try:
            while True:
                if loop.time() >= forget_at:
                    forget_at = loop.time() + FORGET
                    await self._forget()
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(forget_at):
                        await self._news.wait()
                self._news.clear()
                await asyncio.sleep(SOON)
                await self._flushed()
                if self._waiting:
                    self._news.set()
                    await asyncio.sleep(RETRY)
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(RETRY):
                    await self.flush()

    async def _flushed(self) -> None:
        """As `flush`, to its end even where we are told to stop: what was written must not be written twice."""
        writing = asyncio.ensure_future(self.flush())
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            with suppress(Exception):
                await writing
            raise

    async def _forget(self) -> None:
        if self._store is not None and self._keep() > 0:
            with suppress(Unavailable):
                gone = await self._store.forget(self._clock.now() - timedelta(seconds=self._keep()))
                if gone:
                    _log.info("old events are gone from the record", events=gone)
