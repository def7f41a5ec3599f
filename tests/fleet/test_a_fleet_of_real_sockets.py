"""Five simulated API servers, of which some hang, refuse and lie: what the provider says of each, by number."""

import asyncio
from collections import Counter
from contextlib import aclosing
from pathlib import Path

import pytest

from callboard.base.settings import ClusterLimits, ClusterOverride
from callboard.extend import Answer, ClusterState, FailureCode, ServiceSnapshot
from callboard.fleet.tools.check import check_clusters
from callboard.model.objects.pod import Pod
from callboard.model.resource import DEFAULT_OBJECT_TYPES
from callboard.simulator.fleet import Fleet
from callboard.simulator.scenarios.schema import TroubleSpec
from support.fake_fleet import CALLER, entity
from support.wired_fleet import RunningFleet, wired_fleet

PATIENT = ClusterLimits(soft_deadline=0.5, hard_deadline=30.0, idle_deadline=30.0)
"""Nothing healthy is late, however loaded the machine is."""
SHORT = ClusterOverride(hard_deadline=5.0)


async def look(wired: RunningFleet, **annotations: str) -> list[ServiceSnapshot]:
    async with aclosing(
        wired.fleet.provider.objects(entity("dice-roller", **annotations), CALLER)
    ) as snapshots:
        return [s async for s in snapshots]


async def test_one_hangs_one_refuses_half_one_returns_garbage_and_two_are_complete(tmp_path: Path) -> None:
    async with Fleet.start("quiet", clusters=5) as simulated:
        hangs, refuses, lies, *healthy = simulated
        hangs.chaos.on("hang")
        for plural in ("pods", "services", "configmaps", "jobs", "cronjobs", "ingresses"):
            refuses.chaos.on("forbidden", f"*/{plural}?*")
        lies.chaos.on("html")
        async with wired_fleet(
            simulated.kubeconfig(tmp_path / "config"), limits=PATIENT, by_name={hangs.name: SHORT}
        ) as wired:
            seen = await look(wired)
        async with asyncio.timeout(5):  # servers notice a closed connection a moment later
            for simulated_cluster in simulated:
                while simulated_cluster.open_connections:  # noqa: ASYNC110 - the other side's state
                    await asyncio.sleep(0.01)
    found = {c.cluster.name: c for c in seen[-1].clusters}
    for name in (c.name for c in healthy):
        part = found[name]
        assert part.state is ClusterState.ANSWERED
        assert part.unseen == ()
        assert {o.type.kind for o in part.objects()} >= {"Pod", "Deployment", "ReplicaSet", "Service"}
        assert part.references_complete
        assert {o.question.type.plural for o in part.references} == {"events", "resourcequotas", "pods"}
        assert part.clock_offset is not None
        early = [s for s in seen if not s.complete]
        assert any(
            c.state is ClusterState.ANSWERED for s in early for c in s.clusters if c.cluster.name == name
        )
    answers = Counter(o.answer for o in found[refuses.name].outcomes)
    assert found[refuses.name].state is ClusterState.ANSWERED
    assert answers[Answer.FORBIDDEN] == 6
    assert answers[Answer.OBJECTS] + answers[Answer.EMPTY] == len(DEFAULT_OBJECT_TYPES) - 6
    hung, lied = found[hangs.name].failure, found[lies.name].failure
    assert hung is not None
    assert hung.code in (FailureCode.DEADLINE, FailureCode.RESPONSE_TIMEOUT)
    assert lied is not None
    assert lied.code is FailureCode.NOT_JSON


async def test_namespaced_rights_are_enough_where_the_entity_names_its_namespaces(tmp_path: Path) -> None:
    async with Fleet.start("quiet", clusters=1) as simulated:
        kubeconfig = simulated.kubeconfig(tmp_path / "config", "namespaced")
        async with wired_fleet(kubeconfig, limits=PATIENT) as wired:
            everywhere = (await look(wired))[-1].clusters[0]
            within = (await look(wired, namespace="games"))[-1].clusters[0]
    assert {o.answer for o in everywhere.outcomes} == {Answer.FORBIDDEN}
    assert within.unseen == ()
    assert len([o for o in within.objects() if o.type.kind == "Pod"]) >= 2
    assert [o.answer for o in within.references if o.question.type.plural == "nodes"] == [Answer.NOT_ASKED]


