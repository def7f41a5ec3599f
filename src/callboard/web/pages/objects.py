"""One object of a service, and a container's log: whole pages, and the same content for the drawer beside a tab."""

import re
from collections.abc import Generator
from typing import Final

import msgspec
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from callboard.base.clock import Clock
from callboard.base.giving_way import giving_way
from callboard.http.door import caller_of
from callboard.http.leaving import HasLeft, while_there
from callboard.portal.protocol import Portal
from callboard.portal.views import LogView
from callboard.web.commands import commands_for
from callboard.web.live.objects import ObjectTopic, object_frame, object_pieces
from callboard.web.log_page import LogPage, line_name, log_page, log_query, pieces, source_label
from callboard.web.outward import outward_links
from callboard.web.queries import entity_ref, object_key
from callboard.web.rendering import Renderer

__all__ = ["DRAWER_HEADER", "ObjectPages"]

DRAWER_HEADER = "x-callboard-drawer"
"""Sent by `drawer.js`: the answer is the drawer's content without the page around it."""
_AT_ONCE: Final = 100
"""Lines of a log that are drawn in one step: two milliseconds or three."""


class ObjectPages:
    """`…/kubernetes/object/…` and its `/log`."""

    def __init__(self, portal: Portal, renderer: Renderer, clock: Clock) -> None:
        self._portal = portal
        self._clock = clock
        self._renderer = renderer

    async def one(self, request: Request) -> Response:
        """One object: what matters, conditions, containers, events, YAML, commands."""
        ref, caller = entity_ref(request.path_params), caller_of(request)
        view = await self._portal.object(ref, object_key(request.path_params), caller)
        service = await self._portal.service(ref, caller)
        links = outward_links(
            self._portal.outward(), service.entity, view.cluster, view.key, kind=view.kind, at=view.as_of
        )
        frame = object_frame(self._renderer, self._clock, ref, view)
        shown = {
            "pieces": object_pieces(frame, self._clock),
            "topic": ObjectTopic.address(ref, view.key) if view.live else "",
            "have": msgspec.json.encode(frame.tags()).decode() if view.live else "",
        }
        return await self._answer(
            request, "object", view=view, commands=commands_for(view), links=links, **shown
        )

    async def log(self, request: Request) -> Response:
        """One container's log."""
        ref, caller = entity_ref(request.path_params), caller_of(request)
        query = log_query(request.query_params)
        download = request.query_params.get("download") == "1"
        if download:  # whole lines, as they were written
            query = msgspec.structs.replace(query, tail_lines=10_000, as_written=True)
        reading = self._portal.log(ref, object_key(request.path_params), query, caller)
        try:
            view = await while_there(request, reading)
        except HasLeft:
            return Response(status_code=499)  # nobody reads it: nginx's number for that, for the access log
        if download:
            return _download(view)
        page = log_page(view, query, ref, request.query_params)
        address = page.url(self._renderer.urls, ref, line="")
        shown = {
            "page": page,
            "have": msgspec.json.encode(page.have).decode(),
            "sources": msgspec.json.encode(
                [{"id": s.id, "pod": s.pod, "container": s.container} for s in view.sources]
            ).decode(),
            "lines": await giving_way(self._lines(page, address, drawer=_in_drawer(request))),
        }
        return await self._answer(request, "log", view=view, **shown)

    def _lines(self, page: LogPage, address: str, *, drawer: bool) -> Generator[None, None, Markup]:
        """The lines drawn, some at a time: ten thousand take longer than others should wait."""
        rows = page.view.rows
        shown: dict[str, object] = {
            "page": page,
            "drawer": drawer,
            "line_url": f"{address}{'&' if '?' in address else '?'}line=",
            "one_pod": len({s.pod for s in page.view.sources}) < 2,
            "pieces": pieces,
            "label": source_label,
            "line_name": line_name,
        }
        drawn = []
        for first in range(0, len(rows), _AT_ONCE):
            some = rows[first : first + _AT_ONCE]
            drawn.append(
                self._renderer.shared_page("log_lines.html", rows=some, first=first, **shown).rstrip("\n")
            )
            yield
        return Markup("".join(drawn))  # noqa: S704  # escaped by Jinja2

    async def _answer(self, request: Request, name: str, **context: object) -> Response:
        ref = entity_ref(request.path_params)
        headers = {"vary": DRAWER_HEADER}
        if _in_drawer(request):
            html = self._renderer.page(f"{name}_content.html", ref=ref, drawer=True, **context)
            return HTMLResponse(html, headers=headers)
        service = await self._portal.service(ref, caller_of(request))
        html = self._renderer.page(f"{name}.html", ref=ref, drawer=False, entity=service.entity, **context)
        return HTMLResponse(html, headers=headers)


def _in_drawer(request: Request) -> bool:
    return bool(request.headers.get(DRAWER_HEADER))


def _download(view: LogView) -> Response:
    """The lines as a file of text: when each was written, of several containers which wrote it, and what. Redacted as they are
    shown."""
    many = len(view.sources) > 1
    lines = []
    for row in view.rows:
        source = view.sources[row.source] if many else None
        before = f"{source.pod}/{source.container} " if source else ""
        lines.append(f"{row.at}{' ' if row.at else ''}{before}{row.text}\n")
    if view.failure:
        lines.append(f"# {view.failure}\n")
    name = re.sub(r"[^A-Za-z0-9.-]+", "-", f"{view.key.name}-{view.container or 'all'}"[:120]).strip("-.")
    headers = {"content-disposition": f'attachment; filename="{name or "log"}.log"'}
    return PlainTextResponse("".join(lines), headers=headers)
