"""Addresses of a cluster's own console, by its `dashboardApp`. Pure.

The formats and their parameters are those of Backstage's cluster link formatters, with EKS', which those leave open.
"""

import json
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote, urlencode

from callboard.base.gaps import filled
from callboard.model.cluster import ClusterInfo, Dashboard
from callboard.portal.views import LinkTemplate, ObjectKey
from callboard.web.words import safe_url

__all__ = ["APPS", "console_url"]


def console_url(
    cluster: ClusterInfo, key: ObjectKey | None = None, kind: str = "", more: tuple[LinkTemplate, ...] = ()
) -> str:
    """Where the console shows the object, else its namespace or cluster; "" where there is no console that is known. `more` are
    formats by template, by the name of their app. `kind` is the object's, as `Deployment`."""
    dashboard = cluster.dashboard
    if not dashboard.url and not dashboard.parameters:
        return ""
    key = key or ObjectKey(cluster.name, "", "", "")
    app = dashboard.app or "standard"
    template = next((each.url for each in more if each.title == app), "")
    if template:
        return safe_url(_by_template(template, dashboard, key, kind) or "")
    make = _MAKERS.get(app)
    url = make(dashboard, key, kind) if make is not None else ""
    internal = app == "headlamp" and dashboard.parameters.get("internal") is True
    return url if internal and _is_own_path(url) else safe_url(url)


def _is_own_path(url: str) -> bool:
    """Whether it stays at this portal's own address."""
    return url.startswith("/") and not url.startswith(("//", "/\\"))


def _by_template(template: str, dashboard: Dashboard, key: ObjectKey, kind: str) -> str | None:
    values = {name: str(value) for name, value in dashboard.parameters.items()}
    values |= {
        "cluster": key.cluster,
        "namespace": key.namespace,
        "name": key.name,
        "pod": key.name if key.type == "pods" else "",
        "plural": _plural(key),
        "kind": kind,
    }
    if template.startswith("{url}"):
        template = _base(dashboard) + template.removeprefix("{url}")
    return filled(template, values, _part)


def _part(text: str) -> str:
    return quote(text, safe="")


def _plural(key: ObjectKey) -> str:
    return key.type.partition(".")[0]


def _base(dashboard: Dashboard) -> str:
    return dashboard.url.rstrip("/")


_IN_STANDARD: Final = {
    "deployments": "deployment", "pods": "pod", "ingresses": "ingress", "services": "service",
    "statefulsets": "statefulset", "daemonsets": "daemonset", "replicasets": "replicaset", "jobs": "job",
    "cronjobs": "cronjob",
}  # fmt: skip


def _standard(dashboard: Dashboard, key: ObjectKey, kind: str) -> str:
    if not dashboard.url:
        return ""
    namespace = urlencode({"namespace": key.namespace or "_all"})
    known = _IN_STANDARD.get(_plural(key))
    if known and key.namespace:
        return f"{_base(dashboard)}/#/{known}/{_part(key.namespace)}/{_part(key.name)}?{namespace}"
    return f"{_base(dashboard)}/#/workloads?{namespace}"


_IN_RANCHER: Final = {
    "deployments": "apps.deployment", "statefulsets": "apps.statefulset", "daemonsets": "apps.daemonset",
    "jobs": "batch.job", "cronjobs": "batch.cronjob", "pods": "pod", "services": "service",
    "ingresses": "networking.k8s.io.ingress", "horizontalpodautoscalers": "autoscaling.horizontalpodautoscaler",
}  # fmt: skip


def _rancher(dashboard: Dashboard, key: ObjectKey, kind: str) -> str:
    if not dashboard.url:
        return ""
    known = _IN_RANCHER.get(_plural(key))
    if known and key.namespace:
        return f"{_base(dashboard)}/explorer/{known}/{_part(key.namespace)}/{_part(key.name)}"
    return f"{_base(dashboard)}/explorer/workload"


_IN_OPENSHIFT: Final = frozenset(
    (
        *("deployments", "ingresses", "services", "horizontalpodautoscalers", "pods", "statefulsets", "daemonsets"),
        *("replicasets", "jobs", "cronjobs", "configmaps", "persistentvolumeclaims"),
    )
)  # fmt: skip


def _openshift(dashboard: Dashboard, key: ObjectKey, kind: str) -> str:
    if not dashboard.url:
        return ""
    base, plural = _base(dashboard), _plural(key)
    if key.namespace and plural in _IN_OPENSHIFT:
        return f"{base}/k8s/ns/{_part(key.namespace)}/{plural}/{_part(key.name)}"
    if key.namespace:
        return f"{base}/k8s/cluster/projects/{_part(key.namespace)}"
    if plural in ("nodes", "persistentvolumes", "namespaces"):
        return f"{base}/k8s/cluster/{plural}/{_part(key.name)}"
    return f"{base}/k8s/cluster/projects"


