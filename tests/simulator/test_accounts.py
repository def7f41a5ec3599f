"""ServiceAccounts: every namespace has one, their tokens are asked for or kept in Secrets, and pods need theirs to be there."""

import base64
from typing import Any

import pytest

from callboard.simulator import Fleet, SimulatedCluster
from callboard.simulator.machinery.tree import Tree

ACCOUNT = "/api/v1/namespaces/games/serviceaccounts/robot"


def account(cluster: SimulatedCluster, name: str = "robot") -> None:
    cluster.store.create({"metadata": {"name": name}}, "serviceaccounts", namespace="games")


def pod(name: str, **spec: Any) -> Tree:
    containers = [{"name": "app", "image": "registry.example.com/app:1"}]
    return {"metadata": {"name": name, "namespace": "games"}, "spec": {"containers": containers, **spec}}


async def asked(client: Any, **spec: Any) -> tuple[int, Tree]:
    status, body = await client.ask(f"{ACCOUNT}/token", method="POST", json={"spec": spec}, who="admin")
    return status, body


async def test_a_token_is_as_good_as_its_account(
    fleet: Fleet, cluster: SimulatedCluster, client: Any
) -> None:
    account(cluster)
    status, made = await asked(client, expirationSeconds=600)
    assert status == 201
    token = made["status"]["token"]
    path = "/api/v1/namespaces/games/pods"
    status, refused = await client.ask(path, who=token)
    assert status == 403
    assert 'User "system:serviceaccount:games:robot" cannot list resource "pods"' in refused["message"]
    subjects = [{"kind": "ServiceAccount", "name": "robot", "namespace": "games"}]
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
    binding = {"metadata": {"name": "robot"}, "roleRef": reference, "subjects": subjects}
    cluster.store.create(binding, "rolebindings.rbac.authorization.k8s.io", namespace="games")
    assert (await client.ask(path, who=token))[0] == 200
    assert (await client.ask("/api/v1/pods", who=token))[0] == 403
    cluster.store.delete("serviceaccounts", "robot", "games")
    assert (await client.ask(path, who=token))[0] == 401
    account(cluster)
    assert (await client.ask(path, who=token))[0] == 401, "another account of the same name"


async def test_a_token_ends(fleet: Fleet, cluster: SimulatedCluster, client: Any) -> None:
    account(cluster)
    _, made = await asked(client)
    token = made["status"]["token"]
    assert (await client.ask("/api", who=token))[0] == 200
    fleet.step(3599)
    assert (await client.ask("/api", who=token))[0] == 200
    fleet.step(2)
    assert (await client.ask("/api", who=token))[0] == 401


@pytest.mark.parametrize("seconds", [0, 599, -1, 2**40, "long"])
async def test_a_token_of_no_good_time_is_refused(
    cluster: SimulatedCluster, client: Any, seconds: object
) -> None:
    account(cluster)
    status, told = await asked(client, expirationSeconds=seconds)
    assert status == 422
    assert "spec.expirationSeconds" in told["message"]


async def test_there_is_no_token_of_an_account_that_is_not_there(client: Any) -> None:
    status, told = await asked(client)
    assert (status, told["message"]) == (404, 'serviceaccounts "robot" not found')


async def test_a_secret_of_that_type_holds_a_token_until_it_is_deleted(
    cluster: SimulatedCluster, client: Any
) -> None:
    account(cluster)
    annotations = {"kubernetes.io/service-account.name": "robot"}
    secret = {
        "metadata": {"name": "kept", "annotations": annotations},
        "type": "kubernetes.io/service-account-token",
    }
    cluster.store.create(secret, "secrets", namespace="games")
    data = cluster.store.get("secrets", "kept", "games")["data"]
    assert base64.b64decode(data["ca.crt"]).decode() == cluster.ca_pem
    token = base64.b64decode(data["token"]).decode()
    assert (await client.ask("/api", who=token))[0] == 200
    cluster.store.delete("secrets", "kept", "games")
    assert (await client.ask("/api", who=token))[0] == 401


def test_every_namespace_has_an_account_until_it_goes(fleet: Fleet, cluster: SimulatedCluster) -> None:
    cluster.store.create({"metadata": {"name": "old"}}, "namespaces")
    cluster.store.delete("namespaces", "old")
    fleet.step(60)
    assert [n["metadata"]["name"] for n in cluster.store.list("namespaces")].count("old") == 0
    assert cluster.store.list("serviceaccounts", "old") == []
    cluster.store.create({"metadata": {"name": "new"}}, "namespaces")
    cluster.store.delete("serviceaccounts", "default", "new")
    for namespace in cluster.store.list("namespaces"):
        assert cluster.store.get("serviceaccounts", "default", namespace["metadata"]["name"])


def test_a_pod_without_its_account_is_refused_in_kubernetes_own_words(
    fleet: Fleet, cluster: SimulatedCluster
) -> None:
    template = {"metadata": {"labels": {"app": "lost"}}, "spec": pod("x", serviceAccountName="robot")["spec"]}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "lost"}}, "template": template}
    cluster.store.create({"metadata": {"name": "lost"}, "spec": spec}, "deployments.apps", namespace="games")
    fleet.step(10)
    told = [e["message"] for e in cluster.store.list("events", "games") if e["reason"] == "FailedCreate"]
    replicas = next(
        r["metadata"]["name"]
        for r in cluster.store.list("replicasets.apps", "games")
        if r["metadata"]["name"].startswith("lost-")
    )
    assert told == [
        f'Error creating: pods "{replicas}-" is forbidden: error looking up service account games/robot: '
        'serviceaccount "robot" not found'
    ]
    account(cluster)
    fleet.step(60)
    assert [p for p in cluster.store.list("pods", "games") if p["metadata"]["name"].startswith(replicas)]


def test_a_pod_behind_gates_waits_until_they_are_gone(fleet: Fleet, cluster: SimulatedCluster) -> None:
    cluster.store.create(pod("gated", schedulingGates=[{"name": "example.com/quota"}]), "pods")
    fleet.step(60)
    (condition,) = cluster.store.get("pods", "gated", "games")["status"]["conditions"]
    assert (condition["status"], condition["reason"]) == ("False", "SchedulingGated")
    assert not [e for e in cluster.store.list("events", "games") if e["involvedObject"]["name"] == "gated"]
    cluster.store.patch("pods", "gated", {"spec": {"schedulingGates": None}}, "games")
    fleet.step(60)
    assert cluster.store.get("pods", "gated", "games")["status"]["phase"] == "Running"


async def test_an_account_can_be_applied_by_the_server(cluster: SimulatedCluster, client: Any) -> None:
    body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot"}}
    headers = {"Content-Type": "application/apply-patch+yaml"}
    path = f"{ACCOUNT}?fieldManager=me"
    status, _ = await client.ask(path, method="PATCH", body=body, headers=headers)
    assert status == 201
    assert cluster.store.get("serviceaccounts", "robot", "games")


@pytest.mark.parametrize(
    "body", [b"", b"k8s\0", b"k8s\0" + b"\xff" * 100_000, b"k8s\0\x0a\xff\x01", b"k8s\0\x0b", b"nothing"]
)
async def test_a_body_that_is_no_protobuf_is_refused(client: Any, body: bytes) -> None:
    headers = {"Content-Type": "application/vnd.kubernetes.protobuf"}
    status, told = await client.ask("/api/v1/namespaces", method="POST", data=body, headers=headers)
    assert (status, told["reason"]) == (400, "BadRequest")