async def test_a_wrong_token_is_the_whole_clusters_failure_in_the_servers_words(tmp_path: Path) -> None:
    async with Fleet.start("quiet", clusters=1) as simulated:
        kubeconfig = simulated.kubeconfig(tmp_path / "config")
        kubeconfig.write_text(kubeconfig.read_text().replace(simulated[0].identities.admin, "wr0ng"))
        async with wired_fleet(kubeconfig, limits=PATIENT) as wired:
            part = (await look(wired))[-1].clusters[0]
    assert part.state is ClusterState.FAILED
    assert part.failure is not None
    assert (part.failure.code, part.failure.status) == (FailureCode.UNAUTHORIZED, 401)
    assert "wr0ng" not in repr(part)


async def test_checking_tells_version_identity_and_what_may_be_read(tmp_path: Path) -> None:
    async with Fleet.start("quiet", clusters=3) as simulated:
        fine, dead, garbled = simulated
        dead.chaos.on("hang")
        garbled.chaos.on("html")
        async with wired_fleet(
            simulated.kubeconfig(tmp_path / "config", "viewer"), limits=PATIENT, by_name={dead.name: SHORT}
        ) as wired:
            checked = await check_clusters(wired.fleet.parts, wired.connections, wired.settings, CALLER)
    good, hung, lied = checked.clusters
    assert good.reachable
    assert good.version.startswith("v1.")
    assert good.known_as is not None
    assert good.known_as.username == "viewer"
    assert good.asked_as == f"kubeconfig user {fine.name} of {tmp_path / 'config'}"
    allowed = {p.title for p in good.permissions if p.allowed}
    assert {"list pods", "list deployments.apps", "get pods/log", "list events"} <= allowed
    assert all(p.allowed is not None for p in good.permissions)
    assert (hung.reachable, lied.reachable) == (False, False)
    assert hung.failure is not None
    assert lied.failure is not None
    assert lied.failure.code is FailureCode.NOT_JSON
    assert all(p.allowed is None for p in hung.permissions)
    assert len(hung.missing) == len(hung.permissions)


async def test_checking_within_namespaces_finds_the_rights_that_are_there(tmp_path: Path) -> None:
    async with (
        Fleet.start("quiet", clusters=1) as simulated,
        wired_fleet(simulated.kubeconfig(tmp_path / "config", "namespaced"), limits=PATIENT) as wired,
    ):
        whole = await check_clusters(wired.fleet.parts, wired.connections, wired.settings, CALLER)
        within = await check_clusters(
            wired.fleet.parts, wired.connections, wired.settings, CALLER, namespaces=("games",)
        )
    assert {p.allowed for p in whole.clusters[0].permissions} == {False}
    assert within.clusters[0].missing == ()
    assert "list pods in games" in {p.title for p in within.clusters[0].permissions}


@pytest.mark.parametrize(("identity", "allowed"), [("admin", True), ("viewer", False)])
async def test_checking_tells_whether_a_cluster_that_decides_may_be_asked(
    tmp_path: Path, identity: str, allowed: bool
) -> None:
    async with Fleet.start("quiet", clusters=2) as simulated:
        decides = {simulated[0].name: ClusterOverride(visibility="cluster")}
        async with wired_fleet(
            simulated.kubeconfig(tmp_path / "config", identity), limits=PATIENT, by_name=decides
        ) as wired:
            checked = await check_clusters(wired.fleet.parts, wired.connections, wired.settings, CALLER)
    asked = [
        {p.title: p.allowed for p in c.permissions if p.type.plural == "subjectaccessreviews"}
        for c in checked.clusters
    ]
    assert asked == [{"create subjectaccessreviews.authorization.k8s.io": allowed}, {}]


async def test_a_service_in_trouble_is_shown_with_its_nodes_and_quotas_and_a_healthy_one_asks_no_node(
    tmp_path: Path,
) -> None:
    async with Fleet.start("quiet", clusters=2, speed=0.0) as simulated:
        ill, well = simulated
        simulated.stages[ill.name].start(TroubleSpec("crash-loop", "dice-roller"))
        simulated.step(600)
        async with wired_fleet(simulated.kubeconfig(tmp_path / "config"), limits=PATIENT) as wired:
            parts = {c.cluster.name: c for c in (await look(wired))[-1].clusters}

    def shown(name: str, plural: str) -> set[str]:
        found = (o for o in parts[name].references if o.question.type.plural == plural)
        return {obj.name for outcome in found for obj in outcome.objects}

    def homes(name: str) -> set[str]:
        pods = [o.body for o in parts[name].members() if isinstance(o.body, Pod)]
        return {p.spec.node_name for p in pods if p.status.container_statuses[0].state.waiting}

    assert homes(ill.name)
    assert shown(ill.name, "nodes") == homes(ill.name)
    assert shown(well.name, "nodes") == set()
    assert all("resourcequotas" in {o.question.type.plural for o in p.references} for p in parts.values())
