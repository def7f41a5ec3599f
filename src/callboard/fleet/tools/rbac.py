"""The least a cluster must grant Callboard: a ServiceAccount, roles and bindings as YAML. Pure.

All verbs are reading ones. `watch` is among them: it shows nothing that `list` does not, and lets a provider listen instead
of asking again and again. Access reviews are created, as Kubernetes calls it: nothing comes of one but its answer.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import msgspec
import yaml

from callboard.base.errors import UsageError
from callboard.base.settings import ConfigLocator, InClusterLocator, KubeconfigLocator, KubernetesSettings
from callboard.fleet.nearest import expected_one_of, nearest_hint
from callboard.fleet.selection.selection import types_of
from callboard.model.resource import known_type

__all__ = ["Feature", "Rule", "features_of", "manifests", "rules"]

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
READ = ("get", "list", "watch")
CHILDREN = ("pods", "replicasets", "jobs", "persistentvolumeclaims", "resourcequotas")
"""What references ask for, whatever `objectTypes` says."""


class Feature(StrEnum):
    """What the portal shows, and so what it must be able to read."""

    OBJECTS = "objects"
    """The configured types, and the children and claims that belong to them."""
    LOGS = "logs"
    EVENTS = "events"
    METRICS = "metrics"
    NODES = "nodes"
    """The nodes a service's pods run on: readable for the whole cluster only."""
    SECRETS = "secrets"
    """Names and keys of Secrets. Kubernetes cannot grant those alone: whoever holds the token can read the values too, so it
    is never granted unless asked for by name."""
    VISIBILITY = "visibility"
    """Asking the cluster what its users may see (`callboard.clusters.visibility: cluster`). It tells who may do what, and
    changes nothing."""


DEFAULT = (Feature.OBJECTS, Feature.LOGS, Feature.EVENTS, Feature.METRICS)


class Rule(msgspec.Struct, frozen=True):
    """One of a Role's `rules`, about one API group."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]

    def document(self) -> dict[str, list[str]]:
        """As the Role's YAML has it."""
        return {"apiGroups": [self.group], "resources": list(self.resources), "verbs": list(self.verbs)}


def features_of(names: Iterable[str]) -> tuple[Feature, ...]:
    """The named features, each once. None named: `objects`, `logs`, `events` and `metrics`. Raises UsageError for an unknown
    one."""
    found: list[Feature] = []
    known = [f.value for f in Feature]
    for name in (n.strip() for n in names):
        if name not in known:
            hint = nearest_hint(name, known)
            raise UsageError(
                f"there is no feature {name[:100]!r}; expected {expected_one_of(known)}"
                + (f"; {hint}" if hint else ""),
                code="unknown-feature",
            )
        found.append(Feature(name))
    return tuple(dict.fromkeys(found)) or DEFAULT


def rules(
    kubernetes: KubernetesSettings, features: Sequence[Feature], *, namespaced: bool
) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    """(rules for the namespaces, rules for the whole cluster). `namespaced` leaves cluster-scoped types out of the first,
    as a Role cannot grant them; without it everything may stand in one ClusterRole."""
    inner: dict[str, dict[str, None]] = {}
    outer: list[Rule] = []

    def grant(group: str, resource: str) -> None:
        inner.setdefault(group, {})[resource] = None

    if Feature.OBJECTS in features:
        for resource in types_of(kubernetes):
            if resource.plural == "secrets":
                continue
            if resource.namespaced is False:
                outer.append(Rule(resource.group, (resource.plural,), READ))
            else:
                grant(resource.group, resource.plural)
        for plural in CHILDREN:
            known = known_type(plural)
            if known is not None:
                grant(known.group, plural)
        for group, plural in _custom(kubernetes):
            grant(group, plural)
    if Feature.EVENTS in features:
        grant("", "events")
    if Feature.SECRETS in features:
        grant("", "secrets")
    found = [Rule(group, tuple(sorted(resources)), READ) for group, resources in sorted(inner.items())]
    if Feature.LOGS in features:
        found.append(Rule("", ("pods/log",), ("get",)))
    if Feature.METRICS in features:
        found.append(Rule("metrics.k8s.io", ("pods",), ("get", "list")))
    if Feature.NODES in features:
        outer.append(Rule("", ("nodes",), READ))
    if Feature.VISIBILITY in features:
        outer.append(Rule("authorization.k8s.io", ("subjectaccessreviews",), ("create",)))
    return (tuple(found), tuple(outer)) if namespaced else ((*found, *outer), ())


def manifests(
    kubernetes: KubernetesSettings,
    *,
    namespaces: Sequence[str] = (),
    features: Sequence[Feature] = DEFAULT,
    name: str = "callboard",
    namespace: str = "callboard",
) -> str:
    """YAML documents for `kubectl apply -f -`: the ServiceAccount in `namespace`, then for `namespaces` a Role and a
    RoleBinding in each, or without them one ClusterRole and its binding. What only a whole cluster can grant (nodes,
    persistent volumes) gets a ClusterRole of its own beside the Roles. Raises UsageError for an impossible name."""
    for text in (name, namespace, *namespaces):
        if not _NAME.fullmatch(text):
            raise UsageError(
                f"{text[:100]!r} cannot be the name of a namespace or role", code="bad-namespace"
            )
    inner, outer = rules(kubernetes, features, namespaced=bool(namespaces))
    account = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
    documents: list[Mapping[str, object]] = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}}
    ]
    for where in dict.fromkeys(namespaces):
        documents += _granted("Role", name, inner, account, namespace=where)
    if not namespaces:
        documents += _granted("ClusterRole", name, inner, account)
    elif outer:
        documents += _granted("ClusterRole", f"{name}-cluster", outer, account)
    return yaml.safe_dump_all(documents, sort_keys=False, explicit_start=True, width=120)


def _granted(
    kind: str, name: str, granted: Sequence[Rule], account: Mapping[str, str], *, namespace: str = ""
) -> list[Mapping[str, object]]:
    metadata = {"name": name, "namespace": namespace} if namespace else {"name": name}
    api = "rbac.authorization.k8s.io"
    return [
        {
            "apiVersion": f"{api}/v1",
            "kind": kind,
            "metadata": dict(metadata),
            "rules": [rule.document() for rule in granted],
        },
        {
            "apiVersion": f"{api}/v1",
            "kind": f"{kind}Binding",
            "metadata": dict(metadata),
            "roleRef": {"apiGroup": api, "kind": kind, "name": name},
            "subjects": [dict(account)],
        },
    ]


def _custom(kubernetes: KubernetesSettings) -> list[tuple[str, str]]:
    found = {(c.group, c.plural) for c in kubernetes.custom_resources}
    for locator in kubernetes.cluster_locator_methods:
        if isinstance(locator, ConfigLocator):
            found |= {(c.group, c.plural) for cluster in locator.clusters for c in cluster.custom_resources}
        elif isinstance(locator, KubeconfigLocator | InClusterLocator):
            found |= {(c.group, c.plural) for c in locator.custom_resources}
    return sorted(found)
