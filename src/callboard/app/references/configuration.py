"""configuration.md: every key Callboard reads, from the settings structs; every key it knows and does not use."""

import inspect
import types
import typing
from collections.abc import Iterator, Mapping
from itertools import groupby

import msgspec

from callboard.app.references.source import attribute_docs, own_doc, paragraphs
from callboard.base.config import known
from callboard.base.secret import Secret
from callboard.base.settings import Opaque, Settings
from callboard.base.settings.forms import DurationForm, Rest
from callboard.base.yaml import path_text

__all__ = ["render"]

Struct = type[msgspec.Struct]
MIB = 1024 * 1024

HEAD = """\
<!-- Written from callboard.base.settings by `make docs`; edit the docstrings there instead. -->

# Configuration

Every key that Callboard reads, as it is written in `app-config.yaml`. `[]` stands for each item of a list, `<name>` for each
key of a map. `callboard config check` tells of every key in your files which of these it is.

Commands read the files named with `--config`, later ones on top of earlier ones; without it `app-config.yaml` and then
`app-config.local.yaml` of the working directory, where they are. On top of all come environment variables: `APP_CONFIG_` and the
keys joined by `_` (`APP_CONFIG_backend_listen=:8080`, `APP_CONFIG_app_title='"Our services"'`), each read as JSON, or as text
where it is none. Inside the files `${NAME}`, `${NAME:-default}`, `$env`, `$file` and `$include` are filled in as in Backstage."""


def render() -> str:
    """The page as Markdown."""
    page = _Page()
    body = "\n\n".join(page.section(Settings, (), top=True))
    return f"{HEAD}\n\n{body}\n\n{_not_used()}\n"


class _Page:
    """Walks the structs once; a struct that is met again is pointed at."""

    def __init__(self) -> None:
        self._seen: dict[Struct, str] = {}

    def section(self, struct: Struct, path: tuple[str, ...], *, top: bool = False) -> Iterator[str]:
        """The heading, the struct's docstring, a row for each field, then a section for each struct below."""
        if not top:
            yield f"{'##' if len(path) == 1 else '###'} {_title(struct, path)}"
            yield paragraphs(own_doc(struct))
        hints = typing.get_type_hints(struct, include_extras=True)
        below: list[tuple[Struct, tuple[str, ...]]] = []
        rows: list[str] = []
        unused = getattr(struct, "NOT_USED", None)
        if unused is not None:
            yield f"**Not used:** {unused}."
            return
        docs = attribute_docs(struct)
        for field in msgspec.structs.fields(struct):
            kind = hints[field.name]
            inner = (*path, "*" if _is_rest(kind) else field.encode_name)
            words = self._words(kind, inner, below)
            later = _not_yet(struct).get(field.name)
            told = docs[field.name] + (f" **Not used yet:** {later}." if later else "")
            key = _text(inner)
            rows.append(f"| `{key}` | {words} | {_default(field, kind)} | {_cell(told)} |")
        if not top and rows:
            yield "\n".join(("| key | type | default | meaning |", "| --- | --- | --- | --- |", *rows))
        for name, doc in docs.items():
            if name.isupper() and name != "NOT_YET":
                yield f"{doc} " + ", ".join(f"`{value}`" for value in getattr(struct, name))
        for each, at in below:
            yield from self.section(each, at)

    def _words(self, kind: object, path: tuple[str, ...], below: list[tuple[Struct, tuple[str, ...]]]) -> str:
        """The type in words. A struct met for the first time goes to `below` with its place."""
        extras: tuple[object, ...] = ()
        if typing.get_origin(kind) is typing.Annotated:
            kind, *rest = typing.get_args(kind)
            extras = tuple(rest)
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if origin in (typing.Union, types.UnionType):
            members = [a for a in arguments if a is not types.NoneType]
            return " or ".join(dict.fromkeys(self._words(member, path, below) for member in members))
        if origin is typing.Literal:
            return "one of " + ", ".join(f"`{a}`" for a in arguments)
        if origin is tuple:
            return f"list of {self._words(arguments[0], (*path, '[]'), below)}"
        if origin is dict:
            return f"map of names to {self._words(arguments[1], (*path, '<name>'), below)}"
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            if kind not in self._seen:
                self._seen[kind] = _title(kind, path)
                below.append((kind, path))
            tag = kind.__struct_config__.tag
            return f"[{f'`{tag}`' if tag else 'map'}](#{_anchor(self._seen[kind])})"
        if kind is Opaque:
            return "any further key" if any(isinstance(e, Rest) for e in extras) else "map"
        return _plain(kind, extras)


