"""What differs between two surfaces of the door, and whether the later one's version says so. Pure."""

import ast
import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Final

import msgspec

from callboard.extend.deprecation import Deprecation
from callboard.extend.version import numbers_of

__all__ = ["Difference", "Weight", "differences", "version_of", "version_problems"]

_FIELD: Final = re.compile(r"field (\w+): (.*?)(?: = (.*?))?(?:  # (\d+))?")
_DEPRECATED: Final = re.compile(r"deprecated since (\S+), gone in (\S+)")
_FILLED_BY_EXTENSIONS: Final = "protocol"


class Weight(Enum):
    """What a difference is to an extension that was written before."""

    ADDITION = "addition"
    """It runs as before."""
    BREAK = "break"
    """It may not."""


class Difference(msgspec.Struct, frozen=True):
    """One of them, in words."""

    weight: Weight
    words: str


class _Named(msgspec.Struct):
    kind: str
    members: list[str]

    @property
    def deprecated(self) -> str:
        return next((m for m in self.members if _DEPRECATED.fullmatch(m)), "")


def version_of(surface: str) -> str:
    """The version in its first line. Raises ValueError where there is none."""
    found = re.match(r"# callboard\.extend (\S+)\n", surface)
    if found is None:
        raise ValueError("the surface does not say its version")
    numbers_of(found[1])
    return found[1]


def differences(before: str, after: str) -> tuple[Difference, ...]:
    """What differs, name by name."""
    return tuple(_differences(_read(before), _read(after)))


def version_problems(before: str, after: str) -> tuple[str, ...]:
    """Why the later surface must not have the version it has, or must not be; nothing where all is well."""
    last, now = version_of(before), version_of(after)
    old, new = numbers_of(last), numbers_of(now)
    found = differences(before, after)
    problems = []
    if new < old:
        problems.append(f"version {now} is before {last}, which was released")
    breaks = [d.words for d in found if d.weight is Weight.BREAK]
    if breaks and new[0] <= old[0]:
        problems.append(f"a break without a major version ({last} to {now}): {'; '.join(breaks)}")
    additions = [d.words for d in found if d.weight is Weight.ADDITION]
    if additions and not breaks and new[:2] <= old[:2]:
        problems.append(f"an addition without a minor version ({last} to {now}): {'; '.join(additions)}")
    return (*problems, *_gone_too_soon(_read(before), _read(after), last))


def _gone_too_soon(before: Mapping[str, _Named], after: Mapping[str, _Named], last: str) -> Iterator[str]:
    for name, named in before.items():
        if name in after:
            continue
        told = _DEPRECATED.fullmatch(named.deprecated)
        warned = told and Deprecation(name=name, instead="-", since=told[1], gone=told[2]).may_go_after(last)
        if not warned:
            yield f"{name} is gone, and two minor versions have not warned before"


def _read(surface: str) -> dict[str, _Named]:
    found: dict[str, _Named] = {}
    members: list[str] = []
    for line in surface.splitlines():
        if line.startswith("    "):
            members.append(line.strip())
        elif line and not line.startswith("#"):
            kind, _, name = line.partition(" ")
            members = []
            found[name] = _Named(kind, members)
    return found


def _differences(before: Mapping[str, _Named], after: Mapping[str, _Named]) -> Iterator[Difference]:
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old is None:
            yield Difference(Weight.ADDITION, f"{name} is new")
        elif new is None:
            yield Difference(Weight.BREAK, f"{name} is gone")
        elif old.kind != new.kind:
            yield Difference(Weight.BREAK, f"{name} was a {old.kind} and is a {new.kind}")
        else:
            yield from _within(name, old, new)


