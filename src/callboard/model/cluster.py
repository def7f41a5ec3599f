"""Clusters, and as whom we ask them."""

from datetime import datetime
from enum import StrEnum

import msgspec

from callboard.base.secret import Secret
from callboard.model.resource import CustomResource

__all__ = [
    "AUTH_PROVIDER",
    "Cluster",
    "ClusterInfo",
    "Credential",
    "CredentialKind",
    "Dashboard",
    "Link",
    "Trust",
]

AUTH_PROVIDER = "kubernetes.io/auth-provider"
"""The key of `auth_metadata` that names the auth strategy (Backstage's ANNOTATION_KUBERNETES_AUTH_PROVIDER)."""


class Link(msgspec.Struct, frozen=True):
    """A named address that the operator configured for a cluster."""

    title: str
    url: str


class Dashboard(msgspec.Struct, frozen=True):
    """The cluster's own console. `app` names the URL format (`standard`, `headlamp`, `rancher` …)."""

    url: str = ""
    app: str = ""
    parameters: dict[str, str | bool] = {}


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """How the API server proves itself, and the way there.

    At most one of `ca_pem` and `ca_file` is set; neither means the system's CAs. `ca_file` is read again when it changes.
    """

    ca_pem: str = ""
    ca_file: str = ""
    server_name: str = ""
    skip_verify: bool = False
    proxy_url: str = ""


class ClusterInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What anyone who may know of a cluster may see of it: no URL, no CA, no auth metadata."""

    name: str
    title: str = ""
    labels: dict[str, str] = {}
    dashboard: Dashboard = Dashboard()
    links: tuple[Link, ...] = ()

    @property
    def display(self) -> str:
        return self.title or self.name


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """One Kubernetes API server we know of.

    `auth_metadata` may hold secrets (wrapped); `source` says who supplied the cluster, in words fit for an error
    ("app-config.yaml, kubernetes.clusterLocatorMethods[0].clusters[1]"). `labels` carry region, environment and the like.
    """

    name: str
    url: str
    title: str = ""
    auth_metadata: dict[str, str | Secret] = {}
    trust: Trust = Trust()
    skip_metrics_lookup: bool = False
    custom_resources: tuple[CustomResource, ...] = ()
    dashboard: Dashboard = Dashboard()
    labels: dict[str, str] = {}
    links: tuple[Link, ...] = ()
    namespace: str = ""
    """The default namespace of a kubeconfig context, or of the pod we run in; "" elsewhere. Used in commands shown to
    people, never to select."""
    source: str = ""

    @property
    def auth_provider(self) -> str:
        value = self.auth_metadata.get(AUTH_PROVIDER, "")
        return value if isinstance(value, str) else ""

    @property
    def info(self) -> ClusterInfo:
        return ClusterInfo(
            name=self.name, title=self.title, labels=self.labels, dashboard=self.dashboard, links=self.links
        )


class CredentialKind(StrEnum):
    """How a request proves who asks; the values are words for the screen."""

    BEARER = "bearer token"
    CERTIFICATE = "x509 client certificate"
    BASIC = "basic"
    ANONYMOUS = "anonymous"


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """As whom one cluster is asked.

    `identity` names the holder ("serviceAccount at eu-1", "kubeconfig user admin"), is the same before and after the token is
    renewed, and never contains it: it is part of every cache key. `own` says that it belongs to the caller of this request, so
    that what is read with it is shared with nobody and ends with the request or stream. `expires` is when it runs out, where
    the strategy knows; of a JWT it is read from the token itself.
    """

    kind: CredentialKind
    identity: str
    token: Secret = Secret("")
    username: str = ""
    certificate_pem: str = ""
    key_pem: Secret = Secret("")
    own: bool = False
    expires: datetime | None = None
