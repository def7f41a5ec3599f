"""An extension's provider that follows services may do anything: it is named, and neither a page nor the process goes with it."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import pytest

from callboard.base.errors import CallboardError, UsageError
from callboard.base.fence import Fence, PartFailed
from callboard.base.part_failures import FAILED
from callboard.extend import Caller, Entity, EntityRef, FollowedCluster, Following, Located, Notice, Touched
from callboard.extend import ClusterInfo as Info
from callboard.fleet.fenced.provider import fenced_provider
from support.fake_fleet import entity

WEB = entity()


class Endless(Sequence[object]):
    def __getitem__(self, index: object) -> Any:
        return 42

    def __len__(self) -> int:
        return 1_000_000_000

    def __iter__(self) -> Iterator[object]:
        while True:
            yield Touched("one", frozenset())


class Bad:
    """A provider and its following in one; every method does `what`."""

    def __init__(self, what: object) -> None:
        self._what = what

    def objects(self, entity: Entity, caller: Caller, *, only: frozenset[str] = frozenset()) -> Any:
        raise NotImplementedError

    def following(self, caller: Caller) -> Any:
        return self

    def _do(self, *_: object) -> Any:
        if isinstance(self._what, BaseException):
            raise self._what
        return self._what

    async def _wait(self, *_: object) -> Any:
        return self._do()

    put = drop = take = clusters = notices = read = _do
    run = wait = located = _wait


def followed(what: object) -> Following:
    provider = fenced_provider(Bad(what), Fence("the objects provider 'bad'", "bad", deadline=0.2))
    return provider.following(Caller.callboard())  # type: ignore[attr-defined,no-any-return]


@pytest.fixture(autouse=True)
def _nothing_told() -> Iterator[None]:
    FAILED.forget("bad")
    yield
    FAILED.forget("bad")


TROUBLES = [
    ZeroDivisionError("broken"),
    SystemExit(3),
    BaseExceptionGroup("broken", [SystemExit(1)]),
    42,
    [42],
    {1: 2},
    {"one": FollowedCluster(cluster="one")},  # type: ignore[arg-type]
    [Touched("one", ["x"])],  # type: ignore[arg-type]
    [Touched("one", frozenset({"x"}))],  # type: ignore[arg-type]
    [Notice(1, "x")],  # type: ignore[arg-type]
    Located(("one",)),  # type: ignore[arg-type]
    Located(Endless()),  # type: ignore[arg-type]
    Endless(),
    "text",
]


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda t: str(type(t).__name__))
async def test_whatever_it_does_comes_out_as_its_failure(trouble: object) -> None:
    following = followed(trouble)
    assert following.read(WEB, "one") is None
    assert following.clusters() == {}
    (notice,) = following.notices()
    assert "'bad'" in notice.message
    with pytest.raises(PartFailed):
        following.take()
    with pytest.raises(PartFailed):
        await following.located(WEB)
    with pytest.raises(PartFailed):
        await following.run()
    if isinstance(trouble, BaseException):
        with pytest.raises(PartFailed):
            following.put(WEB)
        with pytest.raises(PartFailed):
            following.drop(WEB.ref)
        with pytest.raises(PartFailed):
            await following.wait()
    assert {f.part for f in FAILED.of("bad")} == {"the objects provider 'bad' of the extension 'bad'"}


async def test_what_is_right_passes_as_it_is() -> None:
    refs = frozenset({EntityRef.parse("component:default/web")})
    touched = Touched("one", refs, whole=True)
    assert list(followed([touched]).take()) == [touched]
    clusters = {"one": FollowedCluster(cluster=Info(name="one"), ready=True)}
    assert followed(clusters).clusters() == clusters
    notice = Notice("mine", "words")
    assert list(followed([notice]).notices()) == [notice]
    located = Located((), (notice,))
    assert await followed(located).located(WEB) == located
    assert followed(None).read(WEB, "one") is None
    with pytest.raises(UsageError, match="annotation"):
        followed(UsageError("an annotation cannot be read")).put(WEB)
    assert not FAILED.of("bad")


class Stubborn(Bad):
    """Listens, and does not end when it is told to."""

    def __init__(self) -> None:
        super().__init__(None)
        self.begun = asyncio.Event()
        self.gives_in = asyncio.Event()

    async def run(self, *_: object) -> Any:
        self.begun.set()
        while not self.gives_in.is_set():
            try:
                await self.gives_in.wait()
            except asyncio.CancelledError:
                continue

    wait = run


@pytest.fixture
async def stubborn() -> AsyncIterator[Stubborn]:
    made = Stubborn()
    yield made
    made.gives_in.set()


@pytest.mark.parametrize("method", ["run", "wait"])
async def test_nobody_waits_for_one_that_does_not_end(stubborn: Stubborn, method: str) -> None:
    provider = fenced_provider(stubborn, Fence("the objects provider 'bad'", "bad"))
    following = provider.following(Caller.callboard())  # type: ignore[attr-defined]
    task = asyncio.ensure_future(getattr(following, method)())
    await stubborn.begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not stubborn.gives_in.is_set()


async def test_ours_is_followed_as_it_is() -> None:
    ours = Bad(None)
    provider = fenced_provider(ours, Fence("the objects provider 'hub'"))
    assert provider.following(Caller.callboard()) is ours  # type: ignore[attr-defined]


async def test_what_it_says_of_itself_is_told_in_its_words() -> None:
    (notice,) = followed(CallboardError("it is out of order")).notices()
    assert notice.message == "it is out of order"
