"""extend-surface.txt: the public surface of `callboard.extend` as text, one fact a line, so that a change of it can be seen."""

import ast
import enum
import inspect
import sys
from collections.abc import Iterator
from typing import Final

import msgspec

import callboard.extend as door
import callboard.extend.testing as testing
from callboard.app.references.source import class_tree, double_quoted
from callboard.extend.deprecation import DEPRECATIONS
from callboard.extend.hooks import Hooks

__all__ = ["LENT", "render"]

LENT: Final = frozenset({"Ask", "Clock", "EntityReader", "ExtensionLog", "WayOut"})
"""Protocols that Callboard fills: they may gain what those that extensions fill may not."""

_HEAD: Final = """\
# callboard.extend {version}
# Written from callboard.extend by `make surface`; what differs from the last release decides the next version.
"""


def render() -> str:
    """Every name, what it is and what it is made of, by name; then every hook."""
    lines = [_HEAD.format(version=door.API_VERSION)]
    for name in sorted({*door.__all__, *DEPRECATIONS.formers} - {"API_VERSION", "__version__"}):
        value = DEPRECATIONS.formers[name] if name in DEPRECATIONS.formers else getattr(door, name)
        lines += [*_told(name, value), ""]
    for name in sorted(testing.__all__):
        lines += [*_told(f"testing.{name}", getattr(testing, name)), ""]
    for node in class_tree(Hooks).body:
        if isinstance(node, ast.FunctionDef):
            lines.append(f"hook {node.name}")
            lines += [f"    {_signature(node)}", *_deprecated(node.name), ""]
    return "\n".join(lines)


def _told(name: str, value: object) -> Iterator[str]:
    yield f"{_kind(value, name)} {name}"
    yield from _deprecated(name)
    if not isinstance(value, type):
        if inspect.isfunction(value):
            (node,) = ast.parse(inspect.getsource(value)).body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"    {_signature(node)}"
        elif isinstance(value, str):
            yield f"    = {value!r}"
        elif not callable(value) or hasattr(value, "__origin__"):
            yield f"    = {_plain(value)}"
        return
    yield from (f"    {line}" for line in dict.fromkeys(_members(value)))


def _kind(value: object, name: str) -> str:
    if not isinstance(value, type):
        return "value"
    if issubclass(value, enum.Enum):
        return "enum"
    if issubclass(value, msgspec.Struct):
        return "struct"
    if issubclass(value, Exception):
        return "error"
    if getattr(value, "_is_protocol", False):
        return "lent" if name in LENT else "protocol"
    return "class"


def _members(of: type) -> Iterator[str]:
    """What it has, with what its own classes above have; what stands further down in the order of bases is hidden by what
    stands above."""
    above = [each for each in of.__mro__ if each.__module__.startswith("callboard.")]
    if len(above) > 1:
        yield f"is {', '.join(each.__name__ for each in above[1:])}"
    if issubclass(of, msgspec.Struct):
        yield from _fields(of)
    seen: set[str] = set()
    for each in above:
        for node in class_tree(each).body:
            line = _member(node, struct=issubclass(of, msgspec.Struct), enum_=issubclass(of, enum.Enum))
            name = getattr(node, "name", line.partition(" =")[0].partition(":")[0])
            if line and name not in seen:
                seen.add(name)
                yield line


def _fields(of: type[msgspec.Struct]) -> Iterator[str]:
    """In order, with what stands for the number of one that may be given by its place."""
    declared: dict[str, ast.AnnAssign] = {}
    for each in reversed(of.__mro__):
        if each.__module__.startswith("callboard."):
            for node in class_tree(each).body:
                if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                    declared[node.target.id] = node
    parameters = inspect.signature(of).parameters
    for place, name in enumerate(of.__struct_fields__):
        text = double_quoted(ast.unparse(declared[name]))
        by_place = parameters[name].kind is not inspect.Parameter.KEYWORD_ONLY
        yield f"field {text}" + (f"  # {place}" if by_place else "")


def _member(node: ast.stmt, *, struct: bool, enum_: bool) -> str:
    """One line, or "" for what is no part of the surface."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        shown = not node.name.startswith("_") or node.name in ("__init__", "__str__")
        return _signature(node) if shown else ""
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and not struct:
        return "" if node.target.id.startswith("_") else double_quoted(ast.unparse(node))
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        text = double_quoted(ast.unparse(node))
        return f"member {text}" if enum_ else text if not text.startswith("_") else ""
    return ""


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """As it stands in the source, without what it does."""
    kinds = [ast.unparse(each) for each in node.decorator_list]
    shown = "".join(f"@{kind} " for kind in kinds if kind in ("property", "classmethod", "staticmethod"))
    word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    gives = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return double_quoted(f"{shown}{word} {node.name}({ast.unparse(node.args)}){gives}")


def _deprecated(name: str) -> Iterator[str]:
    found = DEPRECATIONS.known.get(name)
    if found is not None:
        yield f"    deprecated since {found.since}, gone in {found.gone}"


def _plain(value: object) -> str:
    """An alias of types, without the modules that they stand in."""
    text = str(value)
    for module in sorted(sys.modules, key=len, reverse=True):
        if module.partition(".")[0] in ("callboard", "collections", "typing"):
            text = text.replace(f"{module}.", "")
    return text
