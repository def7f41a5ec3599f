"""Contexts as clusters, their users as credentials, and what happens when the files change."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from callboard.base.clock import SystemClock
from callboard.base.errors import BadInput, CallboardError
from callboard.base.secret import Secret
from callboard.base.settings import KubeconfigLocator, KubeconfigSettings
from callboard.extend import Cluster, CredentialKind, Supplied
from callboard.fleet.auth.kubeconfig import KubeconfigStrategy
from callboard.fleet.kubeconfigs import Kubeconfigs
from callboard.fleet.suppliers.combined import CombinedSupplier, NamedSupplier
from callboard.fleet.suppliers.kubeconfig import KubeconfigSupplier
from support.fake_fleet import CALLER

WHERE = "kubernetes.clusterLocatorMethods[0]"


def write(
    path: Path, contexts: Mapping[str, Mapping[str, Any]], *, server: str = "https://{}.example.com:6443"
) -> Path:
    """A kubeconfig with one cluster, user and context of each name; the values are the users."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": n, "cluster": {"server": server.format(n)}} for n in contexts],
        "users": [{"name": n, "user": dict(user)} for n, user in contexts.items()],
        "contexts": [
            {"name": n, "context": {"cluster": n, "user": n, "namespace": "shop"}} for n in contexts
        ],
    }
    path.write_text(yaml.safe_dump(document))
    return path


class Kubeconfig:
    """A supplier and the strategy that goes with it, as the plugin wires them."""

    def __init__(
        self,
        base: Path,
        *files: str,
        environ: Mapping[str, str] | None = None,
        allow_exec: bool = False,
        contexts: tuple[str, ...] = (),
    ) -> None:
        kubeconfigs = Kubeconfigs(KubeconfigSettings(allow_exec_plugins=allow_exec), SystemClock())
        self.supplier = KubeconfigSupplier(
            KubeconfigLocator(files=files, contexts=contexts),
            where=WHERE,
            base_dir=str(base),
            environ=environ or {},
            kubeconfigs=kubeconfigs,
        )
        self.strategy = KubeconfigStrategy(kubeconfigs)

    async def supplied(self) -> Supplied:
        return await self.supplier.supplied(CALLER)

    async def only(self) -> Cluster:
        (found,) = (await self.supplied()).clusters
        return found


async def test_every_context_is_a_cluster_of_its_name(tmp_path: Path) -> None:
    write(tmp_path / "config", {"eu-1": {"token": "one"}, "us-1": {"token": "two"}})
    supplied = await Kubeconfig(tmp_path, "config").supplied()
    assert [(c.name, c.url, c.namespace, c.auth_provider) for c in supplied.clusters] == [
        ("eu-1", "https://eu-1.example.com:6443", "shop", "kubeconfig"),
        ("us-1", "https://us-1.example.com:6443", "shop", "kubeconfig"),
    ]
    assert supplied.notices == ()
    assert str(tmp_path / "config") in supplied.clusters[0].source


async def test_only_the_named_contexts_and_a_notice_for_one_that_is_not_there(tmp_path: Path) -> None:
    write(tmp_path / "config", {"eu-1": {}, "us-1": {}})
    supplied = await Kubeconfig(tmp_path, "config", contexts=("us-1", "eu-2")).supplied()
    assert [c.name for c in supplied.clusters] == ["us-1"]
    assert [n.code for n in supplied.notices] == ["unknown-context"]
    assert "did you mean eu-1?" in supplied.notices[0].message


async def test_a_context_that_cannot_be_used_is_told_and_the_others_stand(tmp_path: Path) -> None:
    path = write(tmp_path / "config", {"eu-1": {}, "us-1": {}})
    path.write_text(path.read_text().replace("https://us-1.example.com:6443", "ftp://nowhere"))
    supplied = await Kubeconfig(tmp_path, "config").supplied()
    assert [c.name for c in supplied.clusters] == ["eu-1"]
    assert [n.code for n in supplied.notices] == ["kubeconfig-context-unusable"]


async def test_a_changed_file_brings_and_takes_clusters_without_a_restart(tmp_path: Path) -> None:
    write(tmp_path / "config", {"eu-1": {"token": "one"}})
    kubeconfig = Kubeconfig(tmp_path, "config")
    assert [c.name for c in (await kubeconfig.supplied()).clusters] == ["eu-1"]
    write(tmp_path / "config", {"us-1": {"token": "two"}, "ap-1": {}})
    assert [c.name for c in (await kubeconfig.supplied()).clusters] == ["us-1", "ap-1"]


async def test_a_broken_change_is_refused_with_its_error_and_healed_by_the_next(tmp_path: Path) -> None:
    write(tmp_path / "config", {"eu-1": {}})
    kubeconfig = Kubeconfig(tmp_path, "config")
    before = await kubeconfig.supplied()
    (tmp_path / "config").write_text("clusters: [\ntoken: s3cret")
    for _ in range(2):
        refused = await kubeconfig.supplied()
        assert refused.clusters == before.clusters
        assert [n.code for n in refused.notices] == ["kubeconfig-refused"]
        assert str(tmp_path / "config") in refused.notices[0].message
        assert "s3cret" not in refused.notices[0].message
    write(tmp_path / "config", {"eu-1": {}, "us-1": {}})
    healed = await kubeconfig.supplied()
    assert (len(healed.clusters), healed.notices) == (2, ())


async def test_a_file_that_never_could_be_read_is_an_error_naming_it(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="missing"):
        await Kubeconfig(tmp_path, "missing").supplied()


