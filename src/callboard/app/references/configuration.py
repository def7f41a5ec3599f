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
key of a map. `callboard config check` tells of every key in your files which of these it is."""


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
        tag = struct.__struct_config__.tag
        title = f"`{_text(path)}`" + (f", `type: {tag}`" if tag else "")
        if not top:
            self._seen[struct] = title
            yield f"{'##' if len(path) == 1 else '###'} {title}"
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
            words, structs = _words(kind, inner)
            new = [(s, p) for s, p in structs if s not in self._seen and s not in dict(below)]
            met = [self._seen[s] for s, _ in structs if s in self._seen]
            below += new
            same = "".join(f" As under {_link(title)}." for title in met)
            later = _not_yet(struct).get(field.name)
            told = docs[field.name] + same + (f" **Not used yet:** {later}." if later else "")
            key = _text(inner)
            rows.append(f"| `{key}` | {words} | {_default(field, kind)} | {_cell(told)} |")
        if not top and rows:
            yield "\n".join(("| key | type | default | meaning |", "| --- | --- | --- | --- |", *rows))
        for name, doc in docs.items():
            if name.isupper() and name != "NOT_YET":
                yield f"{doc} " + ", ".join(f"`{value}`" for value in getattr(struct, name))
        for each, at in below:
            yield from self.section(each, at)


def _words(kind: object, path: tuple[str, ...]) -> tuple[str, list[tuple[Struct, tuple[str, ...]]]]:
    """The type in words, and the structs it holds with their places."""
    extras: tuple[object, ...] = ()
    if typing.get_origin(kind) is typing.Annotated:
        kind, *rest = typing.get_args(kind)
        extras = tuple(rest)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _union([a for a in arguments if a is not types.NoneType], path)
    if origin is typing.Literal:
        return "one of " + ", ".join(f"`{a}`" for a in arguments), []
    if origin is tuple:
        words, structs = _words(arguments[0], (*path, "[]"))
        return f"list of {words}", structs
    if origin is dict:
        words, structs = _words(arguments[1], (*path, "<name>"))
        return f"map of names to {words}", structs
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return "see below", [(kind, path)]
    plain = {str: "text", Secret: "text, secret", bool: "true or false", int: "whole number", float: "number"}
    if kind is Opaque:
        return ("any further key" if any(isinstance(e, Rest) for e in extras) else "map"), []
    word = plain[typing.cast(type, kind)]
    duration = next((e for e in extras if isinstance(e, DurationForm)), None)
    if duration is not None:
        word = (
            "seconds, or a duration such as `5m`"
            if duration.plain
            else "duration such as `5m` or `{minutes: 5}`"
        )
        word += ", or `false`" if duration.off else ""
    return word + "".join(_bounds(e) for e in extras if isinstance(e, msgspec.Meta)), []


def _union(members: list[object], path: tuple[str, ...]) -> tuple[str, list[tuple[Struct, tuple[str, ...]]]]:
    parts = [_words(member, path) for member in members]
    structs = [each for _, found in parts for each in found]
    if len(structs) > 1:
        return "maps, told apart by `type`; see below", structs
    return " or ".join(dict.fromkeys(words for words, _ in parts)), structs


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
    return str(value)


def _not_yet(struct: Struct) -> Mapping[str, str]:
    return getattr(struct, "NOT_YET", {})


def _not_used() -> str:
    """What Backstage knows, grouped by why it is not used."""
    lines = [
        "## Known, not used",
        paragraphs(inspect.getdoc(known) or ""),
        "| why | keys |\n| --- | --- |",
    ]
    rows = sorted(((why, path_text(path)) for path, why in known.not_used()), key=lambda row: row[0])
    table = [
        f"| {_cell(why)} | {', '.join(f'`{key}`' for _, key in keys)} |"
        for why, keys in groupby(rows, key=lambda row: row[0])
    ]
    return "\n\n".join(lines[:2]) + "\n\n" + "\n".join((lines[2], *table))


def _is_rest(kind: object) -> bool:
    return any(isinstance(extra, Rest) for extra in typing.get_args(kind)[1:])


def _text(path: tuple[str, ...]) -> str:
    return ".".join(path).replace(".[]", "[]")


def _link(title: str) -> str:
    """To a heading of this page, by the anchor GitHub gives it."""
    kept = "".join(c for c in title.lower() if c.isalnum() or c in " -_")
    return f"[{title}](#{kept.replace(' ', '-')})"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
