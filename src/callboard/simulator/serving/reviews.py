"""Access reviews: may I, may they, what may I, who am I (authorization.k8s.io, authentication.k8s.io)."""

from callboard.simulator.machinery.managed_fields import fields_of
from callboard.simulator.machinery.refusal import ApiRefusal, cause, invalid
from callboard.simulator.machinery.tree import Tree, dig
from callboard.simulator.serving.identity import ApiUser
from callboard.simulator.serving.rbac import Authorizer, WantedAccess

__all__ = ["REVIEWS", "review"]

REVIEWS = frozenset(
    [
        "selfsubjectaccessreviews",
        "selfsubjectrulesreviews",
        "subjectaccessreviews",
        "localsubjectaccessreviews",
        "selfsubjectreviews",
    ]
)
_ORDER = ("namespace", "verb", "group", "version", "resource", "subresource", "name")


def review(resource: str, body: Tree, user: ApiUser, authorizer: Authorizer, time: str) -> Tree:
    """Answer one review. Raises 422 for one that asks nothing."""
    if resource == "selfsubjectreviews":
        metadata = {"creationTimestamp": time}
        return {
            **_head("authentication", "SelfSubjectReview"),
            "metadata": metadata,
            "status": {"userInfo": user.info()},
        }
    spec = body.get("spec") or {}
    if resource == "selfsubjectrulesreviews":
        rules = authorizer.rules_of(user, spec.get("namespace", ""))
        rules_status = {
            "resourceRules": [
                _rule(rule, "apiGroups", "resources", "resourceNames")
                for rule in rules
                if rule.get("resources")
            ],
            "nonResourceRules": [
                _rule(rule, "nonResourceURLs") for rule in rules if rule.get("nonResourceURLs")
            ],
            "incomplete": False,
        }
        return {
            **_head("authorization", "SelfSubjectRulesReview"),
            "metadata": {},
            "spec": {},
            "status": rules_status,
        }
    kind = {
        "selfsubjectaccessreviews": "SelfSubjectAccessReview",
        "subjectaccessreviews": "SubjectAccessReview",
    }.get(resource, "LocalSubjectAccessReview")
    if resource != "selfsubjectaccessreviews":
        if not spec.get("user") and not spec.get("groups"):
            told = "Required value: at least one of user or group must be specified"
            raise invalid("authorization.k8s.io", kind, "", [cause("FieldValueRequired", "spec.user", told)])
        user = ApiUser(spec.get("user", ""), groups=tuple(spec.get("groups") or ()))
    allowed, reason = authorizer.allowed(user, _wanted(spec, kind))
    status: Tree = {"allowed": allowed}
    if reason:
        status["reason"] = reason
    shown = {key: spec[key] for key in ("resourceAttributes", "nonResourceAttributes") if spec.get(key)}
    if "resourceAttributes" in shown:
        shown["resourceAttributes"] = {
            key: shown["resourceAttributes"][key] for key in _ORDER if shown["resourceAttributes"].get(key)
        }
    shown.update({key: value for key, value in spec.items() if key not in shown and value})
    entry = {
        "manager": "unknown",
        "operation": "Update",
        "apiVersion": "authorization.k8s.io/v1",
        "time": time,
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": fields_of("spec", shown)},
    }
    return {
        **_head("authorization", kind),
        "metadata": {"managedFields": [entry]},
        "spec": shown,
        "status": status,
    }


def _head(group: str, kind: str) -> Tree:
    return {"kind": kind, "apiVersion": f"{group}.k8s.io/v1"}


def _rule(rule: Tree, *fields: str) -> Tree:
    return {"verbs": rule["verbs"], **{field: rule[field] for field in fields if rule.get(field)}}


def _wanted(spec: Tree, kind: str) -> WantedAccess:
    resource = dig(spec, "resourceAttributes")
    if resource is not None:
        return WantedAccess(
            verb=resource.get("verb", ""),
            group=resource.get("group", ""),
            resource=resource.get("resource", ""),
            subresource=resource.get("subresource", ""),
            namespace=resource.get("namespace", ""),
            name=resource.get("name", ""),
        )
    path = dig(spec, "nonResourceAttributes")
    if path is None:
        told = "Invalid value: exactly one of nonResourceAttributes or resourceAttributes must be specified"
        raise _nothing_asked(kind, told)
    return WantedAccess(path.get("verb", ""), path=path.get("path", ""))


def _nothing_asked(kind: str, told: str) -> ApiRefusal:
    return invalid(
        "authorization.k8s.io", kind, "", [cause("FieldValueInvalid", "spec.resourceAttributes", told)]
    )
