"""The `organization` section."""

from callboard.base.settings.forms import SettingsStruct

__all__ = ["OrganizationSettings"]


class OrganizationSettings(SettingsStruct, frozen=True, kw_only=True):
    """`organization`, as in Backstage."""

    name: str | None = None
    """The organisation's name, shown beside the title. Default: none shown."""
