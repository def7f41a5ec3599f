"""Who may what: tokens, certificates, roles, impersonation, reviews."""

import ssl
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from callboard.simulator import Fleet, SimulatedCluster
from callboard.simulator.machinery.tree import Tree

PODS = "/api/v1/namespaces/games/pods"


@pytest.mark.parametrize(
    ("who", "status"),
    [("admin", 200), ("viewer", 200), ("namespaced", 200), ("nobody", 403), ("", 403), ("x" * 40, 401)],
)
async def test_each_user_gets_what_their_bindings_say(client: Any, who: str, status: int) -> None:
    assert (await client.ask(PODS, who=who))[0] == status


async def test_a_viewer_of_some_namespaces_sees_only_those(cluster: SimulatedCluster, client: Any) -> None:
    cluster.store.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}})
    assert (await client.ask("/api/v1/namespaces/other/pods", who="namespaced"))[0] == 403
    status, told = await client.ask("/api/v1/pods", who="namespaced")
    assert status == 403
    assert (
        told["message"]
        == 'pods is forbidden: User "namespaced" cannot list resource "pods" in API group "" at the cluster scope'
    )


async def test_a_viewer_bound_in_two_namespaces_sees_those_two(
    cluster: SimulatedCluster, client: Any
) -> None:
    for name in ("red", "blue", "green"):
        cluster.store.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        cluster.store.create(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"of-{name}", "namespace": name}}
        )
    token = cluster.user("two")
    cluster.bind("two", "view", "red", "blue")

    async def seen(namespace: str, more: str = "") -> tuple[int, list[str]]:
        status, body = await client.ask(f"/api/v1/namespaces/{namespace}/configmaps{more}", who=token)
        return status, [item["metadata"]["name"] for item in body.get("items", ())]

    assert await seen("red") == (200, ["of-red"])
    assert await seen("blue") == (200, ["of-blue"])
    assert await seen("green") == (403, [])
    assert await seen("green", "/of-green") == (403, [])
    assert (await client.ask("/api/v1/configmaps", who=token))[0] == 403
    assert (await client.ask("/api/v1/namespaces/red/secrets", who=token))[0] == 403
    cluster.store.delete("rolebindings.rbac.authorization.k8s.io", "two", "red")
    assert await seen("red") == (403, [])


async def test_a_role_may_allow_list_without_watch(cluster: SimulatedCluster, client: Any) -> None:
    cluster.role("lister", [{"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]}])
    token = cluster.user("lister")
    cluster.bind("lister", "lister", "games")
    assert (await client.ask(PODS, who=token))[0] == 200
    status, told = await client.ask(f"{PODS}?watch=true", who=token)
    assert (status, "cannot watch resource" in told["message"]) == (403, True)


async def test_a_revoked_token_is_unauthorized_with_the_next_request(
    cluster: SimulatedCluster, client: Any
) -> None:
    cluster.tokens.revoke(cluster.identities.viewer)
    status, told = await client.ask(PODS, who="viewer")
    assert (status, told["reason"], "details" in told) == (401, "Unauthorized", False)


async def test_a_client_certificate_names_its_user(cluster: SimulatedCluster, tmp_path: Path) -> None:
    pair = cluster.client_certificate("carol", "viewers")
    file = tmp_path / "pair.pem"
    file.write_text(pair.key + pair.certificate)
    context = ssl.create_default_context(cadata=cluster.ca_pem)
    context.load_cert_chain(file)
    async with aiohttp.ClientSession() as session:
        async with session.get(cluster.url + PODS, ssl=context) as response:
            assert response.status == 200
        async with session.get(cluster.url + "/api/v1/nodes", ssl=context) as response:
            assert 'User "carol" cannot list' in (await response.json())["message"]


async def test_impersonation_needs_the_right_and_then_counts_as_the_other(client: Any) -> None:
    as_jane = {"Impersonate-User": "jane", "Impersonate-Group": "viewers"}
    status, told = await client.ask("/api/v1/namespaces/games/secrets", headers=as_jane)
    assert (status, 'User "jane" cannot list resource "secrets"' in told["message"]) == (403, True)
    assert (await client.ask(PODS, headers=as_jane))[0] == 200
    status, told = await client.ask(PODS, who="viewer", headers=as_jane)
    assert (status, 'User "viewer" cannot impersonate' in told["message"]) == (403, True)


async def test_access_reviews_agree_with_what_happens(client: Any) -> None:
    for who in ("admin", "viewer", "namespaced", "nobody"):
        for resource, path in (("pods", PODS), ("secrets", "/api/v1/namespaces/games/secrets")):
            spec = {"resourceAttributes": {"verb": "list", "resource": resource, "namespace": "games"}}
            body: Tree = {
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SelfSubjectAccessReview",
                "spec": spec,
            }
            status, review = await client.ask(
                "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "POST", body=body, who=who
            )
            assert status == 201
            assert review["status"]["allowed"] is ((await client.ask(path, who=who))[0] == 200)


async def test_self_subject_review_tells_user_and_groups(client: Any) -> None:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    _, told = await client.ask(
        "/apis/authentication.k8s.io/v1/selfsubjectreviews", "POST", body=body, who="viewer"
    )
    assert told["status"]["userInfo"] == {
        "username": "viewer",
        "uid": "u2",
        "groups": ["viewers", "system:authenticated"],
    }


def test_the_kubeconfig_is_for_its_owner_only(fleet: Fleet, tmp_path: Path) -> None:
    path = fleet.kubeconfig(tmp_path / "config")
    assert path.stat().st_mode & 0o777 == 0o600
    assert fleet[0].identities.admin in path.read_text()
    assert fleet[0].identities.admin not in repr(fleet[0].identities)
