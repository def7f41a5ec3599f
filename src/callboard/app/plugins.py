"""Extensions: Callboard's own and those that were found (`installed`), each asked once for what it offers, through pluggy.

What one of them does wrong costs what it offers, or that piece of it, and is told: `problems` has a sentence for each.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from types import ModuleType
from typing import Any, cast

import msgspec
import pluggy
import structlog

from callboard.base.errors import CallboardError
from callboard.base.fence import Fence, WrongAnswer
from callboard.base.in_time import in_time
from callboard.base.shape import misfit, shown_type
from callboard.extend.context import ExtensionContext
from callboard.extend.deprecation import DEPRECATIONS, Deprecation
from callboard.extend.hooks import NAMESPACE, Hooks
from callboard.extend.pages import Card, Tab
from callboard.extend.registration import Offered, ProviderRegistration, Registration
from callboard.extend.routes import ExtensionPage, ExtensionRoute
from callboard.extend.version import API_VERSION, ATTRIBUTE, version_problem
from callboard.fleet.fenced.elements import Elements, elements
from callboard.host.contexts import Contexts
from callboard.host.routes import sound_routes

__all__ = ["LOADING", "OURS", "Extension", "Plugins", "asked", "problem_of"]

OURS = "callboard."
"""What the names of our own extensions begin with."""
LOADING = 20.0
"""Seconds an extension may take to be imported, and as long for each of its hooks."""
MOST_OFFERED = 200
"""Of one hook, by one extension."""

_OFFERED: Mapping[str, type] = {
    "callboard_cluster_suppliers": Registration,
    "callboard_service_locators": Registration,
    "callboard_auth_strategies": Registration,
    "callboard_custom_resource_suppliers": Registration,
    "callboard_fetchers": Registration,
    "callboard_objects_providers": ProviderRegistration,
    "callboard_proxies": Registration,
    "callboard_sign_in": Registration,
    "callboard_decide": Registration,
    "callboard_tabs": Tab,
    "callboard_cards": Card,
    "callboard_routes": ExtensionRoute,
    "callboard_pages": ExtensionPage,
}
"""Hook to what it gives several of."""
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")

_log = structlog.get_logger(__name__)


class Extension(msgspec.Struct, frozen=True):
    """What one extension offers, by hook, and what is wrong with the rest of it."""

    name: str
    offers: Mapping[str, tuple[Any, ...]]
    problems: tuple[str, ...] = ()
    version: str = ""
    """Of the package that it came with; "" where there is none."""
    origin: str = ""
    """How it came in, in words: "the package callboard-inventory"."""
    needs: str = ""
    """The version of the door that it says it was written for."""
    package: str = ""
    """The package, at the top, that its code is in."""
    loaded: bool = True
    """Whether its code was loaded: not of one that is switched off."""

    @property
    def deprecations(self) -> tuple[Deprecation, ...]:
        """The names it has used so far that are going to go."""
        return DEPRECATIONS.met_by(self.name)

    @property
    def label(self) -> str:
        """Its name where it is somebody else's; "" for ours."""
        return "" if self.name.startswith(OURS) else self.name


def asked(name: str, plugin: object, contexts: Contexts | None = None) -> Extension:
    """What a plugin offers; `contexts` lends its hooks what they need. Never raises for what it does."""
    needs, why = _needed(plugin)
    if why:
        return Extension(name, {}, (problem_of(name, why),), needs=needs)
    problems: list[str] = []
    manager = pluggy.PluginManager(NAMESPACE)
    manager.add_hookspecs(Hooks)
    try:
        manager.register(plugin, name)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        problems.append(problem_of(name, f"it implements a hook wrongly: {error}"))
    except Exception as error:
        problems.append(problem_of(name, f"it cannot be registered ({shown_type(error)}: {error})"))
    offers: dict[str, tuple[Any, ...]] = {}
    wrong = _settings(name, manager, contexts) if contexts is not None else ""
    if wrong:
        return Extension(name, {}, (*problems, wrong), needs=needs)
    context = contexts.own(name) if contexts is not None else ExtensionContext(extension=name)
    for hook, wanted in _OFFERED.items():
        implemented = getattr(manager.hook, hook)
        if not implemented.get_hookimpls():
            continue
        if not name.startswith(OURS):
            DEPRECATIONS.met(hook, name)
        found, trouble = _of_hook(name, hook, partial(implemented, context=context), wanted)
        offers[hook] = found
        problems += trouble
    return Extension(name, offers, tuple(problems), needs=needs, package=_package(plugin))


def _package(plugin: object) -> str:
    name = plugin.__name__ if isinstance(plugin, ModuleType) else type(plugin).__module__
    return name.partition(".")[0]


