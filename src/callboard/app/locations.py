"""Which configured file locations lead nowhere now: what `config check` tells beside the keys."""

from pathlib import Path

from callboard.base.errors import CallboardError
from callboard.base.settings import CatalogSettings
from callboard.catalog.sources.files import Expansion, expand
from callboard.catalog.sources.roots import place_of

__all__ = ["leading_nowhere"]


def leading_nowhere(settings: CatalogSettings, directory: Path) -> dict[str, str]:
    """By the path of a location's target in the configuration: why nothing is read from it. It looks at the disk only; nothing
    is fetched."""
    told: dict[str, str] = {}
    for index, configured in enumerate(settings.locations):
        path = f"catalog.locations[{index}].target"
        try:
            place = place_of(configured.type, configured.target, directory)
            if configured.type == "file" and expand(place.location) == Expansion():
                missing = place.missing()
                told[path] = "; ".join(filter(None, ("nothing is there", missing.found, missing.hint)))
        except CallboardError as error:
            told[path] = error.message
    return told
