"""Bodies of the wrong shape, made from the right ones."""

from typing import Any

import msgspec

from callboard.simulator.chaos.rules import ChaosRule
from callboard.simulator.machinery.tree import decode, encode

__all__ = ["spoil", "spoil_event"]


_SHAPES = frozenset(
    ["items-null", "no-metadata", "list-for-object", "numbers-as-strings", "one-malformed", "deep"]
)


def spoil_event(rule: ChaosRule, line: bytes) -> bytes:
    """Return a line of a watch with its object as the rule's mode leaves it. Bookmarks and errors stay as they are."""
    if rule.mode not in _SHAPES or line.startswith((b'{"type":"BOOKMARK"', b'{"type":"ERROR"')):
        return line
    if rule.mode == "deep":
        return line.rstrip()[:-2] + b',"deep":' + _nested(rule) + b"}}\n"
    event: Any = decode(line)
    held = event["object"]
    if rule.mode == "no-metadata":
        held.pop("metadata", None)
    elif rule.mode == "list-for-object":
        event["object"] = [held]
    elif rule.mode == "numbers-as-strings":
        event["object"] = _strings(held)
    elif rule.mode == "one-malformed":
        event["object"] = {"metadata": "not an object", "spec": [1, 2, 3], "status": 7}
    return encode(event) + b"\n"


def spoil(rule: ChaosRule, body: bytes) -> bytes:
    """Return the body as the rule's mode leaves it; modes that are not about shape leave it alone."""
    if rule.mode not in _SHAPES:
        return body
    try:
        value: Any = decode(body)
    except msgspec.DecodeError:
        return body
    if rule.mode == "items-null":
        value["items"] = None
    elif rule.mode == "no-metadata":
        value.pop("metadata", None)
        for item in value.get("items") or ():
            item.pop("metadata", None)
    elif rule.mode == "list-for-object":
        value = [value]
    elif rule.mode == "numbers-as-strings":
        value = _strings(value)
    elif rule.mode == "deep":
        return body.rstrip()[:-1] + b',"deep":' + _nested(rule) + b"}"
    elif value.get("items"):
        items = value["items"]
        items[len(items) // 2] = {"metadata": "not an object", "spec": [1, 2, 3], "status": 7}
    return encode(value) + b"\n"


def _nested(rule: ChaosRule) -> bytes:
    depth = rule.size or 20_000
    return b"[" * depth + b"]" * depth


def _strings(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _strings(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_strings(item) for item in value]
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
