"""All routes and pages of extensions: which are served, and why the others are not."""

from collections.abc import Callable, Sequence

from callboard.extend.routes import ExtensionPage, ExtensionRoute
from callboard.host.contexts import Contexts
from callboard.host.mounted import Mounted
from callboard.host.paths import route_problem, shape_of
from callboard.portal.questions import Questions

__all__ = ["ExtensionRoutes", "sound_routes"]

MOST_ROUTES = 1000


def sound_routes(
    routes: Sequence[ExtensionRoute | ExtensionPage],
) -> tuple[tuple[ExtensionRoute | ExtensionPage, ...], tuple[tuple[str, str], ...]]:
    """(those that can be served, (extension, what is wrong) of the others)."""
    found: dict[tuple[str, str], ExtensionRoute | ExtensionPage] = {}
    problems: list[tuple[str, str]] = []
    for route in routes:
        what = "route" if isinstance(route, ExtensionRoute) else "page"
        path = str(getattr(route, "path", ""))[:100]
        why = route_problem(route)
        if not why and shape_of(route) in found:
            why = "another one stands there"
        if not why and len(found) >= MOST_ROUTES:
            why = f"there are {MOST_ROUTES} already"
        if why:
            problems.append((route.extension, f"the {what} {path!r} is left out: {why}"))
        else:
            found[shape_of(route)] = route
    return tuple(found.values()), tuple(problems)


class ExtensionRoutes:
    """Those that are served now. What was mounted for a route stays while that route does."""

    def __init__(self, contexts: Contexts, questions: Callable[[], Questions | None]) -> None:
        self._contexts = contexts
        self._questions = questions
        self._mounted: dict[int, Mounted] = {}
        self.version = 0
        """Another number whenever the routes are others."""

    @property
    def mounted(self) -> tuple[Mounted, ...]:
        """In the order they are looked at."""
        return tuple(self._mounted.values())

    def use(self, routes: Sequence[tuple[ExtensionRoute | ExtensionPage, bool]]) -> tuple[Mounted, ...]:
        """Serve these from now on, each with whether it is trusted; what is served no more, to be closed."""
        before = self._mounted
        self._mounted = {
            id(route): before.get(id(route))
            or Mounted(route, self._contexts, self._questions, trusted=trusted)
            for route, trusted in routes
        }
        self.version += 1
        return tuple(m for key, m in before.items() if key not in self._mounted)

    async def aclose(self) -> None:
        """End all that is under way."""
        for mounted in self.mounted:
            await mounted.close()
