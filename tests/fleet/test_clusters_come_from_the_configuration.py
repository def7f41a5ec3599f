"""The `config`, `inCluster` and `localKubectlProxy` suppliers, and all suppliers joined."""

import asyncio
import base64
from collections.abc import Sequence
from pathlib import Path

import pytest

from callboard.base.errors import BadInput, Unavailable
from callboard.base.secret import Secret
from callboard.base.settings import (
    ClusterOverride,
    ClusterSettings,
    ConfigLocator,
    CustomResourceSettings,
    InClusterLocator,
)
from callboard.extend import AUTH_PROVIDER, Caller, Cluster, CustomResource, Dashboard, Link, Notice, Supplied
from callboard.fleet.pod_identity import PodIdentity
from callboard.fleet.suppliers.combined import CombinedSupplier, NamedSupplier
from callboard.fleet.suppliers.config import ConfigSupplier
from callboard.fleet.suppliers.in_cluster import InClusterSupplier
from callboard.fleet.suppliers.local_kubectl_proxy import LocalKubectlProxySupplier
from callboard.fleet.wiring.sections import options_of, section_of
from support.fake_fleet import CALLER, FixedSupplier, cluster

WHERE = "kubernetes.clusterLocatorMethods[0]"
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
NO_POD = PodIdentity(Path("/nowhere"), {})


