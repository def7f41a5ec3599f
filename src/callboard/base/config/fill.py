"""From a tree of nodes to the settings structs, all problems and every key's outcome at once."""

import math
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import msgspec

from callboard.base.config import known
from callboard.base.config.durations import UNITS, from_parts, from_text
from callboard.base.config.findings import ConfigFindings
from callboard.base.config.nearest import nearest
from callboard.base.config.report import KeyOutcome, Level
from callboard.base.config.rules import RULES, UNREAD
from callboard.base.config.shapes import FORMS, SHAPES
from callboard.base.config.tree import ConfigNode, plain
from callboard.base.secret import Secret
from callboard.base.settings import Opaque, Settings
from callboard.base.settings.forms import DurationForm, Rest
from callboard.base.yaml import Path, path_text

__all__ = ["Filler"]

_STRICT = ("kubernetes", "callboard")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]{1,300}|[0-9]{1,300}(?:\.[0-9]{0,300})?)(?:[eE][-+]?[0-9]{1,3})?")
_WORDS = {"true": True, "yes": True, "y": True, "on": True, "1": True}
_WORDS |= {"false": False, "no": False, "n": False, "off": False, "0": False}


class _Bad:
    """Stands for a value that could not be made; its problem has been told."""


_BAD = _Bad()
_Made = object


@cache
def _hints(struct: type[msgspec.Struct]) -> Mapping[str, object]:
    return typing.get_type_hints(struct, include_extras=True)


def _takes_rest(kind: object) -> bool:
    return any(isinstance(extra, Rest) for extra in typing.get_args(kind)[1:])


