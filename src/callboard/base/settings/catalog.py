"""The `catalog` section: where entities come from and which kinds each place may bring."""

import msgspec

from callboard.base.settings.forms import Interval, SettingsStruct

__all__ = ["CatalogLocation", "CatalogRule", "CatalogSettings", "LocationMatch", "RuleAllow"]


class RuleAllow(SettingsStruct, frozen=True, kw_only=True):
    """One allowed kind: in the file a plain kind, or `{kind, spec.type}`. Compared without regard to case."""

    kind: str
    """An entity kind, e.g. `Component`."""

    spec_type: str | None = msgspec.field(default=None, name="spec.type")
    """The entity's `spec.type`, where the rule is about one type only (`spec.type` in the file)."""


class LocationMatch(SettingsStruct, frozen=True, kw_only=True):
    """Which locations a rule is about."""

    type: str | None = None
    """The location type, `file` or `url`. Default: any."""

    exact: str | None = None
    """The whole target, to the letter."""

    pattern: str | None = None
    """A glob over the target (`**` crosses slashes)."""


class CatalogRule(SettingsStruct, frozen=True, kw_only=True):
    """One entry of `catalog.rules`: kinds that may come, and from where."""

    allow: tuple[RuleAllow, ...]
    """The kinds. An empty list allows none."""

    locations: tuple[LocationMatch, ...] = ()
    """From which locations. Default: from every one."""


DEFAULT_RULES = (CatalogRule(allow=tuple(RuleAllow(kind=k) for k in ("Component", "API", "Location"))),)


class CatalogLocation(SettingsStruct, frozen=True, kw_only=True):
    """One entry of `catalog.locations`."""

    type: str
    """`file` or `url`."""

    target: str = ""
    """Required. A path (globs allowed; relative ones start at the working directory, as in Backstage) or an address."""

    rules: tuple[CatalogRule, ...] = ()
    """Kinds this location may bring, beyond the global rules. `locations` has no meaning in these."""


class CatalogSettings(SettingsStruct, frozen=True, kw_only=True):
    """`catalog`, as in Backstage."""

    locations: tuple[CatalogLocation, ...] = ()
    """Where entities come from."""

    rules: tuple[CatalogRule, ...] = DEFAULT_RULES
    """Which kinds any location may bring. Default: Backstage's: Component, API and Location, because a repository
    must not be able to make itself an owner, or a cluster."""

    processing_interval: Interval = 150.0
    """Seconds between two reads of a `url` location (files are re-read when they change). Default: the slow end of
    Backstage's 100 to 150 seconds, to spare the servers. `false` in the file, which switches re-reading off, is held as
    infinity."""
