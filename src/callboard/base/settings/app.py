"""The `app` section: what the portal calls itself and where people reach it."""

from callboard.base.settings.forms import SettingsStruct

__all__ = ["AppSettings"]


class AppSettings(SettingsStruct, frozen=True, kw_only=True):
    """`app`, as in Backstage."""

    title: str = "Callboard"
    """The name in the page's title and header."""

    base_url: str | None = None
    """The address people use, e.g. `https://portal.example.org`. Links that leave the page are built on it, and its host
    is let through the Host check. A path in it has no effect: pages begin at `/`. Default: the address we listen on, which is
    right for one machine."""
