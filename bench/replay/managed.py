"""`metadata.managedFields` as an API server derives them: a third of a pod's bytes, which a client has to read past."""

from collections.abc import Mapping, Sequence

__all__ = ["managed_fields"]

_KEYS = ("name", "type", "ip", "containerPort", "uid", "mountPath")


def managed_fields(
    manager: str, tree: Mapping[str, object], api_version: str, *, status: bool = False
) -> object:
    """The entry of one manager that owns all of `tree`."""
    entry: dict[str, object] = {
        "manager": manager,
        "operation": "Update",
        "apiVersion": api_version,
        "time": tree.get("time", "2026-01-01T00:00:00Z"),
        "fieldsType": "FieldsV1",
        "fieldsV1": _owned({k: v for k, v in tree.items() if k != "time"}),
    }
    if status:
        entry["subresource"] = "status"
    return entry


def _owned(value: object) -> dict[str, object]:
    if isinstance(value, Mapping):
        return {f"f:{key}": _owned(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        found: dict[str, object] = {".": {}}
        for item in value:
            key = next((k for k in _KEYS if isinstance(item, Mapping) and k in item), "")
            if key and isinstance(item, Mapping):
                found[f'k:{{"{key}":"{item[key]}"}}'] = {".": {}, **_owned(item)}
        return found
    return {}
