"""extensions.md: the hooks, the protocols of the replaceable parts, and the structs that go in and out of them."""

import inspect
from collections.abc import Iterator
from types import ModuleType

import msgspec

import callboard.extend as door
from callboard.app.references.source import fields, methods, own_doc, paragraphs
from callboard.extend import asking, context, deciding, hooks, pages, parts, registration, routes

__all__ = ["render"]

HEAD = f"""\
<!-- Written from callboard.extend by `make docs`; edit the docstrings there instead. -->

# Extensions: hooks and parts

The public door, `callboard.extend`, version {door.API_VERSION}. How to write an extension, with an example that works:
[the guide](../guides/extensions.md)."""


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
        ("Another engine", deciding),
    ):
        blocks += [f"## {title}", paragraphs(inspect.getdoc(module) or "")]
        blocks += [block for of in _classes(module) for block in _class(of)]
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


def _class(of: type) -> Iterator[str]:
    above = [base.__name__ for base in of.__bases__ if base.__module__.startswith("callboard.")]
    yield f"### `{of.__name__}`" + (f", a `{above[0]}`" if above else "")
    yield paragraphs(own_doc(of))
    if issubclass(of, msgspec.Struct):
        yield _code("\n".join(fields(of)))
        return
    for signature, doc in methods(of):
        yield _code(signature)
        if doc:
            yield paragraphs(doc)


def _code(text: str) -> str:
    return f"```python\n{text}\n```"
