"""Pods and objects as lines of a page, written here and not in a template: a page has thousands, and a template's twenty calls
for each of them cost ten times what they write.

Templates have this as `rows`. What is foreign is escaped as they would; what is not is ours.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from markupsafe import Markup, escape

from callboard.base.clock import Clock
from callboard.model.entity import EntityRef
from callboard.model.verdict import Health
from callboard.portal.views import ObjectKey, ObjectRow, PodRow
from callboard.web import times, words
from callboard.web.urls import Urls

__all__ = ["Rows"]

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}")
"""Names that are the same in an address, in an id and as text: nearly all, for Kubernetes has hardly any others."""
_TEXT: Final = re.compile(r"[A-Za-z0-9 .,:;/_()-]{0,80}")
"""Text that is the same escaped, and short."""
_LONGEST_PLACE: Final = 340
"""Characters of an id before the name; with the longest name `words.anchor` still takes it as it is."""

_MARK: Final = {h: f'<span class="mark" data-mark="{h.value}" aria-hidden="true"></span>' for h in Health}
_BY_OWNER: Final = ' <small title="Found through its owner: its own labels do not match this service’s selector">by owner</small>'
_REFERRED_TO: Final = (
    '<small class="faint" title="Not selected itself: something of this service refers to it">'
    "found by reference</small>"
)


class Rows:
    """Lines of many objects at once, ready to stand in a page."""

    def __init__(self, clock: Clock, urls: Urls) -> None:
        self._clock = clock
        self._urls = urls

    def tiles(self, ref: EntityRef, pods: Iterable[PodRow]) -> Markup:
        """Each pod as a shape that opens its drawer."""
        places = _Places(self._urls, ref)
        return _joined(_tile(places, pod) for pod in pods)

    def cells(self, ref: EntityRef, pods: Iterable[PodRow]) -> Markup:
        """The same, small, for the table of all clusters."""
        places = _Places(self._urls, ref)
        return _joined(_tile(places, pod, "cell") for pod in pods)

    def squares(self, counts: Iterable[int]) -> Markup:
        """So many squares that stand for healthy pods, in groups."""
        return _joined(f'<span class="squares">{"<i></i>" * count}</span>' for count in counts)

    def pods(self, ref: EntityRef, pods: Iterable[PodRow]) -> Markup:
        """Each pod as a row of a table: pod, status, ready, restarts, age, node."""
        places, ages = _Places(self._urls, ref), _Ages(self._clock.now())
        return _joined(_row(places, ages, pod) for pod in pods)

    def listed(self, ref: EntityRef, rows: Iterable[tuple[str, PodRow]]) -> Markup:
        """Each pod, with its cluster's name, as a row of the table of all of them, in the order of its columns."""
        places, ages = _Places(self._urls, ref), _Ages(self._clock.now())
        return _joined(_listed(places, ages, cluster, pod) for cluster, pod in rows)

    def objects(self, ref: EntityRef, rows: Iterable[ObjectRow]) -> Markup:
        """Each object as an item of a list."""
        places = _Places(self._urls, ref)
        return _joined(_item(places, row) for row in rows)


class _Places:
    """Where objects of a service have their page: address, id after its prefix, and name, all escaped. What the objects of one
    type in one place share is made once."""

    def __init__(self, urls: Urls, ref: EntityRef) -> None:
        self._urls = urls
        self._ref = ref
        self._of: dict[tuple[str, str, str], tuple[str, str] | None] = {}

    def __getitem__(self, key: ObjectKey) -> tuple[str, str, str]:
        place = (key.cluster, key.type, key.namespace)
        try:
            shared = self._of[place]
        except KeyError:
            shared = self._of[place] = self._shared(key)
        name = key.name
        if shared is not None and _NAME.fullmatch(name):
            return shared[0] + name, shared[1] + name, name
        address = escape(self._urls.object_url(self._ref, key))
        return address, words.anchor(str(key), ""), escape(words.bounded(name, 253))

    def _shared(self, key: ObjectKey) -> tuple[str, str] | None:
        """None where the id is none that can be read."""
        before = str(key)[: -len(key.name)] if key.name else ""
        if not words.PLAIN.fullmatch(before) or len(before) > _LONGEST_PLACE:
            return None
        return str(escape(self._urls.objects_url(self._ref, key))), f"-{before}"


