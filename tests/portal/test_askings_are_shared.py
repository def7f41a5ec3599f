"""A page, its stream and its drawer join one asking; nobody waiting ends it; another caller never joins."""

import asyncio
import gc
import weakref
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime

import msgspec
import pytest

from callboard.base.clock import FakeClock
from callboard.base.errors import NotSignedIn, UsageError
from callboard.base.secret import Secret
from callboard.model.caller import Caller, CallerKind, ProviderToken
from callboard.model.entity import Entity
from callboard.model.snapshot import ClusterState, ServiceSnapshot
from callboard.portal.asking import feeds as module
from callboard.portal.asking.feeds import SnapshotFeed, SnapshotFeeds
from support.kube_objects import cluster, deployment, service
from support.listening import eventually

AWAITED = service(cluster("a", state=ClusterState.AWAITED))
DONE = service(cluster("a", deployment()))
ENTITY = DONE.entity
ANNA = Caller(kind=CallerKind.PERSON, subject="user:default/anna")
BEN = Caller(kind=CallerKind.PERSON, subject="user:default/ben")


async def follow(
    feeds: SnapshotFeeds, entity: Entity, caller: Caller
) -> AsyncGenerator[tuple[SnapshotFeed, ServiceSnapshot], None]:
    """(feed, snapshot) each time there is a newer one, as a reader does it who skips to the newest."""
    news, shown = asyncio.Event(), 0
    with feeds.joined(entity, caller, news.set) as feed:
        while True:
            news.clear()
            if feed.error is not None:
                raise feed.error
            if feed.latest is not None and feed.revision > shown:
                shown = feed.revision
                yield feed, feed.latest
            elif feed.done:
                return
            else:
                await news.wait()


class Provider:
    """An objects provider whose second snapshot comes when the test says so."""

    def __init__(self) -> None:
        self.started = 0
        self.running = 0
        self.go = asyncio.Event()
        self.ended = asyncio.Event()
        self.error: Exception | None = None

    async def objects(
        self, entity: Entity, caller: Caller, *, only: frozenset[str] = frozenset()
    ) -> AsyncGenerator[ServiceSnapshot, None]:
        self.started += 1
        self.running += 1
        try:
            yield AWAITED
            await self.go.wait()
            if self.error:
                raise self.error
            yield DONE
        finally:
            self.running -= 1
            self.ended.set()


class Slow(Provider):
    """One whose asking takes a while to end."""

    def __init__(self) -> None:
        super().__init__()
        self.ending = asyncio.Event()
        self.let_go = asyncio.Event()

    async def objects(
        self, entity: Entity, caller: Caller, *, only: frozenset[str] = frozenset()
    ) -> AsyncGenerator[ServiceSnapshot, None]:
        try:
            async for snapshot in super().objects(entity, caller, only=only):
                yield snapshot
        finally:
            self.ending.set()
            await self.let_go.wait()


async def read(feeds: SnapshotFeeds, caller: Caller) -> list[ServiceSnapshot]:
    return [snapshot async for _, snapshot in follow(feeds, ENTITY, caller)]


async def test_those_who_ask_together_cause_one_asking() -> None:
    provider = Provider()
    async with SnapshotFeeds(lambda: provider, FakeClock()) as feeds, asyncio.TaskGroup() as group:
        readers = [group.create_task(read(feeds, ANNA)) for _ in range(5)]
        await asyncio.sleep(0)
        provider.go.set()
    assert [r.result()[-1] for r in readers] == [DONE] * 5
    assert provider.started == 1


async def test_a_settled_answer_is_shared_for_a_moment_and_then_asked_anew() -> None:
    provider, clock = Provider(), FakeClock()
    provider.go.set()
    async with SnapshotFeeds(lambda: provider, clock) as feeds:
        await read(feeds, ANNA)
        assert feeds.newest(ENTITY, ANNA) == DONE
        assert await read(feeds, ANNA) == [DONE]
        assert provider.started == 1
        clock.advance(module.FRESH + 0.1)
        assert feeds.newest(ENTITY, ANNA) is None
        await read(feeds, ANNA)
    assert provider.started == 2


