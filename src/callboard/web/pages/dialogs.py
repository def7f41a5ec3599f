"""What opens over a service's Kubernetes tab by the tab's own address: help with a finding (`?help=`), the crash logs of all its
containers (`?crashes=`), the way into a cluster with kubectl (`?connect=`), the incident to be passed on
(`?share=`).
"""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from callboard.base.clock import Clock
from callboard.base.errors import NotFound
from callboard.http.door import caller_of
from callboard.http.queries import bounded, number
from callboard.model.entity import EntityRef
from callboard.portal.permissions import no_such_cluster
from callboard.portal.protocol import Portal
from callboard.portal.views import KubernetesView, ObjectKey
from callboard.web.connect import chosen_place, connect_page
from callboard.web.crashes import crash_page
from callboard.web.further import further_links, support_of
from callboard.web.incident import incident
from callboard.web.kubernetes_tab import PATIENCE
from callboard.web.last_line import line_wanted, read_line
from callboard.web.outward import outward_links, support_links
from callboard.web.pages.objects import DRAWER_HEADER
from callboard.web.picture import picture
from callboard.web.queries import entity_ref
from callboard.web.rendering import Renderer
from callboard.web.troubles import finding_named, shown_finding

__all__ = ["DialogPages"]


PICTURE: Final = "svg"
"""The form of a shared incident that is its picture alone."""
OF = "kubernetes"
"""The tab that they open over."""
CRASHES_READ: Final = 20
"""Crash logs that are read when somebody asks for them, and how many more each time they ask for more."""
MOST_CRASHES: Final = 200


class DialogPages:
    """`…/kubernetes?help=…`: whole pages, and the same content for the drawer beside the tab."""

    def __init__(
        self,
        portal: Portal,
        renderer: Renderer,
        tab: Callable[[Request], Awaitable[Response]],
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._portal = portal
        self._renderer = renderer
        self._tab = tab
        self._dialogs = {
            "help": self._help,
            "crashes": self._crashes,
            "connect": self._connect,
            "share": self._share,
        }

    async def tab(self, request: Request) -> Response:
        """The dialog that the address names, else the tab."""
        asked = request.query_params if request.path_params["tab"] == OF else {}
        name = next((key for key in self._dialogs if asked.get(key)), "")
        if not name:
            return await self._tab(request)
        return await self._dialogs[name](request)

    async def _help(self, request: Request) -> Response:
        ref, caller = entity_ref(request.path_params), caller_of(request)
        wanted = bounded("help", request.query_params["help"])
        view = await self._view(request, ref)
        finding = finding_named(view.verdict, wanted)
        if finding is None:
            raise NotFound(
                "This is not the matter any more, or not for you to see: nothing like it is found now.",
                code="no-such-finding",
            )
        found = await self._portal.help(ref, finding, caller)
        titles = {part.cluster.name: part.cluster.display for part in view.clusters}
        trouble = shown_finding(finding, titles)
        return await self._answer(
            request,
            ref,
            "help",
            view=found,
            trouble=trouble,
            further=(
                *further_links(view.entity, trouble.finding),
                *outward_links(
                    self._portal.outward(),
                    view.entity,
                    found.cluster,
                    found.key,
                    kind=found.kind,
                    at=trouble.finding.since,
                ),
            ),
        )

    async def _crashes(self, request: Request) -> Response:
        ref, caller = entity_ref(request.path_params), caller_of(request)
        wanted = bounded("crashes", request.query_params["crashes"])
        most = number(request.query_params, "read", usual=CRASHES_READ, least=1, most=MOST_CRASHES)
        view = await self._portal.crashes(ref, caller, most=most)
        more = most + CRASHES_READ if view.older and most < MOST_CRASHES else 0
        return await self._answer(
            request,
            ref,
            "crashes",
            page=crash_page(view, wanted),
            read=most if most != CRASHES_READ else 0,
            more=min(more, MOST_CRASHES),
        )

    async def _connect(self, request: Request) -> Response:
        ref, caller = entity_ref(request.path_params), caller_of(request)
        cluster, pod, container = (
            bounded(key, request.query_params.get(key, "")) for key in ("connect", "pod", "container")
        )
        view = await self._view(request, ref)
        place = chosen_place(view, cluster, pod, container)
        if place is None:
            raise no_such_cluster(ref, cluster)
        info = place.part.cluster
        access = await self._portal.connect(ref, info.name, place.namespace, caller)
        key = place.pod.key if place.pod else ObjectKey(info.name, "", place.namespace, "")
        links = outward_links(self._portal.outward(), view.entity, info, key, kind="Pod" if place.pod else "")
        return await self._answer(
            request, ref, "connect", page=connect_page(view, place, access), links=links
        )

    async def _share(self, request: Request) -> Response:
        ref, caller = entity_ref(request.path_params), caller_of(request)
        view = await self._view(request, ref)
        wanted = line_wanted(view.verdict)
        said = (await read_line(self._portal, ref, wanted, caller)).line if wanted else ""
        page = str(request.url.replace(query=""))
        told = incident(view, page, said, self._clock.now())
        if request.query_params["share"] == PICTURE:
            return Response(picture(view, told, said), media_type="image/svg+xml")
        outward = self._portal.outward()
        channels = (*support_of(view.entity), *support_links(outward, view, told, page))
        address = self._renderer.urls.share_url(ref, PICTURE)
        return await self._answer(request, ref, "share", told=told, channels=channels, picture=address)

    async def _view(self, request: Request, ref: EntityRef) -> KubernetesView:
        return await self._portal.kubernetes_settled(ref, caller_of(request), within=PATIENCE)

    async def _answer(self, request: Request, ref: EntityRef, name: str, **context: object) -> Response:
        headers = {"vary": DRAWER_HEADER}
        service = await self._portal.service(ref, caller_of(request))
        drawer = bool(request.headers.get(DRAWER_HEADER))
        template = f"{name}_content.html" if drawer else "dialog.html"
        html = self._renderer.page(
            template, ref=ref, drawer=drawer, entity=service.entity, content=f"{name}_content.html", **context
        )
        return HTMLResponse(html, headers=headers)
