"""Callboard's own JSON routes, below `/api/callboard/v1`.

Errors are raised and become `{"error": {"code", "message", "requestId"}}` at the edge (`ErrorForm.JSON`).
"""

import asyncio

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from callboard.api.documents import service_document, services_document
from callboard.api.queries import entity_ref, services_query, wait_seconds
from callboard.base.clock import Clock, SystemClock
from callboard.base.giving_way import giving_way
from callboard.base.response_cache import PACKED, Body, ResponseCache
from callboard.http.audit_query import audit_filter
from callboard.http.door import ClassifiedRoute, Endpoint, ErrorForm, caller_of
from callboard.http.queries import bounded
from callboard.model.door import RouteClass
from callboard.portal.documents.status_writer import document_in_steps, etag_of
from callboard.portal.protocol import Portal
from callboard.portal.views import KubernetesView

__all__ = ["API_ROOT", "api_routes"]

API_ROOT = "/api/"
"""Below it, what is not there is told as JSON as well."""
BASE = API_ROOT + "callboard/v1"
FRESH = {"cache-control": "private, no-cache"}
"""May be kept by its reader alone, and has to be asked for again each time: the ETag then saves the body."""


class _Endpoints:
    def __init__(self, portal: Portal, clock: Clock, bodies: ResponseCache) -> None:
        self._portal = portal
        self._clock = clock
        self._bodies = bodies
        self._writing = asyncio.Lock()

    async def services(self, request: Request) -> Response:
        """The list of services; `?q=&kind=&type=&owner=&lifecycle=&tag=&system=&offset=&limit=`."""
        query = services_query(request.query_params)
        return _json(services_document(await self._portal.services(query, caller_of(request))))

    async def service(self, request: Request) -> Response:
        """What the catalog says of one service."""
        view = await self._portal.service(entity_ref(request.path_params), caller_of(request))
        return _json(service_document(view))

    async def kubernetes(self, request: Request) -> Response:
        """Where it runs and how it is, when settled or after `?wait=SECONDS`; with an ETag by content. Of one view, which all
        callers of a class are given while nothing changes, one document is written."""
        ref, within = entity_ref(request.path_params), wait_seconds(request.query_params)
        view = await self._portal.kubernetes_settled(ref, caller_of(request), within=within)
        body = self._bodies.get(view)
        if body is None:
            async with self._writing:  # whoever waited for the one who writes it finds it written
                body = self._bodies.get(view) or self._bodies.put(view, (), await self._written(view))
        headers = {**FRESH, "etag": body.etag}
        if _matches(request.headers.get("if-none-match", ""), body.etag):
            return Response(status_code=304, headers=headers)
        request.scope[PACKED] = body.packed
        return Response(body.plain, media_type="application/json", headers=headers)

    async def audit(self, request: Request) -> Response:
        """Who did what, the newest first; `?who=&what=&deed=&outcome=&since=&until=&before=&limit=`."""
        return _json(await self._portal.audit(audit_filter(request.query_params), caller_of(request)))

    async def access(self, request: Request) -> Response:
        """The policies in force, and which of them decides; `?who=&action=&what=&cluster=&namespace=&type=`."""
        asked = {key: bounded(key, value) for key, value in request.query_params.items()}
        return _json(await self._portal.policies(asked, caller_of(request)))

    async def _written(self, view: KubernetesView) -> Body:
        document = await giving_way(document_in_steps(view, now=self._clock.now()))
        return Body(msgspec.json.encode(document), etag_of(document))


def api_routes(
    portal: Portal, clock: Clock | None = None, bodies: ResponseCache | None = None
) -> tuple[ClassifiedRoute, ...]:
    """All routes of this room. `bodies` keeps what was written of a view.

    - `GET /services?q=&kind=&type=&owner=&lifecycle=&tag=&system=&offset=&limit=`: the list (`documents.ServicesDocument`)
    - `GET /services/{namespace}/{kind}/{name}`: what the catalog says (`documents.ServiceDocument`)
    - `GET /services/{namespace}/{kind}/{name}/kubernetes?wait=SECONDS`: where it runs and how it is
      (`callboard.portal.documents.status.StatusDocument`), when settled or after `wait` seconds; with an ETag by content
    """
    clock = clock or SystemClock()
    endpoints = _Endpoints(portal, clock, bodies or ResponseCache(clock))
    service = "/services/{namespace}/{kind}/{name}"
    return (
        _route("/services", endpoints.services, name="api-services"),
        _route(service, endpoints.service, name="api-service"),
        _route(service + "/kubernetes", endpoints.kubernetes, name="api-kubernetes"),
        _route("/audit", endpoints.audit, name="api-audit"),
        _route("/access", endpoints.access, name="api-access"),
    )


def _route(path: str, endpoint: Endpoint, *, name: str) -> ClassifiedRoute:
    return ClassifiedRoute(BASE + path, endpoint, RouteClass.READ, name=name, errors=ErrorForm.JSON)


def _json(document: msgspec.Struct, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(document), media_type="application/json", headers=headers)


def _matches(given: str, etag: str) -> bool:
    """RFC 9110's weak comparison, as If-None-Match asks for."""
    wanted = {part.strip().removeprefix("W/") for part in given.split(",")}
    return "*" in wanted or etag.removeprefix("W/") in wanted
