from datetime import UTC, datetime

import msgspec
import pytest

from callboard.diagnosis.verdict import verdict
from callboard.model.notice import GAPS, NoticeCode
from callboard.model.outcome import Answer, Failure, FailureCode, Outcome, Question
from callboard.model.resource import POD_METRICS, ResourceType
from callboard.model.snapshot import ClusterSnapshot, ClusterState, Notice, ServiceSnapshot
from callboard.model.verdict import Health
from support.kube_objects import cluster, deployment, empty, failed, pod, replica_set, service, waiting

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def healthy(name: str) -> ClusterSnapshot:
    return cluster(name, deployment(), pod())


def crashing(name: str) -> ClusterSnapshot:
    web = deployment(wanted=3, ready=1)
    rs = replica_set("web-abc", web)
    bad = pod(
        "web-abc-1", owner=("ReplicaSet", "web-abc", rs.meta.uid), **waiting("CrashLoopBackOff", exit_code=1)
    )
    return cluster(name, web, rs, bad)


def unreachable(name: str) -> ClusterSnapshot:
    failure = Failure(code=FailureCode.CONNECT_TIMEOUT, message="no connection within 5 s")
    return cluster(name, state=ClusterState.FAILED, failure=failure)


def nothing(name: str) -> ClusterSnapshot:
    return cluster(name, also=(empty("Pod"), empty("Deployment")))


def test_all_healthy() -> None:
    found = verdict(service(healthy("a"), healthy("b"), healthy("c")))
    assert (found.health, found.sentence) == (Health.HEALTHY, "Healthy in all 3 clusters.")
    assert not found.could_not_tell


def test_one_crashing_is_named_first_with_its_reason_and_since() -> None:
    found = verdict(service(healthy("a"), crashing("b"), healthy("c")))
    assert found.health is Health.UNHEALTHY
    assert found.sentence == (
        "Degraded in b: Deployment web: 1 of 3 pods ready: 1 pod keeps crashing (CrashLoopBackOff, exit code 1); "
        "healthy in a and c."
    )
    assert found.since is not None
    assert found.since.isoformat() == "2026-05-01T14:02:00+00:00"


def test_a_change_that_is_stuck_beside_pods_that_serve_is_told_as_both() -> None:
    web = deployment(wanted=2, ready=2, updatedReplicas=1, replicas=3)
    rs = replica_set("web-abc", web)
    bad = pod("web-abc-1", owner=("ReplicaSet", "web-abc", rs.meta.uid), **waiting("ImagePullBackOff"))
    found = verdict(service(cluster("a", web, rs, bad)))
    assert found.health is Health.UNHEALTHY
    assert found.sentence == (
        "At risk in a: Deployment web: the newest change is stuck: 1 pod cannot pull its image (ImagePullBackOff); "
        "2 ready pods still serve."
    )


def test_another_clusters_trouble_is_not_given_the_firsts_reason() -> None:
    found = verdict(service(crashing("a"), crashing("b"), crashing("c"), crashing("d"), healthy("e")))
    assert found.sentence.startswith("Degraded in a: Deployment web: 1 of 3 pods ready")
    assert found.sentence.endswith("; also degraded in b, c and 1 more; healthy in e.")


def test_a_cluster_that_cannot_be_asked_is_unknown_and_said() -> None:
    found = verdict(service(healthy("a"), unreachable("b")))
    assert found.health is Health.UNKNOWN
    assert found.could_not_tell
    assert "could not tell for b: could not be asked: no connection within 5 s" in found.sentence
    assert "ealthy in a" in found.sentence


def test_unhealthy_outranks_unknown_and_both_are_said() -> None:
    found = verdict(service(unreachable("a"), crashing("b")))
    assert found.health is Health.UNHEALTHY
    assert found.could_not_tell


def test_forbidden_pods_are_never_taken_for_healthy() -> None:
    found = verdict(service(cluster("a", deployment(), also=(failed("Pod"),))))
    assert found.health is Health.UNKNOWN
    assert "Callboard is not allowed to see pods" in found.sentence


def test_forbidden_config_maps_leave_the_verdict_and_are_told() -> None:
    found = verdict(service(cluster("a", deployment(), pod(), also=(failed("ConfigMap"),))))
    assert found.health is Health.HEALTHY
    assert not found.could_not_tell
    assert found.clusters[0].missing == ("Callboard is not allowed to see configmaps",)


def test_nothing_anywhere_is_its_own_answer() -> None:
    found = verdict(service(nothing("a"), nothing("b")))
    assert (found.health, found.sentence) == (Health.NOTHING, "Not running in all 2 clusters.")


