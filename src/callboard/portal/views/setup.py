"""How Callboard is set up, for whoever looks after it: clusters, and the configuration in force."""

from datetime import datetime

import msgspec

from callboard.base.config import Row, SettingLine
from callboard.model.cluster import ClusterInfo
from callboard.model.snapshot import Notice

__all__ = ["ClusterLine", "ClustersView", "ConfigurationView", "RefusedLine"]


class RefusedLine(msgspec.Struct, frozen=True):
    """What a cluster does not give us: a type, with its scope; why, in its own words where it spoke."""

    what: str
    why: str


class ClusterLine(msgspec.Struct, frozen=True, kw_only=True):
    """One cluster as we stand with it. `identities` are names of credentials, never a token. `as_of` is the oldest moment as of
    which something of it is known, `stale_since` since when the newest attempts fail. `asked` is how many questions came to what
    since the start; the other numbers are as of now."""

    cluster: ClusterInfo
    state: str
    source: str
    auth: str
    identities: tuple[str, ...] = ()
    decides: str = "portal"
    unverified: bool = False
    """Whether its certificate is not checked: whoever is in between could be it."""
    as_of: datetime | None = None
    stale_since: datetime | None = None
    streams: tuple[tuple[str, int], ...] = ()
    refused: tuple[RefusedLine, ...] = ()
    more_refused: int = 0
    watches: int = 0
    most_watches: int = 0
    lists: int = 0
    waiting: int = 0
    objects: int = 0
    bytes: int = 0
    asked: tuple[tuple[str, int], ...] = ()


class ClustersView(msgspec.Struct, frozen=True, kw_only=True):
    """One page of them by name. `notices` are what is wrong with where they come from."""

    rows: tuple[ClusterLine, ...]
    notices: tuple[Notice, ...] = ()
    total: int = 0
    further: int = 0


class ConfigurationView(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the settings in force; `total` of those that were asked for. `warnings` are keys with something to be told."""

    rows: tuple[SettingLine, ...]
    files: tuple[str, ...]
    warnings: tuple[Row, ...] = ()
    total: int = 0
    further: int = 0
