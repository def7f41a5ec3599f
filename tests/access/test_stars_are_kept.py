"""Stars are kept by who somebody is, on each database, and have a bound."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from callboard.access.stars import MOST_STARS, Stars
from callboard.access.store import StarStore, TokenStore
from callboard.base.clock import FakeClock
from callboard.base.database import Database
from callboard.base.errors import NotAllowed, UsageError
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from support.databases import Place
from support.policies import person, service

SHOP, PAY = EntityRef.parse("component:default/shop"), EntityRef.parse("component:pay/Pay-1")


@asynccontextmanager
async def opened(place: Place) -> AsyncIterator[Database]:
    database = place.open()
    try:
        await TokenStore(database).start()
        yield database
    finally:
        await database.close()


async def test_each_has_their_own_and_they_outlive_a_restart(place: Place) -> None:
    async with opened(place) as database:
        stars = Stars(FakeClock(), StarStore(database))
        for _ in range(2):
            await stars.put(person("anna"), SHOP, starred=True)
        await stars.put(person("anna"), PAY, starred=True)
        await stars.put(person("bo"), PAY, starred=True)
        await stars.put(person("bo"), SHOP, starred=False)
    async with opened(place) as database:
        stars = Stars(FakeClock(), StarStore(database))
        assert await stars.of(person("anna", "team")) == {SHOP, PAY}
        assert await stars.of(person("bo")) == {PAY}
        await stars.put(person("anna"), PAY, starred=False)
        assert await stars.of(person("anna")) == {SHOP}
        assert await stars.of(person("bo")) == {PAY}


async def test_a_person_has_so_many_and_a_service_none(place: Place) -> None:
    async with opened(place) as database:
        stars = Stars(FakeClock(), StarStore(database))
        for number in range(MOST_STARS):
            await stars.put(person("anna"), EntityRef.of("component", "default", f"s{number}"), starred=True)
        with pytest.raises(UsageError):
            await stars.put(person("anna"), SHOP, starred=True)
        await stars.put(person("anna"), EntityRef.of("component", "default", "s7"), starred=True)  # again
        assert len(await stars.of(person("anna"))) == MOST_STARS
        for caller in (service("catalog.entity.read"), Caller.anonymous()):
            with pytest.raises(NotAllowed):
                await stars.put(caller, SHOP, starred=True)
            assert await stars.of(caller) == frozenset()
    stars = Stars(FakeClock())
    assert await stars.of(person("anna")) == frozenset()
