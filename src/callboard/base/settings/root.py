"""All sections together."""

from callboard.base.settings.app import AppSettings
from callboard.base.settings.auth import AuthSettings
from callboard.base.settings.backend import BackendSettings
from callboard.base.settings.callboard import CallboardSettings
from callboard.base.settings.catalog import CatalogSettings
from callboard.base.settings.forms import SettingsStruct
from callboard.base.settings.integrations import IntegrationsSettings
from callboard.base.settings.kubernetes import KubernetesSettings
from callboard.base.settings.organization import OrganizationSettings

__all__ = ["Settings"]


class Settings(SettingsStruct, frozen=True, kw_only=True):
    """Everything an operator said, with a default for everything they did not say."""

    app: AppSettings = AppSettings()
    """What the portal calls itself and where people reach it."""

    auth: AuthSettings = AuthSettings()
    """With whom people sign in."""

    organization: OrganizationSettings = OrganizationSettings()
    """Whose portal it is."""

    backend: BackendSettings = BackendSettings()
    """Listening, certificates, cross-origin rules, reading, storing."""

    catalog: CatalogSettings = CatalogSettings()
    """Where entities come from."""

    integrations: IntegrationsSettings = IntegrationsSettings()
    """Git hosts whose pages of files are read as the files."""

    kubernetes: KubernetesSettings | None = None
    """Which clusters there are and what to ask them. None when the file has no such section."""

    callboard: CallboardSettings = CallboardSettings()
    """What Backstage has no key for."""
