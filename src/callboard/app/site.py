"""All faces that are reached over HTTP, as one site behind one door."""

from callboard.api.routes import API_ROOT, api_routes
from callboard.base.clock import Clock
from callboard.http.door import Door
from callboard.http.site import Site
from callboard.portal.protocol import Portal
from callboard.web.application import Operations, WebOptions, create_web

__all__ = ["whole_site"]


def whole_site(portal: Portal, door: Door, operations: Operations, options: WebOptions, clock: Clock) -> Site:
    """The pages and the JSON routes."""
    return create_web(
        portal,
        door,
        operations,
        options,
        clock=clock,
        further=api_routes(portal, clock),
        json_below=(API_ROOT,),
    )
