"""Pods in trouble look as a kubelet and the controllers make them."""

from collections.abc import Callable
from typing import Any

import pytest

from callboard.simulator import Fleet, SimulatedCluster
from callboard.simulator.machinery.tree import Tree, dig
from callboard.simulator.scenarios.schema import TroubleSpec
from callboard.simulator.serving.columns import pod_status


def begin(
    fleet: Fleet, trouble: str, *, minutes: float = 30, service: str = "dice-roller"
) -> SimulatedCluster:
    cluster = fleet[0]
    fleet.stages[cluster.name].start(TroubleSpec(trouble, service))
    fleet.step(minutes * 60)
    return cluster


def pods(cluster: SimulatedCluster, service: str = "dice-roller") -> list[Tree]:
    return [pod for pod in cluster.store.list("pods", "games") if pod["metadata"]["name"].startswith(service)]


def events(cluster: SimulatedCluster) -> set[tuple[str, str]]:
    return {(event["type"], event["reason"]) for event in cluster.store.list("events", "games")}


def reasons(cluster: SimulatedCluster) -> set[str]:
    return {pod_status(pod)[0] for pod in pods(cluster)}


def conditions(tree: Tree) -> dict[str, tuple[str, str]]:
    return {item["type"]: (item["status"], item.get("reason", "")) for item in tree["status"]["conditions"]}


def test_crash_loop(fleet: Fleet) -> None:
    cluster = begin(fleet, "crash-loop")
    for pod in pods(cluster):
        (status,) = pod["status"]["containerStatuses"]
        assert status["restartCount"] >= 5
        assert status["state"]["waiting"]["reason"] == "CrashLoopBackOff"
        assert status["state"]["waiting"]["message"].startswith(
            "back-off 5m0s restarting failed container=app pod=dice-roller-"
        )
        assert status["lastState"]["terminated"]["exitCode"] == 1
        assert conditions(pod)["Ready"] == ("False", "ContainersNotReady")
    assert ("Warning", "BackOff") in events(cluster)
    deployment = cluster.store.get("deployments", "dice-roller", "games")
    assert conditions(deployment)["Available"] == ("False", "MinimumReplicasUnavailable")
    assert "availableReplicas" not in deployment["status"]


def test_healing_a_crash_loop_makes_it_well_again(fleet: Fleet) -> None:
    cluster = begin(fleet, "crash-loop")
    fleet.stages[cluster.name].heal(TroubleSpec("crash-loop", "dice-roller"))
    fleet.step(900)
    assert reasons(cluster) == {"Running"}
    assert cluster.store.get("deployments", "dice-roller", "games")["status"]["availableReplicas"] == 3


def test_bad_image_leaves_the_old_pods_serving(fleet: Fleet) -> None:
    cluster = begin(fleet, "bad-image")
    assert reasons(cluster) <= {"Running", "ImagePullBackOff", "ErrImagePull"}
    stuck = [pod for pod in pods(cluster) if pod_status(pod)[0] != "Running"]
    assert len(stuck) == 1
    assert dig(stuck[0], "status", "containerStatuses", 0, "state", "waiting", "message").startswith(
        ("Back-off pulling image", "rpc error")
    )
    assert {("Normal", "Pulling"), ("Warning", "Failed"), ("Normal", "BackOff")} <= events(cluster)
    deployment = cluster.store.get("deployments", "dice-roller", "games")
    assert conditions(deployment)["Progressing"] == ("False", "ProgressDeadlineExceeded")
    assert conditions(deployment)["Available"][0] == "True"


def test_out_of_memory(fleet: Fleet) -> None:
    cluster = begin(fleet, "out-of-memory")
    for pod in pods(cluster):
        terminated = dig(pod, "status", "containerStatuses", 0, "lastState", "terminated")
        assert (terminated["reason"], terminated["exitCode"]) == ("OOMKilled", 137)


def test_missing_config_names_what_is_missing(fleet: Fleet) -> None:
    cluster = begin(fleet, "missing-config", minutes=3)
    waiting = [
        dig(pod, "status", "containerStatuses", 0, "state", "waiting", default={}) for pod in pods(cluster)
    ]
    found = [item for item in waiting if item.get("reason") == "CreateContainerConfigError"]
    assert [item["message"] for item in found] == ['configmap "dice-roller-settings" not found']
    cluster.store.create(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "dice-roller-settings", "namespace": "games"},
            "data": {"PAYMENT_PROVIDER_URL": "x"},
        }
    )
    fleet.step(120)
    assert reasons(cluster) == {"Running"}


