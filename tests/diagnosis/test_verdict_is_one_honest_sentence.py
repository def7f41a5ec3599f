from callboard.diagnosis.verdict import verdict
from callboard.model.outcome import Failure, FailureCode
from callboard.model.snapshot import ClusterSnapshot, ClusterState
from callboard.model.verdict import Health
from support.kube_objects import cluster, deployment, empty, failed, pod, replica_set, service, waiting


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
        "Unhealthy in b: Deployment web: 1 of 3 pods ready: 1 pod keeps crashing (CrashLoopBackOff, exit code 1); "
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
        "Unhealthy in a: Deployment web: the newest change is stuck: 1 pod cannot pull its image (ImagePullBackOff); "
        "2 ready pods still serve."
    )


def test_another_clusters_trouble_is_not_given_the_firsts_reason() -> None:
    found = verdict(service(crashing("a"), crashing("b"), crashing("c"), crashing("d"), healthy("e")))
    assert found.sentence.startswith("Unhealthy in a: Deployment web: 1 of 3 pods ready")
    assert found.sentence.endswith("; also unhealthy in b, c and 1 more; healthy in e.")


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
    assert "we may not see pods" in found.sentence


def test_forbidden_config_maps_leave_the_verdict_and_are_told() -> None:
    found = verdict(service(cluster("a", deployment(), pod(), also=(failed("ConfigMap"),))))
    assert found.health is Health.HEALTHY
    assert not found.could_not_tell
    assert found.clusters[0].missing == ("we may not see configmaps",)


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
