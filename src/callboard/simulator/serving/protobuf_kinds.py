"""Which fields the kinds have that kubectl sends in protobuf, by the numbers of Kubernetes' generated.proto files."""

from typing import Final, Literal, TypeAlias

__all__ = ["KINDS", "Form", "Message"]

Message: TypeAlias = "dict[int, tuple[str, Form]]"
"""By field number: the field's name in JSON and its form."""

Form: TypeAlias = (
    "Literal['text', 'texts', 'number', 'truth', 'map', 'secret map', 'quantities'] | Message | list[Message]"
)
"""`secret map` holds bytes, which are base64 in JSON; `quantities` are messages with one text each."""

METADATA: Final[Message] = {
    1: ("name", "text"),
    2: ("generateName", "text"),
    3: ("namespace", "text"),
    11: ("labels", "map"),
    12: ("annotations", "map"),
}
_RESOURCE: Final[Message] = {
    1: ("namespace", "text"),
    2: ("verb", "text"),
    3: ("group", "text"),
    4: ("version", "text"),
    5: ("resource", "text"),
    6: ("subresource", "text"),
    7: ("name", "text"),
}
_SELF_REVIEW: Final[Message] = {
    1: ("resourceAttributes", _RESOURCE),
    2: ("nonResourceAttributes", {1: ("path", "text"), 2: ("verb", "text")}),
}
_REVIEW: Final[Message] = {**_SELF_REVIEW, 3: ("user", "text"), 4: ("groups", "texts")}
_RULE: Final[Message] = {
    1: ("verbs", "texts"),
    2: ("apiGroups", "texts"),
    3: ("resources", "texts"),
    4: ("resourceNames", "texts"),
    5: ("nonResourceURLs", "texts"),
}
_SUBJECT: Final[Message] = {
    1: ("kind", "text"),
    2: ("apiGroup", "text"),
    3: ("name", "text"),
    4: ("namespace", "text"),
}
_ROLE: Final[Message] = {2: ("rules", [_RULE])}
_BINDING: Final[Message] = {
    2: ("subjects", [_SUBJECT]),
    3: ("roleRef", {1: ("apiGroup", "text"), 2: ("kind", "text"), 3: ("name", "text")}),
}
_BOUND_OBJECT: Final[Message] = {
    1: ("kind", "text"),
    2: ("apiVersion", "text"),
    3: ("name", "text"),
    4: ("uid", "text"),
}

_CONTAINER: Final[Message] = {
    1: ("name", "text"),
    2: ("image", "text"),
    3: ("command", "texts"),
    4: ("args", "texts"),
    6: ("ports", [{1: ("name", "text"), 3: ("containerPort", "number"), 4: ("protocol", "text")}]),
}
_TEMPLATE: Final[Message] = {
    1: ("metadata", METADATA),
    2: ("spec", {2: ("containers", [_CONTAINER]), 3: ("restartPolicy", "text")}),
}
_JOB: Final[Message] = {6: ("template", _TEMPLATE)}

KINDS: Final[dict[str, Message]] = {
    "ClusterRole": _ROLE,
    "ClusterRoleBinding": _BINDING,
    "ConfigMap": {2: ("data", "map"), 4: ("immutable", "truth")},
    "CronJob": {
        2: (
            "spec",
            {1: ("schedule", "text"), 5: ("jobTemplate", {1: ("metadata", METADATA), 2: ("spec", _JOB)})},
        )
    },
    "Deployment": {
        2: (
            "spec",
            {
                1: ("replicas", "number"),
                2: ("selector", {1: ("matchLabels", "map")}),
                3: ("template", _TEMPLATE),
            },
        )
    },
    "Job": {2: ("spec", _JOB)},
    "LocalSubjectAccessReview": {2: ("spec", _REVIEW)},
    "Namespace": {},
    "ResourceQuota": {2: ("spec", {1: ("hard", "quantities")})},
    "Role": _ROLE,
    "RoleBinding": _BINDING,
    "Secret": {
        2: ("data", "secret map"),
        3: ("type", "text"),
        4: ("stringData", "map"),
        5: ("immutable", "truth"),
    },
    "SelfSubjectAccessReview": {2: ("spec", _SELF_REVIEW)},
    "SelfSubjectReview": {},
    "SelfSubjectRulesReview": {2: ("spec", {1: ("namespace", "text")})},
    "ServiceAccount": {},
    "SubjectAccessReview": {2: ("spec", _REVIEW)},
    "TokenRequest": {
        2: (
            "spec",
            {
                1: ("audiences", "texts"),
                3: ("boundObjectRef", _BOUND_OBJECT),
                4: ("expirationSeconds", "number"),
            },
        )
    },
}
"""By kind: its fields but `metadata`, which every kind has as number 1. What is not listed is passed over."""
