"""Where a service runs, as one table of all its clusters: a line each, its pods as shapes. Pure.

Lines may be grouped by what clusters are labelled with, or by what pods tell (namespace, workload, version, node). Broken lines
come first in their group; of the healthy ones, where there are several, one line stands for all.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

import msgspec

from callboard.base.object_cache import ObjectCache
from callboard.extend.pages import Piece
from callboard.model.environment import is_environment
from callboard.model.snapshot import ClusterState
from callboard.model.verdict import RANK, Health
from callboard.portal.views import ClusterPart, PodRow, WorkloadPart
from callboard.web.words import anchor, cluster_mark, cluster_word

__all__ = [
    "LINES",
    "FoldedCluster",
    "GroupChoice",
    "KeptRows",
    "Matrix",
    "MatrixFold",
    "MatrixGroup",
    "MatrixHead",
    "MatrixRow",
    "known_group",
    "matrix",
    "matrix_pieces",
]

TEMPLATES: Final = "callboard/tabs/"
LINES: Final = "matrix"
"""The id of the element that holds the lines."""

MOST_CELLS: Final = 40
"""Pods of one line that are shapes of their own; of the others it says how many there are."""
FOLD_FROM: Final = 2
"""So many healthy clusters of a group stand in one line, where there are more than FOLD_ABOVE clusters in all. With fewer each
has its own line for good: a line that comes when a cluster breaks moves all that stands below."""
FOLD_ABOVE: Final = 12
MOST_LINES: Final = 300
"""Lines of the table: a service may run on thousands of nodes. Of the others it is said how many there are."""
MOST_LABELS: Final = 6
"""Labels of clusters that lines can be grouped by."""
MOST_POD_LABELS: Final = 40
"""Labels of pods that lines can be grouped by, by name."""
POD_LABEL: Final = "pod-label:"
OF_PODS: Final = {
    "namespace": "Namespace",
    "workload": "Workload",
    "version": "Version",
    "node": "Node",
    "zone": "Zone",
}
"""What lines can be grouped by that each pod tells, and how it is called."""
ASIDE: Final = frozenset({"namespace", "zone"})
"""Those of them that stand with the labels: what is picked often has a place of its own."""
NO_GROUPS: Final = "cluster"

_CALM: Final = (Health.HEALTHY, Health.NOTHING)


class GroupChoice(msgspec.Struct, frozen=True):
    """One way to group the lines: the value of `group` in the address, what it is called, and whether it is chosen."""

    key: str
    title: str
    chosen: bool

    @property
    def aside(self) -> bool:
        """Whether it is one of many, which stand in a list of their own."""
        return self.key.startswith(POD_LABEL) or self.key in ASIDE


class MatrixHead(msgspec.Struct, frozen=True, kw_only=True):
    """What stands above the lines: how many pods there are, how many are ready, and how lines can be grouped."""

    pods: int
    ready: int
    clusters: int
    choices: tuple[GroupChoice, ...]
    more: int = 0
    """Lines that are not shown, the least troubled ones."""


class MatrixGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The head of a group: its value, and how many of its clusters are not well."""

    id: str
    title: str
    clusters: int
    unhealthy: int
    unknown: int
    pods: int = 0
    ready: int = 0


class MatrixRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line: one cluster, or what of it belongs to the group. `pods` are those shown as shapes, worst first; of `more`
    (mark, how many) it is only told how many there are."""

    id: str
    name: str
    display: str
    mark: str
    word: str
    health: Health
    versions: tuple[str, ...] = ()
    pods: tuple[PodRow, ...] = ()
    more: tuple[tuple[str, int], ...] = ()
    ready: int = 0
    total: int = 0
    restarts: int = 0
    since: datetime | None = None
    note: str = ""
    part: ClusterPart | None = None


class FoldedCluster(msgspec.Struct, frozen=True, kw_only=True):
    """A healthy cluster in a line with others."""

    name: str
    display: str
    word: str
    versions: tuple[str, ...]
    ready: int
    total: int


class MatrixFold(msgspec.Struct, frozen=True, kw_only=True):
    """All clusters of a group that are healthy, or where nothing runs (`empty` of them), in one line. `shapes` are so many
    squares for each cluster."""

    id: str
    empty: int
    clusters: tuple[FoldedCluster, ...]
    versions: tuple[str, ...]
    ready: int
    total: int
    shapes: tuple[int, ...]
    more: int


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """The whole table, in the order in which it is read."""

    head: MatrixHead
    lines: tuple[MatrixGroup | MatrixRow | MatrixFold, ...]


class KeptRows:
    """The lines of each cluster, and how its pods are labelled: made once for each part of a view, which is the same object
    until something changes there. Without its part, which would stay for good."""

    def __init__(self) -> None:
        self._rows: ObjectCache[tuple[tuple[str, MatrixRow], ...]] = ObjectCache()
        self._labels: ObjectCache[frozenset[str]] = ObjectCache()

    def rows(self, part: ClusterPart, group: str) -> Iterator[tuple[str, MatrixRow]]:
        """(value, line) of one cluster."""
        known = self._rows.get(part, group)
        if known is None:
            known = self._rows.put(part, tuple(_rows(part, group)), group)
        for value, row in known:
            yield value, msgspec.structs.replace(row, part=part)

    def labels(self, part: ClusterPart) -> frozenset[str]:
        """The names of its pods' labels."""
        known = self._labels.get(part)
        if known is None:
            alike = {pod.labels for pod, _ in _pods(part)}
            known = self._labels.put(part, frozenset(key for each in alike for key, _ in each))
        return known


