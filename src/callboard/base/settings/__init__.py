"""What an operator may say in `app-config.yaml`, as frozen structs: one file a section, one docstring a field.

It holds meanings, units, defaults and their reasons, and nothing that reads a file: `callboard.base.config` fills these
structs and says what it could not fill. It must never read a file or the environment. Every room may read the structs;
only the composition root makes one from files. `Settings()` is a whole set of sane defaults.
"""

from callboard.base.settings.app import AppSettings
from callboard.base.settings.backend import (
    BackendSettings,
    CertificateSettings,
    CorsSettings,
    DatabaseConnection,
    DatabaseSettings,
    DatabaseTlsSettings,
    HttpsSettings,
    ListenSettings,
    ReadingAllow,
    ReadingSettings,
)
from callboard.base.settings.callboard import (
    AccessSettings,
    BreakerSettings,
    CallboardSettings,
    CatalogReadingSettings,
    CheckpointSettings,
    ClusterLimits,
    ClusterOverride,
    ClustersSettings,
    DatabaseLimits,
    HubSettings,
    KubeconfigSettings,
    LoggingSettings,
    OutboundSettings,
    PartsSettings,
    PoliciesSettings,
    UserSettings,
    WebSettings,
)
from callboard.base.settings.catalog import (
    CatalogLocation,
    CatalogRule,
    CatalogSettings,
    LocationMatch,
    RuleAllow,
)
from callboard.base.settings.diagnosis import ConditionSettings, DiagnosisSettings
from callboard.base.settings.forms import Opaque
from callboard.base.settings.integrations import GithubIntegration, GitlabIntegration, IntegrationsSettings
from callboard.base.settings.kubernetes import (
    CatalogLocator,
    ClusterLocator,
    ClusterSettings,
    ConfigLocator,
    CustomResourceSettings,
    GkeLocator,
    InClusterLocator,
    KubeconfigLocator,
    KubernetesSettings,
    LocalKubectlProxyLocator,
    OtherLocator,
    ServiceLocatorMethod,
)
from callboard.base.settings.organization import OrganizationSettings
from callboard.base.settings.root import Settings

__all__ = [
    "AccessSettings",
    "AppSettings",
    "BackendSettings",
    "BreakerSettings",
    "CallboardSettings",
    "CatalogLocation",
    "CatalogLocator",
    "CatalogReadingSettings",
    "CatalogRule",
    "CatalogSettings",
    "CertificateSettings",
    "CheckpointSettings",
    "ClusterLimits",
    "ClusterLocator",
    "ClusterOverride",
    "ClusterSettings",
    "ClustersSettings",
    "ConditionSettings",
    "ConfigLocator",
    "CorsSettings",
    "CustomResourceSettings",
    "DatabaseConnection",
    "DatabaseLimits",
    "DatabaseSettings",
    "DatabaseTlsSettings",
    "DiagnosisSettings",
    "GithubIntegration",
    "GitlabIntegration",
    "GkeLocator",
    "HttpsSettings",
    "HubSettings",
    "InClusterLocator",
    "IntegrationsSettings",
    "KubeconfigLocator",
    "KubeconfigSettings",
    "KubernetesSettings",
    "ListenSettings",
    "LocalKubectlProxyLocator",
    "LocationMatch",
    "LoggingSettings",
    "Opaque",
    "OrganizationSettings",
    "OtherLocator",
    "OutboundSettings",
    "PartsSettings",
    "PoliciesSettings",
    "ReadingAllow",
    "ReadingSettings",
    "RuleAllow",
    "ServiceLocatorMethod",
    "Settings",
    "UserSettings",
    "WebSettings",
]
