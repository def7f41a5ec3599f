"""The scene of the recordings, made again through the simulator's own API, and requests re-bound to the names it made up."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from callboard.simulator import Fleet, SimulatedCluster
from callboard.simulator.controllers.behaviour import Behaviour, Match
from callboard.simulator.scenarios.schema import ClusterSpec, Scenario

FOLDER = Path(__file__).parent / "recordings"
EMPTY = Scenario(name="empty", clusters=(ClusterSpec(name="c1", nodes=3, metrics=False),))

_PATHS = {
    "Namespace": "/api/v1/namespaces",
    "CustomResourceDefinition": "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
}
_STATES = {
    "cart-*": Behaviour(exit_after=0.5, exit_code=1, exit_reason="Error"),
    "search-*": Behaviour(pull="missing"),
    "report-*": Behaviour(exit_after=0.5, exit_code=137, exit_reason="OOMKilled"),
    "import-*": Behaviour(exit_after=0.5, exit_code=0),
}


def recordings() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return loaded


async def build(fleet: Fleet, client: Any) -> None:
    """Post the scene, and let two minutes pass."""
    cluster = fleet[0]
    for pod, behaviour in _STATES.items():
        cluster.behaviours.add(Match(namespace="shop-prod", pod=pod), behaviour)
    cluster.behaviours.add(Match(namespace="shop-dev"), Behaviour(ready_after=None))
    extra = {
        "apiVersion": "db.example.com/v1",
        "kind": "Database",
        "metadata": {"name": "orders", "namespace": "shop-prod", "labels": {"app": "checkout"}},
        "spec": {"engine": "postgres", "size": 20},
    }
    for tree in [*yaml.safe_load_all((FOLDER / "scene.yaml").read_text()), extra]:
        if tree["kind"] == "LimitRange":
            fleet.step(5)  # as recorded: the pods that are there have started without it
        await _post(cluster, client, tree)
    condition = {
        "type": "Ready",
        "status": "False",
        "reason": "ProvisioningFailed",
        "message": "quota exceeded in zone a",
        "lastTransitionTime": "2026-11-21T07:00:00Z",
    }
    status, _ = await client.ask(
        "/apis/db.example.com/v1/namespaces/shop-prod/databases/orders/status",
        "PATCH",
        body={"status": {"conditions": [condition]}},
        headers={"Content-Type": "application/merge-patch+json", "User-Agent": "kubectl-patch"},
    )
    assert status == 200
    fleet.step(125)


async def _post(cluster: SimulatedCluster, client: Any, tree: dict[str, Any]) -> None:
    metadata = tree["metadata"]
    shown = json.dumps(
        {**tree, "metadata": {**metadata, "annotations": metadata.get("annotations", {})}}, sort_keys=True
    )
    annotations = {
        **metadata.get("annotations", {}),
        "kubectl.kubernetes.io/last-applied-configuration": shown,
    }
    kind = cluster.registry.of_kind(tree["apiVersion"], tree["kind"])
    assert kind is not None
    root = f"/apis/{tree['apiVersion']}" if kind.group else f"/api/{tree['apiVersion']}"
    place = f"/namespaces/{metadata['namespace']}" if kind.namespaced else ""
    body = {**tree, "metadata": {**metadata, "annotations": annotations}}
    path = f"{root}{place}/{kind.plural}?fieldManager=kubectl-client-side-apply"
    status, told = await client.ask(path, "POST", body=body)
    assert status == 201, told


def rebind(text: str, cluster: SimulatedCluster) -> str:
    """Put this cluster's generated names and versions in the place of the recorded ones."""

    def named(found: "re.Match[str]") -> str:
        names = [pod["metadata"]["name"] for pod in cluster.store.list("pods", "shop-prod")]
        return str(next(name for name in names if name.startswith(found.group(1))))

    text = re.sub(r"(checkout-)78448c645f-[a-z0-9]{5}", named, text)
    text = text.replace("c1-node-", "c1-worker-")
    return re.sub(r"resourceVersion=(\d{2,5})\b", f"resourceVersion={cluster.store.versions.current}", text)
