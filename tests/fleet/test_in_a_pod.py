"""Files as the kubelet lays them: the pod's own account, and other clusters out of a Secret, each swapped while we run."""

import re
from pathlib import Path

import pytest
import yaml

from callboard.app.configuration import read_configuration
from callboard.base.secret import Secret
from callboard.base.settings import InClusterLocator, KubeconfigLocator
from callboard.fleet.pod_identity import PodIdentity
from callboard.kube.connection.tls import trust_version
from support.fake_fleet import CALLER
from support.wired_fleet import RunningFleet, wired_fleet

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


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


def kubeconfig(*names: str) -> str:
    """One context for each name, all of one cluster, whose token and CA lie beside it."""
    about = {"server": "https://other.example.org:6443", "certificate-authority": "ca.crt"}
    return yaml.safe_dump(
        {
            "clusters": [{"name": "c", "cluster": about}],
            "users": [{"name": "u", "user": {"tokenFile": "token"}}],
            "contexts": [{"name": name, "context": {"cluster": "c", "user": "u"}} for name in names],
        }
    )


async def known(wired: RunningFleet) -> dict[str, tuple[Secret, tuple[int, int]]]:
    """By cluster: the token it would be asked with now, and which state of its CA it would be believed by."""
    parts = wired.fleet.parts
    found = {}
    for each in (await parts.clusters.supplied(CALLER)).clusters:
        credential = await parts.auth.credential(each, CALLER)
        found[each.name] = (credential.token, trust_version(each.trust))
    return found


async def test_what_the_kubelet_renews_is_read_again_and_new_clusters_are_found(tmp_path: Path) -> None:
    service_account, secret = tmp_path / "serviceaccount", tmp_path / "secret"
    mounted(service_account, {"token": "home-1\n", "ca.crt": "one", "namespace": "tools"})
    mounted(secret, {"token": "other-1\n", "ca.crt": PEM, "kubeconfig": kubeconfig("other")})
    pod = PodIdentity(
        service_account, {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}
    )
    async with wired_fleet(secret / "kubeconfig", pod=pod) as wired:
        first = await known(wired)
        assert {name: token for name, (token, _) in first.items()} == {
            "home": Secret("home-1"), "other": Secret("other-1"),
        }  # fmt: skip
        (home,) = [c for c in (await wired.fleet.parts.clusters.clusters(CALLER)) if c.name == "home"]
        assert (home.url, home.namespace) == ("https://10.96.0.1:443", "tools")

        mounted(service_account, {"token": "home-2\n", "ca.crt": "renewed", "namespace": "tools"})
        mounted(secret, {"token": "other-2\n", "ca.crt": PEM * 2, "kubeconfig": kubeconfig("other", "third")})
        again = await known(wired)
        assert {name: token for name, (token, _) in again.items()} == {
            "home": Secret("home-2"), "other": Secret("other-2"), "third": Secret("other-2"),
        }  # fmt: skip
        assert all(again[name][1] != first[name][1] for name in first)


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
