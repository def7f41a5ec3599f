"""Every cluster's trouble is its own: it costs the others nothing and is told for what it is."""

import asyncio
from contextlib import aclosing
from itertools import count
from types import SimpleNamespace

import pytest

from callboard.base.clock import FakeClock
from callboard.base.errors import Unavailable, UsageError
from callboard.base.settings import BreakerSettings, CustomResourceSettings, KubernetesSettings
from callboard.extend import Answer, ClusterState, FailureCode, ServiceSnapshot
from callboard.fleet.asking import fan_out as fan_out_module
from callboard.fleet.asking.fan_out import FanOut
from callboard.model.outcome import Failure, Outcome, Question
from callboard.model.resource import DEFAULT_OBJECT_TYPES
from support.fake_fleet import (
    CALLER,
    FakeFetcher,
    FixedSupplier,
    TestStrategy,
    cluster,
    entity,
    failing,
    fan_out,
    nothing,
)

TYPES = len(DEFAULT_OBJECT_TYPES)


async def look(provider: FanOut, **annotations: str) -> list[ServiceSnapshot]:
    async with aclosing(provider.objects(entity(**annotations), CALLER)) as snapshots:
        return [s async for s in snapshots]


async def test_the_first_snapshot_names_every_cluster_as_awaited_and_the_last_is_settled() -> None:
    fetcher = FakeFetcher()
    seen = await look(fan_out(fetcher, FixedSupplier(cluster("a"), cluster("b"))))
    assert [c.cluster.name for c in seen[0].clusters] == ["a", "b"]
    assert {c.state for c in seen[0].clusters} == {ClusterState.AWAITED}
    assert not seen[0].complete
    assert seen[-1].settled
    assert [s.settled for s in seen[:-1]] == [False] * (len(seen) - 1)
    assert {c.state for c in seen[-1].clusters} == {ClusterState.ANSWERED}
    assert all(len(c.outcomes) == TYPES for c in seen[-1].clusters)
    assert {o.answer for c in seen[-1].clusters for o in c.outcomes} == {Answer.EMPTY}
    assert seen[-1].clusters[0].asked_as == "test at a"


async def test_a_hanging_cluster_is_late_then_failed_and_the_others_are_complete_meanwhile() -> None:
    fetcher = FakeFetcher()
    fetcher.hang.add("b")
    seen = await look(fan_out(fetcher, FixedSupplier(cluster("a"), cluster("b"), cluster("c"))))
    waiting = [s for s in seen if s.clusters[1].state is ClusterState.AWAITED and s.clusters[1].notices]
    assert waiting
    assert [n.code for n in waiting[-1].clusters[1].notices] == ["late"]
    assert {o.answer for o in waiting[-1].clusters[1].outcomes} == {Answer.AWAITED}
    assert [waiting[-1].clusters[i].state for i in (0, 2)] == [ClusterState.ANSWERED] * 2
    assert [waiting[-1].clusters[i].notices for i in (0, 2)] == [(), ()]
    failed = seen[-1].clusters[1]
    assert failed.state is ClusterState.FAILED
    assert failed.failure is not None
    assert failed.failure.code is FailureCode.DEADLINE
    assert {o.answer for o in failed.outcomes} == {Answer.LATE}
    assert failed.notices == ()
    assert fetcher.open == 0


async def test_what_arrived_before_the_deadline_is_kept_and_the_rest_is_late() -> None:
    fetcher = FakeFetcher()
    fetcher.hang_on.add(("a", "configmaps"))  # the third of the types
    last = (await look(fan_out(fetcher, FixedSupplier(cluster("a")))))[-1].clusters[0]
    assert last.state is ClusterState.ANSWERED
    assert [o.answer for o in last.outcomes] == [Answer.EMPTY] * 2 + [Answer.LATE] * (TYPES - 2)
    assert len(last.unseen) == TYPES - 2


async def test_a_strategy_that_raises_fails_its_cluster_alone() -> None:
    fetcher, strategy = FakeFetcher(), TestStrategy()
    strategy.raises = {
        "a": Unavailable("the vault is sealed"),
        "b": RuntimeError("token eyJhbGciOi.secret rejected"),
    }
    last = (
        await look(
            fan_out(fetcher, FixedSupplier(cluster("a"), cluster("b"), cluster("c")), strategy=strategy)
        )
    )[-1]
    a, b, c = last.clusters
    assert (a.state, b.state, c.state) == (ClusterState.FAILED, ClusterState.FAILED, ClusterState.ANSWERED)
    assert a.failure is not None
    assert b.failure is not None
    assert (a.failure.code, a.failure.message) == (FailureCode.CREDENTIAL, "the vault is sealed")
    assert b.failure.code is FailureCode.CREDENTIAL
    assert "secret" not in b.failure.message
    assert {name for name, _ in fetcher.asked} == {"c"}


