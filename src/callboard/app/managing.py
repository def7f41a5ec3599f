"""What the page of extensions may do with them, and what there is to tell of each."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import structlog

from callboard.app.installed import loaded_now
from callboard.app.plugins import OURS, Extension
from callboard.base.errors import BadInputs, Problem, Unavailable
from callboard.base.settings import RouteSettings, Settings
from callboard.extend.routes import ExtensionRoute
from callboard.host.contexts import Contexts
from callboard.host.declared import DECLARED, declared_routes
from callboard.host.expressions.pool import ExpressionPool
from callboard.host.managing.views import ExtensionFacts

if TYPE_CHECKING:
    from callboard.app.fleet import FleetInForce

__all__ = ["ExtensionsInForce", "declared_of", "off_of"]

_WORDS: Mapping[str, tuple[str, str]] = {
    "callboard_cluster_suppliers": ("source of clusters", "sources of clusters"),
    "callboard_service_locators": ("service locator", "service locators"),
    "callboard_auth_strategies": ("auth strategy", "auth strategies"),
    "callboard_custom_resource_suppliers": ("source of custom resources", "sources of custom resources"),
    "callboard_fetchers": ("fetcher", "fetchers"),
    "callboard_objects_providers": ("objects provider", "objects providers"),
    "callboard_proxies": ("proxy", "proxies"),
    "callboard_sign_in": ("way to sign in", "ways to sign in"),
    "callboard_tabs": ("tab", "tabs"),
    "callboard_cards": ("card", "cards"),
    "callboard_routes": ("route", "routes"),
    "callboard_pages": ("page", "pages"),
}
_KEYS = 5

_log = structlog.get_logger(__name__)


def off_of(settings: Settings, off: frozenset[str]) -> frozenset[str]:
    """The extensions that are off: by the configuration, and of the others by the page."""
    fixed = settings.callboard.extensions.switched
    said = {name for name, on in fixed.items() if not on} | (off - fixed.keys())
    return frozenset(name for name in said if not name.startswith(OURS))


async def declared_of(
    settings: Settings, kept: Sequence[RouteSettings], pool: ExpressionPool
) -> tuple[tuple[ExtensionRoute, ...], tuple[str, ...]]:
    """(the declared routes, what is wrong with those that were kept). Raises BadInputs for one of the configuration."""
    routes = settings.callboard.routes
    found = declared_routes(routes, pool.value)
    problems = [
        Problem(why, where=f"callboard.routes[{index}]", path="expression")
        for index, each in enumerate(routes)
        if (why := await _wrong_expression(each, pool))
    ]
    if problems:
        raise BadInputs(problems)
    wrong: list[str] = []
    for each in kept:
        why = await _wrong_expression(each, pool)
        more = found
        try:
            more = declared_routes((*routes, each), pool.value)
        except BadInputs as error:
            why = error.problems[0].message
        if why:
            wrong.append(f"The route {each.path[:300]!r} that was written here is not served: {why}.")
        else:
            routes, found = (*routes, each), more
    return found, tuple(wrong)


async def _wrong_expression(route: RouteSettings, pool: ExpressionPool) -> str:
    if not route.expression:
        return ""
    try:
        return await pool.check(route.expression)
    except Unavailable as error:
        _log.warning("an expression could not be looked at", path=route.path, why=error.message)
        return ""


class ExtensionsInForce:
    """Implements `host.managing.views.ManagedExtensions`."""

    def __init__(self, fleet: "Callable[[], FleetInForce]", contexts: Contexts) -> None:
        self._fleet = fleet
        self._contexts = contexts

    def whose(self, module: str) -> str:
        """The extension whose code a module is, or ""."""
        package = module.partition(".")[0]
        if not package or package == "callboard":
            return ""
        return next((e.name for e in self._fleet().extensions if e.label and e.package == package), "")

    def facts(self) -> Sequence[ExtensionFacts]:
        """Ours, those that were found, services beside, declared routes."""
        fleet = self._fleet()
        wired, settings = fleet.plugins, fleet.settings
        by_name = {e.name: e for e in (*fleet.extensions, *wired.extensions)}
        services = settings.callboard.services
        found = [
            _facts(
                each,
                wired.problems,
                "the configuration: a service beside" if name in services else each.origin,
            )
            for name, each in by_name.items()
        ]
        known = {f.name for f in found}
        found += [
            ExtensionFacts(name=name, origin="the configuration: a service beside", loaded=False)
            for name in services
            if name not in known
        ]
        if fleet.declared:
            adds = (_several(fleet.declared, "route", "routes"),)
            found.append(ExtensionFacts(name=DECLARED, origin="the configuration, and this page", adds=adds))
        return sorted(found, key=lambda f: (f.ours, f.name))

    def fixed(self) -> Mapping[str, bool]:
        """Those that the configuration has switched."""
        return self._fleet().settings.callboard.extensions.switched

    def locked(self) -> bool:
        """Whether nothing is to be changed here."""
        return self._fleet().settings.callboard.extensions.locked

    def left_out(self) -> Sequence[str]:
        """What of the routes that were kept is not served."""
        return self._fleet().left_out

    async def load(self, settings: Settings, off: frozenset[str]) -> None:
        """Load the code of those that were off at the start and are on by these settings. It is in force with the next
        configuration."""
        fleet, now = self._fleet(), off_of(settings, off)
        extensions = []
        for each in fleet.extensions:
            late = not each.loaded and each.name not in now
            loaded = (
                await asyncio.to_thread(loaded_now, each.name, self._contexts, fleet.folder) if late else None
            )
            extensions.append(loaded or each)
        fleet.extend(extensions)

    async def use(self, off: frozenset[str], kept: Sequence[RouteSettings]) -> None:
        """Go on with this; the code of one that was off at the start is loaded now."""
        await self.load(self._fleet().settings, off)
        await self._fleet().switch(off, kept)


def _facts(extension: Extension, problems: Sequence[str], origin: str) -> ExtensionFacts:
    told = (p for p in problems if p.startswith(f"extension {extension.name}: "))
    return ExtensionFacts(
        name=extension.name,
        ours=not extension.label,
        version=extension.version,
        origin=origin or "an entry point",
        adds=tuple(_adds(hook, items) for hook, items in extension.offers.items() if items),
        problems=tuple(dict.fromkeys((*extension.problems, *told, *map(str, extension.deprecations)))),
        loaded=extension.loaded,
    )


def _adds(hook: str, items: Sequence[object]) -> str:
    one, several = _WORDS.get(hook, (hook, hook))
    keys = [str(k) for item in items if (k := getattr(item, "key", None) or getattr(item, "path", None))]
    words = one if len(items) == 1 else f"{len(items)} {several}"
    return f"{words} ({', '.join(keys[:_KEYS])}{', …' if len(keys) > _KEYS else ''})" if keys else words


def _several(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"
