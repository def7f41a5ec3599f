"""An image whose name says that no registry has it cannot be pulled, as with a real kubelet; every other one can."""

import pytest

from callboard.simulator import Fleet, SimulatedCluster
from callboard.simulator.controllers.images import pull_of
from callboard.simulator.machinery.tree import Tree, dig
from callboard.simulator.serving.columns import pod_status


@pytest.mark.parametrize(
    ("image", "pull"),
    [
        ("nginx", "ok"),
        ("nginx:1.27", "ok"),
        ("registry.example.com:5000/games/dice:7.2.0-rc1", "ok"),
        ("missing/app:1", "ok"),
        ("app@sha256:" + "0" * 64, "ok"),
        ("nginx:does-not-exist", "missing"),
        ("registry.example.com:5000/app:DoesNotExist", "missing"),
        ("app:nonexistent-tag", "missing"),
        ("app:v9-missing", "missing"),
        ("app:nosuchtag", "missing"),
        ("app:nope", "missing"),
        ("app:denied", "denied"),
        ("registry.invalid/app:1", "no-host"),
        ("registry.invalid:5000/app", "no-host"),
    ],
)
def test_the_name_says_whether_it_can_be_pulled(image: str, pull: str) -> None:
    assert pull_of(image) == pull


@pytest.mark.parametrize(
    ("image", "whole", "told"),
    [
        ("dice-roller:does-not-exist", "docker.io/library/dice-roller:does-not-exist", ": not found"),
        (
            "registry.invalid/dice:1",
            "registry.invalid/dice:1",
            "lookup registry.invalid on 10.96.0.10:53: no such host",
        ),
        ("ghcr.io/games/dice:denied", "ghcr.io/games/dice:denied", "403 Forbidden"),
    ],
)
def test_a_changed_image_that_cannot_be_pulled_goes_through_a_kubelets_states(
    fleet: Fleet, image: str, whole: str, told: str
) -> None:
    cluster = fleet[0]
    change(cluster, image)
    seen: list[str] = []
    for _ in range(300):
        fleet.step(0.5)
        seen += [reason for pod in new(cluster, image) if (reason := pod_status(pod)[0]) not in seen[-1:]]
    assert seen[:3] == ["ContainerCreating", "ErrImagePull", "ImagePullBackOff"]
    assert "Running" not in seen
    (pod,) = new(cluster, image)
    waiting = dig(pod, "status", "containerStatuses", 0, "state", "waiting")
    assert waiting["message"].startswith(f'Back-off pulling image "{image}": ErrImagePull: ')
    assert (whole in waiting["message"], told in waiting["message"]) == (True, True)
    events = {
        (event["type"], event["reason"], event["message"])
        for event in cluster.store.list("events", "games")
        if event["involvedObject"]["name"] == pod["metadata"]["name"]
    }
    assert ("Normal", "Pulling", f'Pulling image "{image}"') in events
    assert ("Warning", "Failed", "Error: ErrImagePull") in events
    assert ("Warning", "Failed", "Error: ImagePullBackOff") in events
    assert ("Normal", "BackOff", f'Back-off pulling image "{image}"') in events
    assert any(m.startswith(f'Failed to pull image "{image}": ') and told in m for _, _, m in events)
    assert len(running(cluster)) == 3, "the old pods go on"


def test_an_image_that_can_be_pulled_again_ends_the_trouble(fleet: Fleet) -> None:
    cluster = fleet[0]
    change(cluster, "dice-roller:missing")
    fleet.step(120)
    assert len(new(cluster, "dice-roller:missing")) == 1
    change(cluster, "dice-roller:2")
    fleet.step(120)
    assert len(new(cluster, "dice-roller:2")) == 3
    assert {pod_status(pod)[0] for pod in new(cluster, "dice-roller:2")} == {"Running"}


def change(cluster: SimulatedCluster, image: str) -> None:
    containers = [{"name": "app", "image": image}]
    cluster.store.patch(
        "deployments", "dice-roller", {"spec": {"template": {"spec": {"containers": containers}}}}, "games"
    )


def new(cluster: SimulatedCluster, image: str) -> list[Tree]:
    pods = cluster.store.list("pods", "games")
    return [pod for pod in pods if pod["spec"]["containers"][0]["image"] == image]


def running(cluster: SimulatedCluster) -> list[Tree]:
    return [
        pod
        for pod in cluster.store.list("pods", "games")
        if pod["metadata"]["name"].startswith("dice-roller") and pod_status(pod)[0] == "Running"
    ]