async def test_kubectls_own_files_are_read_by_its_rules(tmp_path: Path) -> None:
    one, two = (
        write(tmp_path / "one", {"eu-1": {"token": "first"}}),
        write(tmp_path / "two", {"eu-1": {}, "us-1": {}}),
    )
    kubeconfig = Kubeconfig(tmp_path, environ={"KUBECONFIG": f"{one}:{two}:{tmp_path / 'gone'}"})
    supplied = await kubeconfig.supplied()
    assert [(c.name, str(one) in c.source) for c in supplied.clusters] == [("eu-1", True), ("us-1", False)]
    assert (await kubeconfig.strategy.credential(supplied.clusters[0], CALLER)).token == Secret("first")


async def test_one_context_name_in_two_named_files_is_told_naming_both(tmp_path: Path) -> None:
    write(tmp_path / "one", {"eu-1": {}})
    write(tmp_path / "two", {"eu-1": {}, "us-1": {}})
    kubeconfig = Kubeconfig(tmp_path, "one", "two")
    combined = CombinedSupplier([NamedSupplier(WHERE, kubeconfig.supplier)])
    found = await combined.check(CALLER)
    assert [c.name for c in found.clusters] == ["eu-1", "us-1"]
    (notice,) = found.notices
    assert notice.code == "duplicate-cluster"
    assert str(tmp_path / "one") in notice.message
    assert str(tmp_path / "two") in notice.message


async def test_a_newcomer_in_a_re_read_file_does_not_take_a_name_over(tmp_path: Path) -> None:
    write(tmp_path / "one", {"us-1": {}})
    write(tmp_path / "two", {"eu-1": {}})
    kubeconfigs = [Kubeconfig(tmp_path, "one"), Kubeconfig(tmp_path, "two")]
    combined = CombinedSupplier([NamedSupplier(f"{i}", k.supplier) for i, k in enumerate(kubeconfigs)])
    await combined.check(CALLER)
    write(tmp_path / "one", {"us-1": {}, "eu-1": {}}, server="https://evil-{}.example.com")
    found = {c.name: c for c in (await combined.supplied(CALLER)).clusters}
    assert found["eu-1"].url == "https://eu-1.example.com:6443"
    assert str(tmp_path / "two") in found["eu-1"].source


async def test_a_token_renewed_in_the_kubeconfig_keeps_the_identity(tmp_path: Path) -> None:
    kubeconfig = Kubeconfig(tmp_path, "config")
    seen = []
    for token in ("t0ken-one", "t0ken-two"):
        write(tmp_path / "config", {"eu-1": {"token": token}})
        seen.append(await kubeconfig.strategy.credential(await kubeconfig.only(), CALLER))
    assert [c.token.reveal() for c in seen] == ["t0ken-one", "t0ken-two"]
    assert {c.identity for c in seen} == {f"kubeconfig user eu-1 of {tmp_path / 'config'}"}
    assert "t0ken" not in repr(seen)


async def test_a_rotated_token_file_is_read_again_without_touching_the_kubeconfig(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("one\n")
    write(tmp_path / "config", {"eu-1": {"tokenFile": "token"}})
    kubeconfig = Kubeconfig(tmp_path, "config")
    cluster = await kubeconfig.only()
    first = await kubeconfig.strategy.credential(cluster, CALLER)
    (tmp_path / "token").write_text("renewed\n")
    second = await kubeconfig.strategy.credential(cluster, CALLER)
    assert (first.token, second.token) == (Secret("one"), Secret("renewed"))
    assert first.identity == second.identity


async def test_users_of_each_kind(tmp_path: Path) -> None:
    (tmp_path / "crt").write_text("CERT")
    (tmp_path / "key").write_text("KEY")
    write(
        tmp_path / "config",
        {
            "certificate": {"client-certificate": "crt", "client-key": "key"},
            "basic": {"username": "ann", "password": "hunter2"},
            "nobody": {},
        },
    )
    kubeconfig = Kubeconfig(tmp_path, "config")
    found = {
        c.name: await kubeconfig.strategy.credential(c, CALLER)
        for c in (await kubeconfig.supplied()).clusters
    }
    assert {name: c.kind for name, c in found.items()} == {
        "certificate": CredentialKind.CERTIFICATE,
        "basic": CredentialKind.BASIC,
        "nobody": CredentialKind.ANONYMOUS,
    }
    assert found["certificate"].key_pem == Secret("KEY")
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize("allowed", [True, False])
async def test_a_program_gives_the_credential_only_where_the_operator_allowed_it(
    tmp_path: Path, allowed: bool
) -> None:
    ran = tmp_path / "ran"
    plugin = tmp_path / "plugin"
    plugin.write_text(
        f"#!/bin/sh\ntouch {ran}\n"
        'echo \'{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"minted"}}\'\n'
    )
    plugin.chmod(0o755)
    program = {
        "command": "./plugin",
        "apiVersion": "client.authentication.k8s.io/v1",
        "interactiveMode": "Never",
    }
    write(tmp_path / "config", {"eu-1": {"exec": program}})
    kubeconfig = Kubeconfig(tmp_path, "config", allow_exec=allowed)
    cluster = await kubeconfig.only()
    if allowed:
        assert (await kubeconfig.strategy.credential(cluster, CALLER)).token == Secret("minted")
        assert kubeconfig.strategy.problems(cluster) == ()
    else:
        with pytest.raises(CallboardError, match="not allowed starting programs"):
            await kubeconfig.strategy.credential(cluster, CALLER)
        assert len(kubeconfig.strategy.problems(cluster)) == 1
    assert ran.exists() == allowed
