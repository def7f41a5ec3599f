"""Extensions in words: what each adds, and what is wrong with it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from callboard.app.plugins import Extension
from callboard.cli.wiring import InstalledExtension
from callboard.extend.routes import ExtensionPage, ExtensionRoute
from callboard.host.paths import full_path

__all__ = ["in_words"]

_WHAT: Final[Mapping[str, str]] = {
    "callboard_cluster_suppliers": "clusters",
    "callboard_service_locators": "service locator",
    "callboard_auth_strategies": "auth strategy",
    "callboard_custom_resource_suppliers": "custom resources",
    "callboard_fetchers": "fetcher",
    "callboard_objects_providers": "objects provider",
    "callboard_proxies": "proxy",
    "callboard_sign_in": "way to sign in",
    "callboard_tabs": "tab",
    "callboard_cards": "card",
    "callboard_routes": "route",
    "callboard_pages": "page",
}


def in_words(extensions: Sequence[Extension], problems: Sequence[str]) -> tuple[InstalledExtension, ...]:
    """Those of others. `problems` are sentences about all of them; each is told of the one that it names."""
    return tuple(
        InstalledExtension(
            name=each.name,
            version=each.version,
            origin=each.origin,
            needs=each.needs,
            adds=tuple(_adds(each)),
            problems=tuple(
                dict.fromkeys(
                    (
                        *each.problems,
                        *(p for p in problems if _names(p, each.name) and p not in each.problems),
                    )
                )
            ),
            deprecations=tuple(str(d) for d in each.deprecations),
        )
        for each in extensions
        if each.label
    )


def _names(problem: str, name: str) -> bool:
    return problem.startswith((f"extension {name}:", f"callboard.extensions.settings.{name}:")) or (
        f"of the extension {name!r}" in problem
    )


def _adds(extension: Extension) -> Iterator[str]:
    for hook, offered in extension.offers.items():
        what = _WHAT.get(hook, hook.removeprefix("callboard_"))
        yield from (f"{what} {_shown(extension.name, item)}" for item in offered)


def _shown(name: str, item: Any) -> str:
    if isinstance(item, ExtensionRoute | ExtensionPage):
        method = f"{item.method} " if isinstance(item, ExtensionRoute) else ""
        try:
            import msgspec

            return f"{method}{full_path(msgspec.structs.replace(item, extension=name))}"[:200]
        except Exception:
            return "without a path"
    return str(getattr(item, "key", ""))[:100]