class _Ages:
    """How long ago something was, as `parts.html` writes it; many pods begin in the same second."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._written: dict[datetime, str] = {}

    def age(self, moment: datetime) -> str:
        written = self._written.get(moment)
        if written is None:
            written = self._written[moment] = _time("age", moment, times.age(moment, self._now))
        return written

    def ago(self, moment: datetime) -> str:
        return _time("ago", moment, times.ago(moment, self._now))


def _tile(places: _Places, pod: PodRow, kind: str = "tile") -> str:
    address, id_, name = places[pod.key]
    health = pod.health
    return (
        f'<a class="{kind}" data-drawer data-mark="{health.value}" href="{address}" id="{kind}{id_}" title="{name}: '
        f"{words.HEALTH[health]}, {_text(pod.status, 80)}, {pod.ready} of {pod.total} ready"
        f'">{_MARK[health]}</a>'
    )


def _row(places: _Places, ages: _Ages, pod: PodRow) -> str:
    address, id_, name = places[pod.key]
    restarted = f" <small>({ages.ago(pod.last_restart)})</small>" if pod.last_restart else ""
    return (
        f'<tr id="row{id_}">\n'
        f'<td><a data-drawer href="{address}">{name}</a>{_BY_OWNER if pod.referenced else ""}</td>\n'
        f'<td class="nowrap">{_MARK[pod.health]} {_text(pod.status, 200)}</td>\n'
        f"<td>{pod.ready}/{pod.total}</td>\n"
        f"<td>{pod.restarts}{restarted}</td>\n"
        f'<td class="nowrap">{ages.age(pod.created) if pod.created else "unknown"}</td>\n'
        f"<td>{_text(pod.node or 'none yet', 253)}</td>\n"
        "</tr>\n"
    )


def _listed(places: _Places, ages: _Ages, cluster: str, pod: PodRow) -> str:
    address, id_, name = places[pod.key]
    bad = ' data-mark="unhealthy"' if pod.health is Health.UNHEALTHY else ""
    return (
        f'<tr id="pod{id_}"{bad}>'
        f'<th scope="row"><a data-drawer href="{address}">{name}</a></th>'
        f"<td>{_text(cluster, 120)}</td><td>{_text(pod.key.namespace, 63)}</td>"
        f'<td class="nowrap">{_MARK[pod.health]} {_text(pod.status, 80)}</td>'
        f'<td class="number">{pod.ready}/{pod.total}</td><td class="number">{pod.restarts}</td>'
        f"<td>{_text(pod.version, 60)}</td>"
        f'<td class="nowrap">{ages.age(pod.created) if pod.created else "unknown"}</td>'
        f"<td>{_text(pod.node or 'none yet', 80)}</td></tr>\n"
    )


def _item(places: _Places, row: ObjectRow) -> str:
    address, id_, name = places[row.key]
    health = row.health
    summary = f'<span class="summary">{_text(row.summary, 300)}</span>' if row.summary else ""
    reason = f'<span class="reason">{_text(row.reason, 300)}</span>' if row.reason else ""
    return (
        f'<li class="object" id="object{id_}">\n'
        f'{_MARK[health]}<span class="unseen">{words.HEALTH[health]}:</span>\n'
        f'<span class="kind">{_text(row.kind, 253)}</span>\n'
        f'<a data-drawer href="{address}">{name}</a>\n'
        f"{summary}{reason}{_REFERRED_TO if row.referenced else ''}</li>\n"
    )


def _time(kind: str, moment: datetime, said: str) -> str:
    return f'<time data-{kind} datetime="{times.iso(moment)}" title="{times.exact(moment)}">{said}</time>'


def _text(text: str, most: int) -> str:
    return text if _TEXT.fullmatch(text) else escape(words.bounded(text, most))


def _joined(lines: Iterable[str]) -> Markup:
    return Markup("".join(lines))  # noqa: S704  # escaped above
