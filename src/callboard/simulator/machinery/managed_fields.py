"""`metadata.managedFields`: which manager wrote which fields, in the FieldsV1 form (sigs.k8s.io/structured-merge-diff)."""

from functools import lru_cache
from typing import Any

from callboard.simulator.machinery.tree import Tree, decode, dig, encode

__all__ = ["fields_of", "manage"]

_LIST_KEYS: dict[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "conditions": ("type",),
    "podIPs": ("ip",),
    "ownerReferences": ("uid",),
    "imagePullSecrets": ("name",),
    "addresses": ("type",),
}
_ATOMIC = frozenset(
    [
        "selector",
        "nodeSelector",
        "configMapKeyRef",
        "secretKeyRef",
        "fieldRef",
        "resourceFieldRef",
        "rules",
        "backend",
    ]
)
_NO_DOT = frozenset(
    ["metadata", "spec", "status", "template", "containers", "strategy", "updateStrategy", "jobTemplate"]
)
_SERVER_SET = frozenset(
    ["uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "name", "namespace"]
)
_SKIPPED = frozenset(["kind", "apiVersion"])


def fields_of(name: str, value: Any) -> Tree:
    """FieldsV1 of one field's value."""
    if isinstance(value, dict) and value and name not in _ATOMIC:
        result: Tree = {} if name in _NO_DOT else {".": {}}
        for key in sorted(value):
            if name != "metadata" or key not in _SERVER_SET:
                result["f:" + key] = fields_of(key, value[key])
        return result
    if isinstance(value, list) and value and isinstance(value[0], dict):
        keys = _LIST_KEYS.get(name)
        if name == "ports":
            keys = ("containerPort", "protocol") if "containerPort" in value[0] else ("port", "protocol")
        if keys and all(key in item for item in value for key in keys):
            listed: Tree = {} if name in _NO_DOT else {".": {}}
            for item in value:
                label = encode({key: item[key] for key in keys}).decode()
                listed["k:" + label] = fields_of("", item)
            return listed
    return {}


@lru_cache(4096)
def _cached(name: str, encoded: bytes) -> Tree:
    """Replicas share their template, so they share its fields; trees are never changed in place."""
    return fields_of(name, decode(encoded))


def _shape(status: Any) -> tuple[object, ...]:
    """What of a status decides which fields it has, at a glance."""
    if not isinstance(status, dict):
        return ()
    conditions = tuple(
        (item.get("type"), *item) for item in status.get("conditions") or () if isinstance(item, dict)
    )
    return (*status, *conditions)


def manage(
    old: Tree | None,
    new: Tree,
    *,
    manager: str,
    api_version: str,
    time: str,
    subresource: str = "",
    operation: str = "Update",
) -> list[Tree]:
    """Return the managedFields of `new` after `manager` wrote it. Only top-level parts that changed count as written."""
    entries: list[Tree] = list(dig(new, "metadata", "managedFields", default=[]))
    if subresource == "status" and old is not None and _shape(old.get("status")) == _shape(new.get("status")):
        for position, entry in enumerate(entries):
            if (entry["manager"], entry["operation"], entry.get("subresource")) == (
                manager,
                operation,
                "status",
            ):
                return [*entries[:position], *entries[position + 1 :], {**entry, "time": time}]
    written: Tree = {}
    for key in sorted(new):
        if key in _SKIPPED or (old is not None and new[key] == old.get(key)):
            continue
        if subresource and key != subresource and key != "metadata":
            continue
        if not subresource and key == "status" and old is None and new[key] == {}:
            continue
        if key == "metadata":
            metadata = new["metadata"]
            before = (old or {}).get("metadata", {})
            changed = {part: metadata[part] for part in metadata if metadata[part] != before.get(part)}
            fields = fields_of("metadata", changed)
        else:
            value = new[key]
            if key == "status":
                value = {part: 0 if part not in ("conditions", "podIPs") else value[part] for part in value}
                for part in ("conditions", "podIPs"):
                    if isinstance(value.get(part), list):
                        value[part] = [
                            {name: item[name] if name in ("type", "ip") else 0 for name in item}
                            for item in value[part]
                        ]
            fields = (
                _cached(key, encode(value)) if key in ("spec", "data", "status") else fields_of(key, value)
            )
        if fields or key != "metadata":
            written["f:" + key] = fields
    if not written:
        return entries
    kept = []
    for entry in entries:
        same = (
            entry["manager"] == manager
            and entry["operation"] == operation
            and entry.get("subresource", "") == subresource
        )
        if same and entry["apiVersion"] == api_version:
            written = {**entry["fieldsV1"], **written}
        else:
            kept.append(entry)
    fresh: Tree = {
        "manager": manager,
        "operation": operation,
        "apiVersion": api_version,
        "time": time,
        "fieldsType": "FieldsV1",
        "fieldsV1": written,
    }
    if subresource:
        fresh["subresource"] = subresource
    return [*kept, fresh]
