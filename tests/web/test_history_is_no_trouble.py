"""What a calm page leaves calm, and which entities have a Kubernetes tab at all."""

from datetime import timedelta

import msgspec
import pytest

from callboard.model.entity import ID_ANNOTATION, SELECTOR_ANNOTATION, Entity, EntityMeta
from callboard.portal.arranging.arrangement import arrange
from callboard.web.kubernetes_tab import kubernetes_page
from support.kube_objects import cluster, deployment, pod, replica_set, service, waiting
from support.web_scenes import StubPortal, kubernetes, troubled
from support.web_server import get, serving


def test_an_evicted_pod_beside_a_whole_workload_is_not_put_forward() -> None:
    web = deployment()
    rs = replica_set("web-abc", web)
    owner = ("ReplicaSet", "web-abc", rs.meta.uid)
    evicted = pod("web-abc-1", owner=owner, phase="Failed", reason="Evicted", containerStatuses=[])
    (panel,) = kubernetes_page(arrange(service(cluster("a", web, rs, evicted)))).panels
    assert (panel.word, panel.troubled) == ("Healthy", ())
    assert len(panel.pods) == 1, "it is still shown among the pods"


def test_a_crashing_pod_is_put_forward() -> None:
    web = deployment(wanted=1, ready=0)
    rs = replica_set("web-abc", web)
    owner = ("ReplicaSet", "web-abc", rs.meta.uid)
    bad = pod("web-abc-1", owner=owner, **waiting("CrashLoopBackOff", exit_code=1))
    (panel,) = kubernetes_page(arrange(service(cluster("a", web, rs, bad)))).panels
    assert [p.key.name for p in panel.troubled] == ["web-abc-1"]


@pytest.mark.parametrize(
    ("kind", "annotations", "runs"),
    [
        ("Component", {}, True),
        ("Group", {}, False),
        ("User", {}, False),
        ("Resource", {ID_ANNOTATION: "db"}, True),
        ("API", {SELECTOR_ANNOTATION: "app=db"}, True),
        ("System", {ID_ANNOTATION: " "}, False),
    ],
)
def test_what_is_expected_to_run(kind: str, annotations: dict[str, str], runs: bool) -> None:
    meta = EntityMeta(name="payments", annotations=annotations)
    entity = Entity(api_version="backstage.io/v1alpha1", kind=kind, metadata=meta)
    assert entity.runs_on_kubernetes is runs


async def test_the_moment_of_the_last_crash_is_not_called_since() -> None:
    began = troubled("eu-1")
    crashed = max(p.last_restart for item in began.workloads for p in item.pods if p.last_restart)
    flipped = msgspec.structs.replace(began.verdict, since=crashed + timedelta(seconds=1))
    for verdict, told in ((began.verdict, True), (flipped, False)):
        async with serving(
            StubPortal((kubernetes(msgspec.structs.replace(began, verdict=verdict)),))
        ) as base:
            page = (await get(base, "/catalog/default/component/dice-roller/kubernetes")).text
        assert ("keeps crashing. <span" in page) is told
        assert "12 restarts, the last" in page
