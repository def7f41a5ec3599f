"""The faces' entrance for `app`: everything given, one ASGI application out."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec
from starlette.routing import BaseRoute

from callboard.base.clock import Clock, SystemClock
from callboard.base.response_cache import ResponseCache
from callboard.host.managing.manager import ExtensionManager
from callboard.http.door import READER, Door
from callboard.http.errors import Trouble
from callboard.http.forwarded import TrustedProxies
from callboard.http.rates import RateLimits, Rates
from callboard.http.site import Refusals, Site
from callboard.portal.protocol import Portal
from callboard.portal.views import ReaderView
from callboard.web.live.fragments import Fragments
from callboard.web.live.listing import ListTopic, ServiceList
from callboard.web.live.logs import LogTopic
from callboard.web.live.objects import ObjectTopic
from callboard.web.live.stream import Pace
from callboard.web.live.tabs import EntityTabs, TabTopic
from callboard.web.live.topics import Topics
from callboard.web.pages.admin.coming_in import ComingInPages
from callboard.web.pages.admin.extensions import ExtensionPages
from callboard.web.pages.admin.frame import AdminFrame
from callboard.web.pages.admin.record import RecordPages
from callboard.web.pages.admin.setup import SetUpPages
from callboard.web.pages.catalog import CatalogPages
from callboard.web.pages.dialogs import DialogPages
from callboard.web.pages.entity import EntityPages
from callboard.web.pages.live import LivePages
from callboard.web.pages.objects import ObjectPages
from callboard.web.pages.operations import OperationPages, Operations
from callboard.web.pages.reader import ReaderPages
from callboard.web.pages.sign_in import SignInPages
from callboard.web.pages.site_map import site_map
from callboard.web.pages.stars import StarPages
from callboard.web.rendering import Renderer
from callboard.web.static_files import StaticFiles
from callboard.web.urls import Urls

__all__ = ["Operations", "WebOptions", "create_web"]


class WebOptions(msgspec.Struct, frozen=True, kw_only=True):
    """`title` is `app.title`, `organization` is `organization.name`; `draining` is set when the process is told to stop.

    `rendered` counts, by template, how often a piece of a live page was rendered. `bases` are the paths below which people
    reach us (`base_path`): all links begin with the first, and a request may begin with any.
    """

    title: str = "Callboard"
    organization: str = ""
    draining: asyncio.Event = msgspec.field(default_factory=asyncio.Event)
    rendered: Counter[str] = msgspec.field(default_factory=Counter)
    pace: Pace = Pace()
    can_sign_out: bool = False
    bases: tuple[str, ...] = ("",)
    proxies: TrustedProxies = TrustedProxies()
    rates: RateLimits = RateLimits()
    hsts: bool = False
    refused: Refusals | None = None


def create_web(
    portal: Portal,
    door: Door,
    operations: Operations,
    options: WebOptions | None = None,
    *,
    clock: Clock | None = None,
    further: Sequence[BaseRoute] = (),
    json_below: tuple[str, ...] = (),
    later: Callable[[Renderer], Callable[[], Sequence[BaseRoute]]] | None = None,
    manager: ExtensionManager | None = None,
) -> Site:
    """The ASGI application. `further` are routes of other rooms; each needs a `route_class` or is refused. Below the paths
    `json_below` even what is not there is told as JSON.

    `later` is given what draws pages, and gives routes that may change while the site stands.

    The tabs and cards come from `portal.tabs()` and `portal.cards()`; ours are `callboard.web.plugin.Pages`.
    """
    options = options or WebOptions()
    static = StaticFiles()
    clock = clock or SystemClock()

    def reader() -> ReaderView | None:
        caller = READER.get()
        return portal.reader(caller) if caller is not None else None

    renderer = Renderer(
        static,
        clock,
        title=options.title,
        organization=options.organization,
        can_sign_out=options.can_sign_out,
        urls=Urls(options.bases[0]),
        reader=reader,
    )
    fragments = Fragments(renderer, clock, options.rendered)
    tabs = EntityTabs(portal, renderer, fragments)
    listing = ServiceList(renderer, clock, options.rendered)
    topics = Topics(
        (TabTopic(tabs), ListTopic(portal, listing), LogTopic(portal), ObjectTopic(portal, renderer, clock))
    )

    sign_in = SignInPages(operations, renderer)

    def page(trouble: Trouble, request_id: str, address: str) -> str:
        if trouble.status == 401:
            return sign_in.page(trouble, request_id, address)
        return renderer.page("error.html", trouble=trouble, request_id=request_id)

    admin = AdminFrame(portal, renderer)
    entities = EntityPages(tabs, renderer, ResponseCache(clock))
    routes = site_map(
        CatalogPages(portal, renderer, listing),
        entities,
        DialogPages(portal, renderer, entities.tab, clock),
        ObjectPages(portal, renderer, clock),
        admin,
        RecordPages(portal, admin),
        ComingInPages(portal, admin, renderer),
        SetUpPages(portal, admin),
        OperationPages(operations, renderer, static),
        sign_in,
        ReaderPages(portal, renderer),
        StarPages(portal, renderer),
        LivePages(topics, options.pace, options.draining),
        static,
    )
    return Site(
        (*routes, *ExtensionPages(manager, admin, renderer.urls).routes(), *further),
        door,
        page,
        renderer.compile,
        json_below=json_below,
        bases=options.bases,
        proxies=options.proxies,
        rates=Rates(options.rates),
        hsts=options.hsts,
        later=later(renderer) if later else tuple,
        **({"refused": options.refused} if options.refused else {}),
    )
