"""The contracts that the kit checks are those our own parts keep; and a part that breaks one is told how."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from callboard.access.sign_in.proxies import PlainHeadersWay, SignedHeaderWay
from callboard.base.clock import FakeClock, SystemClock
from callboard.base.settings import KubernetesSettings, ProxySignInSettings, Settings
from callboard.extend import (
    AUTH_PROVIDER,
    Caller,
    Cluster,
    Credential,
    CredentialKind,
    Departure,
    Entity,
    EntityRef,
    Located,
    PartConfig,
    Parts,
    ProvenPerson,
    Secret,
    Unavailable,
)
from callboard.extend.testing import (
    ContractBroken,
    SimulatedClusters,
    check_auth_strategy,
    check_cluster_supplier,
    check_custom_resource_supplier,
    check_fetcher,
    check_objects_provider,
    check_service_locator,
    check_sign_in_way,
    sample_cluster,
    sample_entity,
    simulated_clusters,
)
from callboard.fleet.hub.hub import Hub
from callboard.fleet.hub.streams.watching import ConnectionsWatcher
from callboard.fleet.plugin import FleetPlugin
from callboard.fleet.pod_identity import PodIdentity
from callboard.kube.connection.connection import Connections
from callboard.kube.limits import Limits
from callboard.kube.reads.fetcher import DirectFetcher
from callboard.kube.reads.proxy import DirectProxy
from callboard.model.resource import CustomResource
from callboard.outbound import Outbound
from support.stand_in_provider import stand_in_provider, way

ME = Caller.loopback()


class NoEntities:
    async def entity(self, ref: EntityRef, caller: Caller) -> Entity | None:
        return None


class Ours(msgspec.Struct):
    """Our parts, unfenced, over running clusters."""

    plugin: FleetPlugin
    clusters: SimulatedClusters
    directory: Path

    def config(self, **options: object) -> PartConfig:
        return PartConfig(
            options=options,
            where="a test",
            base_dir=str(self.directory),
            clock=SystemClock(),
            entities=NoEntities(),
        )

    def all_of(self, hook: str) -> dict[str, Callable[..., Any]]:
        return {r.key: r.make for r in getattr(self.plugin, hook)()}

    def supplier(self, key: str, **options: object) -> Any:
        return self.all_of("callboard_cluster_suppliers")[key](self.config(**options))


@asynccontextmanager
async def ours(directory: Path) -> AsyncIterator[Ours]:
    pod = directory / "pod"
    pod.mkdir()
    (pod / "token").write_text("pod-token\n")
    (pod / "ca.crt").write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    identity = PodIdentity(pod, {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"})
    limits = Settings().callboard.clusters
    clock = SystemClock()
    async with (
        simulated_clusters("eu", "us") as clusters,
        Connections(lambda name: Limits.of(limits.limits_of(name)), environment={}) as connections,
        Hub(ConnectionsWatcher(connections), clock) as hub,
    ):
        plugin = FleetPlugin(
            Settings(kubernetes=KubernetesSettings()),
            fetcher=DirectFetcher(connections),
            proxy=DirectProxy(connections),
            clock=clock,
            hub=hub,
            environ={},
            pod=identity,
        )
        yield Ours(plugin, clusters, directory)


async def test_every_part_of_ours_that_finds_clusters_and_asks_them(tmp_path: Path) -> None:
    async with ours(tmp_path) as us:
        found = await suppliers(us)
        await locators(us)
        for make in us.all_of("callboard_custom_resource_suppliers").values():
            own = sample_cluster("own")
            types = (CustomResource(group="example.com", api_version="v1", plural="things"),)
            await check_custom_resource_supplier(
                make(us.config()), cluster=msgspec.structs.replace(own, custom_resources=types)
            )
        credentials = await strategies(us, found[0])
        (fetcher,) = (make(us.config()) for make in us.all_of("callboard_fetchers").values())
        await check_fetcher(fetcher, found[0], credentials["kubeconfig"])
        await providers(us, found, fetcher)


async def suppliers(us: Ours) -> tuple[Cluster, ...]:
    made = us.all_of("callboard_cluster_suppliers")
    assert set(made) == {"config", "kubeconfig", "inCluster", "localKubectlProxy"}
    one = {
        "name": "one",
        "url": "https://one.example.com",
        "authProvider": "serviceAccount",
        "serviceAccountToken": "t",
    }
    await check_cluster_supplier(us.supplier("config", clusters=[one]))
    await check_cluster_supplier(us.supplier("inCluster"))
    await check_cluster_supplier(us.supplier("localKubectlProxy"))
    return await check_cluster_supplier(us.supplier("kubeconfig", files=[str(us.clusters.kubeconfig)]))


async def locators(us: Ours) -> None:
    made = us.all_of("callboard_service_locators")
    assert set(made) == {"multiTenant", "singleTenant", "catalogRelation"}
    for make in made.values():
        await check_service_locator(
            make(us.config()), entities=[sample_entity(annotations={"backstage.io/kubernetes-cluster": "us"})]
        )


async def strategies(us: Ours, of: Cluster) -> dict[str, Credential]:
    made = {key: make(us.config()) for key, make in us.all_of("callboard_auth_strategies").items()}
    with_token = Cluster(
        name="t",
        url="https://t.example.com",
        auth_metadata={AUTH_PROVIDER: "serviceAccount", "serviceAccountToken": Secret("a-token")},
        source="a test",
    )
    given = {
        "serviceAccount": with_token,
        "kubeconfig": of,
        "localKubectlProxy": sample_cluster("proxy", url="http://127.0.0.1:8001"),
    }
    assert set(made) == set(given)
    found = {key: await check_auth_strategy(made[key], cluster) for key, cluster in given.items()}
    return {key: credential for key, credential in found.items() if credential is not None}


async def providers(us: Ours, clusters: Sequence[Cluster], fetcher: Any) -> None:
    made = us.all_of("callboard_objects_providers")
    assert set(made) == {"fanOut", "hub"}
    parts = Parts(
        clusters=us.supplier("kubeconfig", files=[str(us.clusters.kubeconfig)]),
        locator=us.all_of("callboard_service_locators")["multiTenant"](us.config()),
        auth=us.all_of("callboard_auth_strategies")["kubeconfig"](us.config()),
        fetcher=fetcher,
        custom_resources=us.all_of("callboard_custom_resource_suppliers")["config"](us.config()),
    )
    for make in made.values():
        snapshot = await check_objects_provider(make(us.config(), parts))
        assert snapshot is not None
        assert [c.cluster.name for c in snapshot.clusters] == [c.name for c in clusters] == ["eu", "us"]
        assert all(any(o.type.plural == "pods" for o in c.members()) for c in snapshot.clusters)


async def test_our_ways_to_sign_in() -> None:
    async with stand_in_provider() as provider, Outbound(environment={}) as outbound:
        await check_sign_in_way(way(provider, outbound, FakeClock()))
        signed = ProxySignInSettings(
            header="X-Assertion", issuer=provider.base, audience=("us",), jwks_url=f"{provider.base}/jwks"
        )
        await check_sign_in_way(SignedHeaderWay(signed, outbound, FakeClock()))
        plain = ProxySignInSettings(user_header="X-User", from_=("10.0.0.0/8",))
        await check_sign_in_way(PlainHeadersWay("plain", plain))


# ---- what is broken is told


class Twice(Exception):
    """Nobody expects it."""


class Locator:
    """Does what it should, but for one thing."""

    def __init__(self, trouble: str = "") -> None:
        self.trouble = trouble
        self.closed = 0
        self.asked = 0

    async def locate(self, entity: Entity, clusters: Sequence[Cluster], caller: Caller) -> Located:
        self.asked += 1
        if self.trouble == "raises":
            raise Twice("oh")
        if self.trouble == "hangs":
            await asyncio.Event().wait()
        if self.trouble == "wrong type":
            return 42  # type: ignore[return-value]
        if self.trouble == "strange":
            return Located((sample_cluster("mars"),))
        if self.trouble == "empty" and not clusters:
            raise IndexError("no clusters")
        if self.trouble == "bare" and not entity.metadata.annotations:
            raise KeyError("backstage.io/kubernetes-id")
        if self.trouble == "several" and self.asked > 3:
            return Located(())
        if self.trouble == "stays":
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                await asyncio.sleep(3600)
        if self.trouble == "leaves":
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                raise Twice("half done") from None
        return Located(tuple(clusters))

    async def close(self) -> None:
        self.closed += 1
        if self.trouble == "closes once" and self.closed > 1:
            raise Twice("closed already")


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("raises", "locate() of component:default/dice-roller raises Twice: oh"),
        ("hangs", "does not come back within 0.1 seconds"),
        ("wrong type", "expected Located, got int"),
        ("strange", "gives the cluster 'mars', which is none of those it was given"),
        ("empty", "where there are no clusters raises IndexError"),
        ("bare", "locate() of component:default/bare raises KeyError"),
        ("several", "gives something else when several ask"),
        ("stays", "does not end when whoever asked has left"),
        ("leaves", "raises Twice when whoever asked has left"),
        ("closes once", "a second close() raises Twice: closed already"),
    ],
)
async def test_a_locator_that_breaks_its_contract_is_told_how(
    trouble: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callboard.extend.testing.contracts.laws.ENDING", 0.05)
    await check_service_locator(Locator(), broken=Failing(Unavailable("no file")), hanging=Locator("hangs"))
    with pytest.raises(ContractBroken) as raised:
        await check_service_locator(Locator(trouble), within=0.1 if trouble == "hangs" else 5)
    assert words in str(raised.value)
    assert str(raised.value).startswith("Locator does not hold to its contract:\n- ")


class Failing:
    """Raises what it is given, whatever is asked."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    async def locate(self, *_: object) -> Any:
        raise self.error

    clusters = credential = custom_resources = locate

    def problems(self, cluster: Cluster) -> Any:
        raise self.error


