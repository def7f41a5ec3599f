"""A config value that knows where it came from, and how two of them merge."""

from dataclasses import dataclass
from typing import TypeAlias

from callboard.base.yaml import Path, Value

__all__ = ["ConfigNode", "Origin", "Plain", "at", "merge", "plain", "shown"]

Plain: TypeAlias = bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value stands: `where` is a file as the operator named it, or an environment variable; `line` counts from 1.

    `hidden` values never show: they came out of the environment or another file, where secrets are kept.
    """

    where: str
    line: int | None = None
    hidden: bool = False

    def __str__(self) -> str:
        return self.where if self.line is None else f"{self.where}:{self.line}"


@dataclass(frozen=True, slots=True)
class ConfigNode:
    """One value: plain, a mapping of nodes or a list of nodes."""

    value: "Plain | dict[str, ConfigNode] | list[ConfigNode]"
    origin: Origin

    @property
    def is_null(self) -> bool:
        """Whether it was written down as nothing: it hides what earlier files said, and the default holds."""
        return self.value is None


def merge(under: ConfigNode, over: ConfigNode) -> ConfigNode:
    """`over` on top of `under`: mappings are merged key by key; anything else, lists included, is replaced.

    Backstage's documented rule ("Writing Backstage Configuration Files"): a `null` replaces too.
    """
    if not isinstance(under.value, dict) or not isinstance(over.value, dict):
        return over
    merged = dict(under.value)
    for key, node in over.value.items():
        merged[key] = merge(merged[key], node) if key in merged else node
    return ConfigNode(merged, over.origin)


def at(node: ConfigNode, path: Path) -> ConfigNode | None:
    """The node at `path` below `node`, or None."""
    for step in path:
        items = node.value
        if isinstance(step, str) and isinstance(items, dict) and step in items:
            node = items[step]
        elif isinstance(step, int) and isinstance(items, list) and 0 <= step < len(items):
            node = items[step]
        else:
            return None
    return node


def plain(node: ConfigNode) -> Value:
    """The value without its origins."""
    if isinstance(node.value, dict):
        return {key: plain(item) for key, item in node.value.items()}
    if isinstance(node.value, list):
        return [plain(item) for item in node.value]
    return node.value


def shown(node: ConfigNode, *, secret: bool = False) -> str:
    """What was found, fit for an error: the value where that is safe, else only its kind."""
    match node.value:
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case None:
            return "nothing"
        case bool():
            kind, text = "a boolean", "true" if node.value else "false"
        case int() | float():
            kind, text = "a number", str(node.value)
        case _:
            kind, text = "a string", f"'{node.value}'"
    if text == "''":
        return "an empty string"
    if secret or node.origin.hidden or ("://" in text and "@" in text):
        return f"{kind} (not shown)"
    safe = "".join(c if c.isprintable() else "�" for c in text)
    return safe if len(safe) <= 60 else f"{kind} of {len(text)} characters"