def in_pod(directory: Path) -> PodIdentity:
    (directory / "token").write_text("pod-token\n")
    (directory / "ca.crt").write_text(PEM)
    return PodIdentity(directory, {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"})


async def supplied(
    *items: ClusterSettings, pod: PodIdentity = NO_POD, base_dir: str = "/etc/callboard"
) -> Sequence[Cluster]:
    supplier = ConfigSupplier(ConfigLocator(clusters=items), where=WHERE, base_dir=base_dir, pod=pod)
    return await supplier.clusters(CALLER)


async def test_every_key_of_a_config_cluster_arrives() -> None:
    (found,) = await supplied(
        ClusterSettings(
            name="eu-1",
            url="https://eu-1.example.com:6443/prefix/",
            title="Europe 1",
            auth_provider="oidc",
            auth_metadata={"kubernetes.io/x-k8s-aws-id": Secret("id"), "own": Secret("s")},
            service_account_token=Secret("t"),
            oidc_token_provider="okta",
            assume_role="role",
            external_id="ext",
            skip_tls_verify=True,
            skip_metrics_lookup=True,
            ca_data=Secret(base64.b64encode(PEM.encode()).decode()),
            ca_file="ignored.pem",
            custom_resources=(CustomResourceSettings(group="g", api_version="v1", plural="things"),),
            dashboard_url="https://dash",
            dashboard_app="gke",
            dashboard_parameters={"projectId": "p"},
        )
    )
    assert found.url == "https://eu-1.example.com:6443/prefix"
    assert (found.name, found.title, found.source) == ("eu-1", "Europe 1", f"{WHERE}.clusters[0]")
    assert found.auth_metadata == {
        AUTH_PROVIDER: "oidc",
        "serviceAccountToken": Secret("t"),
        "kubernetes.io/aws-assume-role": "role",
        "kubernetes.io/aws-external-id": "ext",
        "kubernetes.io/oidc-token-provider": "okta",
        "kubernetes.io/x-k8s-aws-id": Secret("id"),
        "own": Secret("s"),
    }
    assert (found.trust.ca_pem, found.trust.ca_file, found.trust.skip_verify) == (PEM, "", True)
    assert found.skip_metrics_lookup
    assert found.custom_resources == (CustomResource("g", "v1", "things"),)
    assert found.dashboard == Dashboard("https://dash", "gke", {"projectId": "p"})


async def test_auth_metadata_wins_over_the_single_keys() -> None:
    (found,) = await supplied(
        ClusterSettings(
            name="a",
            url="https://a",
            auth_provider="google",
            service_account_token=Secret("old"),
            auth_metadata={AUTH_PROVIDER: Secret("serviceAccount"), "serviceAccountToken": Secret("new")},
        )
    )
    assert found.auth_provider == "serviceAccount"
    assert found.auth_metadata["serviceAccountToken"] == Secret("new")


async def test_a_ca_file_is_relative_to_the_configuration() -> None:
    (found,) = await supplied(
        ClusterSettings(name="a", url="https://a", auth_provider="aws", ca_file="ca/a.pem")
    )
    assert found.trust.ca_file == "/etc/callboard/ca/a.pem"


async def test_inside_a_pod_a_service_account_without_token_is_the_pods_own_and_goes_to_no_other_address(
    tmp_path: Path,
) -> None:
    bare = ClusterSettings(name="a", url="https://elsewhere.example.com", auth_provider="serviceAccount")
    (found,) = await supplied(bare, pod=in_pod(tmp_path))
    assert found.url == "https://10.96.0.1:443"
    assert found.trust.ca_file == str(tmp_path / "ca.crt")
    (outside,) = await supplied(bare)
    assert outside.url == "https://elsewhere.example.com"


async def test_what_cannot_be_used_is_told_with_its_place_and_costs_itself_alone() -> None:
    supplier = ConfigSupplier(
        ConfigLocator(
            clusters=(
                ClusterSettings(name="", url="https://a", auth_provider="serviceAccount"),
                ClusterSettings(name="b", url="ftp://b", auth_provider="serviceAccount"),
                ClusterSettings(name="c", url="https://user:hunter2@c", auth_provider="serviceAccount"),
                ClusterSettings(name="d", url="https://d", service_account_token=Secret("hunter2")),
                ClusterSettings(name="e", url="https://e", auth_provider="aws", ca_data=Secret("hunter2")),
                ClusterSettings(name="f", url="https://[::1", auth_provider="aws"),
                ClusterSettings(name="good", url="https://good", auth_provider="aws"),
            )
        ),
        where=WHERE,
        base_dir=".",
        pod=NO_POD,
    )
    found = await supplier.supplied(CALLER)
    assert [c.name for c in found.clusters] == ["good"]
    for number, (notice, path) in enumerate(
        zip(found.notices, ["name", "url", "url", "authProvider", "caData", "url"], strict=True)
    ):
        assert f"{WHERE}.clusters[{number}]: {path}" in notice.message
        assert (notice.code, notice.gap) == ("cluster-unusable", True)
    assert "hunter2" not in str(found.notices)


async def test_of_two_clusters_of_one_name_in_one_list_the_second_is_not_used() -> None:
    item = ClusterSettings(name="a", url="https://a", auth_provider="aws")
    supplier = ConfigSupplier(ConfigLocator(clusters=(item, item)), where=WHERE, base_dir=".", pod=NO_POD)
    found = await supplier.supplied(CALLER)
    assert [c.source for c in found.clusters] == [f"{WHERE}.clusters[0]"]
    (notice,) = found.notices
    assert notice.gap
    assert f"{WHERE}.clusters[0]" in notice.message
    assert f"{WHERE}.clusters[1]" in notice.message


def test_a_section_survives_its_way_through_a_factorys_options() -> None:
    locator = ConfigLocator(
        clusters=(ClusterSettings(name="a", url="https://a", service_account_token=Secret("t")),)
    )
    assert section_of(options_of(locator), ConfigLocator, WHERE) == locator
    plain = {"type": "config", "clusters": [{"name": "a", "url": "https://a", "serviceAccountToken": "t"}]}
    assert section_of(plain, ConfigLocator, WHERE) == locator
    with pytest.raises(BadInput) as raised:
        section_of({"clusters": [{"name": 7}]}, ConfigLocator, WHERE)
    assert WHERE in raised.value.message
    assert "clusters[0].name" in raised.value.message


async def test_the_cluster_we_run_in(tmp_path: Path) -> None:
    supplier = InClusterSupplier(
        InClusterLocator(name="here", title="Here"), where=WHERE, pod=in_pod(tmp_path)
    )
    (found,) = await supplier.clusters(CALLER)
    assert (found.name, found.url, found.auth_provider) == ("here", "https://10.96.0.1:443", "serviceAccount")
    with pytest.raises(Unavailable):
        await InClusterSupplier(InClusterLocator(), where=WHERE, pod=NO_POD).clusters(CALLER)


def test_an_ipv6_service_host_is_bracketed(tmp_path: Path) -> None:
    pod = PodIdentity(tmp_path, {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"})
    assert pod.url == "https://[fd00::1]:443"


async def test_the_cluster_behind_kubectl_proxy() -> None:
    (found,) = await LocalKubectlProxySupplier(where=WHERE).clusters(CALLER)
    assert (found.name, found.url, found.auth_provider) == (
        "local",
        "http://127.0.0.1:8001",
        "localKubectlProxy",
    )
    assert found.skip_metrics_lookup


class Failing:
    def __init__(self, error: Exception) -> None:
        self.error = error

    async def clusters(self, caller: Caller) -> Sequence[Cluster]:
        raise self.error


class Hanging:
    async def clusters(self, caller: Caller) -> Sequence[Cluster]:
        await asyncio.Event().wait()
        return ()


class Telling(FixedSupplier):
    async def supplied(self, caller: Caller) -> Supplied:
        return Supplied(self.given, (Notice("kubeconfig", "half of it is broken"),))


@pytest.mark.parametrize(
    ("continue_on_error", "code"), [(False, "cluster-supplier-failed"), (True, "cluster-supplier-left-out")]
)
async def test_a_supplier_that_fails_costs_the_others_nothing_and_is_told(
    continue_on_error: bool, code: str
) -> None:
    combined = CombinedSupplier(
        [
            NamedSupplier("one", FixedSupplier(cluster("a"))),
            NamedSupplier("two", Failing(Unavailable("the file is gone"))),
            NamedSupplier("three", Failing(RuntimeError("password=hunter2"))),
            NamedSupplier("four", Hanging()),
            NamedSupplier("five", Telling(cluster("b"))),
        ],
        continue_on_error=continue_on_error,
        deadline=0.05,
    )
    found = await combined.supplied(CALLER)
    assert [c.name for c in found.clusters] == ["a", "b"]
    assert [n.code for n in found.notices] == [code] * 3 + ["kubeconfig"]
    assert "two" in found.notices[0].message
    assert "the file is gone" in found.notices[0].message
    assert "hunter2" not in str(found.notices)


async def test_of_one_name_from_two_suppliers_the_first_is_used_and_both_are_named() -> None:
    combined = CombinedSupplier(
        [
            NamedSupplier("one", FixedSupplier(cluster("a", source="first"))),
            NamedSupplier("two", FixedSupplier(cluster("a", source="second"))),
        ]
    )
    found = await combined.check(CALLER)
    assert [c.source for c in found.clusters] == ["first"]
    (notice,) = found.notices
    assert "first and second" in notice.message


async def test_a_newcomer_with_a_taken_name_is_refused_whichever_supplier_comes_first() -> None:
    early = FixedSupplier()
    combined = CombinedSupplier(
        [NamedSupplier("one", early), NamedSupplier("two", FixedSupplier(cluster("a", source="holder")))]
    )
    await combined.check(CALLER)
    early.given = (cluster("a", source="newcomer"), cluster("b"))
    found = await combined.supplied(CALLER)
    assert [(c.name, c.source) for c in found.clusters] == [("a", "holder"), ("b", "test, cluster b")]
    (notice,) = found.notices
    assert (notice.code, notice.cluster) == ("duplicate-cluster", "a")
    assert "holder" in notice.message
    assert "newcomer" in notice.message


async def test_labels_and_links_of_the_operator_are_put_on_top() -> None:
    combined = CombinedSupplier(
        [
            NamedSupplier(
                "one", FixedSupplier(cluster("a", labels={"region": "eu", "env": "test"}), cluster("b"))
            )
        ],
        overrides={
            "a": ClusterOverride(labels={"env": "production"}, links={"Grafana": "https://g"}),
            "gone": ClusterOverride(labels={"x": "y"}),
        },
    )
    found = await combined.check(CALLER)
    assert found.clusters[0].labels == {"region": "eu", "env": "production"}
    assert found.clusters[0].links == (Link("Grafana", "https://g"),)
    assert found.clusters[1].labels == {}
    assert [n.code for n in found.notices] == ["cluster-override-unused"]
    assert "gone" in found.notices[0].message
