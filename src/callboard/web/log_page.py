"""A log as it is drawn: its lines, what can be chosen of it, and the topic that keeps it going. Pure."""

import zlib
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

import msgspec
from starlette.datastructures import QueryParams

from callboard.base.errors import UsageError
from callboard.http.queries import bounded, number, shown
from callboard.model.entity import EntityRef
from callboard.portal.protocol import ALL_CONTAINERS, SINCE, LogQuery
from callboard.portal.views import LogRow, LogSource, LogView, ObjectKey
from callboard.web.queries import entity_ref, object_key
from callboard.web.times import iso
from callboard.web.urls import Urls, named_object, object_path

__all__ = [
    "LogOption",
    "LogPage",
    "line_name",
    "log_page",
    "log_query",
    "log_topic",
    "pieces",
    "read_log_topic",
    "source_label",
]

LEVEL_NAMES = ("debug", "info", "warn", "error", "fatal")
"""What can be chosen as the least; a line's own may be `trace` as well."""
MARKS = 8
"""Shapes that containers are told apart by; a ninth begins again, and its name says which it is."""
LONGEST_TOPIC = 1_800
_SINCE = {
    "5m": "the last 5 minutes",
    "15m": "the last 15 minutes",
    "1h": "the last hour",
    "6h": "the last 6 hours",
    "1d": "the last day",
}


class LogOption(msgspec.Struct, frozen=True):
    """One thing that can be chosen."""

    value: str
    title: str
    chosen: bool


class LogPage(msgspec.Struct, frozen=True, kw_only=True):
    """`topic` is "" for a log that does not go on; `have` is what the page brings of it. `chosen` are the address's
    parameters."""

    view: LogView
    query: LogQuery
    chosen: tuple[tuple[str, str], ...]
    containers: tuple[LogOption, ...]
    since: tuple[LogOption, ...]
    levels: tuple[LogOption, ...]
    wrap: bool
    follow: bool
    has_previous: bool
    many: bool
    topic: str
    have: Mapping[str, str]
    missing: tuple[LogSource, ...]

    def url(self, urls: Urls, ref: EntityRef, **changes: str) -> str:
        """This log with other parameters; "" takes one away."""
        return log_address(urls, ref, self.view.key, {**dict(self.chosen), **changes})


def log_query(params: QueryParams) -> LogQuery:
    """What `…/log?…` asks for."""
    level = params.get("level", "")
    if level and level not in LEVEL_NAMES:
        raise UsageError(f"“level” in the address is one of {', '.join(LEVEL_NAMES)}, not {shown(level)}.")
    return LogQuery(
        container=bounded("container", params.get("container", "")),
        previous=_flag(params, "previous", "1 (the run before the last restart) or 0"),
        tail_lines=number(params, "tail", usual=1000, least=1, most=10_000),
        since=bounded("since", params.get("since", "")),
        text=bounded("q", params.get("q", "")),
        pattern=_flag(params, "regex", "1 (the filter is a pattern) or 0"),
        level=level,
        line=bounded("line", params.get("line", "")),
        as_written=_flag(params, "raw", "1 (lines of JSON as they were written) or 0"),
    )


def log_page(view: LogView, query: LogQuery, ref: EntityRef, params: QueryParams) -> LogPage:
    """Arrange a view for its page."""
    chosen = tuple((k, v) for k, v in params.items() if v and k in PARAMETERS)
    topic = ""
    if view.follows:
        topic = log_topic(ref, view.key, query)
        topic = topic if len(topic) <= LONGEST_TOPIC else ""
    since = [LogOption("", "the newest lines", not query.since)]
    since += [LogOption(key, _SINCE[key], query.since == key) for key in SINCE]
    if view.crashed_at is not None and not query.previous:
        at = iso(view.crashed_at)
        since.append(LogOption(at, "since the last crash", query.since == at))
    if query.since and not any(each.chosen for each in since):
        since.append(LogOption(query.since, f"since {query.since}", True))
    return LogPage(
        view=view,
        query=query,
        chosen=chosen,
        containers=_containers(view),
        since=tuple(since),
        levels=(
            LogOption("", "any level", not query.level),
            *(LogOption(n, n if n == "fatal" else f"{n} and worse", n == query.level) for n in LEVEL_NAMES),
        ),
        wrap=params.get("wrap", "1") != "0",
        follow=params.get("follow", "1") != "0" and not query.line,
        has_previous=query.previous
        or any(c.has_previous and _is_shown(view, c.name) for c in view.containers),
        many=len(view.sources) > 1,
        topic=topic,
        have={s.id: s.cursor for s in view.sources if s.cursor} if topic else {},
        missing=tuple(s for s in view.sources if s.missing and not view.failure),
    )


