"""Lists answer as an API server's do: paging, selectors, versions, forms."""

import gzip
import json
from typing import Any

import aiohttp

from callboard.simulator import SimulatedCluster

PODS = "/api/v1/namespaces/games/pods"


async def test_items_of_typed_lists_carry_no_kind_and_custom_resources_do(
    cluster: SimulatedCluster, client: Any
) -> None:
    _, pods = await client.ask(PODS)
    assert pods["kind"] == "PodList"
    assert len(pods["items"]) == 4
    assert all("kind" not in item and "apiVersion" not in item for item in pods["items"])
    define(cluster)
    cluster.store.create(database("orders"))
    _, databases = await client.ask("/apis/db.example.com/v1/databases")
    assert [(item["kind"], item["apiVersion"]) for item in databases["items"]] == [
        ("Database", "db.example.com/v1")
    ]


async def test_pages_together_are_the_list_as_it_stood_at_the_first_page(
    cluster: SimulatedCluster, client: Any
) -> None:
    _, whole = await client.ask(PODS)
    seen, token, versions = [], "", set()
    while True:
        _, page = await client.ask(f"{PODS}?limit=1&continue={token}")
        seen += [item["metadata"]["name"] for item in page["items"]]
        versions.add(page["metadata"]["resourceVersion"])
        token = page["metadata"].get("continue", "")
        if not token:
            break
        assert page["metadata"]["remainingItemCount"] == len(whole["items"]) - len(seen)
        cluster.store.remove(
            "pods", sorted(item["metadata"]["name"] for item in whole["items"])[-1], "games"
        ) if len(seen) == 1 else None
    assert seen == [item["metadata"]["name"] for item in whole["items"]]
    assert versions == {whole["metadata"]["resourceVersion"]}


async def test_a_page_after_compaction_is_gone_with_a_token_to_go_on(
    cluster: SimulatedCluster, client: Any
) -> None:
    _, page = await client.ask(f"{PODS}?limit=2")
    cluster.store.patch("deployments", "dice-roller", {"metadata": {"labels": {"a": "b"}}}, "games")
    cluster.store.of("pods").replace(cluster.store.list("pods")[0])
    cluster.store.compact()
    status, gone = await client.ask(f"{PODS}?limit=2&continue={page['metadata']['continue']}")
    assert (status, gone["reason"]) == (410, "Expired")
    status, rest = await client.ask(f"{PODS}?limit=5&continue={gone['metadata']['continue']}")
    assert (status, len(rest["items"])) == (200, 2)


async def test_selectors_choose(client: Any) -> None:
    async def names(query: str) -> int:
        _, found = await client.ask(f"{PODS}?{query}")
        return len(found["items"])

    assert await names("labelSelector=app.kubernetes.io/name%3Ddice-roller") == 3
    assert await names("labelSelector=app.kubernetes.io/name in (dice-roller,scoreboard)") == 4
    assert await names("labelSelector=app.kubernetes.io/name notin (dice-roller)") == 1
    assert await names("labelSelector=!backstage.io/kubernetes-id") == 0
    assert await names("labelSelector=backstage.io/kubernetes-id") == 4
    assert await names("fieldSelector=status.phase%3DRunning") == 4
    assert await names("fieldSelector=status.phase!%3DRunning") == 0


async def test_exact_versions_show_the_past_and_future_ones_are_refused(
    cluster: SimulatedCluster, client: Any
) -> None:
    version = cluster.store.versions.current
    name = cluster.store.list("pods")[0]["metadata"]["name"]
    cluster.store.remove("pods", name, "games")
    _, past = await client.ask(f"{PODS}?resourceVersion={version}&resourceVersionMatch=Exact")
    assert name in [item["metadata"]["name"] for item in past["items"]]
    _, present = await client.ask(PODS)
    assert name not in [item["metadata"]["name"] for item in present["items"]]
    status, told = await client.ask(f"{PODS}?resourceVersion=99999999&resourceVersionMatch=NotOlderThan")
    assert (status, told["reason"], told["details"]["retryAfterSeconds"]) == (504, "Timeout", 1)


