"""All faces that are reached over HTTP, as one site behind one door."""

from collections.abc import Callable, Sequence

from starlette.routing import BaseRoute

from callboard.api.extension_routes import as_route
from callboard.api.key_set import key_set_route
from callboard.api.routes import API_ROOT, api_routes
from callboard.base.clock import Clock
from callboard.extend.routes import ExtensionRoute
from callboard.host.managing.manager import ExtensionManager
from callboard.host.routes import ExtensionRoutes
from callboard.http.door import Door
from callboard.http.site import Site
from callboard.portal.protocol import Portal
from callboard.web.application import Operations, WebOptions, create_web
from callboard.web.pages.extension import as_page
from callboard.web.rendering import Renderer

__all__ = ["whole_site"]


def whole_site(
    portal: Portal,
    door: Door,
    operations: Operations,
    options: WebOptions,
    clock: Clock,
    extensions: ExtensionRoutes | None = None,
    key_set: Callable[[], bytes] = lambda: b'{"keys":[]}',
    manager: ExtensionManager | None = None,
) -> Site:
    """The pages and the JSON routes, ours and extensions'. `key_set` are the keys that services beside check our tokens with."""
    return create_web(
        portal,
        door,
        operations,
        options,
        clock=clock,
        further=(*api_routes(portal, clock), key_set_route(key_set)),
        json_below=(API_ROOT,),
        manager=manager,
        later=(lambda renderer: _of_extensions(extensions, renderer)) if extensions else None,
    )


def _of_extensions(extensions: ExtensionRoutes, renderer: Renderer) -> Callable[[], Sequence[BaseRoute]]:
    """Made anew when the routes are others."""
    made: tuple[int, Sequence[BaseRoute]] = (-1, ())

    def routes() -> Sequence[BaseRoute]:
        nonlocal made
        if made[0] != extensions.version:
            made = (
                extensions.version,
                tuple(
                    as_route(m) if isinstance(m.route, ExtensionRoute) else as_page(m, renderer)
                    for m in extensions.mounted
                ),
            )
        return made[1]

    return routes
