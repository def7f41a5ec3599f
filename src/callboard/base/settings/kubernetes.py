"""The `kubernetes` section: which clusters there are, where a service may run, and what to ask.

The keys are those of Backstage's kubernetes plugin; `kubeconfig` and `inCluster` are ours. A locator type that nobody
here knows may be a plugin's: it is kept whole as `OtherLocator`, and whoever wires the suppliers refuses it when no
plugin claims it.
"""

from typing import ClassVar

import msgspec

from callboard.base.secret import Secret
from callboard.base.settings.forms import Opaque, RestOptions, SettingsStruct

__all__ = [
    "CatalogLocator",
    "ClusterLocator",
    "ClusterSettings",
    "ConfigLocator",
    "CustomResourceSettings",
    "GkeLocator",
    "InClusterLocator",
    "KubeconfigLocator",
    "KubernetesSettings",
    "LocalKubectlProxyLocator",
    "OtherLocator",
    "ServiceLocatorMethod",
]


class CustomResourceSettings(SettingsStruct, frozen=True, kw_only=True):
    """One custom resource type to ask for."""

    group: str
    """The API group, e.g. `argoproj.io`."""

    api_version: str
    """The version within the group, e.g. `v1alpha1`."""

    plural: str
    """The plural name, e.g. `rollouts`."""


class ServiceLocatorMethod(SettingsStruct, frozen=True, kw_only=True):
    """`kubernetes.serviceLocatorMethod`: on which clusters an entity may run."""

    BUILT_IN: ClassVar[tuple[str, ...]] = ("multiTenant", "singleTenant", "catalogRelation")
    """Types that need no extension:"""

    type: str = "multiTenant"
    """`multiTenant` (any), `singleTenant` (the one its annotation names), `catalogRelation` (those its relations name),
    or a plugin's own. Default: `multiTenant`, which misses nothing."""

    options: RestOptions = Opaque()
    """Every other key beside `type`, for a plugin's locator."""


class ClusterSettings(SettingsStruct, frozen=True, kw_only=True):
    """One entry of a `config` locator's `clusters`."""

    AUTH_BUILT_IN: ClassVar[tuple[str, ...]] = ("serviceAccount", "localKubectlProxy")
    """Auth strategies that need no extension:"""

    AUTH_OF_BACKSTAGE: ClassVar[tuple[str, ...]] = (
        "aks",
        "aws",
        "azure",
        "google",
        "googleServiceAccount",
        "oidc",
    )
    """Auth strategies of Backstage that an extension has to bring:"""

    name: str
    """What the cluster is called; unique over all locators. Annotations and proxies name it so."""

    url: str
    """The API server, `https://host[:port][/prefix]`."""

    title: str | None = None
    """The name people see. Default: `name`."""

    auth_provider: str | None = None
    """The auth strategy. Required here or as `authMetadata['kubernetes.io/auth-provider']`, which wins."""

    auth_metadata: dict[str, Secret] = msgspec.field(default_factory=dict)
    """What the strategy needs, by annotation name. Overrides the single keys of the same meaning."""

    service_account_token: Secret | None = None
    """A bearer token, for `serviceAccount`. Default: the token of the pod we run in."""

    oidc_token_provider: str | None = None
    """Which of the user's tokens to pass on, for an extension that brings `oidc`."""

    assume_role: str | None = None
    """The role to assume, for an extension that brings `aws`."""

    external_id: str | None = None
    """The external id for that role, likewise."""

    skip_tls_verify: bool = msgspec.field(default=False, name="skipTLSVerify")
    """Talk to the API server without checking who it is. Default: off; `config check` warns when it is on."""

    skip_metrics_lookup: bool = False
    """Do not ask what pods use (metrics.k8s.io). Default: off, so that usage stands beside requests and limits; a cluster
    that does not measure it answers 404, and that is no trouble. Switch on to save the request."""

    ca_data: Secret | None = None
    """The CA bundle, base64 of PEM. Wins over `caFile`. Default: the system's CAs."""

    ca_file: str | None = None
    """A PEM file with the CA bundle, read again when it changes. Relative to the working directory, as in Backstage."""

    custom_resources: tuple[CustomResourceSettings, ...] = ()
    """Custom resources to ask for on this cluster, beside the global ones."""

    dashboard_url: str | None = None
    """The cluster's own console."""

    dashboard_app: str | None = None
    """The console's link format: `standard`, `rancher`, `openshift`, `gke`, `aks`, `eks`, `headlamp`, or one of
    `callboard.links.consoles`. Default: `standard`."""

    dashboard_parameters: dict[str, str | bool] = msgspec.field(default_factory=dict)
    """What that format needs: `projectId`, `region` and `clusterName` for `gke`; `subscriptionId`, `resourceGroup` and
    `clusterName` for `aks`; `region` and `clusterName` for `eks`; for `headlamp` its
    `clusterName`, and `internal: true` where it stands at this portal's own address, below `headlampRoute`."""


