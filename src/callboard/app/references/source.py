"""What source says beyond what can be asked at run time: docstrings of attributes, and signatures as they are written."""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator, Mapping
from copy import copy
from functools import cache
from itertools import pairwise

__all__ = [
    "attribute_docs",
    "class_tree",
    "fields",
    "members",
    "methods",
    "own_doc",
    "paragraphs",
    "properties",
    "signature",
]

WIDTH = 110
"""Signatures longer than this are written with one parameter a line."""


@cache
def class_tree(of: type) -> ast.ClassDef:
    """The syntax tree of a class written in a file."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(of))).body
    if not isinstance(tree, ast.ClassDef):
        raise TypeError(f"{of!r} is no class")
    return tree


def own_doc(of: type) -> str:
    """The class's own docstring; "" where it has none, whatever its bases say."""
    return ast.get_docstring(class_tree(of)) or ""


@cache
def attribute_docs(of: type) -> Mapping[str, str]:
    """Attribute name to the docstring that stands below it, on one line; attributes without one are left out. What our own
    classes above it say is there as well."""
    body = class_tree(of).body
    found: dict[str, str] = {}
    for above in of.__bases__:
        if above.__module__.startswith("callboard."):
            found |= attribute_docs(above)
    for here, after in pairwise(body):
        name = _target(here)
        if (
            name
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
            and isinstance(after.value.value, str)
        ):
            found[name] = " ".join(after.value.value.split())
    return found


def fields(of: type) -> Iterator[str]:
    """`name: type = default` for each public annotated attribute, in order."""
    for node in class_tree(of).body:
        if isinstance(node, ast.AnnAssign) and not _target(node).startswith("_"):
            yield double_quoted(ast.unparse(node))


def members(of: type) -> Iterator[str]:
    """`NAME = value` for each member of an enumeration, in order."""
    for node in class_tree(of).body:
        if isinstance(node, ast.Assign) and not _target(node).startswith("_"):
            yield double_quoted(ast.unparse(node))


def properties(of: type) -> Iterator[tuple[str, str]]:
    """(`name: type`, docstring) of each public property, in order."""
    for node in class_tree(of).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and _is_property(node):
            result = f": {ast.unparse(node.returns)}" if node.returns else ""
            yield f"{node.name}{result}", ast.get_docstring(node) or ""


def _is_property(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(
        isinstance(each, ast.Name) and each.id in ("property", "cached_property")
        for each in node.decorator_list
    )


def methods(of: type) -> Iterator[tuple[str, str]]:
    """(signature, docstring) of each public method, in order; the docstring is "" where there is none."""
    for node in class_tree(of).body:
        if (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and not node.name.startswith("_")
            and not _is_property(node)
        ):
            yield signature(node), ast.get_docstring(node) or ""


def signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """`[async ]def name(…) -> type`, without `self`."""
    arguments = copy(node.args)  # the tree is kept for others
    arguments.args = [each for each in arguments.args if each.arg != "self"]
    word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    result = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    line = double_quoted(f"{word} {node.name}({ast.unparse(arguments)}){result}")
    if len(line) <= WIDTH:
        return line
    # ast.unparse keeps to one line; a comma within brackets is never one between two parameters
    return (
        f"{word} {node.name}(\n"
        + "".join(f"    {p},\n" for p in _split(double_quoted(ast.unparse(arguments))))
        + f"){result}"
    )


def paragraphs(doc: str) -> str:
    """A docstring as Markdown: each paragraph on one line, lists as they stand."""
    blocks = inspect.cleandoc(doc).split("\n\n")
    return "\n\n".join(b if b.lstrip().startswith("- ") else " ".join(b.split()) for b in blocks)


def _split(arguments: str) -> Iterator[str]:
    depth, start = 0, 0
    for i, char in enumerate(arguments):
        depth += (char in "([{") - (char in ")]}")
        if char == "," and depth == 0:
            yield arguments[start:i].strip()
            start = i + 1
    yield arguments[start:].strip()


def _target(node: ast.stmt) -> str:
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return ""


def double_quoted(source: str) -> str:
    """Source as `ast.unparse` gives it, its plain strings in the quotes our formatter writes."""
    return re.sub(r"'([^'\"\\\\]*)'", r'"\1"', source)
