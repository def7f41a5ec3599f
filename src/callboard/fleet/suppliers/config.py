"""Clusters written down in the configuration: Backstage's `{type: config, clusters: […]}`."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from callboard.base.errors import BadInput, Problem
from callboard.base.secret import Secret
from callboard.base.settings import ClusterSettings, ConfigLocator, CustomResourceSettings
from callboard.extend.parts import Supplied
from callboard.fleet.pod_identity import PodIdentity
from callboard.model.caller import Caller
from callboard.model.cluster import AUTH_PROVIDER, Cluster, Dashboard, Trust
from callboard.model.notice import NoticeCode
from callboard.model.resource import CustomResource
from callboard.model.snapshot import Notice

__all__ = ["SERVICE_ACCOUNT_TOKEN", "ConfigSupplier", "cluster_of", "custom_resources_of"]

SERVICE_ACCOUNT_TOKEN = "serviceAccountToken"
"""The key of `auth_metadata` that holds a service account's bearer token, as Backstage names it."""


class ConfigSupplier:
    """The clusters of one locator. They are fixed: a changed configuration makes a new supplier.

    An entry that cannot be used, and one whose name another has already, cost themselves: they are told.
    """

    def __init__(self, locator: ConfigLocator, *, where: str, base_dir: str, pod: PodIdentity) -> None:
        clusters: dict[str, Cluster] = {}
        notices: list[Notice] = []
        for index, item in enumerate(locator.clusters):
            place = f"{where}.clusters[{index}]"
            if found := problems_of(item, place):
                words = "; ".join(str(p) for p in found)
                notices.append(Notice(NoticeCode.CLUSTER_UNUSABLE, f"a cluster cannot be asked: {words}"))
            elif item.name in clusters:
                both = f"two clusters are called {item.name!r}: {clusters[item.name].source} and {place}"
                notices.append(Notice(NoticeCode.DUPLICATE_CLUSTER, f"{both}; the second is not used"))
            else:
                clusters[item.name] = cluster_of(item, place, base_dir, pod)
        self._supplied = Supplied(tuple(clusters.values()), tuple(notices))

    async def clusters(self, caller: Caller) -> Sequence[Cluster]:
        """The same for every caller."""
        return self._supplied.clusters

    async def supplied(self, caller: Caller) -> Supplied:
        """With what cannot be used."""
        return self._supplied


def problems_of(item: ClusterSettings, where: str) -> list[Problem]:
    """What is wrong with one entry, apart from what its auth strategy has to say."""
    problems: list[Problem] = []
    if not item.name.strip():
        problems.append(Problem("a cluster needs a name", where=where, path="name"))
    problems += _url_problems(item.url, where)
    if not (item.auth_provider or item.auth_metadata.get(AUTH_PROVIDER)):
        problems.append(
            Problem(
                f"cluster {item.name!r} does not say as whom to ask it",
                where=where,
                path="authProvider",
                expected=f"authProvider or authMetadata['{AUTH_PROVIDER}'], for example serviceAccount",
            )
        )
    if item.ca_data is not None:
        try:
            _pem(item.ca_data)
        except BadInput as error:
            problems.append(
                Problem(error.message, where=where, path="caData", expected="base64 of a PEM bundle")
            )
    return problems


def _url_problems(url: str, where: str) -> list[Problem]:
    try:
        parts = urlsplit(url)
        bad = (
            parts.scheme not in ("https", "http")
            or not parts.hostname
            or (parts.port is not None and not parts.port)
        )
    except ValueError:
        return [
            Problem(
                "the cluster's URL cannot be read", where=where, path="url", expected="https://host[:port]"
            )
        ]
    if parts.username is not None or parts.password is not None:
        # Shown on no page, but it would reach logs of proxies on the way.
        return [
            Problem(
                "a cluster's URL must not hold a user or password",
                where=where,
                path="url",
                expected="https://host[:port]",
            )
        ]
    if bad or parts.query or parts.fragment:
        return [
            Problem(
                "the cluster's URL cannot be used",
                where=where,
                path="url",
                found=url,
                expected="https://host[:port]",
            )
        ]
    return []


def cluster_of(item: ClusterSettings, where: str, base_dir: str, pod: PodIdentity) -> Cluster:
    """One entry as a cluster.

    As upstream, a `serviceAccount` cluster without a token is, inside a pod, the pod's own: its URL and CA are taken from
    the pod, so that the pod's token is never sent to an address out of a file.
    """
    metadata = auth_metadata_of(item)
    url = item.url.rstrip("/")
    trust = Trust(
        ca_pem=_pem(item.ca_data) if item.ca_data is not None else "",
        ca_file=str(Path(base_dir, Path(item.ca_file).expanduser()))
        if item.ca_file and item.ca_data is None
        else "",
        skip_verify=item.skip_tls_verify,
    )
    provider = metadata.get(AUTH_PROVIDER)
    if provider == "serviceAccount" and not metadata.get(SERVICE_ACCOUNT_TOKEN) and pod.present:
        url, trust = pod.url, Trust(ca_file=pod.ca_file)
    return Cluster(
        name=item.name,
        url=url,
        title=item.title or "",
        auth_metadata=metadata,
        trust=trust,
        skip_metrics_lookup=item.skip_metrics_lookup,
        custom_resources=custom_resources_of(item.custom_resources),
        dashboard=Dashboard(
            url=item.dashboard_url or "", app=item.dashboard_app or "", parameters=item.dashboard_parameters
        ),
        source=where,
    )


def auth_metadata_of(item: ClusterSettings) -> dict[str, str | Secret]:
    """Backstage's order: the single keys first, `authMetadata` over them. Only names that are no secrets are unwrapped."""
    single: Mapping[str, str | Secret | None] = {
        AUTH_PROVIDER: item.auth_provider,
        SERVICE_ACCOUNT_TOKEN: item.service_account_token,
        "kubernetes.io/aws-assume-role": item.assume_role,
        "kubernetes.io/aws-external-id": item.external_id,
        "kubernetes.io/oidc-token-provider": item.oidc_token_provider,
    }
    joined: dict[str, str | Secret] = {key: value for key, value in single.items() if value}
    for key, secret in item.auth_metadata.items():
        joined[key] = (
            secret.reveal() if key in (AUTH_PROVIDER, "kubernetes.io/oidc-token-provider") else secret
        )
    return joined


def custom_resources_of(items: Sequence[CustomResourceSettings]) -> tuple[CustomResource, ...]:
    """The model's form of a `customResources` list."""
    return tuple(CustomResource(c.group, c.api_version, c.plural) for c in items)


def _pem(data: Secret) -> str:
    try:
        text = base64.b64decode("".join(data.reveal().split()), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise BadInput(Problem("caData is not base64 of PEM text")) from None
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise BadInput(Problem("caData holds no certificate"))
    return text
