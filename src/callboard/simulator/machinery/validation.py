"""What an API server refuses with 422: names, required fields, and a custom resource's own schema."""

import re
from typing import Any

from callboard.simulator.machinery.quantities import parse_quantity
from callboard.simulator.machinery.refusal import bad_request, cause, invalid
from callboard.simulator.machinery.resources import ServedResource
from callboard.simulator.machinery.tree import Tree, dig

__all__ = ["check", "check_shape"]

_SUBDOMAIN = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_BAD_SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with "
    f"an alphanumeric character (e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')"
)
_BAD_LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    f"an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL}')"
)
_LABEL_NAMED = frozenset([("", "namespaces"), ("", "services")])
_FREELY_NAMED = "rbac.authorization.k8s.io"


def check(kind: ServedResource, tree: Tree) -> None:
    """Raise the 422 of an API server when the object cannot be stored."""
    name = tree["metadata"].get("name", "")
    causes: list[Tree] = []
    if not name:
        causes.append(
            cause("FieldValueRequired", "metadata.name", "Required value: name or generateName is required")
        )
    elif kind.group != _FREELY_NAMED:
        label = kind.key in _LABEL_NAMED
        if not re.fullmatch(_LABEL if label else _SUBDOMAIN, name) or len(name) > (63 if label else 253):
            told = f'Invalid value: "{name}": {_BAD_LABEL if label else _BAD_SUBDOMAIN}'
            causes.append(cause("FieldValueInvalid", "metadata.name", told))
    if kind.key == ("", "pods"):
        causes += _pod_spec(tree.get("spec") or {}, "spec")
        _quantities(kind, tree.get("spec") or {})
    elif kind.group in ("apps", "batch") and kind.kind in ("Deployment", "StatefulSet", "DaemonSet", "Job"):
        causes += _pod_spec(dig(tree, "spec", "template", "spec", default={}), "spec.template.spec")
        _quantities(kind, dig(tree, "spec", "template", "spec", default={}))
        causes += _selector(kind, tree)
    if kind.custom and kind.schema is not None:
        causes += _schema(kind.schema, tree, "", top=True)
    if causes:
        raise invalid(kind.group, kind.kind, name, causes)


def _pod_spec(spec: Tree, path: str) -> list[Tree]:
    if not spec.get("containers"):
        return [cause("FieldValueRequired", f"{path}.containers", "Required value")]
    found = []
    for position, container in enumerate(spec["containers"]):
        for field in ("name", "image"):
            if not container.get(field):
                found.append(
                    cause("FieldValueRequired", f"{path}.containers[{position}].{field}", "Required value")
                )
    return found


_SHAPES: tuple[tuple[str, type, str], ...] = (
    ("metadata.name", str, "string"),
    ("metadata.generateName", str, "string"),
    ("metadata.namespace", str, "string"),
    ("metadata.labels", dict, "map[string]string"),
    ("metadata.annotations", dict, "map[string]string"),
)
_BUILT_IN: tuple[tuple[str, type, str], ...] = (
    ("spec", dict, "Spec"),
    ("spec.replicas", int, "int32"),
    ("spec.selector", dict, "LabelSelector"),
    ("spec.containers", list, "[]Container"),
    ("spec.template", dict, "PodTemplateSpec"),
    ("spec.template.spec", dict, "PodSpec"),
    ("spec.template.spec.containers", list, "[]Container"),
    ("status", dict, "Status"),
)
_GO: dict[type, str] = {
    str: "string",
    dict: "object",
    list: "array",
    bool: "bool",
    int: "number",
    float: "number",
}


def check_shape(kind: ServedResource, tree: Tree) -> None:
    """Raise the 400 of an API server for a field that has not the type it has in Go; told of those our own code walks
    through. To be asked before anything else is made of the object."""
    for path, wanted, name in _SHAPES if kind.custom else _SHAPES + _BUILT_IN:
        parts = path.split(".")
        value: Any = tree
        for part in parts:
            value = value.get(part) if isinstance(value, dict) else None
        wrong: Any = None
        if value is not None and (not isinstance(value, wanted) or isinstance(value, bool)):
            wrong = value
        elif isinstance(value, dict) and name == "map[string]string":
            wrong, name = next((item for item in value.values() if not isinstance(item, str)), None), "string"
        elif isinstance(value, list):
            wrong, name = next((item for item in value if not isinstance(item, dict)), None), "Container"
        if wrong is not None:
            raise bad_request(
                f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: json: cannot unmarshal '
                f"{_GO.get(type(wrong), 'value')} into Go struct field {kind.kind}.{path} of type {name}"
            )


def _quantities(kind: ServedResource, spec: Tree) -> None:
    """What is no quantity cannot even be decoded: a 400, not a 422 (apimachinery, pkg/api/resource/quantity.go)."""
    for container in (*spec.get("initContainers", ()), *spec.get("containers", ())):
        for part in ("requests", "limits"):
            for value in dig(container, "resources", part, default={}).values():
                try:
                    parse_quantity(value)
                except ValueError:
                    raise bad_request(
                        f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: quantities must match '
                        "the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
                    ) from None


def _selector(kind: ServedResource, tree: Tree) -> list[Tree]:
    if kind.kind == "Job":
        return []
    wanted = dig(tree, "spec", "selector", "matchLabels")
    if not wanted and not dig(tree, "spec", "selector", "matchExpressions"):
        return [cause("FieldValueRequired", "spec.selector", "Required value")]
    labels = dig(tree, "spec", "template", "metadata", "labels", default={})
    if any(labels.get(key) != value for key, value in (wanted or {}).items()):
        shown = "{" + ",".join(f'"{key}":"{value}"' for key, value in sorted(labels.items())) + "}"
        told = f"Invalid value: {shown}: `selector` does not match template `labels`"
        return [cause("FieldValueInvalid", "spec.template.metadata.labels", told)]
    return []


_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
_NAMES = {
    dict: "object",
    list: "array",
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
}


def _schema(schema: Tree, value: Any, path: str, *, top: bool = False) -> list[Tree]:
    expected = schema.get("type")
    if schema.get("x-kubernetes-int-or-string"):
        expected = None
    if expected in _TYPES and (
        not isinstance(value, _TYPES[expected]) or (isinstance(value, bool) and expected != "boolean")
    ):
        told = f'Invalid value: "{_NAMES[type(value)]}": {path} in body must be of type {expected}: "{_NAMES[type(value)]}"'
        return [cause("FieldValueTypeInvalid", path, told)]
    found: list[Tree] = []
    if "enum" in schema and value not in schema["enum"]:
        supported = ", ".join(f'"{item}"' for item in schema["enum"])
        found.append(
            cause(
                "FieldValueNotSupported", path, f'Unsupported value: "{value}": supported values: {supported}'
            )
        )
    if isinstance(value, dict):
        for field in schema.get("required") or ():
            if field not in value:
                found.append(cause("FieldValueRequired", f"{path}.{field}".lstrip("."), "Required value"))
        for field, inner in (schema.get("properties") or {}).items():
            if field in value and not (top and field == "metadata"):
                found += _schema(inner, value[field], f"{path}.{field}".lstrip("."))
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        for position, item in enumerate(value):
            found += _schema(schema["items"], item, f"{path}[{position}]")
    for bound, worse, word in (("minimum", -1, "greater"), ("maximum", 1, "less")):
        if bound in schema and isinstance(value, int | float) and (value - schema[bound]) * worse > 0:
            told = f"Invalid value: {value}: {path} in body should be {word} than or equal to {schema[bound]}"
            found.append(cause("FieldValueInvalid", path, told))
    return found
