"""Kubernetes objects as JSON trees, and the few ways we walk, copy and patch them.

Trees in the store are never changed in place: writers make a new one with `clone` or by spreading the parts they keep.
"""

from typing import Any

import msgspec

__all__ = ["Tree", "clone", "decode", "dig", "encode", "json_patch", "merge_patch"]

Tree = dict[str, Any]

encode = msgspec.json.encode
decode = msgspec.json.decode


def clone(value: Any) -> Any:
    """Copy a JSON value all the way down."""
    if isinstance(value, dict):
        return {key: clone(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clone(item) for item in value]
    return value


def dig(tree: Any, *path: str | int, default: Any = None) -> Any:
    """Return what lies at `path`, or `default` where a step is missing or of another shape."""
    for step in path:
        if isinstance(tree, dict) and isinstance(step, str):
            if step not in tree:
                return default
            tree = tree[step]
        elif isinstance(tree, list) and isinstance(step, int) and -len(tree) <= step < len(tree):
            tree = tree[step]
        else:
            return default
    return default if tree is None else tree


def merge_patch(target: Any, patch: Any) -> Any:
    """Apply a JSON merge patch (RFC 7386) and return the new value."""
    if not isinstance(patch, dict):
        return clone(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


def json_patch(target: Any, operations: list[Tree]) -> Any:
    """Apply a JSON patch (RFC 6902; `add`, `replace`, `remove`, `test`, `copy`, `move`). Raises KeyError for a missing path."""
    holder = {"": clone(target)}
    for operation in operations:
        kind = operation.get("op")
        parent, last = _resolve(holder, str(operation.get("path", "")))
        if kind in ("copy", "move"):
            source, name = _resolve(holder, str(operation.get("from", "")))
            value = clone(source[name])
            if kind == "move":
                _drop(source, name)
            _put(parent, last, value, insert=True)
        elif kind == "remove":
            _drop(parent, last)
        elif kind == "test":
            if parent[last] != operation.get("value"):
                raise KeyError(operation.get("path"))
        elif kind in ("add", "replace"):
            if kind == "replace":
                parent[last]
            _put(parent, last, clone(operation.get("value")), insert=kind == "add")
        else:
            raise KeyError(kind)
    return holder[""]


def _resolve(holder: Any, pointer: str) -> tuple[Any, Any]:
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")]
    node = holder
    for step in steps[:-1]:
        node = node[int(step)] if isinstance(node, list) else node[step]
    last: Any = steps[-1]
    if isinstance(node, list):
        last = len(node) if last == "-" else int(last)
    elif not isinstance(node, dict):
        raise KeyError(pointer)
    return node, last


def _put(parent: Any, last: Any, value: Any, *, insert: bool) -> None:
    if isinstance(parent, list) and insert:
        parent.insert(last, value)
    else:
        parent[last] = value


def _drop(parent: Any, last: Any) -> None:
    if isinstance(parent, list):
        parent.pop(last)
    else:
        del parent[last]
