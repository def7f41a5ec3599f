"""Routes of extensions on the site, below `/api/ext/`."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from callboard.extend.routes import ExtensionRoute
from callboard.host.mounted import Mounted, Sent
from callboard.http.door import ClassifiedRoute, Endpoint, ErrorForm, caller_of
from callboard.http.incoming import read_body
from callboard.model.door import RouteClass

__all__ = ["as_route", "sent_with"]

_PRIVATE: Mapping[str, str] = {"cache-control": "private, no-store"}


def as_route(mounted: Mounted) -> ClassifiedRoute:
    """The route on the site. Whatever changes something is let in from our own pages only."""
    return ClassifiedRoute(
        mounted.path,
        _answering(mounted),
        RouteClass.READ if mounted.method == "GET" else RouteClass.UNSAFE,
        name=f"{mounted.route.extension}: {mounted.method} {mounted.route.path}",
        methods=(mounted.method,),
        errors=ErrorForm.JSON,
        owner=mounted.route.extension,
    )


def sent_with(request: Request, body: bytes = b"") -> Sent:
    """What a route may look at."""
    return Sent(
        path={name: str(value) for name, value in request.path_params.items()},
        query=tuple(request.query_params.multi_items()),
        body=body,
        content_type=request.headers.get("content-type", ""),
    )


def _answering(mounted: Mounted) -> Endpoint:
    route = mounted.route
    most = route.most_body if isinstance(route, ExtensionRoute) else 0

    async def answer(request: Request) -> Response:
        sent = sent_with(request, await read_body(request, most))
        return Response(
            await mounted.json(caller_of(request), sent),
            media_type="application/json",
            headers=dict(_PRIVATE),
        )

    return answer