def _plain(kind: object, extras: tuple[object, ...]) -> str:
    words: dict[object, str] = {
        str: "text", Secret: "text, secret", bool: "true or false", int: "whole number", float: "number",
    }  # fmt: skip
    word = words[kind]
    duration = next((e for e in extras if isinstance(e, DurationForm)), None)
    if duration is not None:
        word = (
            "seconds, or a duration: `5m`, `{minutes: 5}`"
            if duration.plain
            else "duration: `5m`, `{minutes: 5}`"
        )
        word += ", or `false`" if duration.off else ""
    return word + "".join(_bounds(e) for e in extras if isinstance(e, msgspec.Meta))


def _bounds(meta: msgspec.Meta) -> str:
    if meta.ge is not None and meta.le is not None:
        return f", {meta.ge} to {meta.le}"
    if meta.ge is not None:
        return f", at least {meta.ge}"
    return f", more than {meta.gt}" if meta.gt is not None else ""


def _default(field: msgspec.structs.FieldInfo, kind: object) -> str:
    if field.required:
        return "required"
    value: object = field.default
    if value is msgspec.NODEFAULT and callable(field.default_factory):
        value = field.default_factory()
    if value is None or isinstance(value, msgspec.Struct) or value in ((), {}) or isinstance(value, Opaque):
        return ""
    if typing.get_origin(kind) is typing.Annotated and any(
        isinstance(e, DurationForm) for e in typing.get_args(kind)
    ):
        return f"{value:g} s"
    if isinstance(value, int) and value >= MIB and value % MIB == 0:
        return f"`{value}` ({value // MIB} MiB)"
    return f"`{_yaml(value)}`"


def _yaml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(_yaml(item) for item in value) + "]"
    if isinstance(value, msgspec.Struct):
        written = (
            (f.encode_name, getattr(value, f.name))
            for f in msgspec.structs.fields(value)
            if f.required or getattr(value, f.name) != f.default
        )
        return "{" + ", ".join(f"{key}: {_yaml(item)}" for key, item in written) + "}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _not_yet(struct: Struct) -> Mapping[str, str]:
    return getattr(struct, "NOT_YET", {})


def _not_used() -> str:
    """What Backstage knows, grouped by why it is not used."""
    lines = [
        "## Known, not used",
        paragraphs(inspect.getdoc(known) or ""),
        "| why | keys |\n| --- | --- |",
    ]
    rows = [(why, path[:-1], path_text(path)) for path, why in known.not_used()]
    table = [
        f"| {_cell(why)} | {', '.join(f'`{key}`' for *_, key in keys)} |"
        for (why, _), keys in groupby(sorted(rows), key=lambda row: row[:2])
    ]
    return "\n\n".join(lines[:2]) + "\n\n" + "\n".join((lines[2], *table))


def _is_rest(kind: object) -> bool:
    return any(isinstance(extra, Rest) for extra in typing.get_args(kind)[1:])


def _text(path: tuple[str, ...]) -> str:
    return ".".join(path).replace(".[]", "[]")


def _title(struct: Struct, path: tuple[str, ...]) -> str:
    tag = struct.__struct_config__.tag
    return f"`{_text(path)}`" + (f", `type: {tag}`" if tag else "")


def _anchor(title: str) -> str:
    """What GitHub makes of a heading."""
    return "".join(c for c in title.lower() if c.isalnum() or c in " -_").replace(" ", "-")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