def test_unschedulable_says_why(fleet: Fleet) -> None:
    cluster = begin(fleet, "unschedulable", minutes=2)
    (pending,) = [pod for pod in pods(cluster) if pod["status"]["phase"] == "Pending"]
    (condition,) = pending["status"]["conditions"]
    assert condition["reason"] == "Unschedulable"
    assert condition["message"].startswith("0/2 nodes are available: 2 Insufficient cpu.")
    assert ("Warning", "FailedScheduling") in events(cluster)


def test_failing_probe_keeps_pods_running_and_unready(fleet: Fleet) -> None:
    cluster = begin(fleet, "failing-probe", minutes=5)
    assert {pod_status(pod)[:2] for pod in pods(cluster)} == {("Running", 0)}
    assert ("Warning", "Unhealthy") in events(cluster)
    slices = [
        item
        for item in cluster.store.list("endpointslices", "games")
        if item["metadata"]["labels"]["kubernetes.io/service-name"] == "dice-roller"
    ]
    assert [endpoint["conditions"]["ready"] for endpoint in slices[0]["endpoints"]] == [False] * 3


def test_failing_init(fleet: Fleet) -> None:
    cluster = begin(fleet, "failing-init", minutes=10)
    assert reasons(cluster) & {"Init:CrashLoopBackOff", "Init:Error"}


def test_failed_job(fleet: Fleet) -> None:
    cluster = begin(fleet, "failed-job", minutes=20)
    job = cluster.store.get("jobs", "dice-roller-backfill", "games")
    assert conditions(job)["Failed"] == ("True", "BackoffLimitExceeded")
    assert job["status"]["failed"] == 3


def test_evicted_pods_stay_and_are_replaced(fleet: Fleet) -> None:
    cluster = begin(fleet, "evicted", minutes=2)
    failed = [pod for pod in pods(cluster) if pod["status"]["phase"] == "Failed"]
    assert [pod["status"]["reason"] for pod in failed] == ["Evicted"]
    assert sum(pod_status(pod)[0] == "Running" for pod in pods(cluster)) == 3


def test_quota_exceeded_is_told_by_the_replica_set(fleet: Fleet) -> None:
    cluster = begin(fleet, "quota-exceeded", minutes=2)
    deployment = cluster.store.get("deployments", "dice-roller", "games")
    assert conditions(deployment)["ReplicaFailure"] == ("True", "FailedCreate")
    messages = [
        event["message"]
        for event in cluster.store.list("events", "games")
        if event["reason"] == "FailedCreate"
    ]
    assert any(
        "exceeded quota: pods, requested: pods=1, used: pods=4, limited: pods=4" in message
        for message in messages
    )


@pytest.mark.parametrize(
    "trouble",
    [
        "stuck-rollout",
        "missing-volume",
        "denied-image",
        "no-matching-node",
        "failing-liveness",
        "high-load",
        "scaled-to-zero",
    ],
)
def test_every_trouble_shows(fleet: Fleet, trouble: str) -> None:
    cluster = begin(fleet, trouble, minutes=30)
    shows: dict[str, Callable[[], Any]] = {
        "stuck-rollout": lambda: (
            conditions(cluster.store.get("deployments", "dice-roller", "games"))["Progressing"][1]
            == "ProgressDeadlineExceeded"
        ),
        "missing-volume": lambda: ("Warning", "FailedMount") in events(cluster),
        "denied-image": lambda: reasons(cluster) & {"ImagePullBackOff", "ErrImagePull"},
        "no-matching-node": lambda: "Pending" in reasons(cluster),
        "failing-liveness": lambda: ("Normal", "Killing") in events(cluster),
        "high-load": lambda: cluster.metrics.items("pods", "games")[0]["containers"][0]["usage"]["cpu"] > "2",
        "scaled-to-zero": lambda: not pods(cluster),
    }
    assert shows[trouble]()


def test_events_expire_after_an_hour(fleet: Fleet) -> None:
    cluster = begin(fleet, "evicted", minutes=1)
    assert events(cluster)
    fleet.step(3700)
    assert not events(cluster)


def test_the_same_seed_makes_the_same_cluster(fleet: Fleet) -> None:
    names = [pod["metadata"]["uid"] for pod in fleet[0].store.list("pods")]
    assert len(names) == len(set(names)) == 4
