"""The `app` section: what the portal calls itself and where people reach it."""

from callboard.base.settings.forms import SettingsStruct

__all__ = ["AppSettings"]


class AppSettings(SettingsStruct, frozen=True, kw_only=True):
    """`app`, as in Backstage."""

    title: str = "Callboard"
    """The name in the page's title and header."""

    base_url: str | None = None
    """The address people use, e.g. `https://portal.example.org` or `https://example.org/portal`. Its host is let through the
    Host check. With a path in it, all links begin with that path and the session's cookie is sent to it alone; a proxy may pass
    the path on or take it off. Default: the address we listen on, which is right for one machine."""