async def test_versions_that_do_not_fit_are_refused_with_a_status(
    cluster: SimulatedCluster, client: Any
) -> None:
    name = cluster.store.list("pods", "games")[0]["metadata"]["name"]
    current = cluster.store.versions.current
    for path in (f"{PODS}?resourceVersion=99999999", f"{PODS}/{name}?resourceVersion=99999999"):
        status, told = await client.ask(path)
        assert (status, told["reason"]) == (504, "Timeout"), path
        assert told["message"] == f"Timeout: Too large resource version: 99999999, current: {current}"
    for path in (f"{PODS}?resourceVersion=x1", f"{PODS}/{name}?resourceVersion=-1"):
        status, told = await client.ask(path)
        assert (status, told["reason"], "invalid resource version" in told["message"]) == (
            400,
            "BadRequest",
            True,
        )
    _, page = await client.ask(f"{PODS}?limit=1")
    status, told = await client.ask(
        f"{PODS}?limit=1&resourceVersion={current}&continue={page['metadata']['continue']}"
    )
    assert (status, told["message"]) == (
        400,
        "specifying resource version is not allowed when using continue",
    )
    _, whole = await client.ask(f"{PODS}?limit=-1&resourceVersion=0")
    assert (len(whole["items"]), "continue" in whole["metadata"]) == (4, False)


async def test_headers_and_roots_are_an_api_servers(cluster: SimulatedCluster, client: Any) -> None:
    before = cluster.counters.connections_opened
    async with client.request("GET", "/") as response:
        paths = (await response.json())["paths"]
        assert {"/api", "/apis", "/apis/apps/v1", "/readyz", "/version"} <= set(paths)
        assert "Server" not in response.headers
        assert response.headers["Audit-Id"]
    for path in paths:
        assert (await client.ask(path))[0] == 200, path
    assert (await client.ask("/nothing"))[0] == 404
    async with client.request("GET", f"{PODS}?watch=true&resourceVersion=0") as response:
        assert "Server" not in response.headers
    assert cluster.counters.connections_opened - before == 1


async def test_large_bodies_are_compressed_and_small_ones_are_not(cluster: SimulatedCluster) -> None:
    for number in range(30):
        cluster.store.create(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": f"m{number}", "namespace": "games"},
                "data": {"a": "x" * 6000},
            }
        )
    import ssl

    context = ssl.create_default_context(cadata=cluster.ca_pem)
    headers = {"Authorization": f"Bearer {cluster.identities.admin}", "Accept-Encoding": "gzip"}
    async with aiohttp.ClientSession(auto_decompress=False, headers=headers) as session:
        async with session.get(f"{cluster.url}/api/v1/configmaps", ssl=context) as response:
            assert response.headers["Content-Encoding"] == "gzip"
            assert len(json.loads(gzip.decompress(await response.read()))["items"]) >= 30
        async with session.get(f"{cluster.url}/api/v1/namespaces", ssl=context) as response:
            assert "Content-Encoding" not in response.headers


async def test_tables_and_partial_metadata(client: Any) -> None:
    _, table = await client.ask(
        PODS, headers={"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}
    )
    assert [column["name"] for column in table["columnDefinitions"]][:5] == [
        "Name",
        "Ready",
        "Status",
        "Restarts",
        "Age",
    ]
    assert table["rows"][0]["cells"][1:3] == ["1/1", "Running"]
    assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    _, partial = await client.ask(
        PODS, headers={"Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
    )
    assert partial["kind"] == "PartialObjectMetadataList"
    assert set(partial["items"][0]) == {"kind", "apiVersion", "metadata"}


async def test_pods_have_the_size_and_the_differences_of_real_ones(client: Any) -> None:
    _, pods = await client.ask(PODS)
    sizes = [len(json.dumps(item, separators=(",", ":"))) for item in pods["items"]]
    assert all(6_000 < size < 12_000 for size in sizes), sizes
    for path in (("metadata", "uid"), ("metadata", "name"), ("status", "podIP")):
        assert len({item[path[0]][path[1]] for item in pods["items"]}) == len(sizes)


def define(cluster: SimulatedCluster) -> None:
    """A custom resource `databases.db.example.com`."""
    schema = {
        "type": "object",
        "properties": {
            "spec": {"type": "object", "properties": {"engine": {"type": "string", "enum": ["postgres"]}}}
        },
    }
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": schema},
    }
    names = {"plural": "databases", "kind": "Database", "shortNames": ["dbs"]}
    spec = {"group": "db.example.com", "scope": "Namespaced", "names": names, "versions": [version]}
    metadata = {"name": "databases.db.example.com"}
    cluster.store.create(
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": metadata,
            "spec": spec,
        }
    )


def database(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "db.example.com/v1",
        "kind": "Database",
        "metadata": {"name": name, "namespace": "games"},
        "spec": {"engine": "postgres"},
    }
