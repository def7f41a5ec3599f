"""What the configuration says of a service beside, as routes and tabs, or what is wrong with it."""

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from callboard.base.errors import CallboardError, Problem
from callboard.base.settings import ServiceBesideSettings, ServiceRouteSettings, ServiceTabSettings
from callboard.extend.pages import CardContext, Tab
from callboard.extend.routes import ExtensionRoute, RouteContext
from callboard.host.beside.asking import AskedService, path_at
from callboard.host.beside.shown import ShownData, shown
from callboard.host.paths import MOST_BODY, MOST_CONCURRENT, MOST_DEADLINE, route_problem
from callboard.host.routes import sound_routes
from callboard.model.caller import Caller
from callboard.model.entity import Entity, EntityRef
from callboard.model.permission import DONE_TO, NOT_YET, Action, ResourceKind
from callboard.outbound import WebAddress, address_of
from callboard.outbound.address import normal_path

__all__ = ["TEMPLATE", "Admit", "declared_service", "target_of"]

TEMPLATE: Final = "callboard/tabs/service.html"
MOST_ANSWER: Final = 4 * 1024 * 1024
MOST_TAB: Final = 8.0
"""Seconds of a tab's call: a tab is waited for ten."""

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_KEY: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
_PARAMETER: Final = re.compile(r"\{([^{}]*)\}")
_QUERY: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")
_TO: Final = re.compile(r"(?:/(?:[A-Za-z0-9._~-]+|\{[a-z][a-zA-Z0-9_]*\}))+")

Admit = Callable[[Caller, Action, EntityRef], Any]
"""Awaited before a tab is filled. Raises NotAllowed, NotFound."""


def target_of(name: str, settings: ServiceBesideSettings) -> tuple[WebAddress | None, tuple[Problem, ...]]:
    """(its address in normal form, what is wrong with it and with its bounds: then None)."""
    where = f"callboard.services.{name[:100]}"
    problems: list[Problem] = []
    if not _NAME.fullmatch(name):
        problems.append(
            Problem("its name cannot stand in an address", where=where, expected="letters, digits and '-'")
        )
    target = None
    try:
        target = address_of(settings.target)
    except CallboardError as error:
        problems.append(Problem(error.message, where=where, path="target"))
    if target is not None and target.query:
        problems.append(Problem("a target has no query", where=where, path="target"))
    bounds: tuple[tuple[str, float, float], ...] = (
        ("timeout", settings.timeout, MOST_DEADLINE),
        ("concurrent", settings.concurrent, MOST_CONCURRENT),
        ("maxBytes", settings.max_bytes, MOST_ANSWER),
        ("maxBody", settings.max_body, MOST_BODY),
    )
    for key, value, most in bounds:
        if not 0 < value <= most:
            problems.append(
                Problem(
                    "out of bounds",
                    where=where,
                    path=key,
                    found=f"{value:g}",
                    expected=f"more than 0, {most:g} at most",
                )
            )
    return (None if problems else target), tuple(problems)


def declared_service(
    service: AskedService, admit: Admit
) -> tuple[tuple[ExtensionRoute, ...], tuple[Tab, ...], tuple[Problem, ...]]:
    """(its routes, its tabs, what is wrong with others)."""
    where = f"callboard.services.{service.name}"
    routes: list[ExtensionRoute] = []
    problems: list[Problem] = []
    for index, each in enumerate(service.settings.routes):
        at = f"routes[{index}]"
        why = _route_problem(each)
        route = None if why else _route(service, each)
        if route is not None:
            why = route_problem(route)
            if not why and len(sound_routes([*routes, route])[0]) <= len(routes):
                why = "another route stands there"
        if route is None or why:
            problems.append(Problem(why, where=where, path=at, found=repr(each.path[:100])))
        else:
            routes.append(route)
    tabs: list[Tab] = []
    for key, tab in service.settings.tabs.items():
        if why := _tab_problem(key, tab):
            problems.append(Problem(why, where=where, path=f"tabs.{key[:100]}"))
        else:
            tabs.append(_tab(service, key, tab, admit))
    return tuple(routes), tuple(tabs), tuple(problems)


def _action(text: str) -> Action | None:
    return next((a for a in Action if a == text and a not in NOT_YET), None)


def _no_action(text: str) -> str:
    return f"{text[:100]!r} is no permission; there are {', '.join(a for a in Action if a not in NOT_YET)}"


