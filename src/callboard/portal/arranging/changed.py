"""What the newest version of a Deployment changed: its pod template beside that of the version before. Pure, and total over any
objects."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from callboard.model.objects import KubeObject
from callboard.model.objects.pod import Pod
from callboard.model.objects.workload import Deployment, ReplicaSet
from callboard.portal.arranging.clipping import clipped
from callboard.portal.views import Exhibit, ExhibitRow

__all__ = ["changed"]

MOST_ROWS: Final = 12
MOST_VALUE: Final = 200
"""Characters of a value: what was there and what is there now stand in one line."""
_REVISION: Final = "deployment.kubernetes.io/revision"
_OF_THE_SYSTEM: Final = ("pod-template-hash", "creationTimestamp", "kubectl.kubernetes.io/restartedAt")
_PRIVATE: Final = ("env", "args", "command", "annotations")
"""Where people put what is not for everybody: told as changed, and what it is only to somebody who may read the YAML."""
_SET_AGAINST: Final = "—"


def changed(objects: Iterable[KubeObject], obj: KubeObject, *, values: bool) -> Exhibit | None:
    """What the version in force of the Deployment that made an object has otherwise than the version before; None where no
    earlier one is known, or nothing differs. `values` tells environment, arguments and annotations as well."""
    known = [o for o in objects if isinstance(o.body, ReplicaSet) and o.namespace == obj.namespace]
    maker = _deployment(obj, known)
    if not maker:
        return None
    versions = sorted(
        ((number, o) for o in known if _owner(o) == maker and (number := _number(o)) is not None),
        key=lambda each: -each[0],
    )
    if len(versions) < 2:
        return None
    (after, newest), (before, older) = versions[:2]
    rows = list(_rows("", _template(older), _template(newest), values))
    if not rows:
        return None
    shown = rows[:MOST_ROWS]
    if len(rows) > MOST_ROWS:
        shown[-1:] = [ExhibitRow(label="and more", value=f"{len(rows) - MOST_ROWS + 1} further differences")]
    return Exhibit(
        title=f"What revision {after} changed of revision {before}", rows=tuple(shown), changes=True
    )


def _deployment(obj: KubeObject, sets: list[KubeObject]) -> str:
    """The uid of the Deployment that an object is, or was made by; "" where none is known."""
    match obj.body:
        case Deployment():
            return obj.meta.uid
        case ReplicaSet():
            return _owner(obj)
        case Pod():
            made_by = _owner(obj)
            return next((_owner(o) for o in sets if made_by and o.meta.uid == made_by), "")
        case _:
            return ""


def _owner(obj: KubeObject) -> str:
    return next((o.uid for o in obj.meta.owner_references if o.controller), "")


def _number(obj: KubeObject) -> int | None:
    text = obj.meta.annotation(_REVISION)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _template(obj: KubeObject) -> Any:
    try:
        return msgspec.json.decode(obj.raw)["spec"]["template"]
    except (msgspec.MsgspecError, UnicodeError, LookupError, TypeError, RecursionError):
        return {}


def _rows(path: str, before: Any, after: Any, values: bool) -> Iterator[ExhibitRow]:
    """One row for each place that differs, the deepest that still has something of both to compare."""
    if before == after:
        return
    old, new = _parts(before), _parts(after)
    if old is None or new is None or not old or not new:
        yield _row(path, *((before, after) if values else (_public(before), _public(after))))
        return
    for name in dict.fromkeys((*new, *old)):
        if name in _OF_THE_SYSTEM:
            continue
        was, now = old.get(name), new.get(name)
        at = _below(path, name, before)
        if name in _PRIVATE and not values:
            if was != now:
                yield ExhibitRow(
                    label=clipped(at), value="is another", remark="what it is stands in the YAML"
                )
        else:
            yield from _rows(at, was, now, values)


def _public(value: Any) -> Any:
    """A value of which a whole part is new or gone, without what is private somewhere inside."""
    if isinstance(value, dict):
        return {name: "…" if name in _PRIVATE else _public(inner) for name, inner in value.items()}
    return [_public(each) for each in value] if isinstance(value, list) else value


def _parts(value: Any) -> dict[str, Any] | None:
    """A map, or a list of things that have a name each, as a map; None for all else."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and all(
        isinstance(each, dict) and isinstance(each.get("name"), str) for each in value
    ):
        named = {each["name"]: each for each in value}
        return named if len(named) == len(value) else None
    return None


def _below(path: str, name: str, parent: Any) -> str:
    if isinstance(parent, list):
        return f"{path}[{name}]"
    return f"{path}.{name}" if path and path != "spec" else name


def _row(path: str, before: Any, after: Any) -> ExhibitRow:
    label = path.removeprefix("spec.")
    if before is None:
        return ExhibitRow(label=clipped(label), value=_text(after), remark="was not there before")
    if after is None:
        return ExhibitRow(label=clipped(label), value=_SET_AGAINST, remark=f"before: {_text(before)}")
    return ExhibitRow(label=clipped(label), value=_text(after), remark=f"before: {_text(before)}")


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= MOST_VALUE else f"{text[:MOST_VALUE]} …"