def matrix(parts: Sequence[ClusterPart], group: str = "", kept: KeptRows | None = None) -> Matrix:
    """The table of these clusters. `group` is one of the keys of its head's choices; "" is the usual one."""
    kept = kept or KeptRows()
    choices = _choices(parts, kept)
    chosen = group if group in choices else _usual(choices)
    groups: dict[str, list[MatrixRow]] = {}
    for part in sorted(parts, key=lambda p: p.cluster.name):
        for value, row in kept.rows(part, chosen):
            groups.setdefault(value, []).append(row)
    lines = tuple(_lines(groups, grouped=chosen != NO_GROUPS, folded=len(parts) > FOLD_ABOVE))
    return Matrix(
        head=MatrixHead(
            pods=sum(row.total for rows in groups.values() for row in rows),
            ready=sum(row.ready for rows in groups.values() for row in rows),
            clusters=len(parts),
            choices=tuple(GroupChoice(key, title, key == chosen) for key, title in choices.items()),
            more=max(0, len(lines) - MOST_LINES),
        ),
        lines=lines[:MOST_LINES],
    )


def known_group(parts: Sequence[ClusterPart], group: str) -> str:
    """`group`, which is foreign text, where lines can be grouped by it; else ""."""
    if group in OF_PODS:
        return group
    return group if group and group in _choices(parts, KeptRows()) else ""


def matrix_pieces(table: Matrix) -> tuple[Piece, ...]:
    """The elements of the table: its head, and each line. A cluster's line is drawn anew when its part is another."""
    head = Piece(id="matrix-head", template=f"{TEMPLATES}matrix_head.html", view=table.head)
    return (head, *map(_piece, table.lines))


def _piece(line: MatrixGroup | MatrixRow | MatrixFold) -> Piece:
    if isinstance(line, MatrixRow):
        return Piece(
            id=line.id,
            template=f"{TEMPLATES}matrix_row.html",
            view=line,
            shows=line.part,
            variant=line.id,
            within=LINES,
        )
    kind = "group" if isinstance(line, MatrixGroup) else "fold"
    return Piece(id=line.id, template=f"{TEMPLATES}matrix_{kind}.html", view=line, within=LINES)


# ---- what lines can be grouped by


def _choices(parts: Sequence[ClusterPart], kept: "KeptRows") -> dict[str, str]:
    """By key, in order: no groups, labels that tell clusters apart, and what pods tell."""
    found = {NO_GROUPS: "Cluster"}
    values: dict[str, set[str]] = {}
    for part in parts:
        for key, value in part.cluster.labels.items():
            values.setdefault(key, set()).add(value)
    telling = [key for key, each in values.items() if 1 < len(each) < len(parts)]
    telling.sort(key=lambda key: (not _is_environment(key), key))
    for key in telling[:MOST_LABELS]:
        found[f"label:{key}"] = key.rpartition("/")[2].capitalize()
    of_pods = sorted(frozenset[str]().union(*map(kept.labels, parts)))
    return found | OF_PODS | {f"{POD_LABEL}{key}": key for key in of_pods[:MOST_POD_LABELS]}


def _usual(choices: dict[str, str]) -> str:
    return next((key for key in choices if key.startswith("label:") and _is_environment(key)), NO_GROUPS)


def _is_environment(key: str) -> bool:
    return is_environment(key.removeprefix("label:"))


# ---- lines


def _rows(part: ClusterPart, group: str) -> Iterator[tuple[str, MatrixRow]]:
    """(value, line) of one cluster: one, or where pods are grouped one for each value."""
    if group == NO_GROUPS or group.startswith("label:"):
        value = part.cluster.labels.get(group.removeprefix("label:"), "")
        yield value, _row(part, [pod for pod, _ in _pods(part)], "", whole=True)
        return
    by_value: dict[str, list[PodRow]] = {}
    for pod, workload in _pods(part):
        by_value.setdefault(_value(group, pod, workload), []).append(pod)
    if not by_value:
        yield "", _row(part, [], "", whole=True)
    for value, pods in by_value.items():
        yield value, _row(part, pods, value, whole=False)