def _route_problem(settings: ServiceRouteSettings) -> str:
    action = _action(settings.permission)
    if action is None:
        return _no_action(settings.permission)
    names = _PARAMETER.findall(settings.path)
    if "entity" not in names and ResourceKind.OBJECTS in DONE_TO[action]:
        return f"{action} is about an entity, and its path has no {{entity}}: nothing would be decided"
    if ResourceKind.PLACE in DONE_TO[action]:
        return f"{action} is decided for each question to a cluster, and the service asks its own: nothing would be decided"
    strange = next((q for q in settings.query if not _QUERY.fullmatch(q) or q in names), "")
    if strange or len(set(settings.query)) != len(settings.query):
        return f"its query has a parameter that cannot be one, or stands twice: {strange[:100]!r}"
    if settings.timeout is not None and not 0 < settings.timeout <= MOST_DEADLINE:
        return f"its timeout is no number of seconds up to {MOST_DEADLINE:g}"
    return _to_problem(settings.to or settings.path, names)


def _tab_problem(key: str, settings: ServiceTabSettings) -> str:
    action = _action(settings.permission)
    if action is None:
        return _no_action(settings.permission)
    if not _KEY.fullmatch(key):
        return "a tab's key is small letters, digits and '-'"
    if not DONE_TO[action] & {ResourceKind.OBJECTS, ResourceKind.ENTITY}:
        return f"its permission {action} is not about an entity"
    return _to_problem(settings.to, ["entity"])


def _to_problem(to: str, names: list[str]) -> str:
    if not _TO.fullmatch(to) or normal_path(plain := _PARAMETER.sub("x", to)) != plain:
        return f"{to[:100]!r} is no path: '/' before each segment, and {{name}} for a parameter"
    missing = next((n for n in _PARAMETER.findall(to) if n not in names), "")
    return f"{{{missing}}} is no parameter of its path" if missing else ""


def _route(service: AskedService, settings: ServiceRouteSettings) -> ExtensionRoute:
    names = [n for n in _PARAMETER.findall(settings.path) if n != "entity"]
    fields: list[Any] = [(f"p{i}", str) for i in range(len(names))]
    fields += [(f"q{i}", str | None, None) for i in range(len(settings.query))]
    rename = {f"p{i}": n for i, n in enumerate(names)} | {f"q{i}": n for i, n in enumerate(settings.query)}
    parameters = msgspec.defstruct("Parameters", fields, rename=rename, kw_only=True) if fields else None
    changes = settings.method not in ("GET", "DELETE")
    timeout = settings.timeout or service.settings.timeout

    async def handler(context: RouteContext) -> object:
        entity = context.entity.ref if context.entity is not None else None
        given = [(name, context.query[name]) for name in settings.query if name in context.query]
        return await service.ask(
            settings.method,
            path_at(settings.to or settings.path, context.path, entity),
            context.caller,
            entity=entity,
            query=given,
            body=bytes(context.body) if changes and context.body is not None else None,
            timeout=timeout,
        )

    return ExtensionRoute(
        path=settings.path,
        method=settings.method,  # type: ignore[arg-type]  # `route_problem` looks at it
        handler=handler,
        permission=Action(settings.permission),
        parameters=parameters,
        body=msgspec.Raw if changes else None,
        title=settings.title,
        deadline=min(timeout + 1.0, MOST_DEADLINE),
        most_body=service.settings.max_body,
        concurrent=service.settings.concurrent,
        extension=service.name,
    )


def _tab(service: AskedService, key: str, settings: ServiceTabSettings, admit: Admit) -> Tab:
    action, kinds = Action(settings.permission), {k.lower() for k in settings.kinds}

    async def view(context: CardContext) -> ShownData:
        ref = context.entity.ref
        await admit(context.caller, action, ref)
        seconds = min(service.settings.timeout, MOST_TAB)
        value = await service.ask(
            "GET", path_at(settings.to, {}, ref), context.caller, entity=ref, timeout=seconds
        )
        return shown(value, service.title)

    def applies(entity: Entity) -> bool:
        has = not settings.annotation or settings.annotation in entity.metadata.annotations
        return has and entity.ref.kind in kinds

    return Tab(
        key=key, title=settings.title, template=TEMPLATE, view=view, applies=applies, extension=service.name
    )
