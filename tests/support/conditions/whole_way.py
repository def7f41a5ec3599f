"""Cases of conditions in a simulated cluster, each a service of its own, and what Callboard says of them: with the rights that
`callboard rbac` prints and no others, from the entity to the bytes of its page's JSON."""

import asyncio
import copy
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import yaml

from callboard.app.application import open_application
from callboard.app.site import whole_site
from callboard.base.settings import CustomResourceSettings, KubernetesSettings
from callboard.fleet.tools.rbac import DEFAULT, Feature, manifests
from callboard.simulator import Fleet, SimulatedCluster
from callboard.simulator.kubeconfig import KubeconfigEntry, write_kubeconfig
from callboard.simulator.machinery.tree import Tree
from callboard.simulator.scenarios.schema import ClusterSpec, Scenario
from callboard.web.application import WebOptions
from support.conditions.scene import Document
from support.faces import FleetClock
from support.portal import write_config
from support.web_server import door, listening, operations

__all__ = ["BARE", "Told", "codes_of", "define", "place", "put", "told"]

BARE = Scenario(name="bare", clusters=(ClusterSpec(name="one", nodes=0),))
_ID = "backstage.io/kubernetes-id"
_OF_NO_SERVICE = ("Node", "Event", "ResourceQuota")
_YEAR = 366 * 86_400


def define(
    cluster: SimulatedCluster, custom: Iterable[CustomResourceSettings], kinds: dict[str, str]
) -> None:
    """CustomResourceDefinitions of these types; `kinds` names them by plural."""
    for each in custom:
        names = {"plural": each.plural, "singular": kinds[each.plural].lower(), "kind": kinds[each.plural]}
        version = {
            "name": each.api_version,
            "served": True,
            "storage": True,
            "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
        }
        cluster.store.create(
            {
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {"name": f"{each.plural}.{each.group}"},
                "spec": {"group": each.group, "names": names, "scope": "Namespaced", "versions": [version]},
            }
        )


def place(cluster: SimulatedCluster, service: str, documents: Sequence[Document]) -> None:
    """Put objects into a namespace of their own, as they stand: with their status, their times, and uids of their own.

    What nothing owns carries the service's label; nodes are the namespace's own, too.
    """
    cluster.store.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": service}})
    mounted = {
        volume["persistentVolumeClaim"]["claimName"]
        for d in documents
        if d["kind"] == "Pod"
        for volume in d["spec"].get("volumes", ())
        if "persistentVolumeClaim" in volume
    }
    for document in documents:
        tree = _own(service, document)
        kind = cluster.store._kind_of(tree, None)
        if kind.namespaced:
            tree["metadata"]["namespace"] = service
        found = document["kind"] in _OF_NO_SERVICE or document["metadata"]["name"] in mounted
        if not found:
            tree["metadata"].setdefault("labels", {})[_ID] = service
        _add(cluster, tree)


def put(cluster: SimulatedCluster, documents: Iterable[Document]) -> None:
    """Put objects where they say that they are, as they stand; namespaces come by themselves."""
    for document in documents:
        tree = copy.deepcopy(document)
        namespace = tree["metadata"].get("namespace", "")
        if namespace and cluster.store.collection("", "namespaces").get("", namespace) is None:
            cluster.store.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        _add(cluster, tree)


def _add(cluster: SimulatedCluster, tree: Tree) -> None:
    kind = cluster.store._kind_of(tree, None)
    cluster.store.collections[kind.key].add(cluster.store._shape(kind, tree))


def _own(service: str, document: Document) -> Tree:
    tree: Tree = copy.deepcopy(document)
    metadata = tree["metadata"]
    for each in (metadata, *metadata.get("ownerReferences", ()), tree.get("involvedObject", {})):
        if each.get("uid"):
            each["uid"] = f"{service}-{each['uid']}"
    if "involvedObject" in tree:
        tree["involvedObject"]["namespace"] = service
    if tree["kind"] == "Node":
        metadata["name"] = f"{service}-{metadata['name']}"
    if tree["kind"] == "Pod" and tree["spec"].get("nodeName"):
        tree["spec"]["nodeName"] = f"{service}-{tree['spec']['nodeName']}"
    return tree


class Told(msgspec.Struct, frozen=True):
    """What a running Callboard answers."""

    base: str
    http: aiohttp.ClientSession

    async def page(self, service: str) -> dict[str, Any]:
        """A service's page as JSON, everything waited for."""
        path = f"/services/default/component/{service}/kubernetes?wait=60"
        found: dict[str, Any] = await self.get(path)
        assert found["settled"], service
        return found

    async def get(self, path: str) -> Any:
        """Any answer of the API."""
        async with self.http.get(f"{self.base}/api/callboard/v1{path}") as response:
            assert response.status == 200, await response.text()
            return await response.json()


def codes_of(document: dict[str, Any]) -> set[str]:
    """The codes of a page's findings."""
    return {finding["code"] for finding in document["findings"]}


def _entries(
    fleet: Fleet, settings: KubernetesSettings, features: Sequence[Feature]
) -> list[KubeconfigEntry]:
    """The way into each cluster as a ServiceAccount of `callboard rbac` with these features."""
    name = "-".join(("callboard", *features))
    documents = list(yaml.safe_load_all(manifests(settings, features=features, name=name, namespace=name)))
    entries = []
    for cluster in fleet:
        cluster.store.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        for document in documents:
            cluster.store.create(document)
        asked = {"spec": {"expirationSeconds": _YEAR}}
        token = cluster.accounts.request(name, name, asked)["status"]["token"]
        entries.append(KubeconfigEntry(cluster.name, cluster.url, cluster.ca_pem, token))
    return entries


@asynccontextmanager
async def told(
    fleet: Fleet,
    directory: Path,
    services: Sequence[str],
    *,
    custom: Sequence[CustomResourceSettings] = (),
    features: Sequence[Feature] = DEFAULT,
    provider: str = "hub",
) -> AsyncIterator[Told]:
    """A running Callboard of these services, whose time is the fleet's."""
    settings = KubernetesSettings(custom_resources=tuple(custom))
    resources = [{"group": c.group, "apiVersion": c.api_version, "plural": c.plural} for c in custom]
    config = write_config(
        directory,
        fleet,
        *services,
        kubernetes={"customResources": resources},
        callboard={"parts": {"objectsProvider": provider}},
    )
    write_kubeconfig(directory / "kubeconfig", _entries(fleet, settings, features))
    clock = FleetClock(fleet)
    async with open_application([config], directory=directory, clock=clock, persist=False) as app:
        keeping = asyncio.create_task(app.keep_up())
        try:
            async with (
                listening(
                    lambda port: whole_site(app.portal, door(port)[0], operations(), WebOptions(), clock)
                ) as base,
                aiohttp.ClientSession() as http,
            ):
                yield Told(base, http)
        finally:
            keeping.cancel()
            await asyncio.wait([keeping])