PARAMETERS = (
    "container",
    "previous",
    "since",
    "q",
    "regex",
    "level",
    "raw",
    "wrap",
    "follow",
    "tail",
    "line",
)
"""Of a log's address, in their order."""


def log_address(urls: Urls, ref: EntityRef, key: ObjectKey, chosen: Mapping[str, str]) -> str:
    """The page of a log."""
    query = urlencode([(name, chosen[name]) for name in PARAMETERS if chosen.get(name)])
    return f"{urls.log_url(ref, key)}{'?' if query else ''}{query}"


def log_topic(ref: EntityRef, key: ObjectKey, query: LogQuery) -> str:
    """What keeps it going: `log/…`, its path, and what of the question decides which lines are shown."""
    asked = {
        "container": query.container,
        "q": query.text,
        "regex": "1" if query.pattern else "",
        "level": query.level,
        "raw": "1" if query.as_written else "",
        "tail": str(query.tail_lines) if query.tail_lines != 1000 else "",
    }
    chosen = urlencode([(k, v) for k, v in asked.items() if v])
    return f"log/{object_path(ref, key)}" + (f"?{chosen}" if chosen else "")


def read_log_topic(key: str) -> tuple[EntityRef, ObjectKey, LogQuery]:
    """The same taken apart. Raises UsageError for what is no such topic."""
    path, _, asked = key.partition("?")
    params = named_object(path)
    if not params:
        raise UsageError("A log's topic is log/ and the seven parts of its address.")
    try:
        query = log_query(QueryParams(parse_qsl(asked, max_num_fields=len(PARAMETERS))))
    except ValueError as error:
        raise UsageError("The parameters of a log's topic cannot be read.") from error
    return entity_ref(params), object_key(params), query


def pieces(row: LogRow) -> list[tuple[str, str]]:
    """A line in parts of one style each: (style, text)."""
    found: list[tuple[str, str]] = []
    at = 0
    for span in row.spans:
        if span.start > at:
            found.append(("", row.text[at : span.start]))
        found.append((span.style, row.text[span.start : span.end]))
        at = span.end
    if at < len(row.text) or not found:
        found.append(("", row.text[at:]))
    return found


def line_name(row: LogRow) -> str:
    """What names a line in an address; as `portal.logs.rows.line_name`, which finds it again, and `log_list.js`."""
    return f"{row.at}~{zlib.crc32(row.text.encode(errors='replace')):08x}"


def source_label(source: LogSource, *, one_pod: bool) -> str:
    """A container among others, short: its pod by what is its own, unless all are of one."""
    pod = source.pod.rsplit("-", 1)[-1] if len(source.pod) > 12 else source.pod
    return source.container if one_pod else f"{pod}/{source.container}"


def _containers(view: LogView) -> tuple[LogOption, ...]:
    if len(view.containers) < 2:
        return ()
    every = view.container in ("", ALL_CONTAINERS)
    return (
        LogOption(ALL_CONTAINERS, "all containers", every),
        *(
            LogOption(
                c.name,
                c.name if c.has_log else f"{c.name} (no log yet)",
                not every and c.name == view.container,
            )
            for c in view.containers
        ),
    )


def _is_shown(view: LogView, name: str) -> bool:
    return view.container in ("", ALL_CONTAINERS, name)


def _flag(params: QueryParams, name: str, means: str) -> bool:
    value = params.get(name, "0")
    if value not in ("", "0", "1"):
        raise UsageError(f"“{name}” in the address is {means}, not {shown(value)}.")
    return value == "1"
