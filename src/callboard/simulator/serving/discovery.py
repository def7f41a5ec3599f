"""What a cluster says it serves: `/version`, `/api`, `/apis`, in the aggregated form and the older one."""

from callboard.simulator.machinery.resources import ServedResource, Subresource, TypeRegistry
from callboard.simulator.machinery.tree import Tree

__all__ = ["aggregated", "api_versions", "group", "group_list", "paths", "resource_list", "version"]


def version(minor: int) -> Tree:
    """`/version` of Kubernetes 1.`minor`."""
    return {
        "major": "1",
        "minor": str(minor),
        "emulationMajor": "1",
        "emulationMinor": str(minor),
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": str(minor - 1),
        "gitVersion": f"v1.{minor}.2",
        "gitCommit": "simulated",
        "gitTreeState": "clean",
        "buildDate": "2026-08-21T00:00:00Z",
        "goVersion": "go1.26.6",
        "compiler": "gc",
        "platform": "linux/amd64",
    }


def api_versions(address: str) -> Tree:
    places = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": places}


def paths(registry: TypeRegistry) -> list[str]:
    """What `/` lists (k8s.io/apiserver, pkg/server/routes/index.go)."""
    found = ["/api", "/api/v1", "/apis", "/healthz", "/livez"]
    found += ["/openapi/v3", "/readyz", "/version"]
    for name, versions in registry.groups().items():
        if name:
            found += [f"/apis/{name}", *(f"/apis/{name}/{item}" for item in versions)]
    return sorted(found)


def group_list(registry: TypeRegistry) -> Tree:
    groups = [_group(name, versions) for name, versions in registry.groups().items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group(registry: TypeRegistry, name: str) -> Tree | None:
    versions = registry.groups().get(name)
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)} if versions and name else None


def _group(name: str, versions: list[str]) -> Tree:
    shown = [{"groupVersion": f"{name}/{item}", "version": item} for item in versions]
    return {"name": name, "versions": shown, "preferredVersion": shown[0]}


def resource_list(registry: TypeRegistry, group_name: str, version_name: str) -> Tree | None:
    """`APIResourceList` of one group version; None when it is not served."""
    kinds = _of(registry, group_name, version_name)
    if not kinds:
        return None
    resources: list[Tree] = []
    for kind in kinds:
        entry: Tree = {
            "name": kind.plural,
            "singularName": kind.singular_name,
            "namespaced": kind.namespaced,
            "kind": kind.kind,
            "verbs": list(kind.verbs),
        }
        if kind.short_names:
            entry["shortNames"] = list(kind.short_names)
        if kind.categories:
            entry["categories"] = list(kind.categories)
        if "watch" in kind.verbs:
            entry["storageVersionHash"] = kind.storage_hash
        resources.append(entry)
        for sub in kind.subresources:
            named: Tree = {
                "name": f"{kind.plural}/{sub.name}",
                "singularName": "",
                "namespaced": kind.namespaced,
            }
            if sub.group_version:
                named["group"], _, named["version"] = sub.group_version.rpartition("/")
            resources.append({**named, "kind": sub.kind, "verbs": list(sub.verbs)})
    result: Tree = {"kind": "APIResourceList"}
    if group_name:
        result["apiVersion"] = "v1"
    result["groupVersion"] = f"{group_name}/{version_name}" if group_name else version_name
    result["resources"] = resources
    return result


def aggregated(registry: TypeRegistry, *, core: bool) -> Tree:
    """`APIGroupDiscoveryList` v2: of the core group for `/api`, of all others for `/apis`."""
    items: list[Tree] = []
    for name, versions in registry.groups().items():
        if bool(name) is core:
            continue
        shown = [
            {
                "version": item,
                "resources": [_discovered(kind) for kind in _of(registry, name, item)],
                "freshness": "Current",
            }
            for item in versions
        ]
        items.append({"metadata": {"name": name} if name else {}, "versions": shown})
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    }


def _of(registry: TypeRegistry, group_name: str, version_name: str) -> list[ServedResource]:
    return sorted(
        (kind for kind in registry.all() if (kind.group, kind.version) == (group_name, version_name)),
        key=lambda kind: kind.plural,
    )


def _response(kind: ServedResource, name: str) -> Tree:
    """Built-in kinds of the parent's own group answer with an empty group and version, as recorded."""
    return (
        {"group": kind.group, "version": kind.version, "kind": name}
        if kind.custom
        else {"group": "", "version": "", "kind": name}
    )


def _discovered(kind: ServedResource) -> Tree:
    entry: Tree = {
        "resource": kind.plural,
        "responseKind": _response(kind, kind.kind),
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular_name,
        "verbs": list(kind.verbs),
    }
    if kind.short_names:
        entry["shortNames"] = list(kind.short_names)
    if kind.categories:
        entry["categories"] = list(kind.categories)
    if kind.subresources:
        entry["subresources"] = [_sub(kind, sub) for sub in kind.subresources]
    return entry


def _sub(kind: ServedResource, sub: Subresource) -> Tree:
    response = _response(kind, sub.kind)
    if sub.group_version:
        response["group"], _, response["version"] = sub.group_version.rpartition("/")
    return {"subresource": sub.name, "responseKind": response, "verbs": list(sub.verbs)}
