"""The `integrations` section: Git hosts beside github.com and gitlab.com, which are known without it."""

import msgspec

from callboard.base.settings.forms import SettingsStruct

__all__ = ["GithubIntegration", "GitlabIntegration", "IntegrationsSettings"]


class GithubIntegration(SettingsStruct, frozen=True, kw_only=True):
    """One entry of `integrations.github`. Files are read without credentials."""

    host: str
    """The host, with `:port` where it is not the usual one."""

    raw_base_url: str | None = msgspec.field(default=None, name="rawBaseUrl")
    """Where the files themselves begin. Default: `https://raw.githubusercontent.com` for github.com, `https://HOST/raw` for
    any other."""


class GitlabIntegration(SettingsStruct, frozen=True, kw_only=True):
    """One entry of `integrations.gitlab`. Files are read without credentials."""

    host: str
    """The host, with `:port` where it is not the usual one."""


class IntegrationsSettings(SettingsStruct, frozen=True, kw_only=True):
    """`integrations`, as in Backstage: addresses of pages that show a file (`…/blob/main/catalog-info.yaml`) on these hosts are
    read as the file."""

    github: tuple[GithubIntegration, ...] = ()
    """GitHub Enterprise servers. github.com is known without."""

    gitlab: tuple[GitlabIntegration, ...] = ()
    """GitLab servers. gitlab.com is known without."""