def test_awaited_clusters_are_waited_for() -> None:
    found = verdict(service(healthy("a"), cluster("b", state=ClusterState.AWAITED)))
    assert found.health is Health.UNKNOWN
    assert found.sentence == "Healthy in a; waiting for 1 cluster."


def test_a_rollout_on_its_way_is_progressing() -> None:
    found = verdict(service(cluster("a", deployment(wanted=3, ready=3, updatedReplicas=1))))
    assert found.health is Health.PROGRESSING
    assert "1 of 3 pods run the new version" in found.sentence


def test_no_cluster_at_all_is_unknown() -> None:
    found = verdict(service())
    assert (found.health, found.could_not_tell) == (Health.UNKNOWN, True)


def test_what_is_scaled_to_zero_is_healthy_and_said() -> None:
    off = cluster("b", deployment(wanted=0, ready=0))
    found = verdict(service(healthy("a"), off))
    assert (found.health, found.clusters[1].sentence) == (Health.HEALTHY, "Deployment web is scaled to zero")
    assert found.sentence == "Healthy in all 2 clusters; in b Deployment web is scaled to zero."


def beside(notice: Notice, *clusters: ClusterSnapshot) -> ServiceSnapshot:
    return msgspec.structs.replace(service(*clusters), notices=(notice,))


@pytest.mark.parametrize("code", sorted(GAPS))
def test_clusters_that_are_not_even_known_are_not_taken_for_healthy(code: str) -> None:
    lost = Notice(code, "clusters of the inventory are missing: it is down.")
    found = verdict(beside(lost, healthy("a"), healthy("b")))
    assert (found.health, found.could_not_tell) == (Health.UNKNOWN, True)
    assert found.sentence == (
        "Healthy in all 2 known clusters; could not tell whether it runs elsewhere: "
        "clusters of the inventory are missing: it is down."
    )


def test_nor_is_it_said_that_nothing_runs() -> None:
    lost = Notice("cluster-supplier-failed", "clusters of the inventory are missing")
    assert verdict(beside(lost, nothing("a"), nothing("b"))).health is Health.UNKNOWN
    assert "the inventory" in verdict(beside(lost)).sentence


def test_trouble_that_is_known_outranks_clusters_that_are_not() -> None:
    lost = Notice("cluster-supplier-failed", "clusters of the inventory are missing")
    found = verdict(beside(lost, crashing("a")))
    assert (found.health, found.could_not_tell) == (Health.UNHEALTHY, True)
    assert "the inventory" in found.sentence


def test_what_an_extension_could_not_ask_counts_alike() -> None:
    assert verdict(beside(Notice("mine", "a region is shut", incomplete=True), healthy("a"))).could_not_tell
    assert verdict(beside(Notice("mine", "a region is shut"), healthy("a"))).health is Health.HEALTHY


def test_a_clusters_custom_resources_that_could_not_be_found_out_are_a_gap_of_it() -> None:
    lost = Notice(NoticeCode.CUSTOM_RESOURCES_UNKNOWN, "which they are could not be found out", cluster="a")
    found = verdict(service(msgspec.structs.replace(healthy("a"), notices=(lost,))))
    assert (found.health, found.clusters[0].missing) == (Health.UNKNOWN, (lost.message,))
    assert "all that could be seen is healthy; which they are could not be found out" in found.sentence


ROLLOUTS = ResourceType("argoproj.io", "v1alpha1", "rollouts")


def absent(resource: ResourceType) -> Outcome:
    failure = Failure(code=FailureCode.NOT_SERVED, message="the server could not find it", status=404)
    return Outcome(question=Question(type=resource), answer=Answer.ABSENT, failure=failure)


def test_a_configured_type_that_a_cluster_does_not_have_is_no_gap() -> None:
    found = verdict(service(cluster("a", deployment(), pod(), also=(absent(ROLLOUTS),))))
    assert (found.health, found.clusters[0].missing) == (Health.HEALTHY, ())


def test_the_reason_is_the_gap_that_decides_and_no_other() -> None:
    stale = msgspec.structs.replace(empty("Pod"), stale_since=NOON, failure=None)
    also = (failed("ConfigMap"), absent(ROLLOUTS), stale)
    found = verdict(service(cluster("a", deployment(), also=also)))
    assert "pods are shown as of when they could last be read" in found.sentence
    assert "configmaps" not in found.sentence
    assert "Callboard is not allowed to see configmaps" in found.clusters[0].missing


def test_pod_metrics_are_not_called_pods() -> None:
    refused = Outcome(
        question=Question(type=POD_METRICS),
        answer=Answer.FORBIDDEN,
        failure=Failure(code=FailureCode.FORBIDDEN, message="no", status=403),
    )
    found = verdict(service(cluster("a", deployment(), pod(), also=(refused,))))
    assert found.clusters[0].missing == ("Callboard is not allowed to see pod metrics",)
