"""extensions.md: the hooks, the protocols of the replaceable parts, and the structs in and out of them, field by field."""

import enum
import inspect
from collections.abc import Iterable, Iterator
from types import ModuleType

import msgspec

import callboard.extend as door
from callboard.app.references.source import (
    attribute_docs,
    fields,
    members,
    methods,
    own_doc,
    paragraphs,
    properties,
)
from callboard.extend import (
    asking,
    context,
    deciding,
    following,
    hooks,
    pages,
    parts,
    registration,
    routes,
    sign_in,
)

__all__ = ["render"]

HEAD = f"""\
<!-- Written from callboard.extend by `make docs`; edit the docstrings there instead. -->

# Extensions: hooks and parts

The public door, `callboard.extend`, version {door.API_VERSION}. How to write an extension, with an example that works:
[the guide](../guides/extensions.md)."""

_NOUNS = {
    "Entities": ("model.entity",),
    "Callers and permissions": ("model.caller", "model.door", "model.permission"),
    "Clusters": ("model.cluster",),
    "Types of objects, and which are meant": ("model.resource", "model.selector", "model.selection"),
    "Objects": ("model.objects",),
    "What was asked, and what came": ("model.outcome", "model.snapshot"),
    "Verdicts and findings": ("model.verdict", "model.finding"),
    "Errors": ("base.errors",),
    "Secrets and time": ("base.secret", "base.clock"),
}
"""What stands in the last part of the page: title to the modules its nouns come from."""


def render() -> str:
    """The page as Markdown."""
    blocks = [
        HEAD,
        paragraphs(inspect.getdoc(door) or ""),
        "## Hooks",
        paragraphs(inspect.getdoc(hooks) or ""),
        paragraphs(own_doc(hooks.Hooks)),
        *(block for signature, doc in methods(hooks.Hooks) for block in _hook(signature, doc)),
    ]
    for title, module in (
        ("Registrations", registration),
        ("The replaceable parts", parts),
        ("Tabs and cards", pages),
        ("The context", context),
        ("Asking", asking),
        ("Routes and pages", routes),
        ("Ways to sign in", sign_in),
        ("Another engine", deciding),
        ("A provider that follows", following),
    ):
        blocks += [f"## {title}", paragraphs(inspect.getdoc(module) or "")]
        blocks += [block for of in _classes(module) for block in _class(of)]
    for title, rooms in _NOUNS.items():
        blocks.append(f"## {title}")
        blocks += [block for of in _nouns(rooms) for block in _class(of)]
    exported = (name for name in door.__all__ if name != "API_VERSION")
    blocks += ["## Every name of `callboard.extend`", ", ".join(f"`{name}`" for name in sorted(exported))]
    return "\n\n".join(blocks) + "\n"


def _hook(signature: str, doc: str) -> Iterator[str]:
    yield f"### `{signature.removeprefix('def ').partition('(')[0]}`"
    yield _code(signature)
    yield paragraphs(doc)


def _classes(module: ModuleType) -> Iterator[type]:
    """The classes the module offers, in the order they are written in."""
    offered = (getattr(module, name) for name in module.__all__)
    classes = [each for each in offered if isinstance(each, type) and each.__module__ == module.__name__]
    yield from sorted(classes, key=lambda each: inspect.getsourcelines(each)[1])


def _nouns(rooms: Iterable[str]) -> Iterator[type]:
    """The classes the door offers that come from these modules, or from modules in them, in the order they are written in."""
    places = tuple(f"callboard.{room}" for room in rooms)
    offered = {getattr(door, name) for name in door.__all__}
    found = [
        each
        for each in offered
        if isinstance(each, type) and f"{each.__module__}.".startswith(tuple(f"{p}." for p in places))
    ]
    yield from sorted(found, key=lambda each: (each.__module__, inspect.getsourcelines(each)[1]))


def _class(of: type) -> Iterator[str]:
    above = [base.__name__ for base in of.__bases__ if base.__module__.startswith("callboard.")]
    yield f"### `{of.__name__}`" + (f", a `{above[0]}`" if above else "")
    yield paragraphs(own_doc(of))
    told = attribute_docs(of)
    if issubclass(of, enum.Enum):
        yield _code("\n".join(members(of)))
    elif issubclass(of, msgspec.Struct) and (lines := list(fields(of))):
        yield _code("\n".join(lines))
    if told:
        yield "\n".join(f"- `{name}`: {words}" for name, words in told.items())
    if issubclass(of, msgspec.Struct):
        for name, doc in properties(of):
            yield f"`{name}`: {paragraphs(doc)}" if doc else f"`{name}`"
    for signature, doc in methods(of):
        yield _code(signature)
        if doc:
            yield paragraphs(doc)


def _code(text: str) -> str:
    return f"```python\n{text}\n```"