def with_token(token: str, provider: str = "google") -> Caller:
    return Caller(kind=ANNA.kind, subject=ANNA.subject, tokens=(ProviderToken(provider, Secret(token)),))


async def test_other_callers_and_other_tokens_never_share() -> None:
    provider = Provider()
    provider.go.set()
    async with SnapshotFeeds(lambda: provider, FakeClock()) as feeds:
        callers = (ANNA, BEN, with_token("one"), with_token("two"), with_token("one", "aks"))
        for caller in callers:
            await read(feeds, caller)
            assert feeds.newest(ENTITY, with_token("three")) is None
    assert provider.started == len(callers)


async def test_what_an_own_token_reads_is_shared_with_the_same_token_for_five_seconds_at_most() -> None:
    provider, clock = Provider(), FakeClock()
    async with SnapshotFeeds(lambda: provider, clock) as feeds:
        async with asyncio.TaskGroup() as group:
            readers = [group.create_task(read(feeds, with_token("one"))) for _ in range(3)]
            await asyncio.sleep(0)
            provider.go.set()
        assert [r.result()[-1] for r in readers] == [DONE] * 3
        assert feeds.newest(ENTITY, with_token("one")) == DONE
        assert provider.started == 1
        clock.advance(5.1)
        assert feeds.newest(ENTITY, with_token("one")) is None
        await read(feeds, with_token("one"))
    assert provider.started == 2


async def test_what_was_seen_is_gone_when_the_token_has_run_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE", 0.02)
    provider = Provider()
    provider.error = NotSignedIn("Your own token for a ran out.", code="token-expired")
    async with SnapshotFeeds(lambda: provider, FakeClock()) as feeds:
        following = follow(feeds, ENTITY, with_token("one"))
        await anext(following)
        provider.go.set()
        with pytest.raises(NotSignedIn, match="ran out"):
            await anext(following)
        assert feeds.newest(ENTITY, with_token("one")) is None
        await eventually(lambda: not feeds._shared)


async def test_an_asking_nobody_waits_for_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE", 0.02)
    provider, clock = Provider(), FakeClock()
    async with SnapshotFeeds(lambda: provider, clock) as feeds:
        following = follow(feeds, ENTITY, ANNA)
        assert (await anext(following))[1] == AWAITED
        await following.aclose()
        clock.advance(1)
        await provider.ended.wait()
        provider.go.set()
        assert (await read(feeds, ANNA))[-1] == DONE
    assert provider.started == 2


async def test_who_comes_while_an_asking_is_being_cancelled_begins_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "GRACE", 0.02)
    first, second, clock = Slow(), Provider(), FakeClock()
    second.go.set()
    present: list[Provider] = [first]
    async with SnapshotFeeds(lambda: present[0], clock) as feeds:
        following = follow(feeds, ENTITY, ANNA)
        await anext(following)
        await following.aclose()
        clock.advance(1)
        await first.ending.wait()
        present[0] = second
        assert feeds.newest(ENTITY, ANNA) is None
        assert (await read(feeds, ANNA))[-1] == DONE
        first.let_go.set()
        await eventually(lambda: not feeds._running)
        assert await read(feeds, ANNA) == [DONE]
    assert (first.started, second.started) == (1, 1)


class Holding(Provider):
    """One that holds something while it asks, in a group of tasks as providers do."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[weakref.ref[Provider]] = []

    async def objects(
        self, entity: Entity, caller: Caller, *, only: frozenset[str] = frozenset()
    ) -> AsyncGenerator[ServiceSnapshot, None]:
        held = Provider()
        self.held.append(weakref.ref(held))
        async with asyncio.TaskGroup() as group, asyncio.timeout(60) as limit:
            other = group.create_task(asyncio.Event().wait())
            async with aclosing(super().objects(entity, caller, only=only)) as asking:
                async for snapshot in asking:
                    yield snapshot
            other.cancel()
            limit.reschedule(None)


async def test_what_an_asking_held_goes_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the garbage collector: it finds for a day nothing that hangs on what was set aside."""
    monkeypatch.setattr(module, "GRACE", 0.02)
    provider, clock = Holding(), FakeClock()
    gc.disable()
    try:
        async with SnapshotFeeds(lambda: provider, clock) as feeds:
            following = follow(feeds, ENTITY, ANNA)
            await anext(following)
            await following.aclose()
            del following
            clock.advance(10)
            await eventually(lambda: not feeds._running and not feeds._shared)
            await asyncio.sleep(0)
            assert [each() for each in provider.held] == [None]
    finally:
        gc.enable()


