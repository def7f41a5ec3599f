"""Which kinds a location may bring: `catalog.rules` and the rules of each location."""

import re
from collections.abc import Sequence
from functools import lru_cache

from callboard.base.settings import CatalogRule, LocationMatch
from callboard.catalog.sources.location import Location

__all__ = ["allows"]


def allows(
    rules: Sequence[CatalogRule], own: Sequence[CatalogRule], origin: Location, kind: str, spec_type: str
) -> bool:
    """Whether an entity that goes back to the configured location `origin` may come.

    `rules` are the global ones, `own` those written at the location itself. One that allows is enough.
    """
    return any(_allowed(rule, kind, spec_type) for rule in own) or any(
        _allowed(rule, kind, spec_type) and _matches(rule.locations, origin) for rule in rules
    )


def _allowed(rule: CatalogRule, kind: str, spec_type: str) -> bool:
    return any(
        entry.kind.lower() == kind.lower()
        and (entry.spec_type is None or entry.spec_type.lower() == spec_type.lower())
        for entry in rule.allow
    )


def _matches(matches: Sequence[LocationMatch], origin: Location) -> bool:
    return not matches or any(_match(match, origin) for match in matches)


def _match(match: LocationMatch, origin: Location) -> bool:
    return (
        (match.type is None or match.type == origin.type)
        and (match.exact is None or match.exact == origin.target)
        and (match.pattern is None or _glob(match.pattern).fullmatch(origin.target) is not None)
    )


@lru_cache(maxsize=256)
def _glob(pattern: str) -> re.Pattern[str]:
    """A glob without regard to case: `**` crosses slashes, `*` and `?` do not, `{a,b}` are alternatives."""
    translated, depth = "", 0
    for token in re.findall(r"\*\*/|\*\*|\[[^\]]+\]|.", pattern, re.DOTALL):
        if token == "**/":
            translated += "(?:.*/)?"
        elif token == "**":
            translated += ".*"
        elif token == "*":
            translated += "[^/]*"
        elif token == "?":
            translated += "[^/]"
        elif token == "{" and "}" in pattern:
            translated, depth = translated + "(?:", depth + 1
        elif token == "}" and depth:
            translated, depth = translated + ")", depth - 1
        elif token == "," and depth:
            translated += "|"
        elif len(token) > 1:
            inner = token[1:-1].replace("\\", "\\\\")
            translated += "[" + ("^" + inner[1:] if inner[0] in "!^" else inner) + "]"
        else:
            translated += re.escape(token)
    try:
        return re.compile(translated, re.IGNORECASE | re.DOTALL)
    except re.error:
        return re.compile(re.escape(pattern), re.IGNORECASE)
