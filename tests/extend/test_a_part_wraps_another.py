"""A part that changes one thing and leaves the rest to ours: one of each kind, as an extension writes it."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any, ClassVar

import msgspec
import pytest

from callboard.extend import (
    AuthStrategy,
    BadInputs,
    Caller,
    Cluster,
    ClusterSupplier,
    Credential,
    Entity,
    Fetcher,
    Located,
    ObjectsProvider,
    Outcome,
    PartConfig,
    Parts,
    Problem,
    Question,
    Selection,
    ServiceLocator,
    ServiceSnapshot,
    UsageError,
    hookimpl,
    wrapping,
    wrapping_provider,
)
from callboard.extend.testing import extension_alone, simulated_clusters

REPLACE = msgspec.structs.replace


class OnlyEurope:
    """Clusters of a kubeconfig, without those elsewhere."""

    def __init__(self, config: PartConfig, ours: ClusterSupplier) -> None:
        self._ours = ours

    async def clusters(self, caller: Caller) -> Sequence[Cluster]:
        found = await self._ours.clusters(caller)
        named = [
            REPLACE(c, auth_metadata={**c.auth_metadata, "kubernetes.io/auth-provider": "renamed"})
            for c in found
        ]
        return [c for c in named if c.name.startswith("eu")]


class NotTwo:
    """Where ours says, but for one cluster."""

    def __init__(self, config: PartConfig, ours: ServiceLocator) -> None:
        self._ours = ours

    async def locate(self, entity: Entity, clusters: Sequence[Cluster], caller: Caller) -> Located:
        located = await self._ours.locate(entity, clusters, caller)
        return REPLACE(located, clusters=tuple(c for c in located.clusters if c.name != "eu-2"))


class Renamed:
    """Our credential, under another name."""

    def __init__(self, config: PartConfig, ours: AuthStrategy) -> None:
        self._ours = ours

    async def credential(self, cluster: Cluster, caller: Caller) -> Credential:
        found = await self._ours.credential(cluster, caller)
        return REPLACE(found, identity=f"{found.identity}, renamed")

    def problems(self, cluster: Cluster) -> Sequence[Problem]:
        return self._ours.problems(cluster)


class Counting:
    """Asks as ours does, and counts; begun and closed as a part of its own."""

    questions = 0
    ended: ClassVar[list[str]] = []

    def __init__(self, config: PartConfig, ours: Fetcher) -> None:
        self._ours = ours

    def fetch(self, cluster: Cluster, credential: Credential, selection: Selection) -> AsyncIterator[Outcome]:
        Counting.questions += len(selection.questions())
        return self._ours.fetch(cluster, credential, selection)

    def ask(
        self, cluster: Cluster, credential: Credential, questions: Sequence[Question]
    ) -> AsyncIterator[Outcome]:
        Counting.questions += len(questions)
        return self._ours.ask(cluster, credential, questions)

    async def close(self) -> None:
        Counting.ended.append("counting")


class Marked:
    """Our snapshots, with one more word."""

    def __init__(self, config: PartConfig, parts: Parts, ours: ObjectsProvider) -> None:
        self._ours = ours

    async def objects(
        self, entity: Entity, caller: Caller, *, only: frozenset[str] = frozenset()
    ) -> AsyncGenerator[ServiceSnapshot, None]:
        async for snapshot in self._ours.objects(entity, caller, only=only):
            yield REPLACE(
                snapshot, clusters=tuple(REPLACE(c, asked_as=f"{c.asked_as}!") for c in snapshot.clusters)
            )


class Wraps:
    @hookimpl
    def callboard_cluster_suppliers(self) -> Any:
        def files(options: Any) -> dict[str, object]:
            return {"files": options["files"]}

        return [wrapping("onlyEurope", "kubeconfig", OnlyEurope, options=files)]

    @hookimpl
    def callboard_service_locators(self) -> Any:
        return [
            wrapping("notTwo", "multiTenant", NotTwo),
            wrapping("twice", "notTwo", NotTwo),
            wrapping("itself", "itself", NotTwo),
            wrapping("one", "other", NotTwo),
            wrapping("other", "one", NotTwo),
            wrapping("nothing", "multitenant", NotTwo),
        ]

    @hookimpl
    def callboard_auth_strategies(self) -> Any:
        return [wrapping("renamed", "kubeconfig", Renamed)]

    @hookimpl
    def callboard_fetchers(self) -> Any:
        return [wrapping("counting", "direct", Counting)]

    @hookimpl
    def callboard_objects_providers(self) -> Any:
        return [wrapping_provider("marked", "fanOut", Marked)]


def config(locator: str = "notTwo", files: str = "") -> dict[str, Any]:
    sources = [{"type": "onlyEurope", "files": [files], "more": 1}] if files else []
    return {
        "kubernetes": {"serviceLocatorMethod": {"type": locator}, "clusterLocatorMethods": sources},
        "callboard": {"parts": {"fetcher": "counting", "objectsProvider": "marked"}},
    }


async def test_each_changes_one_thing_and_leaves_the_rest_to_ours() -> None:
    async with simulated_clusters("eu-1", "eu-2", "us-1") as clusters:
        over = config(files=str(clusters.kubeconfig))
        async with extension_alone("wraps", Wraps(), clusters=clusters, config=over) as alone:
            assert alone.problems == ()
            reply = await alone.get(
                "/api/callboard/v1/services/default/component/dice-roller/kubernetes?wait=20"
            )
            view = reply.json()
    (cluster,) = view["clusters"]
    assert "eu-1" in str(cluster)
    assert "renamed!" in reply.text
    assert Counting.questions > 0
    assert Counting.ended == ["counting"]


async def test_one_around_another_of_an_extension_works_and_one_around_itself_is_told() -> None:
    async with extension_alone("wraps", Wraps(), config=config("twice")) as alone:
        assert alone.problems == ()
    for locator, words in (
        ("itself", "it is made around itself: itself around itself"),
        ("one", "it is made around itself: one around other around one"),
        ("nothing", "did you mean multiTenant?"),
    ):
        with pytest.raises(BadInputs, match=words.replace("?", r"\?")):
            async with extension_alone("wraps", Wraps(), config=config(locator)):
                pass


def test_a_configuration_made_by_hand_has_no_other_part() -> None:
    by_hand: Any = None
    made = wrapping("notTwo", "multiTenant", NotTwo)
    with pytest.raises(UsageError, match="was not made by Callboard"):
        made.make(PartConfig(options={}, where="a test", base_dir=".", clock=by_hand, entities=by_hand))
