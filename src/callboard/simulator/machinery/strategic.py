"""Strategic merge patch: maps merge, and lists merge by key where Kubernetes' types say so (`patchMergeKey`)."""

from typing import Any

from callboard.simulator.machinery.tree import clone

__all__ = ["strategic_merge"]

_MERGE_KEYS: dict[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "imagePullSecrets": ("name",),
    "conditions": ("type",),
    "ownerReferences": ("uid",),
    "ports": ("containerPort", "port"),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey",),
}
_SETS = frozenset(["finalizers"])


def strategic_merge(target: Any, patch: Any, field: str = "") -> Any:
    """Return `target` with `patch` merged in. `$patch: delete|replace` and `$deleteFromPrimitiveList` are understood."""
    if isinstance(patch, dict):
        if patch.get("$patch") == "replace":
            return {key: clone(value) for key, value in patch.items() if key != "$patch"}
        if patch.get("$patch") == "delete":
            return None
        result = dict(target) if isinstance(target, dict) else {}
        for key, value in patch.items():
            if key.startswith("$deleteFromPrimitiveList/"):
                name = key.partition("/")[2]
                result[name] = [item for item in result.get(name, []) if item not in value]
            elif key.startswith("$"):
                continue
            elif value is None:
                result.pop(key, None)
            else:
                result[key] = strategic_merge(result.get(key), value, key)
        return result
    if isinstance(patch, list) and isinstance(target, list):
        if field in _SETS:
            return [*target, *(item for item in patch if item not in target)]
        for key in _MERGE_KEYS.get(field, ()):
            if all(
                isinstance(item, dict) and key in item
                for item in (*target, *(p for p in patch if "$patch" not in p or len(p) > 1))
            ):
                return _merge_lists(target, patch, key)
    return clone(patch)


def _merge_lists(target: list[Any], patch: list[Any], key: str) -> list[Any]:
    result = list(target)
    for item in patch:
        if item.get("$patch") == "replace" and key not in item:
            result = []
            continue
        place = next((index for index, old in enumerate(result) if old[key] == item[key]), None)
        if item.get("$patch") == "delete":
            if place is not None:
                del result[place]
        elif place is None:
            result.append(clone(item))
        else:
            result[place] = strategic_merge(result[place], item)
    return result
