"""One kubeconfig file, entry by entry: what one of them says wrongly takes no other one away.

kubectl refuses a whole file for one wrong field. Here a file is refused only where it cannot be read at all: a wrong entry
stands under its name as the Problem it is, so that whatever needs it can tell.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Generic, TypeVar

import msgspec

from callboard.base.errors import BadInput, Problem
from callboard.kube.kubeconfig.document import Value, read_document
from callboard.kube.kubeconfig.schema import NamedCluster, NamedContext, NamedUser
from callboard.kube.text import clean

__all__ = ["Entry", "KubeconfigFile", "read_file"]

MOST_BYTES: Final = 8 * 1024 * 1024

_T = TypeVar("_T", NamedCluster, NamedUser, NamedContext)
_WRONG_TYPE: Final = re.compile(r"Expected `([a-z]+)[^`]*`, got `([a-z]+)`")
_WORDS: Final = {
    "str": "text",
    "bool": "true or false",
    "int": "a number",
    "float": "a number",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}


@dataclass(frozen=True, slots=True)
class Entry(Generic[_T]):
    """One named item as the file has it, or the Problem that it is. `place` is where it stands: `users[0]`."""

    said: "_T | Problem"
    place: str


@dataclass(slots=True)
class KubeconfigFile:
    """What one file says, by name. `problems` are those of wrong entries, of entries without a name, and of whole sections."""

    path: Path
    clusters: dict[str, Entry[NamedCluster]] = field(default_factory=dict)
    users: dict[str, Entry[NamedUser]] = field(default_factory=dict)
    contexts: dict[str, Entry[NamedContext]] = field(default_factory=dict)
    current_context: str = ""
    problems: list[Problem] = field(default_factory=list)


def read_file(path: Path) -> KubeconfigFile:
    """Raises BadInput for what cannot be opened, is too large, no YAML, or no kubeconfig. Blocking."""
    tree = read_document(_content(path), str(path))
    if tree is None:
        return KubeconfigFile(path)
    if not isinstance(tree, dict):
        found = _kind_of(tree)
        raise BadInput(Problem("not a kubeconfig", where=str(path), found=found, expected="a mapping"))
    for key, only in (("kind", "Config"), ("apiVersion", "v1")):
        if tree.get(key) not in (None, "", only):
            raise BadInput(
                Problem(
                    "not a kubeconfig", where=str(path), path=key, expected="kind Config of apiVersion v1"
                )
            )
    file = KubeconfigFile(path)
    file.clusters = _section(file, tree, "clusters", NamedCluster)
    file.users = _section(file, tree, "users", NamedUser)
    file.contexts = _section(file, tree, "contexts", NamedContext)
    current = tree.get("current-context")
    if isinstance(current, str):
        file.current_context = current
    elif current is not None:
        file.problems.append(_wrong_type(path, "current-context", _kind_of(current), "text"))
    return file


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no path"
        raise BadInput(
            Problem(f"the kubeconfig cannot be read: {why}", where=clean(str(path), 500))
        ) from None
    if len(content) > MOST_BYTES:
        raise BadInput(
            Problem("the kubeconfig is too large", where=str(path), expected=f"at most {MOST_BYTES} bytes")
        )
    return content


def _section(
    file: KubeconfigFile, tree: dict[str, Value], section: str, of: type[_T]
) -> dict[str, Entry[_T]]:
    """The entries of `clusters`, `users` or `contexts`. A name that stands twice is told, and means neither."""
    items = tree.get(section)
    if items is None:
        return {}
    if not isinstance(items, list):
        file.problems.append(_wrong_type(file.path, section, _kind_of(items), "a list"))
        return {}
    entries: dict[str, Entry[_T]] = {}
    for i, item in enumerate(items):
        place = f"{section}[{i}]"
        said = _entry(file.path, place, item, of)
        name = item.get("name") if isinstance(item, dict) else ""
        if isinstance(said, Problem):
            file.problems.append(said)
        if name is not None and not isinstance(name, str):
            continue
        name = name or ""
        if name in entries:
            said = Problem(
                f"the name {clean(name, 80)!r} stands twice in {section}", where=str(file.path), path=place
            )
            file.problems.append(said)
        entries[name] = Entry(said, place)
    return entries


def _entry(path: Path, place: str, item: Value, of: type[_T]) -> "_T | Problem":
    """Nulls are as good as left out, fields unknown here (extensions) are passed over: as kubectl does it."""
    if item is None:
        return of()
    try:
        return msgspec.convert(_without_nulls(item), of)
    except msgspec.ValidationError as error:
        what, _, inner = str(error).partition(" - at ")
        place += inner.strip("`").removeprefix("$")
        types = _WRONG_TYPE.match(what)
        if types is None:
            return Problem(clean(what, 200), where=str(path), path=place)
        return _wrong_type(path, place, _WORDS.get(types[2], types[2]), _WORDS.get(types[1], types[1]))


def _without_nulls(value: Value) -> Value:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


def _kind_of(value: Value) -> str:
    if value is None or isinstance(value, bool):
        return _WORDS["null" if value is None else "bool"]
    names: tuple[tuple[type, str], ...] = ((str, "str"), (list, "array"), (dict, "object"))
    return _WORDS[next((name for kind, name in names if isinstance(value, kind)), "int")]


def _wrong_type(path: Path, place: str, found: str, expected: str) -> Problem:
    hint = "put it in quotes" if expected == "text" and found in (_WORDS["bool"], _WORDS["int"]) else ""
    return Problem(
        "the value is of the wrong kind",
        where=str(path),
        path=place,
        found=found,
        expected=expected,
        hint=hint,
    )