_IN_GKE: Final = {
    "deployments": ("deployment", "overview"), "statefulsets": ("statefulset", "overview"),
    "services": ("service", "overview"), "ingresses": ("ingress", "details"), "pods": ("pod", "details"),
    "horizontalpodautoscalers": ("horizontalpodautoscaler", "overview"),
}  # fmt: skip


def _gke(dashboard: Dashboard, key: ObjectKey, kind: str) -> str:
    given = _given(dashboard, "projectId", "region", "clusterName")
    if given is None:
        return ""
    query = {"project": given["projectId"]}
    if user := dashboard.parameters.get("authuser"):
        query["authuser"] = str(user)
    base = "https://console.cloud.google.com/kubernetes"
    place = f"{_part(given['region'])}/{_part(given['clusterName'])}"
    known = _IN_GKE.get(_plural(key))
    if known and key.namespace:
        named = f"{known[0]}/{place}/{_part(key.namespace)}/{_part(key.name)}/{known[1]}"
        return f"{base}/{named}?{urlencode(query)}"
    return f"{base}/clusters/details/{place}/details?{urlencode(query)}"


def _aks(dashboard: Dashboard, key: ObjectKey, kind: str) -> str:
    given = _given(dashboard, "subscriptionId", "resourceGroup", "clusterName")
    if given is None:
        return ""
    path = (
        f"/subscriptions/{given['subscriptionId']}/resourceGroups/{given['resourceGroup']}"
        f"/providers/Microsoft.ContainerService/managedClusters/{given['clusterName']}"
    )
    if not (kind and key.namespace):
        return f"https://portal.azure.com/#resource{quote(path)}/overview"
    shown = json.dumps(
        {"kind": kind, "metadata": {"name": key.name, "namespace": key.namespace}}, separators=(",", ":")
    )
    blade = "Microsoft_Azure_ContainerService/AksK8ResourceMenuBlade/overview-Deployment"
    return f"https://portal.azure.com/#blade/{blade}/aksClusterId/{_part(path)}/resource/{_part(shown)}"


def _eks(dashboard: Dashboard, key: ObjectKey, kind: str) -> str:
    given = _given(dashboard, "region", "clusterName")
    if given is None or not _REGION.issuperset(given["region"]):  # it becomes part of a host
        return ""
    region = given["region"]
    query = urlencode({"region": region, "selectedTab": "cluster-resources-tab"})
    return f"https://{region}.console.aws.amazon.com/eks/clusters/{_part(given['clusterName'])}?{query}"


_REGION: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_IN_HEADLAMP: Final = {
    name: name
    for name in (
        *(
            "deployments",
            "pods",
            "services",
            "ingresses",
            "statefulsets",
            "daemonsets",
            "replicasets",
            "jobs",
        ),
        *(
            "cronjobs",
            "configmaps",
            "secrets",
            "horizontalpodautoscalers",
            "poddisruptionbudgets",
            "endpoints",
        ),
        *("resourcequotas", "networkpolicies", "serviceaccounts", "limitranges", "nodes", "namespaces"),
    )
} | {name: f"storage/{name}" for name in ("persistentvolumes", "persistentvolumeclaims", "storageclasses")}
_WITHOUT_NAMESPACE: Final = frozenset({"nodes", "namespaces", "persistentvolumes", "storageclasses"})


def _headlamp(dashboard: Dashboard, key: ObjectKey, kind: str) -> str:
    internal = dashboard.parameters.get("internal") is True
    base = str(dashboard.parameters.get("headlampRoute") or "/headlamp") if internal else dashboard.url
    if not base:
        return ""
    path = f"/c/{_part(str(dashboard.parameters.get('clusterName') or 'default'))}"
    known = _IN_HEADLAMP.get(_plural(key))
    if known and _plural(key) in _WITHOUT_NAMESPACE:
        path += f"/{known}/{_part(key.name)}"
    elif known and key.namespace:
        path += f"/{known}/{_part(key.namespace)}/{_part(key.name)}"
    return f"{base}?{urlencode({'to': path})}"


def _given(dashboard: Dashboard, *names: str) -> Mapping[str, str] | None:
    """These parameters; None where one is missing."""
    found = {name: str(dashboard.parameters.get(name) or "") for name in names}
    return found if all(found.values()) else None


_Make = Callable[[Dashboard, ObjectKey, str], str]
_MAKERS: Final[Mapping[str, _Make]] = {
    "standard": _standard,
    "rancher": _rancher,
    "openshift": _openshift,
    "gke": _gke,
    "aks": _aks,
    "eks": _eks,
    "headlamp": _headlamp,
}
APPS: Final = {
    "standard": "Kubernetes Dashboard", "rancher": "Rancher", "openshift": "OpenShift console", "gke": "GKE console",
    "aks": "Azure portal", "eks": "EKS console", "headlamp": "Headlamp",
}  # fmt: skip
"""What each is called on a link."""
