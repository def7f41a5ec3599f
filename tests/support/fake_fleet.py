"""A fetcher whose clusters do what a test says, and the parts around it. Only for what the fan-out itself decides."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import msgspec

from callboard.base.clock import Clock, SystemClock
from callboard.base.errors import Problem
from callboard.base.settings import BreakerSettings, ClusterLimits, ClustersSettings, KubernetesSettings
from callboard.extend import (
    AUTH_PROVIDER,
    Answer,
    Caller,
    Cluster,
    ClusterSupplier,
    Credential,
    CredentialKind,
    Entity,
    EntityMeta,
    Failure,
    FailureCode,
    KubeObject,
    LabelSelector,
    Outcome,
    Parts,
    Question,
    Secret,
    Selection,
)
from callboard.fleet.asking.fan_out import FanOut
from callboard.fleet.locators.multi_tenant import MultiTenant
from callboard.fleet.observer import Observer
from callboard.fleet.selection.custom_resources import ConfiguredCustomResources
from callboard.fleet.suppliers.combined import CombinedSupplier, NamedSupplier

CALLER = Caller.loopback()
Answering = Callable[[Question], Outcome]


def entity(name: str = "dice-roller", **annotations: str) -> Entity:
    """A component; annotation names are given without `backstage.io/kubernetes-` and with `_` for `-`."""
    return Entity(
        api_version="backstage.io/v1alpha1",
        kind="Component",
        metadata=EntityMeta(
            name=name,
            annotations={f"backstage.io/kubernetes-{k.replace('_', '-')}": v for k, v in annotations.items()},
        ),
    )


def cluster(name: str, **more: object) -> Cluster:
    made = Cluster(
        name=name,
        url=f"https://{name}.example.com",
        auth_metadata={AUTH_PROVIDER: "test"},
        source=f"test, cluster {name}",
    )
    return msgspec.structs.replace(made, **more)


def nothing(question: Question) -> Outcome:
    return Outcome(question=question, answer=Answer.EMPTY)


def holding(*objects: KubeObject) -> Answering:
    """Answers every question with those of the objects that its type, namespace and selectors take."""

    def answer(question: Question) -> Outcome:
        selector = LabelSelector.parse(question.label_selector)
        found = tuple(
            o
            for o in objects
            if o.type.key == question.type.key
            and question.namespace in ("", o.namespace)
            and question.name in ("", o.name)
            and selector.matches(o.meta.labels or {})
        )
        return Outcome(question=question, answer=Answer.OBJECTS if found else Answer.EMPTY, objects=found)

    return answer


def failing(code: FailureCode, answer: Answer = Answer.BROKEN, message: str = "no") -> Answering:
    return lambda question: Outcome(
        question=question, answer=answer, failure=Failure(code=code, message=message)
    )


class FakeFetcher:
    """`answers` per cluster; `hang` and `slow` (seconds) by cluster name. Counts what is asked and what is still open."""

    def __init__(self, answers: dict[str, Answering] | None = None) -> None:
        self.answers = answers or {}
        self.hang: set[str] = set()
        self.hang_on: set[tuple[str, str]] = set()
        self.slow: dict[str, float] = {}
        self.raises: dict[str, Exception] = {}
        self.asked: list[tuple[str, Question]] = []
        self.credentials: list[Credential] = []
        self.open = 0
        self.most_open = 0
        self.hung = asyncio.Semaphore(0)

    async def fetch(
        self, cluster: Cluster, credential: Credential, selection: Selection
    ) -> AsyncIterator[Outcome]:
        async for outcome in self.ask(cluster, credential, selection.questions()):
            yield outcome

    async def ask(
        self, cluster: Cluster, credential: Credential, questions: Sequence[Question]
    ) -> AsyncIterator[Outcome]:
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        self.credentials.append(credential)
        try:
            if cluster.name in self.raises:
                raise self.raises[cluster.name]
            for question in questions:
                self.asked.append((cluster.name, question))
                if cluster.name in self.hang or (cluster.name, question.type.plural) in self.hang_on:
                    self.hung.release()
                    await asyncio.Event().wait()
                await asyncio.sleep(self.slow.get(cluster.name, 0))
                yield self.answers.get(cluster.name, nothing)(question)
        finally:
            self.open -= 1

    def questions(self, cluster: str) -> list[Question]:
        return [q for name, q in self.asked if name == cluster]


class FixedSupplier:
    def __init__(self, *clusters: Cluster) -> None:
        self.given = clusters

    async def clusters(self, caller: Caller) -> Sequence[Cluster]:
        return self.given


class TestStrategy:
    __test__ = False

    def __init__(self) -> None:
        self.raises: dict[str, Exception] = {}

    async def credential(self, cluster: Cluster, caller: Caller) -> Credential:
        if cluster.name in self.raises:
            raise self.raises[cluster.name]
        return Credential(
            kind=CredentialKind.BEARER, identity=f"test at {cluster.name}", token=Secret("s3cret-token")
        )

    def problems(self, cluster: Cluster) -> Sequence[Problem]:
        return ()


def fan_out(
    fetcher: FakeFetcher,
    *suppliers: ClusterSupplier,
    strategy: TestStrategy | None = None,
    soft: float = 0.1,
    hard: float = 0.6,
    concurrent: int = 64,
    breaker: BreakerSettings | None = None,
    kubernetes: KubernetesSettings | None = None,
    observer: Observer | None = None,
    clock: Clock | None = None,
    coalesce: float = 0.01,
) -> FanOut:
    """A fan-out over the fake fetcher."""
    kubernetes = kubernetes or KubernetesSettings()
    parts = Parts(
        clusters=CombinedSupplier([NamedSupplier(f"supplier {i}", s) for i, s in enumerate(suppliers)]),
        locator=MultiTenant(),
        auth=strategy or TestStrategy(),
        fetcher=fetcher,
        custom_resources=ConfiguredCustomResources(kubernetes),
    )
    limits = ClusterLimits(soft_deadline=soft, hard_deadline=hard, breaker=breaker or BreakerSettings())
    return FanOut(
        parts,
        kubernetes=kubernetes,
        clusters=ClustersSettings(limits=limits, concurrent=concurrent),
        clock=clock or SystemClock(),
        observer=observer,
        coalesce=coalesce,
    )
