"""The ClusterRoles every cluster is born with, and who holds them."""

from callboard.simulator.machinery.tree import Tree

__all__ = ["bootstrap_roles"]

_READ = ["get", "list", "watch"]
_WRITE = ["create", "delete", "deletecollection", "patch", "update"]
_DISCOVERY = [
    "/api",
    "/api/*",
    "/apis",
    "/apis/*",
    "/healthz",
    "/livez",
    "/openapi",
    "/openapi/*",
    "/readyz",
    "/version",
    "/version/",
]
_PUBLIC = ["/healthz", "/livez", "/readyz", "/version", "/version/"]

_VIEW: list[tuple[list[str], str]] = [
    (
        [""],
        "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers "
        "replicationcontrollers/scale serviceaccounts services services/status",
    ),
    (
        [""],
        "bindings limitranges namespaces/status pods/log pods/status "
        "replicationcontrollers/status resourcequotas resourcequotas/status",
    ),
    ([""], "namespaces"),
    (["", "events.k8s.io"], "events"),
    (["discovery.k8s.io"], "endpointslices"),
    (
        ["apps"],
        "controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets "
        "replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status",
    ),
    (["autoscaling"], "horizontalpodautoscalers horizontalpodautoscalers/status"),
    (["batch"], "cronjobs cronjobs/status jobs jobs/status"),
    (
        ["extensions"],
        "daemonsets daemonsets/status deployments deployments/scale deployments/status "
        "ingresses ingresses/status networkpolicies "
        "replicasets replicasets/scale replicasets/status replicationcontrollers/scale",
    ),
    (["policy"], "poddisruptionbudgets poddisruptionbudgets/status"),
    (["networking.k8s.io"], "ingresses ingresses/status networkpolicies"),
    (["resource.k8s.io"], "resourceclaims resourceclaims/status resourceclaimtemplates"),
    (["metrics.k8s.io"], "pods nodes"),
]
_EDIT: list[tuple[list[str], str]] = [
    (
        [""],
        "configmaps persistentvolumeclaims pods pods/attach pods/exec pods/portforward "
        "pods/eviction replicationcontrollers secrets services",
    ),
    (
        ["apps"],
        "daemonsets deployments deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale",
    ),
    (["autoscaling"], "horizontalpodautoscalers"),
    (["batch"], "cronjobs jobs"),
    (["policy"], "poddisruptionbudgets"),
    (["networking.k8s.io"], "ingresses networkpolicies"),
]


def _rules(table: list[tuple[list[str], str]], verbs: list[str]) -> list[Tree]:
    return [
        {"verbs": verbs, "apiGroups": groups, "resources": resources.split()} for groups, resources in table
    ]


def _role(name: str, rules: list[Tree]) -> Tree:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name, "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
        "rules": rules,
    }


def _binding(role: str, *groups: str, name: str = "") -> Tree:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name or role},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [
            {"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": group} for group in groups
        ],
    }


def bootstrap_roles() -> list[Tree]:
    """ClusterRoles and ClusterRoleBindings as a new cluster has them."""
    view = _rules(_VIEW, _READ)
    edit = [*view, *_rules([([""], "secrets")], _READ), *_rules(_EDIT, _WRITE)]
    access = {
        "verbs": ["create"],
        "apiGroups": ["authorization.k8s.io"],
        "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
    }
    itself = {
        "verbs": ["create"],
        "apiGroups": ["authentication.k8s.io"],
        "resources": ["selfsubjectreviews"],
    }
    everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
    return [
        _role("cluster-admin", [everything, {"verbs": ["*"], "nonResourceURLs": ["*"]}]),
        _role("admin", edit),
        _role("edit", edit),
        _role("view", view),
        _role("system:basic-user", [access, itself]),
        _role("system:discovery", [{"verbs": ["get"], "nonResourceURLs": _DISCOVERY}]),
        _role("system:public-info-viewer", [{"verbs": ["get"], "nonResourceURLs": _PUBLIC}]),
        _binding("cluster-admin", "system:masters"),
        _binding("system:basic-user", "system:authenticated"),
        _binding("system:discovery", "system:authenticated"),
        _binding("system:public-info-viewer", "system:authenticated", "system:unauthenticated"),
    ]
