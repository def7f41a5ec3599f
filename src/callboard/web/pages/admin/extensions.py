"""Extensions, as whoever looks after Callboard reads and switches them; routes, tried as oneself and written."""

from collections.abc import Iterator

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from callboard.base.errors import CallboardError, NotFound
from callboard.host.managing.drafts import FIELDS
from callboard.host.managing.manager import ExtensionManager
from callboard.http.door import ClassifiedRoute, caller_of
from callboard.http.forms import form_of
from callboard.http.inside import InsideAnswer, ask_inside, site_of
from callboard.http.queries import bounded
from callboard.http.route_figures import RouteFigure
from callboard.model.door import RouteClass
from callboard.web.pages.admin.frame import AdminFrame
from callboard.web.urls import Urls

__all__ = ["ExtensionPages", "RouteRow"]

PLACE = "/admin/extensions"
MOST_SHOWN = 64 * 1024


class RouteRow(msgspec.Struct, frozen=True, kw_only=True):
    """One route of the site, ours or an extension's."""

    path: str
    methods: str
    kind: str
    """What it is to the door."""
    owner: str
    figure: RouteFigure
    stays_open: bool
    """How long it took says nothing of it."""
    can_be_tried: bool


class ExtensionPages:
    """`/admin/extensions` and what its forms lead to. Without a manager there is nothing there."""

    def __init__(self, manager: ExtensionManager | None, frame: AdminFrame, urls: Urls) -> None:
        self._manager = manager
        self._frame = frame
        self._urls = urls

    def routes(self) -> tuple[ClassifiedRoute, ...]:
        """All of them."""
        return (
            ClassifiedRoute(PLACE, self.extensions, RouteClass.READ, name="admin-extensions"),
            ClassifiedRoute(PLACE + "/try", self.tried, RouteClass.READ, name="admin-try"),
            ClassifiedRoute(PLACE + "/route", self.route, RouteClass.READ, name="admin-route"),
            *(
                ClassifiedRoute(PLACE + path, page, RouteClass.UNSAFE, name=name, methods=("POST",))
                for path, page, name in (
                    ("/switch", self.switch, "admin-switch"),
                    ("/keep", self.keep, "admin-route-keep"),
                    ("/remove", self.drop, "admin-route-remove"),
                )
            ),
        )

    async def extensions(self, request: Request) -> Response:
        """What extensions there are, how they and all routes do; forms to switch, to try, to write a route; `?owner=`."""
        view = await self._managed().overview(caller_of(request))
        owner = bounded("owner", request.query_params.get("owner", ""))
        rows = tuple(_rows(request, owner))
        return self._frame.page(
            request, "extensions", "admin_extensions.html", view=view, routes=rows, owner=owner
        )

    async def switch(self, request: Request) -> Response:
        """Switch an extension on or off: the fields `extension` and `to` (`on`, `off`)."""
        await self._managed().may_change(caller_of(request))
        form = await form_of(request)
        await self._managed().switch(form.get("extension", ""), form.get("to") == "on", caller_of(request))
        return self._back()

    async def tried(self, request: Request) -> Response:
        """What a route below `/api/` answers to whoever asks; `?address=`."""
        await self._managed().overview(caller_of(request))  # for whoever may see the page
        address = bounded("address", request.query_params.get("address", "")).strip()
        answer: InsideAnswer | None = None
        problem = ""
        try:
            answer = await ask_inside(request, address)
        except CallboardError as error:
            problem = error.message
        return self._frame.page(
            request, "extensions", "admin_try.html", address=address, answer=answer, problem=problem
        )

    async def route(self, request: Request) -> Response:
        """A declared route in the making: checked, and tried where an address is given;
        `?path=&title=&types=&clusters=&namespaces=&selector=&expression=&try=`."""
        manager, caller = self._managed(), caller_of(request)
        asked = {key: bounded(key, request.query_params.get(key, "")) for key in (*FIELDS, "try")}
        view = await manager.overview(caller)
        begun = bool(asked["path"])
        draft = await manager.draft(asked, caller) if begun else None
        answer = problem = ""
        if draft is not None and draft.route is not None and asked["try"]:
            try:
                answer = (await manager.tried(draft, asked["try"], caller))[:MOST_SHOWN].decode(
                    "utf-8", "replace"
                )
            except CallboardError as error:
                problem = error.message
        return self._frame.page(
            request,
            "extensions",
            "admin_route.html",
            asked=asked,
            draft=draft,
            answer=answer,
            problem=problem,
            may_change=view.may_change,
        )

    async def keep(self, request: Request) -> Response:
        """Serve a declared route from now on: the fields of the form."""
        await self._managed().may_change(caller_of(request))
        form = await form_of(request)
        await self._managed().keep({key: form.get(key, "") for key in FIELDS}, caller_of(request))
        return self._back()

    async def drop(self, request: Request) -> Response:
        """Serve a route that was written here no longer: the field `path`."""
        await self._managed().may_change(caller_of(request))
        form = await form_of(request)
        await self._managed().drop(form.get("path", ""), caller_of(request))
        return self._back()

    def _managed(self) -> ExtensionManager:
        if self._manager is None:
            raise NotFound("There are no extensions to look after here.")
        return self._manager

    def _back(self) -> Response:
        return RedirectResponse(self._urls.at(PLACE), status_code=303)


def _rows(request: Request, owner: str) -> Iterator[RouteRow]:
    site = site_of(request)
    for route in site.routes:
        if not isinstance(route, Route):
            continue
        kind: RouteClass | None = getattr(route, "route_class", None)
        whose: str = getattr(route, "owner", "")
        if owner and owner != (whose or "callboard"):
            continue
        methods = sorted((route.methods or set()) - {"HEAD"})
        yield RouteRow(
            path=route.path,
            methods=", ".join(methods),
            kind=str(kind or "none"),
            owner=whose,
            figure=site.figures.of(route.name),
            stays_open=kind is RouteClass.STREAM,
            can_be_tried=methods == ["GET"] and route.path.startswith("/api/"),
        )
