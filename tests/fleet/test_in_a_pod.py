"""Files as the kubelet lays them: the pod's own account, and other clusters out of a Secret, each swapped while we run."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from callboard.app.configuration import read_configuration
from callboard.base.settings import ClusterLimits, InClusterLocator, KubeconfigLocator, KubernetesSettings
from callboard.fleet.pod_identity import PodIdentity
from callboard.fleet.tools.check import ClusterCheck, check_clusters
from callboard.fleet.tools.rbac import features_of, manifests
from callboard.simulator.cluster import SimulatedCluster
from callboard.simulator.fleet import Fleet
from support.fake_fleet import CALLER
from support.wired_fleet import RunningFleet, wired_fleet

PATIENT = ClusterLimits(soft_deadline=0.5, hard_deadline=60.0, idle_deadline=60.0)
"""Nothing is late, however loaded the machine is."""


def mounted(volume: Path, files: dict[str, str]) -> None:
    """As the kubelet writes a volume: `name` → `..data/name`, `..data` → a folder of its own; a new state turns the one link."""
    volume.mkdir(exist_ok=True)
    old = list(volume.glob("..2*"))
    state = volume / f"..2026_12_01_{len(old)}_{volume.name}"
    state.mkdir()
    for name, text in files.items():
        (state / name).write_text(text)
        if not (volume / name).is_symlink():
            (volume / name).symlink_to(f"..data/{name}")
    (volume / "..data_tmp").symlink_to(state.name)
    (volume / "..data_tmp").replace(volume / "..data")
    for each in old:
        for file in each.iterdir():
            file.unlink()
        each.rmdir()


def account(cluster: SimulatedCluster) -> str:
    """A fresh token of `callboard`, which may read what `callboard rbac` grants; every earlier one is no good any more."""
    store = cluster.store
    if store.collection("", "serviceaccounts").get("callboard", "callboard") is None:
        store.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "callboard"}})
        text = manifests(
            KubernetesSettings(), namespaces=(), features=features_of(()), name="callboard", namespace="callboard"
        )  # fmt: skip
        for document in yaml.safe_load_all(text):
            if document:
                store.create(document, namespace=document["metadata"].get("namespace", ""))
    else:
        store.remove("serviceaccounts", "callboard", "callboard")
        store.create({"metadata": {"name": "callboard"}}, "serviceaccounts", namespace="callboard")
    return str(cluster.accounts.request("callboard", "callboard", {})["status"]["token"])


def kubeconfig(cluster: SimulatedCluster, *names: str) -> str:
    """One context for each name, all of this cluster, whose tokens lie beside it."""
    about = {"server": cluster.url, "certificate-authority": "ca.crt"}
    return yaml.safe_dump(
        {
            "clusters": [{"name": "c", "cluster": about}],
            "users": [{"name": "u", "user": {"tokenFile": "token"}}],
            "contexts": [{"name": name, "context": {"cluster": "c", "user": "u"}} for name in names],
        }
    )


async def checked(wired: RunningFleet) -> dict[str, ClusterCheck]:
    found = await check_clusters(wired.fleet.parts, wired.connections, wired.settings, CALLER)
    return {each.cluster.name: each for each in found.clusters}


def allowed(found: ClusterCheck) -> bool:
    return bool(found.permissions) and all(each.allowed for each in found.permissions if each.verb != "get")


async def test_what_the_kubelet_renews_is_read_again_and_new_clusters_are_found(tmp_path: Path) -> None:
    async with Fleet.start("quiet", clusters=2) as fleet:
        home, other = fleet
        service_account, secret = tmp_path / "serviceaccount", tmp_path / "secret"
        files = {"token": account(home), "ca.crt": home.ca_pem, "namespace": "callboard"}
        mounted(service_account, files)
        beside = {"token": account(other), "ca.crt": other.ca_pem}
        mounted(secret, {**beside, "kubeconfig": kubeconfig(other, "other")})
        at = urlsplit(home.url)
        pod = PodIdentity(
            service_account,
            {"KUBERNETES_SERVICE_HOST": at.hostname or "", "KUBERNETES_SERVICE_PORT": str(at.port)},
        )
        async with wired_fleet(secret / "kubeconfig", pod=pod, limits=PATIENT) as wired:
            first = await checked(wired)
            assert first.keys() == {"home", "other"}
            assert all(allowed(each) for each in first.values())
            assert "callboard/callboard" in first["home"].asked_as
            supplied = {c.name: c for c in (await wired.fleet.parts.clusters.supplied(CALLER)).clusters}
            assert supplied["home"].namespace == "callboard"

            renewed = account(home), account(other)
            refused = await checked(wired)
            assert not any(allowed(each) for each in refused.values())

            mounted(service_account, {**files, "token": renewed[0]})
            mounted(
                secret, {**beside, "token": renewed[1], "kubeconfig": kubeconfig(other, "other", "third")}
            )
            again = await checked(wired)
            assert again.keys() == {"home", "other", "third"}
            assert all(allowed(each) for each in again.values())


def test_in_a_pod_without_a_kubeconfig_its_own_cluster_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # nobody's ~/.kube/config
    mounted(tmp_path / "pod", {"token": "t", "ca.crt": "", "namespace": "tools\n"})
    inside = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}
    pod = PodIdentity(tmp_path / "pod", inside)

    def locators(environ: dict[str, str], pod: PodIdentity) -> tuple[type, str]:
        read = read_configuration([], environ, tmp_path, pod)
        assert read.settings.kubernetes is not None
        (found,) = read.settings.kubernetes.cluster_locator_methods
        return type(found), read.told

    kind, told = locators(inside, pod)
    assert kind is InClusterLocator
    assert re.search(r"Using the cluster it runs in and", told)
    (tmp_path / "config").write_text("{}")
    assert locators({**inside, "KUBECONFIG": str(tmp_path / "config")}, pod)[0] is KubeconfigLocator
    assert locators({}, PodIdentity(tmp_path / "pod", {}))[0] is KubeconfigLocator
    assert pod.namespace == "tools"
    (tmp_path / "pod" / "namespace").unlink()
    assert pod.namespace == ""