@dataclass(slots=True)
class Filler:
    """Fills settings from one merged tree, telling `findings` of every key."""

    findings: ConfigFindings

    def settings(self, root: ConfigNode) -> Settings:
        """The settings that `root` says. Not to be used when `findings` has problems afterwards."""
        made = self._struct(root, Settings, ())
        return made if isinstance(made, Settings) else Settings()

    # Each of these answers the value, or _BAD after telling the problem.

    def _value(self, node: ConfigNode, kind: object, path: Path) -> _Made:
        extras: tuple[object, ...] = ()
        if typing.get_origin(kind) is typing.Annotated:
            kind, *rest = typing.get_args(kind)
            extras = tuple(rest)
        if typing.get_origin(kind) in (typing.Union, types.UnionType):
            return self._union(node, tuple(m for m in typing.get_args(kind) if m is not types.NoneType), path)
        duration = next((extra for extra in extras if isinstance(extra, DurationForm)), None)
        made = (
            self._duration(node, duration, path) if duration else self._plain_or_collection(node, kind, path)
        )
        return self._bounded(made, extras, node, path)

    def _plain_or_collection(self, node: ConfigNode, kind: object, path: Path) -> _Made:
        origin = typing.get_origin(kind)
        if origin is typing.Literal:
            return self._literal(node, typing.get_args(kind), path)
        if origin is tuple:
            return self._list(node, typing.get_args(kind)[0], path)
        if origin is dict:
            return self._dict(node, typing.get_args(kind)[1], path)
        if kind is Opaque:
            if not isinstance(node.value, dict):
                return self._invalid(node, path, "a mapping")
            self._used(node, path)
            return Opaque({key: plain(item) for key, item in node.value.items()})
        if kind is bool:
            return self._bool(node, path)
        if kind is int or kind is float:
            return self._number(node, path, whole=kind is int)
        if kind is str or kind is Secret:
            return self._text(node, path, secret=kind is Secret)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return self._struct(node, kind, path)
        raise TypeError(f"no way to read a {kind!r} from a config file")

    def _union(self, node: ConfigNode, members: tuple[object, ...], path: Path) -> _Made:
        if len(members) == 1:
            return self._value(node, members[0], path)
        structs = [m for m in members if isinstance(m, type) and issubclass(m, msgspec.Struct)]
        if not structs:
            if bool in members and isinstance(node.value, bool):
                return self._bool(node, path)
            return self._text(node, path, secret=False)
        if not isinstance(node.value, dict):
            return self._invalid(node, path, "a mapping")
        tag = node.value.get("type")
        if tag is None or tag.is_null:
            return self._missing(node, (*path, "type"))
        if not isinstance(tag.value, str) or not tag.value:
            return self._invalid(tag, (*path, "type"), "a string")
        chosen = next((s for s in structs if s.__struct_config__.tag == tag.value), None)
        return self._struct(node, chosen or next(s for s in structs if s.__struct_config__.tag is None), path)

    def _struct(self, node: ConfigNode, struct: type[msgspec.Struct], path: Path) -> _Made:
        node = SHAPES[struct](node) if struct in SHAPES else node
        if not isinstance(node.value, dict):
            return self._invalid(node, path, FORMS.get(struct, "a mapping"))
        unused = getattr(struct, "NOT_USED", None)
        if unused is not None:
            self.findings.row(path, KeyOutcome.UNUSED, node.origin, Level.WARNING, str(unused))
            rest = {key: plain(item) for key, item in node.value.items() if key != "type"}
            return struct(options=Opaque(rest))
        unread = UNREAD[struct](node) if struct in UNREAD else None
        if unread is not None:
            key, why = unread
            self.findings.row((*path, key), KeyOutcome.UNUSED, node.origin, Level.WARNING, why)
            told = {k: item.value for k, item in node.value.items() if isinstance(item.value, str)}
            return struct(
                **{
                    f.name: told[f.encode_name]
                    for f in msgspec.structs.fields(struct)
                    if f.encode_name in told
                }
            )
        hints = _hints(struct)
        fields = msgspec.structs.fields(struct)
        taker = next((f.name for f in fields if _takes_rest(hints[f.name])), None)
        by_key = {f.encode_name: f for f in fields if f.name != taker}
        not_yet: Mapping[str, str] = getattr(struct, "NOT_YET", {})
        config = struct.__struct_config__
        values: dict[str, _Made] = {}
        rest_items: dict[str, object] = {}
        for key, item in node.value.items():
            inner = (*path, key)
            if key in by_key:
                if item.is_null:
                    self.findings.row(
                        inner, KeyOutcome.UNSET, item.origin, Level.INFO, "null: as if not written"
                    )
                else:
                    name = by_key[key].name
                    values[name] = self._value(item, hints[name], inner)
            elif config.tag is not None and key == config.tag_field:
                self.findings.row(inner, KeyOutcome.USED, item.origin)
            elif taker is not None:
                rest_items[key] = plain(item)
                self._used(item, inner)
            else:
                self._foreign(item, inner, tuple(by_key))
        if taker is not None:
            values[taker] = Opaque(rest_items)
        for key, each in by_key.items():
            if each.required and each.name not in values:
                values[each.name] = self._missing(node, (*path, key))
        if struct in RULES:
            RULES[struct](
                {name: value for name, value in values.items() if value is not _BAD},
                node,
                path,
                self.findings,
            )
        for key, each in by_key.items():
            if each.name in not_yet and key in node.value:
                self.findings.without_effect((*path, key), not_yet[each.name])
                if values.get(each.name) is _BAD:
                    del values[each.name]
        if _BAD in values.values():
            return _BAD
        return struct(**values)

    def _foreign(self, node: ConfigNode, path: Path, fields: tuple[str, ...]) -> None:
        """A key that is no field: Backstage's, or nobody's."""
        key = str(path[-1])
        beside = known.known_beside(path[:-1])
        if key in beside:
            self.findings.row(path, KeyOutcome.UNUSED, node.origin, Level.WARNING, known.reason(path))
            return
        meant = nearest(key, (*fields, *beside))
        hint = f"did you mean '{meant}'?" if meant else ""
        if path[0] in _STRICT and len(path) > 1:
            words = ", ".join(sorted(fields)) or "nothing here"
            self.findings.problem(
                node, path, "unknown key", found=f"'{path_text((key,))}'", expected=f"one of: {words}", hint=hint,
                outcome=KeyOutcome.UNKNOWN,
            )  # fmt: skip
            return
        message = " ".join(
            filter(None, ("neither Backstage nor Callboard knows this key;", hint or "it is ignored"))
        )
        self.findings.row(path, KeyOutcome.UNKNOWN, node.origin, Level.WARNING, message)

    def _list(self, node: ConfigNode, kind: object, path: Path) -> _Made:
        if not isinstance(node.value, list):
            return self._invalid(node, path, "a list")
        if not node.value:
            self.findings.row(path, KeyOutcome.USED, node.origin)
        made = [self._value(item, kind, (*path, i)) for i, item in enumerate(node.value)]
        return _BAD if _BAD in made else tuple(made)

    def _dict(self, node: ConfigNode, kind: object, path: Path) -> _Made:
        if not isinstance(node.value, dict):
            return self._invalid(node, path, "a mapping")
        if not node.value:
            self.findings.row(path, KeyOutcome.USED, node.origin)
        made = {
            key: self._value(item, kind, (*path, key)) for key, item in node.value.items() if not item.is_null
        }
        return _BAD if _BAD in made.values() else made

    def _literal(self, node: ConfigNode, words: tuple[object, ...], path: Path) -> _Made:
        if node.value in words and isinstance(node.value, str):
            self.findings.row(path, KeyOutcome.USED, node.origin)
            return node.value
        names = [str(word) for word in words]
        meant = nearest(node.value, names) if isinstance(node.value, str) and not node.origin.hidden else None
        return self._invalid(
            node, path, "one of: " + ", ".join(names), hint=f"did you mean '{meant}'?" if meant else ""
        )

    def _text(self, node: ConfigNode, path: Path, *, secret: bool) -> _Made:
        if not isinstance(node.value, str) or not node.value:
            number = isinstance(node.value, bool | int | float)
            return self._invalid(
                node, path, "a string", secret=secret, hint="put it between quotes" if number else ""
            )
        self.findings.row(path, KeyOutcome.USED, node.origin)
        return Secret(node.value) if secret else node.value

    def _bool(self, node: ConfigNode, path: Path) -> _Made:
        """Also the words Backstage takes, because a variable's value is always a string."""
        value = node.value
        if isinstance(value, str):
            value = _WORDS.get(value.lower())
        elif isinstance(value, int) and value in (0, 1):
            value = bool(value)
        if not isinstance(value, bool):
            return self._invalid(node, path, "true or false")
        self.findings.row(path, KeyOutcome.USED, node.origin)
        return value

    def _number(self, node: ConfigNode, path: Path, *, whole: bool) -> _Made:
        value = node.value
        if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return self._invalid(node, path, "a whole number" if whole else "a number")
        if whole and value != int(value):
            return self._invalid(node, path, "a whole number")
        self.findings.row(path, KeyOutcome.USED, node.origin)
        return int(value) if whole else float(value)

    def _duration(self, node: ConfigNode, form: DurationForm, path: Path) -> _Made:
        expected = "a duration such as '30s', 'PT30S' or {seconds: 30}" + (
            ", or seconds" if form.plain else ""
        )
        seconds: float | None = None
        value = node.value
        if value is False and form.off:
            seconds = math.inf
        elif isinstance(value, str):
            seconds = from_text(value.strip())
            if seconds is None and form.plain and _NUMBER.fullmatch(value.strip()):
                seconds = float(value)
        elif isinstance(value, int | float) and not isinstance(value, bool) and form.plain:
            seconds = float(value)
        elif isinstance(value, dict) and value:
            parts: dict[str, float] = {}
            for key, item in value.items():
                if key not in UNITS:
                    self._foreign_unit(item, (*path, key))
                    return _BAD
                amount = self._number(item, (*path, key), whole=False)
                if not isinstance(amount, float):
                    return _BAD
                parts[key] = amount
            return from_parts(parts)
        if seconds is None or math.isnan(seconds):
            return self._invalid(node, path, expected)
        self.findings.row(path, KeyOutcome.USED, node.origin)
        return seconds

    def _foreign_unit(self, node: ConfigNode, path: Path) -> None:
        meant = nearest(str(path[-1]), UNITS)
        self.findings.problem(
            node, path, "unknown unit of time", found=f"'{path_text(path[-1:])}'", expected="one of: " + ", ".join(UNITS),
            hint=f"did you mean '{meant}'?" if meant else "", outcome=KeyOutcome.UNKNOWN,
        )  # fmt: skip

    def _bounded(self, made: _Made, extras: tuple[object, ...], node: ConfigNode, path: Path) -> _Made:
        for meta in extras:
            if not isinstance(meta, msgspec.Meta) or not isinstance(made, int | float):
                continue
            for bound, name, holds in (
                (meta.ge, "at least", meta.ge is None or made >= meta.ge),
                (meta.gt, "more than", meta.gt is None or made > meta.gt),
                (meta.le, "at most", meta.le is None or made <= meta.le),
                (meta.lt, "less than", meta.lt is None or made < meta.lt),
            ):
                if not holds:
                    return self._invalid(node, path, f"{name} {bound}")
        return made

    def _invalid(
        self, node: ConfigNode, path: Path, expected: str, *, secret: bool = False, hint: str = ""
    ) -> _Bad:
        self.findings.invalid(node, path, expected, secret=secret, hint=hint)
        return _BAD

    def _missing(self, node: ConfigNode, path: Path) -> _Bad:
        self.findings.missing(node, path)
        return _BAD

    def _used(self, node: ConfigNode, path: Path) -> None:
        """Every leaf below `path` is used."""
        if isinstance(node.value, dict) and node.value:
            for key, item in node.value.items():
                self._used(item, (*path, key))
        elif isinstance(node.value, list) and node.value:
            for i, item in enumerate(node.value):
                self._used(item, (*path, i))
        else:
            self.findings.row(path, KeyOutcome.USED, node.origin)