class Fixed:
    """Gives what it is given."""

    def __init__(self, value: object) -> None:
        self.value = value

    async def clusters(self, *_: object) -> Any:
        return self.value

    credential = custom_resources = begin = recognise = clusters

    def problems(self, cluster: Cluster) -> Any:
        return ()

    def objects(self, *_: object, **__: object) -> Any:
        return self.steps()

    def fetch(self, *_: object) -> Any:
        return self.steps()

    ask = fetch

    async def steps(self) -> AsyncIterator[Any]:
        yield self.value

    async def finish(self, *_: object) -> Any:
        return ProvenPerson(issuer="https://anybody", account="anybody")


def broken_parts() -> Iterator[tuple[Callable[[], Any], str]]:
    two = sample_cluster("one", **{AUTH_PROVIDER: "x"})
    credential = Credential(kind=CredentialKind.BEARER, identity="", token=Secret("t"))
    shown = Credential(kind=CredentialKind.BEARER, identity="holder of s3cret", token=Secret("s3cret"))
    yield lambda: check_cluster_supplier(Fixed([two, two])), "two clusters have one name"
    yield lambda: check_cluster_supplier(Fixed([sample_cluster()])), "names no auth strategy"
    yield lambda: check_cluster_supplier(Fixed("abc")), "expected"
    nothing: Any = object()
    yield lambda: check_cluster_supplier(nothing), "a method of that is missing"
    yield (
        lambda: check_cluster_supplier(Fixed([two]), broken=Failing(OSError("gone"))),
        "raises OSError, which is none of callboard.extend's errors",
    )
    yield (
        lambda: check_cluster_supplier(Fixed([two]), hanging=Fixed([two])),
        "neither waits nor says",
    )
    yield lambda: check_auth_strategy(Fixed(credential), two), "names nobody (identity)"
    yield lambda: check_auth_strategy(Fixed(shown), two), "shows its secret"
    yield lambda: check_auth_strategy(Failing(Twice("x")), two), "problems() raises Twice"
    yield lambda: check_custom_resource_supplier(Fixed([7])), "expected ResourceType, got int"
    yield lambda: check_fetcher(Fixed(3), two, credential, within=1), "expected Outcome, got int"
    yield lambda: check_objects_provider(Fixed(3), within=1), "expected ServiceSnapshot, got int"
    yield lambda: check_sign_in_way(Fixed(Departure(url="javascript:alert(1)", state="x"))), "no address"
    yield lambda: check_sign_in_way(Fixed(Departure(url="https://a", state="x"))), "two browsers one state"
    yield lambda: check_sign_in_way(Fixed(Departure(url="https://a", state="x"))), "lets somebody in"


async def test_parts_of_each_kind_that_break_their_contract_are_told_how() -> None:
    for check, words in broken_parts():
        with pytest.raises(ContractBroken) as raised:
            await check()
        assert words in str(raised.value)


async def test_a_way_that_knows_anybody_is_told() -> None:
    class Anybody:
        async def recognise(self, facts: object) -> ProvenPerson:
            return ProvenPerson(issuer="https://anybody", account="anybody")

    with pytest.raises(ContractBroken, match="of a request that brings nothing: it knows somebody"):
        await check_sign_in_way(Anybody())
