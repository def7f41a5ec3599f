"""A verdict that is seen again and again is neither read nor written again and again, and nothing is lost of it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from callboard.base.clock import FakeClock
from callboard.history.store import VerdictStore
from callboard.history.verdict import LastVerdict
from callboard.history.verdicts import AGAIN, Verdicts
from callboard.model.entity import EntityRef
from callboard.model.grants import Grant, Grants
from callboard.model.verdict import Health, Verdict
from support.databases import Place

REF = EntityRef.parse("component:default/web")
ALL = Grants.everything()
WELL = Verdict(health=Health.HEALTHY, sentence="everything is ready")


class Counted(VerdictStore):
    """A store that counts."""

    read = 0
    written = 0

    async def get(self, visibility: str, refs: Sequence[EntityRef]) -> dict[EntityRef, LastVerdict]:
        self.read += 1
        return await super().get(visibility, refs)

    async def put(self, visibility: str, found: Sequence[LastVerdict]) -> None:
        self.written += len(found)
        await super().put(visibility, found)


async def test_it_is_read_and_written_once(place: Place) -> None:
    clock = FakeClock(datetime(2026, 5, 1, tzinfo=UTC))
    database = place.open()
    try:
        store = Counted(database)
        verdicts = Verdicts(store, clock)
        await verdicts.start()
        for _ in range(5):
            await verdicts.remember(REF, ALL, WELL)
            await verdicts.write()
            clock.advance(1)
        assert (store.read, store.written) == (1, 1)
        last = (await verdicts.last([REF], ALL))[REF]
        assert (last.as_of, last.since) == (
            datetime(2026, 5, 1, 0, 0, 4, tzinfo=UTC),
            datetime(2026, 5, 1, tzinfo=UTC),
        )
        assert await verdicts.last([REF], Grants(frozenset({Grant(namespace="shop")}))) == {}
        clock.advance(AGAIN.total_seconds())
        await verdicts.remember(REF, ALL, WELL)
        await verdicts.remember(REF, ALL, Verdict(health=Health.UNHEALTHY, sentence="one pod"))
        await verdicts.write()
        assert store.written == 2
        again = Verdicts(store, clock)
        assert (await again.last([REF], ALL))[REF].health is Health.UNHEALTHY
    finally:
        await database.close()
