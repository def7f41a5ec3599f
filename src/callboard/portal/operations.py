"""The operator's tools: what is configured, whether it works, and what it needs."""

from collections.abc import Sequence
from typing import Protocol

from callboard.catalog.validate import Validation
from callboard.catalog.validate import validate_paths as validate_catalog
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster

__all__ = ["Operations", "Validation", "validate_catalog"]


class Operations(Protocol):
    """Tools on a wired portal, for the terminal."""

    async def clusters(self, caller: Caller) -> Sequence[Cluster]:
        """All clusters that are configured."""
        ...