async def test_leaving_cancels_what_is_asked() -> None:
    provider = Provider()
    async with SnapshotFeeds(lambda: provider, FakeClock()) as feeds:
        following = follow(feeds, ENTITY, ANNA)
        await anext(following)
    assert provider.running == 0
    await following.aclose()


async def test_what_the_asking_raises_reaches_everyone_and_is_not_kept() -> None:
    provider = Provider()
    provider.error = UsageError("the label selector cannot be read")
    provider.go.set()
    async with SnapshotFeeds(lambda: provider, FakeClock()) as feeds:
        for _ in range(2):
            with pytest.raises(UsageError, match="label selector"):
                await read(feeds, ANNA)
    assert provider.started == 2


async def test_a_slow_reader_skips_to_the_newest() -> None:
    provider = Provider()
    async with SnapshotFeeds(lambda: provider, FakeClock()) as feeds:
        following = follow(feeds, ENTITY, ANNA)
        await anext(following)
        provider.go.set()
        await asyncio.sleep(0.01)
        rest = [snapshot async for _, snapshot in following]
    assert rest == [DONE]


async def test_an_error_of_the_owner_leaves_as_itself() -> None:
    provider = Provider()

    async def owner() -> None:
        async with SnapshotFeeds(lambda: provider, FakeClock()) as feeds:
            await anext(follow(feeds, ENTITY, ANNA))
            raise UsageError("the port is taken")

    with pytest.raises(UsageError, match="port"):
        await owner()
    assert provider.running == 0


class Listening:
    """A provider that goes on: a settled snapshot at once, another for every `change`."""

    def __init__(self) -> None:
        self.running = 0
        self.change = asyncio.Event()

    async def objects(
        self, entity: Entity, caller: Caller, *, only: frozenset[str] = frozenset()
    ) -> AsyncGenerator[ServiceSnapshot, None]:
        self.running += 1
        try:
            while True:
                yield msgspec.structs.replace(DONE, live=True, as_of=datetime.now(UTC))
                await self.change.wait()
                self.change.clear()
        finally:
            self.running -= 1


async def test_a_live_asking_is_shared_for_as_long_as_it_goes_on_and_its_newest_settled_state_is_had_at_once() -> (
    None
):
    provider, clock = Listening(), FakeClock()
    async with SnapshotFeeds(lambda: provider, clock) as feeds:
        one = follow(feeds, ENTITY, ANNA)
        first = (await anext(one))[1]
        clock.advance(module.FRESH + 60)
        assert feeds.newest(ENTITY, ANNA) == first
        two = follow(feeds, ENTITY, ANNA)
        assert (await anext(two))[1] == first
        assert provider.running == 1
        provider.change.set()
        changed = [(await anext(reader))[1] for reader in (one, two)]
        assert changed[0] == changed[1] != first
        assert feeds.newest(ENTITY, ANNA) == changed[0]
        for reader in (one, two):
            await reader.aclose()


async def test_a_live_asking_goes_on_with_the_parts_of_a_new_configuration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "GRACE", 0.02)
    old, new = Listening(), Listening()
    present = [old]
    async with SnapshotFeeds(lambda: present[0], FakeClock()) as feeds:
        reader = follow(feeds, ENTITY, ANNA)
        await anext(reader)
        present[0] = new
        async with asyncio.timeout(2):
            await anext(reader)
        assert (old.running, new.running) == (0, 1)
        await reader.aclose()