def _value(group: str, pod: PodRow, workload: WorkloadPart | None) -> str:
    match group:
        case "namespace":
            return pod.key.namespace
        case "workload":
            return f"{workload.row.kind} {workload.row.key.name}" if workload else ""
        case "node":
            return pod.node
        case "zone":
            return pod.zone
        case _ if group.startswith(POD_LABEL):
            return dict(pod.labels).get(group.removeprefix(POD_LABEL), "")
        case _:
            return pod.version


def _pods(part: ClusterPart) -> Iterator[tuple[PodRow, WorkloadPart | None]]:
    for workload in part.workloads:
        for pod in workload.pods:
            yield pod, workload
    for pod in part.pods:
        yield pod, None


def _row(part: ClusterPart, pods: list[PodRow], value: str, *, whole: bool) -> MatrixRow:
    health = part.verdict.health if whole else _worst(pods)
    state = part.state if whole else ClusterState.ANSWERED
    pods.sort(key=lambda pod: RANK[pod.health])
    shown, rest = pods[:MOST_CELLS], pods[MOST_CELLS:]
    more: dict[str, int] = {}
    for pod in rest:
        more[str(pod.health)] = more.get(str(pod.health), 0) + 1
    name = part.cluster.name
    return MatrixRow(
        id=anchor(f"{name}/{value}" if value else name, "line"),
        name=name,
        display=part.cluster.display,
        mark=cluster_mark(state, health),
        word=cluster_word(state, health),
        health=health,
        versions=_versions(pods),
        pods=tuple(shown),
        more=tuple(more.items()),
        ready=sum(map(_is_ready, pods)),
        total=len(pods),
        restarts=sum(pod.restarts for pod in pods),
        since=part.verdict.since if health not in _CALM else None,
        note=_note(part),
    )


def _note(part: ClusterPart) -> str:
    """What is to be known of a line before it is believed."""
    if part.state is ClusterState.AWAITED:
        return "no answer yet"
    if part.state is ClusterState.FAILED:
        return "could not be asked"
    if any(row.restarted for row in part.freshness):
        return "asking again"
    if any(row.stale_since for row in part.freshness):
        return "out of date"
    return "not all could be seen" if part.missing else ""


def _worst(pods: Iterable[PodRow]) -> Health:
    return min((pod.health for pod in pods), key=RANK.__getitem__, default=Health.NOTHING)


def _is_ready(pod: PodRow) -> bool:
    return pod.total > 0 and pod.ready == pod.total


def _versions(pods: Iterable[PodRow]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(pod.version for pod in pods if pod.version))


def _lines(
    groups: dict[str, list[MatrixRow]], *, grouped: bool, folded: bool
) -> Iterator[MatrixGroup | MatrixRow | MatrixFold]:
    for value in sorted(groups, key=lambda v: _group_rank(v, groups[v])):
        rows = sorted(groups[value], key=lambda row: (_line_rank(row), row.name))
        if grouped:
            yield MatrixGroup(
                id=anchor(value or "-", "group"),
                title=value or "not told",
                clusters=len(rows),
                unhealthy=sum(row.health is Health.UNHEALTHY for row in rows),
                unknown=sum(row.health is Health.UNKNOWN for row in rows),
                pods=sum(row.total for row in rows),
                ready=sum(row.ready for row in rows),
            )
        calm = [row for row in rows if _is_calm(row)]
        if not folded or len(calm) < FOLD_FROM:
            yield from rows
            continue
        yield from (row for row in rows if not _is_calm(row))
        yield _fold(value, calm)


def _is_calm(row: MatrixRow) -> bool:
    return row.health in _CALM and not row.note


def _group_rank(value: str, rows: list[MatrixRow]) -> tuple[int, bool, str]:
    """Groups with errors first, production before the rest, what is not told last."""
    unhealthy = any(row.health is Health.UNHEALTHY for row in rows)
    return (0 if unhealthy else 1, not value.lower().startswith("prod"), value or "\U0010ffff")


def _line_rank(row: MatrixRow) -> int:
    return RANK[row.health]


def _fold(value: str, rows: list[MatrixRow]) -> MatrixFold:
    left, shapes = MOST_CELLS, []
    for row in rows:
        shapes.append(min(row.ready, left))
        left -= shapes[-1]
    ready = sum(row.ready for row in rows)
    return MatrixFold(
        id=anchor(value or "-", "calm"),
        empty=sum(row.health is Health.NOTHING for row in rows),
        clusters=tuple(
            FoldedCluster(
                name=row.name,
                display=row.display,
                word=row.word,
                versions=row.versions,
                ready=row.ready,
                total=row.total,
            )
            for row in rows
        ),
        versions=tuple(dict.fromkeys(v for row in rows for v in row.versions)),
        ready=ready,
        total=sum(row.total for row in rows),
        shapes=tuple(s for s in shapes if s),
        more=ready - sum(shapes),
    )