async def test_an_unexpected_exception_is_an_internal_failure_that_quotes_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    fetcher = FakeFetcher()
    fetcher.raises["a"] = KeyError("Bearer s3cret-token")
    last = (await look(fan_out(fetcher, FixedSupplier(cluster("a"), cluster("b")))))[-1]
    assert last.clusters[0].failure is not None
    assert last.clusters[0].failure.code is FailureCode.INTERNAL
    assert {o.answer for o in last.clusters[0].outcomes} == {Answer.BROKEN}
    assert last.clusters[1].state is ClusterState.ANSWERED
    written = capsys.readouterr()
    assert "KeyError" in written.out + written.err
    assert "s3cret" not in written.out + written.err + repr(last)


async def test_the_same_failure_for_every_question_is_the_clusters_and_a_refusal_is_not() -> None:
    fetcher = FakeFetcher(
        {
            "a": failing(FailureCode.CONNECTION, message="connection refused"),
            "b": failing(FailureCode.FORBIDDEN, Answer.FORBIDDEN),
            "c": failing(FailureCode.UNAUTHORIZED, Answer.UNAUTHORIZED),
        }
    )
    a, b, c = (await look(fan_out(fetcher, FixedSupplier(*map(cluster, "abc")))))[-1].clusters
    assert a.failure is not None
    assert (a.state, a.failure.message) == (ClusterState.FAILED, "connection refused")
    assert (b.state, b.failure) == (ClusterState.ANSWERED, None)
    assert len(b.unseen) == TYPES
    assert c.state is ClusterState.FAILED


async def test_a_fetcher_that_forgets_a_question_does_not_leave_it_awaited() -> None:
    class Forgetful(FakeFetcher):
        async def fetch(self, *args, **kwargs):  # type: ignore[no-untyped-def]
            async for outcome in super().fetch(*args, **kwargs):
                if outcome.question.type.plural != "jobs":
                    yield outcome

    last = (await look(fan_out(Forgetful(), FixedSupplier(cluster("a")))))[-1].clusters[0]
    forgotten = [o for o in last.outcomes if o.answer is Answer.BROKEN]
    assert [o.question.type.plural for o in forgotten] == ["jobs"]
    assert last.state is ClusterState.ANSWERED


async def test_forty_clusters_are_a_bounded_number_of_snapshots() -> None:
    fetcher = FakeFetcher()
    seen = await look(fan_out(fetcher, FixedSupplier(*(cluster(f"c{i}") for i in range(40))), coalesce=0.05))
    assert len(fetcher.asked) == 40 * TYPES
    assert len(seen) <= 40


