"""All pods of a service as a plain table, for those who know what they look for: sorted by any column, filtered by a text, what
is not well on top in any order. Pure.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

import msgspec

from callboard.extend.pages import Piece
from callboard.model.verdict import RANK, Health
from callboard.portal.views import ClusterPart, PodRow

__all__ = [
    "PODS",
    "PodColumn",
    "PodList",
    "PodListHead",
    "PodOrder",
    "PodSlice",
    "pod_list",
    "pod_list_pieces",
    "pod_order",
]

PODS: Final = "pods"
"""The id of the element that holds the slices, and the value of `view` in the address that asks for this table."""
TEMPLATES: Final = "callboard/tabs/"
MOST_PODS: Final = 500
"""Pods of the table; of others it is said how many there are, and the filter finds them."""
SLICE: Final = 25
"""Pods of one element: what changes is sent and placed by so many."""
LONGEST_FILTER: Final = 100

_NEVER: Final = datetime(1, 1, 1, tzinfo=UTC)


class PodOrder(msgspec.Struct, frozen=True):
    """What the address asks for: a column, whether it is the other way round, and the text that rows must have in them."""

    column: str = "status"
    descending: bool = False
    text: str = ""

    def query(self, **changes: str | bool) -> str:
        """The query string of the same table, or of one that differs in this."""
        return urlencode(msgspec.structs.replace(self, **changes).parameters())

    def parameters(self) -> dict[str, str]:
        """The parameters of its address."""
        sort = ("-" if self.descending else "") + self.column
        return (
            {"view": PODS}
            | ({"sort": sort} if sort != "status" else {})
            | ({"q": self.text} if self.text else {})
        )


class PodColumn(msgspec.Struct, frozen=True):
    """A column's head: `sorted` is the value of aria-sort, "" where it is sorted by another; `query` sorts by it, or, where that
    is so already, the other way round."""

    title: str
    sorted: str
    query: str
    number: bool = False


class PodListHead(msgspec.Struct, frozen=True, kw_only=True):
    """What stands above the rows."""

    columns: tuple[PodColumn, ...]
    found: int
    pods: int
    unhealthy: int
    more: int
    text: str
    hidden: tuple[tuple[str, str], ...]
    """Parameters that the form of the filter carries along."""


class PodSlice(msgspec.Struct, frozen=True):
    """Some rows: (the cluster as it is shown, pod)."""

    id: str
    rows: tuple[tuple[str, PodRow], ...]


class PodList(msgspec.Struct, frozen=True):
    """The table."""

    order: PodOrder
    head: PodListHead
    slices: tuple[PodSlice, ...]


_Row = tuple[str, PodRow]

_KEYS: Final[dict[str, tuple[str, Callable[[_Row], tuple[object, ...]]]]] = {
    "pod": ("Pod", lambda row: (row[1].key.name,)),
    "cluster": ("Cluster", lambda row: (row[0],)),
    "namespace": ("Namespace", lambda row: (row[1].key.namespace,)),
    "status": ("Status", lambda row: (RANK[row[1].health], row[1].status)),
    "ready": ("Ready", lambda row: (row[1].ready - row[1].total, row[1].ready)),
    "restarts": ("Restarts", lambda row: (row[1].restarts,)),
    "version": ("Version", lambda row: (row[1].version,)),
    "age": ("Age", lambda row: (-(row[1].created or _NEVER).timestamp(),)),
    "node": ("Node", lambda row: (row[1].node,)),
}
_NUMBERS: Final = frozenset({"ready", "restarts"})
_MOST_FIRST: Final = frozenset({"restarts"})


def pod_order(given: Mapping[str, str]) -> PodOrder | None:
    """What these parameters ask for; None where they ask for another form of the page. An unknown column is the usual one."""
    if given.get("view") != PODS:
        return None
    asked = given.get("sort", "")
    column = asked.removeprefix("-")
    text = "".join(c for c in given.get("q", "").strip()[:LONGEST_FILTER] if c.isprintable())
    if column not in _KEYS:
        return PodOrder(text=text)
    return PodOrder(column, asked.startswith("-"), text)


def pod_list(parts: Sequence[ClusterPart], order: PodOrder) -> PodList:
    """The table of all pods of these clusters."""
    everything = [(part.cluster.display, pod) for part in parts for pod in _pods(part)]
    words = order.text.lower().split()
    rows = (
        [row for row in everything if all(word in _text(row) for word in words)]
        if words
        else list(everything)
    )
    key = _KEYS[order.column][1]
    rows.sort(key=lambda row: (row[1].key.name, row[0]))
    rows.sort(key=key, reverse=order.descending)
    rows.sort(key=lambda row: row[1].health is not Health.UNHEALTHY)  # stable: on top in any order
    shown = rows[:MOST_PODS]
    return PodList(
        order=order,
        head=PodListHead(
            columns=tuple(_column(name, order) for name in _KEYS),
            found=len(rows),
            pods=len(everything),
            unhealthy=sum(pod.health is Health.UNHEALTHY for _, pod in rows),
            more=len(rows) - len(shown),
            text=order.text,
            hidden=tuple((k, v) for k, v in order.parameters().items() if k != "q"),
        ),
        slices=tuple(
            PodSlice(f"{PODS}-{at // SLICE}", tuple(shown[at : at + SLICE]))
            for at in range(0, len(shown), SLICE)
        ),
    )


def pod_list_pieces(table: PodList) -> tuple[Piece, ...]:
    """The elements of the table: its head, and its rows by slices."""
    return (
        Piece(id="pods-head", template=f"{TEMPLATES}pods_head.html", view=table.head),
        Piece(
            id="pods-columns", template=f"{TEMPLATES}pods_columns.html", view=table.head.columns, within=PODS
        ),
        *(
            Piece(id=each.id, template=f"{TEMPLATES}pods_slice.html", view=each, within=PODS)
            for each in table.slices
        ),
    )


def _pods(part: ClusterPart) -> Iterable[PodRow]:
    for workload in part.workloads:
        yield from workload.pods
    yield from part.pods


def _text(row: _Row) -> str:
    cluster, pod = row
    return f"{pod.key.name} {cluster} {pod.key.namespace} {pod.status} {pod.version} {pod.node}".lower()


def _column(name: str, order: PodOrder) -> PodColumn:
    here = order.column == name
    sort = ("descending" if order.descending else "ascending") if here else ""
    down = not order.descending if here else name in _MOST_FIRST
    query = order.query(column=name, descending=down)
    return PodColumn(_KEYS[name][0], sort, query, name in _NUMBERS)
