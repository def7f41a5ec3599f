"""The structure of JSON answers, and how two of them differ."""

from typing import Any

_OPAQUE = frozenset(
    [
        "fieldsV1",
        "labels",
        "annotations",
        "data",
        "stringData",
        "matchLabels",
        "nodeSelector",
        "hard",
        "used",
        "capacity",
    ]
)
_OPAQUE |= frozenset(["allocatable", "requests", "limits", "selector", "serverAddressByClientCIDRs"])


def paths(value: Any, at: str = "") -> set[tuple[str, str]]:
    """Every path in a value with the JSON type found there; list items share `[]`."""
    kind = {
        dict: "object",
        list: "array",
        str: "string",
        bool: "boolean",
        int: "number",
        float: "number",
        type(None): "null",
    }[type(value)]
    found = {(at or ".", kind)}
    if isinstance(value, dict):
        if at.rpartition(".")[2] in _OPAQUE:
            return found
        for key, item in value.items():
            found |= paths(item, f"{at}.{key}")
    elif isinstance(value, list):
        for item in value:
            found |= paths(item, f"{at}[]")
    return found


def differences(recorded: Any, ours: Any) -> list[str]:
    """`- path type` is only in the recording, `+ path type` only in ours; nothing below a path that differs is told again."""
    theirs, mine = paths(recorded), paths(ours)
    found = [f"- {path} {kind}" for path, kind in theirs - mine] + [
        f"+ {path} {kind}" for path, kind in mine - theirs
    ]
    found.sort(key=lambda line: (line[2:], line))
    kept: list[str] = []
    for line in found:
        path = line[2:].rpartition(" ")[0]
        if not any(
            line[0] == old[0]
            and path.startswith((old[2:].rpartition(" ")[0] + ".", old[2:].rpartition(" ")[0] + "["))
            for old in kept
        ):
            kept.append(line)
    return kept