async def test_where_composing_takes_long_there_are_fewer_snapshots(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy has its time for answers: each composition seems to take a tenth of a second."""
    seen: list[int] = []
    for taken in (0.0, 0.1):
        ticks = count()
        monkeypatch.setattr(fan_out_module, "time", SimpleNamespace(monotonic=lambda: next(ticks) * taken))  # noqa: B023
        fetcher = FakeFetcher()
        names = [f"c{i}" for i in range(10)]
        fetcher.slow = dict.fromkeys(names, 0.02)
        seen.append(len(await look(fan_out(fetcher, FixedSupplier(*map(cluster, names)), coalesce=0.01))))
    assert seen[0] > 2 * seen[1]


async def test_closing_early_cancels_every_cluster_and_leaves_no_task() -> None:
    fetcher = FakeFetcher()
    names = [f"c{i}" for i in range(10)]
    fetcher.hang.update(names)
    before = asyncio.all_tasks()
    async with aclosing(
        fan_out(fetcher, FixedSupplier(*map(cluster, names)), soft=30, hard=60).objects(entity(), CALLER)
    ) as snapshots:
        await anext(snapshots)
        for _ in names:
            await fetcher.hung.acquire()
    assert fetcher.open == 0
    assert asyncio.all_tasks() == before


async def test_a_cancelled_reader_leaves_no_task() -> None:
    fetcher = FakeFetcher()
    fetcher.hang.add("a")
    before = asyncio.all_tasks()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await look(fan_out(fetcher, FixedSupplier(cluster("a")), soft=30, hard=60))
    assert fetcher.open == 0
    assert asyncio.all_tasks() == before


async def test_no_more_clusters_are_asked_at_once_than_allowed() -> None:
    fetcher = FakeFetcher()
    await look(fan_out(fetcher, FixedSupplier(*(cluster(f"c{i}") for i in range(12))), concurrent=3))
    assert fetcher.most_open == 3


async def test_hanging_clusters_give_their_places_back_at_the_soft_deadline() -> None:
    fetcher = FakeFetcher()
    fetcher.hang.update({"a", "b"})
    seen = await look(
        fan_out(fetcher, FixedSupplier(*map(cluster, "abcd")), concurrent=2, soft=0.05, hard=1.0)
    )
    early = [s for s in seen if s.clusters[0].state is ClusterState.AWAITED]
    assert [c.state for c in early[-1].clusters[2:]] == [ClusterState.ANSWERED] * 2


async def test_only_narrows_the_asking() -> None:
    fetcher = FakeFetcher()
    provider = fan_out(fetcher, FixedSupplier(*map(cluster, "abc")))
    async with aclosing(provider.objects(entity(), CALLER, only=frozenset({"b"}))) as snapshots:
        last = [s async for s in snapshots][-1]
    assert [c.cluster.name for c in last.clusters] == ["b"]
    assert {name for name, _ in fetcher.asked} == {"b"}


async def test_a_bad_selector_is_told_before_anyone_is_asked() -> None:
    fetcher = FakeFetcher()
    with pytest.raises(UsageError, match="kubernetes-label-selector"):
        await look(fan_out(fetcher, FixedSupplier(cluster("a"))), label_selector="app in (")
    assert fetcher.asked == []


async def test_no_clusters_at_all_is_one_settled_snapshot_that_says_so() -> None:
    seen = await look(fan_out(FakeFetcher(), FixedSupplier()))
    assert len(seen) == 1
    assert seen[0].settled
    assert [n.code for n in seen[0].notices] == ["no-clusters"]


async def test_a_cluster_that_keeps_failing_is_left_alone_and_found_again() -> None:
    fetcher, clock = FakeFetcher({"a": failing(FailureCode.CONNECTION)}), FakeClock()
    watched: list[tuple[str, bool]] = []

    class Watching:
        def asked(self, cluster: str, outcome: Outcome) -> None: ...

        def settled(self, cluster: str, state: ClusterState, seconds: float) -> None: ...

        def breaker(self, cluster: str, open_: bool) -> None:
            watched.append((cluster, open_))

        def taken(self, cluster: str, changes: int, seconds: float) -> None: ...

        def checked(self, cluster: str, failure: Failure | None) -> None: ...

    provider = fan_out(
        fetcher,
        FixedSupplier(cluster("a"), cluster("b")),
        breaker=BreakerSettings(failures=2, open_for=5),
        clock=clock,
        observer=Watching(),
    )
    await look(provider)
    await look(provider)
    asked = len(fetcher.questions("a"))
    left_alone = (await look(provider))[-1]
    assert left_alone.clusters[0].failure is not None
    assert left_alone.clusters[0].failure.code is FailureCode.BREAKER_OPEN
    assert {o.answer for o in left_alone.clusters[0].outcomes} == {Answer.NOT_ASKED}
    assert left_alone.clusters[1].state is ClusterState.ANSWERED
    assert len(fetcher.questions("a")) == asked
    fetcher.answers["a"] = nothing
    clock.advance(7)
    assert (await look(provider))[-1].clusters[0].state is ClusterState.ANSWERED
    assert watched == [("a", True), ("a", False)]


async def test_refusals_never_open_the_breaker() -> None:
    fetcher = FakeFetcher({"a": failing(FailureCode.UNAUTHORIZED, Answer.UNAUTHORIZED)})
    provider = fan_out(fetcher, FixedSupplier(cluster("a")), breaker=BreakerSettings(failures=1))
    for _ in range(3):
        await look(provider)
    assert len(fetcher.questions("a")) == 3 * TYPES


async def test_a_look_that_was_left_early_tells_the_breaker_nothing() -> None:
    fetcher = FakeFetcher()
    fetcher.hang.add("a")
    provider = fan_out(
        fetcher, FixedSupplier(cluster("a")), breaker=BreakerSettings(failures=1), soft=30, hard=60
    )
    for _ in range(3):
        async with aclosing(provider.objects(entity(), CALLER)) as snapshots:
            await anext(snapshots)
            await fetcher.hung.acquire()
    fetcher.hang.clear()
    assert (await look(provider))[-1].clusters[0].state is ClusterState.ANSWERED


async def test_a_trial_that_was_left_early_lets_the_next_look_try() -> None:
    fetcher, clock = FakeFetcher({"a": failing(FailureCode.CONNECTION)}), FakeClock()
    settings = BreakerSettings(failures=1, open_for=5)
    provider = fan_out(fetcher, FixedSupplier(cluster("a")), breaker=settings, clock=clock, soft=30, hard=60)
    await look(provider)
    clock.advance(7)
    fetcher.hang.add("a")
    async with aclosing(provider.objects(entity(), CALLER)) as snapshots:
        await anext(snapshots)
        await fetcher.hung.acquire()
    fetcher.hang.clear()
    fetcher.answers.clear()
    assert (await look(provider))[-1].clusters[0].state is ClusterState.ANSWERED


async def test_a_type_that_discovery_finds_cluster_scoped_is_told_once() -> None:
    settings = KubernetesSettings(
        custom_resources=(CustomResourceSettings(group="example.com", api_version="v1", plural="planets"),)
    )

    def answer(question: Question) -> Outcome:
        scoped = question.type.plural == "planets"
        return Outcome(question=question, answer=Answer.NOT_ASKED if scoped else Answer.EMPTY)

    provider = fan_out(FakeFetcher({"a": answer}), FixedSupplier(cluster("a")), kubernetes=settings)
    last = (await look(provider, namespace="shop-a,shop-b"))[-1].clusters[0]
    assert last.state is ClusterState.ANSWERED
    assert [(n.code, n.cluster) for n in last.notices] == [("cluster-scoped", "a")]
    assert [o.answer for o in last.references] == [Answer.NOT_ASKED]
