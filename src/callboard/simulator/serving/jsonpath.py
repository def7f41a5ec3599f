"""The part of Kubernetes' JSONPath that `additionalPrinterColumns` use: fields, indexes, `[?(@.type=="Ready")]`, `[*]`."""

import re
from typing import Any

__all__ = ["values_at"]

_STEP = re.compile(
    r"""\.(?P<field>[A-Za-z0-9_\-/]+|\\.)
      | \[(?P<index>-?\d+)\]
      | \[(?P<all>\*)\]
      | \['(?P<quoted>[^']+)'\]
      | \[\?\(@(?P<path>(?:\.[A-Za-z0-9_\-]+)+)\s*==\s*(?P<quote>["'])(?P<value>.*?)(?P=quote)\)\]""",
    re.VERBOSE,
)


def values_at(tree: Any, path: str) -> list[Any]:
    """Everything `path` selects; nothing where a step is missing or not understood."""
    path = path.replace("\\.", "\x00")
    nodes: list[Any] = [tree]
    position = 0
    while position < len(path):
        step = (
            re.compile(r"\.(?P<field>[^.\[\]]+)").match(path, position)
            if path[position] == "."
            else _STEP.match(path, position)
        )
        if step is None:
            return []
        position = step.end()
        groups = step.groupdict()
        name = (groups.get("field") or groups.get("quoted") or "").replace("\x00", ".")
        found: list[Any] = []
        for node in nodes:
            if name:
                if isinstance(node, dict) and name in node:
                    found.append(node[name])
            elif not isinstance(node, list):
                continue
            elif groups.get("all"):
                found += node
            elif groups.get("index") is not None:
                index = int(groups["index"])
                if -len(node) <= index < len(node):
                    found.append(node[index])
            else:
                wanted = groups["value"]
                found += [
                    item
                    for item in node
                    if [wanted] == [str(value) for value in values_at(item, groups["path"])]
                ]
        nodes = found
    return nodes
