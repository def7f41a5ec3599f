"""Role-based access control, evaluated from the Role and Binding objects of the cluster."""

from collections.abc import Iterator

import msgspec

from callboard.simulator.machinery.refusal import ApiRefusal, forbidden
from callboard.simulator.machinery.store import ObjectStore
from callboard.simulator.machinery.tree import Tree, dig
from callboard.simulator.serving.identity import ApiUser
from callboard.simulator.serving.request import RequestInfo

__all__ = ["Authorizer", "WantedAccess", "attributes_of"]

_MASTERS = "system:masters"
"""Whom no role is needed for: the authorizer of this group stands before RBAC."""
_GROUP = "rbac.authorization.k8s.io"


class WantedAccess(msgspec.Struct, frozen=True):
    """What somebody wants to do: a verb on a resource, or on a path."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


def attributes_of(info: RequestInfo) -> WantedAccess:
    if not info.is_resource:
        return WantedAccess(info.verb, path=info.path)
    return WantedAccess(info.verb, info.group, info.resource, info.subresource, info.namespace, info.name)


class Authorizer:
    """Decides by the roles and bindings the store holds now."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self.unread = False
        """Whether the roles have not been read yet, as in the first moments of an API server: all but its masters are refused."""

    def allowed(self, user: ApiUser, wanted: WantedAccess) -> tuple[bool, str]:
        """Whether `user` may, and by which binding."""
        if self.unread and _MASTERS not in user.groups:
            return False, ""
        for rule, told in self._rules(user, wanted.namespace):
            if _covers(rule, wanted):
                return True, told
        return False, ""

    def rules_of(self, user: ApiUser, namespace: str) -> list[Tree]:
        """Every rule that holds for `user` in a namespace, for a SelfSubjectRulesReview."""
        return [rule for rule, _ in self._rules(user, namespace)]

    def require(self, user: ApiUser, wanted: WantedAccess, *, unread: bool = False) -> None:
        """Raise the 403 of an API server when `user` may not, or when the roles are taken for `unread`."""
        if (unread and _MASTERS not in user.groups) or not self.allowed(user, wanted)[0]:
            raise refusal(user, wanted)

    def _rules(self, user: ApiUser, namespace: str) -> Iterator[tuple[Tree, str]]:
        for record in self._store.collection(_GROUP, "clusterrolebindings").records():
            subject = _subject(record.tree, user, "")
            if subject:
                name = record.tree["metadata"]["name"]
                yield from self._role(record.tree["roleRef"], "", f'ClusterRoleBinding "{name}"', subject)
        if namespace:
            for record in self._store.collection(_GROUP, "rolebindings").records(namespace):
                subject = _subject(record.tree, user, namespace)
                if subject:
                    name = f"{record.tree['metadata']['name']}/{namespace}"
                    yield from self._role(record.tree["roleRef"], namespace, f'RoleBinding "{name}"', subject)

    def _role(
        self, reference: Tree, namespace: str, binding: str, subject: str
    ) -> Iterator[tuple[Tree, str]]:
        cluster = reference["kind"] == "ClusterRole"
        collection = self._store.collection(_GROUP, "clusterroles" if cluster else "roles")
        record = collection.get("" if cluster else namespace, reference["name"])
        if record is not None:
            told = f'RBAC: allowed by {binding} of {reference["kind"]} "{reference["name"]}" to {subject}'
            for rule in dig(record.tree, "rules", default=[]):
                yield rule, told


def refusal(user: ApiUser, wanted: WantedAccess) -> ApiRefusal:
    """The 403 for what was wanted, in an API server's words."""
    if wanted.path:
        return ApiRefusal(
            403,
            "Forbidden",
            f'forbidden: User "{user.name}" cannot {wanted.verb} path "{wanted.path}"',
            details={},
        )
    resource = wanted.resource + (f"/{wanted.subresource}" if wanted.subresource else "")
    scope = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
    told = (
        f'User "{user.name}" cannot {wanted.verb} resource "{resource}" in API group "{wanted.group}" {scope}'
    )
    return forbidden(wanted.group, wanted.resource, wanted.name, told)


def _subject(binding: Tree, user: ApiUser, namespace: str) -> str:
    for subject in binding.get("subjects") or ():
        kind, name = subject.get("kind"), subject.get("name")
        if kind == "User" and name == user.name:
            return f'User "{name}"'
        if kind == "Group" and name in user.groups:
            return f'Group "{name}"'
        if kind == "ServiceAccount":
            place = subject.get("namespace") or namespace
            if user.name == f"system:serviceaccount:{place}:{name}":
                return f'ServiceAccount "{name}/{place}"'
    return ""


def _covers(rule: Tree, wanted: WantedAccess) -> bool:
    verbs = rule.get("verbs") or ()
    if "*" not in verbs and wanted.verb not in verbs:
        return False
    if wanted.path:
        return any(
            pattern == "*"
            or pattern == wanted.path
            or (pattern.endswith("*") and wanted.path.startswith(pattern[:-1]))
            for pattern in rule.get("nonResourceURLs") or ()
        )
    groups = rule.get("apiGroups") or ()
    if "*" not in groups and wanted.group not in groups:
        return False
    resource = f"{wanted.resource}/{wanted.subresource}" if wanted.subresource else wanted.resource
    resources = rule.get("resources") or ()
    if not (
        "*" in resources
        or resource in resources
        or (wanted.subresource and f"*/{wanted.subresource}" in resources)
    ):
        return False
    names = rule.get("resourceNames") or ()
    return not names or wanted.name in names
