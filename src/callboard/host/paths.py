"""Where routes and pages of extensions stand, and what is wrong with one that cannot stand there. Pure."""

import re
from collections.abc import Iterable
from typing import Final, get_args

import msgspec

from callboard.base.shape import misfit
from callboard.extend.routes import ExtensionPage, ExtensionRoute, RouteMethod
from callboard.model.permission import DONE_TO, NOT_YET, ResourceKind

__all__ = ["API", "ENTITY", "PAGES", "full_path", "route_problem", "shape_of"]

API: Final = "/api/ext"
PAGES: Final = "/ext"
ENTITY: Final = ("entity_namespace", "entity_kind", "entity_name")
"""The parameters that `{entity}` stands for."""

MOST_DEADLINE: Final = 60.0
MOST_CONCURRENT: Final = 100
MOST_BODY: Final = 4 * 1024 * 1024
MOST_PATH: Final = 300

_SEGMENT = r"[A-Za-z0-9][A-Za-z0-9._~-]*"
_PATH: Final = re.compile(rf"(?:/(?:{_SEGMENT}|\{{[a-z][a-zA-Z0-9_]*\}}))+")
_PARAMETER: Final = re.compile(r"\{([^}]*)\}")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def full_path(route: ExtensionRoute | ExtensionPage) -> str:
    """The path on our site, as Starlette writes it."""
    root = API if isinstance(route, ExtensionRoute) else PAGES
    inner = route.path.replace("{entity}", "/".join(f"{{{name}}}" for name in ENTITY))
    return f"{root}/{route.extension}{inner}"


def shape_of(route: ExtensionRoute | ExtensionPage) -> tuple[str, str]:
    """What two routes must not have in common: the method, and the path whatever its parameters are called."""
    method = route.method if isinstance(route, ExtensionRoute) else "GET"
    return method, _PARAMETER.sub("{}", full_path(route))


def route_problem(route: ExtensionRoute | ExtensionPage) -> str:
    """Why it cannot be put on the site, in a clause; "" where it can."""
    if found := misfit(route, type(route)):
        return found
    if not _NAME.fullmatch(route.extension):
        return "the extension's name cannot stand in an address: letters, digits, '-', '_' and '.'"
    if len(route.path) > MOST_PATH or not _PATH.fullmatch(route.path):
        return "its path is none: '/' before each segment, and {name} for a parameter"
    names = _PARAMETER.findall(route.path)
    if len(set(names)) != len(names) or any(name in ENTITY for name in names):
        return "a parameter stands twice in its path, or is called as those of {entity}"
    if route.permission is None:
        return "it does not say what its caller must be allowed to do (permission)"
    if route.permission in NOT_YET:
        return "its permission is none that Callboard knows"
    if "entity" in names and not DONE_TO[route.permission] & {ResourceKind.ENTITY, ResourceKind.OBJECTS}:
        return f"its permission {route.permission} is not about an entity, and its path is"
    if not 0 < route.deadline <= MOST_DEADLINE:
        return f"its deadline is no number of seconds up to {MOST_DEADLINE:g}"
    if not 1 <= route.concurrent <= MOST_CONCURRENT:
        return f"the calls at once are not from 1 to {MOST_CONCURRENT}"
    if isinstance(route, ExtensionRoute):
        if route.method not in get_args(RouteMethod):
            return "its method is none of " + ", ".join(get_args(RouteMethod))
        if not 1 <= route.most_body <= MOST_BODY:
            return f"the bytes of a body are not from 1 to {MOST_BODY}"
        if route.body is not None and route.method in ("GET", "DELETE"):
            return f"a {route.method} has no body"
    return _parameters_problem(route.parameters, (n for n in names if n != "entity"))


def _parameters_problem(struct: type[msgspec.Struct] | None, names: Iterable[str]) -> str:
    if struct is None:
        return ""
    try:
        fields = {field.encode_name for field in msgspec.structs.fields(struct)}
    except Exception:
        return "its parameters are no msgspec struct"
    missing = sorted(set(names) - fields)
    return f"its parameters have no field {missing[0]!r}, and its path has" if missing else ""
