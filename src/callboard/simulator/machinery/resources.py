"""What a cluster serves: the built-in resource types, and a registry that custom resource definitions join."""

import base64
import hashlib

import msgspec

from callboard.simulator.machinery.tree import Tree

__all__ = ["ALL_VERBS", "BUILT_IN", "GROUP_ORDER", "ServedResource", "Subresource", "TypeRegistry"]

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_CUSTOM_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
_EDIT = ("get", "patch", "update")


class Subresource(msgspec.Struct, frozen=True):
    """`pods/log`: its name, the kind it answers with and its verbs. `group_version` only where it differs from the parent's."""

    name: str
    kind: str
    verbs: tuple[str, ...]
    group_version: str = ""


class Column(msgspec.Struct, frozen=True):
    """An `additionalPrinterColumns` entry of a custom resource definition."""

    name: str
    type: str
    path: str
    priority: int = 0
    description: str = ""
    format: str = ""


class ServedResource(msgspec.Struct, frozen=True):
    """One served resource in one version. `storage` names the version objects are kept in (HPAs: v2; events: core)."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    singular: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: tuple[Subresource, ...] = ()
    storage: tuple[str, str] | None = None
    custom: bool = False
    columns: tuple[Column, ...] = ()
    schema: Tree | None = None
    generation: bool = False

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def key(self) -> tuple[str, str]:
        """Group and plural of the collection the objects live in."""
        return self.storage or (self.group, self.plural)

    @property
    def list_kind(self) -> str:
        return self.kind + "List"

    @property
    def singular_name(self) -> str:
        return self.singular or self.kind.lower()

    @property
    def storage_hash(self) -> str:
        text = f"{self.group}/{self.version}/{self.kind}"
        return base64.b64encode(hashlib.sha256(text.encode()).digest()[:8]).decode()

    def subresource(self, name: str) -> Subresource | None:
        return next((sub for sub in self.subresources if sub.name == name), None)


def _status(kind: str) -> Subresource:
    return Subresource("status", kind, _EDIT)


_SCALE = Subresource("scale", "Scale", _EDIT, "autoscaling/v1")


def _type(
    group_version: str,
    plural: str,
    kind: str,
    short: str = "",
    *,
    cluster: bool = False,
    categories: str = "",
    status: bool = False,
    scale: bool = False,
    more: tuple[Subresource, ...] = (),
    verbs: tuple[str, ...] = ALL_VERBS,
    storage: tuple[str, str] | None = None,
    generation: bool = False,
    singular: str = "",
) -> ServedResource:
    group, _, version = group_version.rpartition("/")
    subresources = list(more)
    if scale:
        subresources.append(_SCALE)
    if status:
        subresources.append(_status(kind))
    return ServedResource(
        group=group,
        version=version,
        plural=plural,
        kind=kind,
        namespaced=not cluster,
        singular=singular,
        short_names=tuple(short.split()),
        categories=tuple(categories.split()),
        verbs=verbs,
        subresources=tuple(sorted(subresources, key=lambda sub: sub.name)),
        storage=storage,
        generation=generation,
    )


def _pod_subresources() -> tuple[Subresource, ...]:
    return (
        Subresource("attach", "PodAttachOptions", ("create", "get")),
        Subresource("binding", "Binding", ("create",)),
        Subresource("ephemeralcontainers", "Pod", _EDIT),
        Subresource("eviction", "Eviction", ("create",), "policy/v1"),
        Subresource("exec", "PodExecOptions", ("create", "get")),
        Subresource("log", "Pod", ("get",)),
        Subresource("portforward", "PodPortForwardOptions", ("create", "get")),
        Subresource("proxy", "PodProxyOptions", ("create", "delete", "get", "patch", "update")),
        Subresource("resize", "Pod", _EDIT),
    )


_PROXY = ("create", "delete", "get", "patch", "update")
_CREATE = ("create",)
_READ = ("get", "list")

BUILT_IN: tuple[ServedResource, ...] = (
    _type("v1", "bindings", "Binding", verbs=_CREATE),
    _type("v1", "componentstatuses", "ComponentStatus", "cs", cluster=True, verbs=_READ),
    _type("v1", "configmaps", "ConfigMap", "cm"),
    _type("v1", "endpoints", "Endpoints", "ep", singular="endpoints"),
    _type("v1", "events", "Event", "ev"),
    _type("v1", "limitranges", "LimitRange", "limits"),
    _type(
        "v1",
        "namespaces",
        "Namespace",
        "ns",
        cluster=True,
        status=True,
        more=(Subresource("finalize", "Namespace", ("update",)),),
        verbs=tuple(verb for verb in ALL_VERBS if verb != "deletecollection"),
    ),
    _type(
        "v1",
        "nodes",
        "Node",
        "no",
        cluster=True,
        status=True,
        more=(Subresource("proxy", "NodeProxyOptions", _PROXY),),
    ),
    _type("v1", "persistentvolumeclaims", "PersistentVolumeClaim", "pvc", status=True),
    _type("v1", "persistentvolumes", "PersistentVolume", "pv", cluster=True, status=True),
    _type(
        "v1", "pods", "Pod", "po", categories="all", status=True, more=_pod_subresources(), generation=True
    ),
    _type("v1", "podtemplates", "PodTemplate"),
    _type(
        "v1",
        "replicationcontrollers",
        "ReplicationController",
        "rc",
        categories="all",
        status=True,
        scale=True,
        generation=True,
    ),
    _type("v1", "resourcequotas", "ResourceQuota", "quota", status=True),
    _type("v1", "secrets", "Secret"),
    _type(
        "v1",
        "serviceaccounts",
        "ServiceAccount",
        "sa",
        more=(Subresource("token", "TokenRequest", _CREATE, "authentication.k8s.io/v1"),),
    ),
    _type(
        "v1",
        "services",
        "Service",
        "svc",
        categories="all",
        status=True,
        more=(Subresource("proxy", "ServiceProxyOptions", _PROXY),),
    ),
    _type(
        "apiregistration.k8s.io/v1",
        "apiservices",
        "APIService",
        cluster=True,
        categories="api-extensions",
        status=True,
    ),
    _type("apps/v1", "controllerrevisions", "ControllerRevision"),
    _type("apps/v1", "daemonsets", "DaemonSet", "ds", categories="all", status=True, generation=True),
    _type(
        "apps/v1",
        "deployments",
        "Deployment",
        "deploy",
        categories="all",
        status=True,
        scale=True,
        generation=True,
    ),
    _type(
        "apps/v1",
        "replicasets",
        "ReplicaSet",
        "rs",
        categories="all",
        status=True,
        scale=True,
        generation=True,
    ),
    _type(
        "apps/v1",
        "statefulsets",
        "StatefulSet",
        "sts",
        categories="all",
        status=True,
        scale=True,
        generation=True,
    ),
    _type("events.k8s.io/v1", "events", "Event", "ev", storage=("", "events")),
    _type("authentication.k8s.io/v1", "selfsubjectreviews", "SelfSubjectReview", cluster=True, verbs=_CREATE),
    _type("authentication.k8s.io/v1", "tokenreviews", "TokenReview", cluster=True, verbs=_CREATE),
    _type("authorization.k8s.io/v1", "localsubjectaccessreviews", "LocalSubjectAccessReview", verbs=_CREATE),
    _type(
        "authorization.k8s.io/v1",
        "selfsubjectaccessreviews",
        "SelfSubjectAccessReview",
        cluster=True,
        verbs=_CREATE,
    ),
    _type(
        "authorization.k8s.io/v1",
        "selfsubjectrulesreviews",
        "SelfSubjectRulesReview",
        cluster=True,
        verbs=_CREATE,
    ),
    _type(
        "authorization.k8s.io/v1", "subjectaccessreviews", "SubjectAccessReview", cluster=True, verbs=_CREATE
    ),
    _type(
        "autoscaling/v2",
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
        "hpa",
        categories="all",
        status=True,
    ),
    _type(
        "autoscaling/v1",
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
        "hpa",
        categories="all",
        status=True,
        storage=("autoscaling", "horizontalpodautoscalers"),
    ),
    _type("batch/v1", "cronjobs", "CronJob", "cj", categories="all", status=True, generation=True),
    _type("batch/v1", "jobs", "Job", categories="all", status=True, generation=True),
    _type("networking.k8s.io/v1", "ingressclasses", "IngressClass", cluster=True, generation=True),
    _type("networking.k8s.io/v1", "ingresses", "Ingress", "ing", status=True, generation=True),
    _type("networking.k8s.io/v1", "networkpolicies", "NetworkPolicy", "netpol", generation=True),
    _type("policy/v1", "poddisruptionbudgets", "PodDisruptionBudget", "pdb", status=True, generation=True),
    _type("rbac.authorization.k8s.io/v1", "clusterrolebindings", "ClusterRoleBinding", cluster=True),
    _type("rbac.authorization.k8s.io/v1", "clusterroles", "ClusterRole", cluster=True),
    _type("rbac.authorization.k8s.io/v1", "rolebindings", "RoleBinding"),
    _type("rbac.authorization.k8s.io/v1", "roles", "Role"),
    _type("storage.k8s.io/v1", "storageclasses", "StorageClass", "sc", cluster=True),
    _type("storage.k8s.io/v1", "volumeattachments", "VolumeAttachment", cluster=True, status=True),
    _type(
        "apiextensions.k8s.io/v1",
        "customresourcedefinitions",
        "CustomResourceDefinition",
        "crd crds",
        cluster=True,
        categories="api-extensions",
        status=True,
        generation=True,
    ),
    _type("scheduling.k8s.io/v1", "priorityclasses", "PriorityClass", "pc", cluster=True),
    _type("coordination.k8s.io/v1", "leases", "Lease"),
    _type("discovery.k8s.io/v1", "endpointslices", "EndpointSlice", generation=True),
    _type("metrics.k8s.io/v1beta1", "nodes", "NodeMetrics", cluster=True, verbs=_READ, singular="node"),
    _type("metrics.k8s.io/v1beta1", "pods", "PodMetrics", verbs=_READ, singular="pod"),
)

GROUP_ORDER: tuple[str, ...] = tuple(dict.fromkeys(kind.group for kind in BUILT_IN))


class TypeRegistry:
    """The resource types one cluster serves now. Custom resource definitions come and go while it runs."""

    def __init__(self, built_in: tuple[ServedResource, ...] = BUILT_IN, *, metrics: bool = True) -> None:
        self._types: dict[tuple[str, str, str], ServedResource] = {}
        for kind in built_in:
            if metrics or kind.group != "metrics.k8s.io":
                self.add(kind)

    def add(self, kind: ServedResource) -> None:
        self._types[(kind.group, kind.version, kind.plural)] = kind

    def all(self) -> list[ServedResource]:
        return list(self._types.values())

    def find(self, group: str, version: str, plural: str) -> ServedResource | None:
        return self._types.get((group, version, plural))

    def stored(self, group: str, plural: str) -> ServedResource:
        """The type objects of this collection are kept in. Raises KeyError for an unknown one."""
        for kind in self._types.values():
            if kind.storage is None and (kind.group, kind.plural) == (group, plural):
                return kind
        raise KeyError(f"{plural}.{group}")

    def of_kind(self, api_version: str, kind: str) -> ServedResource | None:
        return next(
            (item for item in self._types.values() if item.api_version == api_version and item.kind == kind),
            None,
        )

    def serves(self, group: str, version: str) -> bool:
        return any(kind.group == group and kind.version == version for kind in self._types.values())

    def groups(self) -> dict[str, list[str]]:
        """Group → its versions, preferred first, in the order an API server lists them."""
        found: dict[str, list[str]] = {}
        for kind in self._types.values():
            versions = found.setdefault(kind.group, [])
            if kind.version not in versions:
                versions.append(kind.version)
        return found

    def define(self, definition: Tree) -> None:
        """Serve what a CustomResourceDefinition describes."""
        spec = definition["spec"]
        names = spec["names"]
        self.forget(spec["group"], names["plural"])
        stored = next(
            (version["name"] for version in spec["versions"] if version.get("storage")),
            spec["versions"][0]["name"],
        )
        for version in spec["versions"]:
            if not version.get("served", True):
                continue
            subresources = []
            declared = version.get("subresources") or {}
            if "status" in declared:
                subresources.append(_status(names["kind"]))
            if "scale" in declared:
                subresources.insert(0, _SCALE)
            self.add(
                ServedResource(
                    group=spec["group"],
                    version=version["name"],
                    plural=names["plural"],
                    kind=names["kind"],
                    namespaced=spec.get("scope") != "Cluster",
                    singular=names.get("singular") or names["kind"].lower(),
                    short_names=tuple(names.get("shortNames") or ()),
                    categories=tuple(names.get("categories") or ()),
                    verbs=_CUSTOM_VERBS,
                    subresources=tuple(subresources),
                    storage=None if version["name"] == stored else (spec["group"], names["plural"]),
                    custom=True,
                    columns=tuple(
                        Column(
                            name=column["name"],
                            type=column.get("type", "string"),
                            path=column["jsonPath"],
                            priority=column.get("priority", 0),
                            description=column.get("description", ""),
                            format=column.get("format", ""),
                        )
                        for column in version.get("additionalPrinterColumns") or ()
                    ),
                    schema=(version.get("schema") or {}).get("openAPIV3Schema"),
                    generation=True,
                )
            )

    def forget(self, group: str, plural: str) -> None:
        for key in [key for key in self._types if key[0] == group and key[2] == plural]:
            del self._types[key]
