"""Where a configured location leads: which file its relative target means."""

import os
from pathlib import Path

import msgspec

from callboard.base.errors import Problem
from callboard.catalog.sources.files import expand
from callboard.catalog.sources.location import Location, rooted

__all__ = ["RootPlace", "place_of"]

BACKEND = "packages/backend"
"""Where Backstage's backend runs, and from where a scaffolded `app-config.yaml` counts: `../../examples/entities.yaml`."""


class RootPlace(msgspec.Struct, frozen=True):
    """A configured location, and for a relative file the places that were tried for it."""

    location: Location
    tried: tuple[Location, ...] = ()

    def missing(self) -> Problem:
        """What is told where nothing is found."""
        places = " and ".join(each.target for each in self.tried) or self.location.target
        hint = ""
        if self.tried:
            hint = (
                "relative targets start at the working directory, and as Backstage has it at its "
                f"{BACKEND}: start Callboard where they lead somewhere, or write the target from here"
            )
        return Problem(
            f"{self.location} does not exist",
            where=self.location.shown,
            found=f"nothing at {places}" if self.tried else "",
            hint=hint,
        )


def place_of(kind: str, target: str, directory: Path) -> RootPlace:
    """What `target` means now. It looks at the disk. Raises BadInput for a type nobody reads.

    A relative file target counts from `directory`; where nothing is there and it climbs (`../…`), from where Backstage's
    backend would run in it.
    """
    first = rooted(kind, target, directory)
    if kind != "file" or os.path.isabs(target):  # noqa: PTH117 - a glob is no Path
        return RootPlace(first)
    if not target.startswith(".."):
        return RootPlace(first, (first,))
    second = rooted(kind, target, directory / BACKEND)
    found = next((each for each in (first, second) if expand(each).files), first)
    return RootPlace(found, (first, second))