class ConfigLocator(SettingsStruct, frozen=True, kw_only=True, tag_field="type", tag="config"):
    """`{type: config}`: clusters written down right here."""

    clusters: tuple[ClusterSettings, ...] = ()
    """The clusters. Two of one name are an error."""


class KubeconfigLocator(SettingsStruct, frozen=True, kw_only=True, tag_field="type", tag="kubeconfig"):
    """`{type: kubeconfig}`, Callboard's own: every context of one or more kubeconfig files is a cluster."""

    files: tuple[str, ...] = ()
    """The files, relative to the working directory, `~` allowed. They are watched. Default: `$KUBECONFIG`, else
    `~/.kube/config`, as kubectl."""

    contexts: tuple[str, ...] = ()
    """The contexts to take. Default: every one."""

    skip_metrics_lookup: bool = False
    """Do not ask these clusters what pods use (metrics.k8s.io). Default: off."""

    custom_resources: tuple[CustomResourceSettings, ...] = ()
    """Custom resources to ask for on these clusters, beside the global ones."""


class LocalKubectlProxyLocator(
    SettingsStruct, frozen=True, kw_only=True, tag_field="type", tag="localKubectlProxy"
):
    """`{type: localKubectlProxy}`: the one cluster behind `kubectl proxy` on `http://127.0.0.1:8001`, named `local`."""


class InClusterLocator(SettingsStruct, frozen=True, kw_only=True, tag_field="type", tag="inCluster"):
    """`{type: inCluster}`, Callboard's own: the cluster we run in, as the pod's service account."""

    name: str = "in-cluster"
    """What to call it."""

    title: str | None = None
    """The name people see. Default: `name`."""

    skip_metrics_lookup: bool = False
    """Do not ask what pods use (metrics.k8s.io). Default: off."""

    custom_resources: tuple[CustomResourceSettings, ...] = ()
    """Custom resources to ask for, beside the global ones."""


class GkeLocator(SettingsStruct, frozen=True, kw_only=True, tag_field="type", tag="gke"):
    """`{type: gke}`: known to Backstage, not used here at present (a warning says so)."""

    NOT_USED: ClassVar[str] = "clusters are not looked up at Google's API; use `config` or `kubeconfig`"

    options: RestOptions = Opaque()
    """Its keys as they stand."""


class CatalogLocator(SettingsStruct, frozen=True, kw_only=True, tag_field="type", tag="catalog"):
    """`{type: catalog}`: known to Backstage, not used here at present (a warning says so)."""

    NOT_USED: ClassVar[str] = "clusters are not taken from the catalog; use `config` or `kubeconfig`"

    options: RestOptions = Opaque()
    """Its keys as they stand."""


class OtherLocator(SettingsStruct, frozen=True, kw_only=True):
    """A locator type that is not ours: a plugin may supply it."""

    type: str
    """The type as written."""

    options: RestOptions = Opaque()
    """Every other key beside `type`, as plain values."""


ClusterLocator = (
    ConfigLocator
    | KubeconfigLocator
    | LocalKubectlProxyLocator
    | InClusterLocator
    | GkeLocator
    | CatalogLocator
    | OtherLocator
)
"""One entry of `kubernetes.clusterLocatorMethods`, told apart by its `type`."""


class KubernetesSettings(SettingsStruct, frozen=True, kw_only=True):
    """`kubernetes`, as in Backstage."""

    OBJECT_TYPES: ClassVar[tuple[str, ...]] = (
        "pods",
        "services",
        "configmaps",
        "secrets",
        "deployments",
        "limitranges",
        "resourcequotas",
        "replicasets",
        "horizontalpodautoscalers",
        "jobs",
        "cronjobs",
        "ingresses",
        "statefulsets",
        "daemonsets",
        "persistentvolumes",
        "persistentvolumeclaims",
    )
    """Every name `objectTypes` may hold (upstream's code knows three more than its schema: secrets and the two of storage)."""

    OVERRIDABLE: ClassVar[tuple[str, ...]] = (*OBJECT_TYPES, "customresources")
    """Every name `apiVersionOverrides` may hold."""

    service_locator_method: ServiceLocatorMethod = ServiceLocatorMethod()
    """On which clusters an entity may run."""

    cluster_locator_methods: tuple[ClusterLocator, ...] = ()
    """Where clusters come from; all are asked, in order, and their answers put together."""

    cluster_locator_continue_on_error: bool = False
    """Whether a locator that fails is left out with a warning. Default, as upstream: no. In Callboard a failed locator is
    named on the page either way, the others' clusters stay, and no service is called healthy while its clusters are missing."""

    object_types: tuple[str, ...] | None = None
    """Which of the known types to ask for. Default: Backstage's, which is all but `secrets`, `persistentvolumes` and
    `persistentvolumeclaims`."""

    custom_resources: tuple[CustomResourceSettings, ...] = ()
    """Custom resources to ask every cluster for."""

    api_version_overrides: dict[str, str] = msgspec.field(default_factory=dict)
    """Another API version (without group) for a known type, e.g. `{cronjobs: v1beta1}`."""