class Plugins:
    """All extensions, in order: ours first. What two of them offer under one key is the first one's."""

    def __init__(
        self,
        extensions: Iterable[Extension | tuple[str, object]],
        *,
        template_problem: Callable[[str], str] = lambda _: "",
        contexts: Contexts | None = None,
        sections: Collection[str] = (),
    ) -> None:
        """`sections` are the names that the configuration has settings for."""
        self._contexts = contexts
        self._extensions = tuple(e if isinstance(e, Extension) else asked(*e) for e in extensions)
        self._problems = [p for e in self._extensions for p in e.problems]
        self._problems += self._in_vain(sections)
        self._template_problem = template_problem
        self._tabs = self._pages(Tab, "callboard_tabs", "tab")
        self._cards = self._pages(Card, "callboard_cards", "card")
        self._routes = self._sound_routes()

    def _in_vain(self, sections: Collection[str]) -> Iterator[str]:
        """Settings that nobody takes."""
        known = {e.name: e for e in self._extensions if e.label}
        for name in sorted(sections):
            where = f"callboard.extensions.settings.{name[:100]}"
            if name not in known:
                there = ", ".join(sorted(known)[:20]) or "none"
                yield f"{where}: there is no extension of that name; those loaded: {there}{nearest_name(name, known)}"
            elif (
                self._contexts is not None
                and not known[name].problems
                and not self._contexts.takes_settings(name)
            ):
                yield f"{where}: the extension {name} takes no settings"

    @property
    def extensions(self) -> tuple[Extension, ...]:
        """All of them, in order: where each came from, what it offers, what is wrong with it."""
        return self._extensions

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all extensions, in order."""
        return tuple(e.name for e in self._extensions)

    @property
    def problems(self) -> Sequence[str]:
        """What is wrong with extensions, or with what they offer, one sentence each."""
        return tuple(self._problems)

    def offered(self, hook: str) -> Sequence[Offered[Any]]:
        """What all of them offer for a hook."""
        return tuple(Offered(e.label, item) for e in self._extensions for item in e.offers.get(hook, ()))

    def tabs(self) -> tuple[Tab, ...]:
        """All tabs in their order."""
        return cast(tuple[Tab, ...], self._tabs)

    def cards(self) -> tuple[Card, ...]:
        """All cards in their order."""
        return cast(tuple[Card, ...], self._cards)

    def routes(self) -> tuple[ExtensionRoute | ExtensionPage, ...]:
        """All routes and pages that can be served."""
        return self._routes

    def _sound_routes(self) -> tuple[ExtensionRoute | ExtensionPage, ...]:
        found: list[ExtensionRoute | ExtensionPage] = []
        for offered in (*self.offered("callboard_routes"), *self.offered("callboard_pages")):
            route: ExtensionRoute | ExtensionPage = offered.item
            problem = self._template_problem(route.template) if isinstance(route, ExtensionPage) else ""
            if problem:
                words = f"the page {str(route.path)[:100]!r} is left out: {problem}"
                self._problems.append(problem_of(offered.extension, words))
            else:
                found.append(msgspec.structs.replace(route, extension=offered.extension))
        routes, problems = sound_routes(found)
        self._problems += [problem_of(extension, words) for extension, words in problems]
        return routes

    def _pages(self, of: type, hook: str, what: str) -> tuple[Any, ...]:
        """The tabs or cards, each key once, with templates that are there, knowing whose they are."""
        found: dict[str, Any] = {}
        for offered in self.offered(hook):
            page, name = offered.item, offered.extension
            problem = ""
            if page.key in found:
                other = found[page.key].extension
                whose = f"the extension {other}" if other else "Callboard itself"
                problem = f"{whose} has one of that name"
            elif name:
                problem = self._template_problem(page.template)
            if problem:
                self._problems.append(problem_of(name, f"the {what} {page.key!r} is left out: {problem}"))
            else:
                own = msgspec.structs.replace(page, extension=name)
                found[page.key] = self._contexts.lend(own) if self._contexts else own
        return tuple(sorted(found.values(), key=lambda p: (p.order, p.key)))


def _needed(plugin: object) -> tuple[str, str]:
    """(the version of the door that it says it was written for, why that cannot be)."""
    try:
        said = getattr(plugin, ATTRIBUTE, None)
    except BaseException as error:
        return "", f"its {ATTRIBUTE} cannot be read ({shown_type(error)})"
    return said[:20] if isinstance(said, str) else "", version_problem(said, API_VERSION)


def _settings(name: str, manager: pluggy.PluginManager, contexts: Contexts) -> str:
    """What is wrong with the extension's own settings, or with what it says of them; "" where nothing is."""
    implemented = manager.hook.callboard_settings
    if not implemented.get_hookimpls():
        return ""
    fence = Fence("the hook callboard_settings", name)

    def check(value: object) -> type[msgspec.Struct]:
        if not isinstance(value, type) or not issubclass(value, msgspec.Struct):
            raise WrongAnswer(f"expected a msgspec struct, got {shown_type(value)}")
        return value

    try:
        struct = fence.now(
            "say what its settings are", lambda: in_time(fence.part, implemented, within=LOADING), check
        )
    except CallboardError as error:
        return error.message
    problems = contexts.declare(name, struct)
    return problem_of(name, f"its settings: {'; '.join(map(str, problems))}") if problems else ""


def _of_hook(
    name: str, hook: str, implemented: Callable[[], list[object]], wanted: type
) -> tuple[tuple[Any, ...], list[str]]:
    fence = Fence(f"the hook {hook}", name)

    def check(value: object) -> Elements[Any]:
        if not isinstance(value, list) or len(value) != 1:
            raise WrongAnswer(f"expected several of {wanted.__name__}, got nothing")
        return elements(value[0], wanted, MOST_OFFERED, also=_unnamed)

    def ask() -> object:
        return implemented() if name.startswith(OURS) else in_time(fence.part, implemented, within=LOADING)

    try:
        found = fence.now("say what it offers", ask, check)
    except CallboardError as error:
        return (), [error.message]
    return found.sound, [problem_of(name, f"{hook}: {found.told}")] if found.told else []


def _unnamed(item: Any) -> str:
    if isinstance(item, ExtensionRoute | ExtensionPage):
        return ""  # what is wrong with one is told by its path
    if misfit(item.key, str) or not _KEY.fullmatch(item.key):
        return "a key is letters, digits, '-', '_' and '.'"
    return ""


def nearest_name(name: str, known: Iterable[str]) -> str:
    """A hint at the name that was meant; "" where none is near."""
    near = get_close_matches(name, list(known), 1)
    return f"; did you mean {near[0]}?" if near else ""


def problem_of(name: str, words: str) -> str:
    """What is wrong with an extension, in one sentence."""
    return f"extension {name}: {words}"