def _within(name: str, old: _Named, new: _Named) -> Iterator[Difference]:
    was, now = _by_key(old.members), _by_key(new.members)
    for key in dict.fromkeys((*was, *now)):
        before, after = was.get(key), now.get(key)
        if before == after:
            continue
        of = f"{name}.{key}" if key else name
        if key == "deprecated":
            yield Difference(Weight.ADDITION, f"{name} is deprecated")
        elif before is None and after is not None:
            breaks = old.kind == _FILLED_BY_EXTENSIONS or _required(after)
            why = " and has to be given" if breaks else ""
            yield Difference(Weight.BREAK if breaks else Weight.ADDITION, f"{of} is new{why}")
        elif after is None:
            yield Difference(Weight.BREAK, f"{of} is gone")
        elif before is not None:
            yield Difference(_weight(old.kind, before, after), f"{of} was {before!r} and is {after!r}")


def _by_key(members: list[str]) -> dict[str, str]:
    """Each line by what it is about."""
    found = {}
    for line in members:
        if _DEPRECATED.fullmatch(line):
            found["deprecated"] = line
        elif line.startswith("= "):
            found[""] = line
        elif line.startswith("is "):
            found["(bases)"] = line
        else:
            shown = re.search(r"(?:def|field|member) (\w+)", line) or re.match(r"(\w+)", line)
            found[shown[1] if shown else line] = line
    return found


def _required(line: str) -> bool:
    found = _FIELD.fullmatch(line)
    return found is not None and found[3] is None


def _weight(kind: str, before: str, after: str) -> Weight:
    """Of a line that is another one than before."""
    calm = False
    field, other = _FIELD.fullmatch(before), _FIELD.fullmatch(after)
    if field and other:  # a default where there was none
        calm = field[2] == other[2] and field[4] == other[4] and field[3] is None
    elif "def " in before and "def " in after:
        calm = kind != _FILLED_BY_EXTENSIONS and _accepts_as_much(before, after, hook=kind == "hook")
    elif before.startswith("= ") and after.startswith("= "):
        calm = _alternatives(before) < _alternatives(after)
    elif before.startswith("is ") and after.startswith("is "):
        calm = set(before[3:].split(", ")) <= set(after[3:].split(", "))
    return Weight.ADDITION if calm else Weight.BREAK


def _alternatives(line: str) -> frozenset[str]:
    text = line.removeprefix("= ")
    literal = re.fullmatch(r"Literal\[(.*)\]", text)
    return frozenset(literal[1].split(", ") if literal else text.split(" | "))


def _accepts_as_much(before: str, after: str, *, hook: bool) -> bool:
    """Whether a call that was right is so still, and gives the same. A hook may gain arguments: who does not name one is not
    given it."""
    old, new = _function(before), _function(after)
    if type(old) is not type(new) or before.partition("def ")[0] != after.partition("def ")[0]:
        return False
    if ast.dump(old.returns or ast.Constant(None)) != ast.dump(new.returns or ast.Constant(None)):
        return False
    was, now = list(_parameters(old)), list(_parameters(new))
    places = [p for p in was if p[1] == "place"]
    if [p[0] for p in now if p[1] == "place"][: len(places)] != [p[0] for p in places]:
        return False
    by_name = {p[0]: p for p in now}
    for name, how, of, default in was:
        if name not in by_name or by_name[name][1:3] != (how, of):
            return False
        if default is not None and by_name[name][3] != default:
            return False
    known = {p[0] for p in was}
    return hook or all(default is not None for name, _, _, default in now if name not in known)


def _function(line: str) -> ast.FunctionDef | ast.AsyncFunctionDef:
    text = re.sub(r"^(?:@\w+ )+", "", line)
    (node,) = ast.parse(f"{text}: ...").body
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        raise ValueError(f"{line!r} is no function")
    return node


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[str, str, str, str | None]]:
    """(name, how it is given, its type, its default) of each."""
    places = node.args.args
    defaults: list[ast.expr | None] = [None] * (len(places) - len(node.args.defaults))
    for each, default in zip(places, [*defaults, *node.args.defaults], strict=True):
        yield _parameter(each, "place", default)
    for each, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
        yield _parameter(each, "name", default)


def _parameter(node: ast.arg, how: str, default: ast.expr | None) -> tuple[str, str, str, str | None]:
    of = ast.unparse(node.annotation) if node.annotation else ""
    return node.arg, how, of, ast.unparse(default) if default is not None else None
