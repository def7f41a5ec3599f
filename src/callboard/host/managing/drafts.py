"""A declared route as a form says it: foreign text in; settings, what is wrong, and the configuration to copy out."""

from collections.abc import Mapping
from typing import Final

import msgspec
import yaml

from callboard.base.errors import BadInputs, UsageError
from callboard.base.settings import RouteSettings
from callboard.extend.routes import ExtensionRoute
from callboard.host.declared import declared_routes
from callboard.host.expressions.pool import ExpressionPool

__all__ = ["FIELDS", "RouteDraft", "draft_of", "parameters_at", "written"]

FIELDS: Final = ("path", "title", "types", "clusters", "namespaces", "selector", "expression")
"""Of the form; several values are separated by commas or blanks."""
_SEVERAL: Final = ("types", "clusters", "namespaces")


class RouteDraft(msgspec.Struct, frozen=True, kw_only=True):
    """`route` is None where something is wrong: then `problems` say what. `yaml` is what would stand in the configuration."""

    settings: RouteSettings
    route: ExtensionRoute | None
    problems: tuple[str, ...]
    yaml: str


async def draft_of(fields: Mapping[str, str], pool: ExpressionPool) -> RouteDraft:
    """Read the fields of the form. Raises UsageError, Unavailable."""
    said: dict[str, object] = {}
    for key in FIELDS:
        text = fields.get(key, "").strip()
        if text:
            said[key] = tuple(text.replace(",", " ").split()) if key in _SEVERAL else text
    try:
        settings = msgspec.convert({"path": "/", **said}, RouteSettings)
    except msgspec.ValidationError as error:
        raise UsageError(f"This is no route: {str(error)[:300]}.") from None
    try:
        (route,) = declared_routes([settings], pool.value)
    except BadInputs as error:
        problems = tuple(str(p).removeprefix("callboard.routes[0]: ") for p in error.problems)
        return RouteDraft(settings=settings, route=None, problems=problems, yaml=written(settings))
    wrong = await pool.check(settings.expression) if settings.expression else ""
    if wrong:
        return RouteDraft(
            settings=settings, route=None, problems=(f"expression: {wrong}",), yaml=written(settings)
        )
    return RouteDraft(settings=settings, route=route, problems=(), yaml=written(settings))


def written(settings: RouteSettings) -> str:
    """As it stands in `app-config.yaml`."""
    said = {k: v for k, v in msgspec.to_builtins(settings).items() if v}
    return yaml.safe_dump({"callboard": {"routes": [said]}}, sort_keys=False, allow_unicode=True, width=100)


def parameters_at(path: str, address: str) -> Mapping[str, str]:
    """The parameters of a declared path at an address such as `/pods/eu-1/shop`. Raises UsageError where it is none of its."""
    wanted = path.replace("{entity}", "{entity_namespace}/{entity_kind}/{entity_name}").split("/")
    given = address.split("/")
    found: dict[str, str] = {}
    fits = len(wanted) == len(given)
    for want, got in zip(wanted, given, strict=False):
        if want.startswith("{") and want.endswith("}") and got:
            found[want[1:-1]] = got
        else:
            fits = fits and want == got
    if not fits:
        raise UsageError(f"{address[:200]!r} is no address of {path}: write a value for each {{name}} in it.")
    return found
