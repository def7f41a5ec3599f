"""kubeconfig files as kubectl reads them, and what their users prove themselves with."""

import base64
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from callboard.base.clock import FakeClock
from callboard.base.errors import BadInput, Unavailable
from callboard.kube.connection import Connections
from callboard.kube.kubeconfig import Context, UserCredentials, default_files, read_kubeconfig
from callboard.kube.lists import outcome_of
from callboard.model.cluster import Cluster, CredentialKind
from callboard.model.outcome import Answer, Question
from callboard.model.resource import KNOWN_TYPES
from callboard.simulator.fleet import Fleet
from support.kube_client import PATIENT

CANARY = "canary-0123456789"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def write(
    path: Path, *, user: dict[str, Any] | None = None, cluster: dict[str, Any] | None = None, name: str = "a"
) -> Path:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": name, "cluster": {"server": "https://api.example.com", **(cluster or {})}}],
        "users": [{"name": name, "user": user or {}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": "shop"}}],
    }
    path.write_text(yaml.safe_dump(document))
    return path


def only(path: Path) -> Context:
    read = read_kubeconfig([path])
    assert read.problems == ()
    (context,) = read.contexts
    return context


async def test_a_simulated_fleets_kubeconfig_leads_to_its_pods(tmp_path: Path) -> None:
    async with Fleet.start("quiet", clusters=2, speed=0.0) as fleet:
        read = read_kubeconfig([fleet.kubeconfig(tmp_path / "config")])
        assert [c.name for c in read.contexts] == list(fleet.clusters)
        assert read.current == read.contexts[0].name
        credentials = UserCredentials(FakeClock())
        async with Connections(lambda name: PATIENT, environment={}) as connections:
            for context in read.contexts:
                cluster = Cluster(name=context.name, url=context.server, trust=context.trust)
                connection = connections.to(cluster, await credentials.credential(context))
                outcome = await outcome_of(connection, Question(type=KNOWN_TYPES[0]))
                assert outcome.answer is Answer.OBJECTS, outcome.failure


def test_the_first_file_that_has_a_name_wins(tmp_path: Path) -> None:
    one = write(tmp_path / "one", cluster={"server": "https://one"})
    two = write(tmp_path / "two", cluster={"server": "https://two"})
    three = write(tmp_path / "three", cluster={"server": "https://three"}, name="b")
    read = read_kubeconfig([one, two, three])
    assert {c.name: c.server for c in read.contexts} == {"a": "https://one", "b": "https://three"}
    assert read.current == "a"
    assert read.contexts[0].namespace == "shop"


def test_default_files_are_kubectls() -> None:
    assert default_files({"KUBECONFIG": f"/a{os.pathsep}/b{os.pathsep}/a{os.pathsep}"}) == (
        Path("/a"),
        Path("/b"),
    )
    assert default_files({}) == (Path("~/.kube/config").expanduser(),)


def test_a_missing_file_is_passed_over_only_where_kubectl_does(tmp_path: Path) -> None:
    assert read_kubeconfig([tmp_path / "nowhere"], missing_ok=True).contexts == ()
    with pytest.raises(BadInput, match="cannot be read"):
        read_kubeconfig([tmp_path / "nowhere"])


def test_trust_and_the_way_there(tmp_path: Path) -> None:
    settings = {
        "certificate-authority": "pki/ca.pem",
        "tls-server-name": "kubernetes",
        "proxy-url": "http://proxy:3128",
    }
    trust = only(write(tmp_path / "c", cluster=settings)).trust
    assert trust.ca_file == str(tmp_path / "pki/ca.pem")
    assert (trust.server_name, trust.proxy_url, trust.skip_verify) == (
        "kubernetes",
        "http://proxy:3128",
        False,
    )
    inline = only(write(tmp_path / "c", cluster={**settings, "certificate-authority-data": b64("PEM")})).trust
    assert (inline.ca_pem, inline.ca_file) == ("PEM", "")
    assert only(write(tmp_path / "c", cluster={"insecure-skip-tls-verify": True})).trust.skip_verify


async def test_a_token_file_is_read_again_when_it_rotates(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("first\n")
    context = only(write(tmp_path / "c", user={"tokenFile": "token", "token": "old"}))
    credentials = UserCredentials(FakeClock())
    first = await credentials.credential(context)
    assert (first.kind, first.token.reveal(), first.identity) == (
        CredentialKind.BEARER,
        "first",
        "kubeconfig user a",
    )
    (tmp_path / "token").write_text("second-one\n")
    second = await credentials.credential(context)
    assert (second.token.reveal(), second.identity) == ("second-one", first.identity)
    (tmp_path / "token").unlink()
    assert (await credentials.credential(context)).token.reveal() == "old"


@pytest.mark.parametrize(
    ("user", "kind"),
    [
        ({"token": "t"}, CredentialKind.BEARER),
        ({"username": "u", "password": CANARY}, CredentialKind.BASIC),
        ({"client-certificate-data": b64("CERT"), "client-key-data": b64("KEY")}, CredentialKind.CERTIFICATE),
        ({"client-certificate": "cert.pem", "client-key": "key.pem"}, CredentialKind.CERTIFICATE),
        ({}, CredentialKind.ANONYMOUS),
    ],
)
async def test_each_kind_of_user(user: dict[str, str], kind: CredentialKind, tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("CERT")
    (tmp_path / "key.pem").write_text("KEY")
    credential = await UserCredentials(FakeClock()).credential(only(write(tmp_path / "c", user=user)))
    assert credential.kind is kind
    if kind is CredentialKind.CERTIFICATE:
        assert (credential.certificate_pem, credential.key_pem.reveal()) == ("CERT", "KEY")
    assert CANARY not in repr(credential)


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ({"auth-provider": {"name": "gcp", "config": {"access-token": CANARY}}}, "auth-provider is gone"),
        ({"exec": {"command": "aws", "apiVersion": "client.authentication.k8s.io/v1"}}, "allowExecPlugins"),
        ({"as": "admin", "token": CANARY}, "impersonation"),
        ({"client-certificate-data": b64(CANARY)}, "needs its key"),
        ({"tokenFile": "nowhere"}, "cannot be read"),
    ],
)
async def test_what_cannot_be_used_is_said_with_its_place(
    user: dict[str, Any], words: str, tmp_path: Path
) -> None:
    file = write(tmp_path / "c", user=user)
    with pytest.raises(BadInput, match=words) as caught:
        await UserCredentials(FakeClock()).credential(only(file))
    assert caught.value.problem.where == str(file)
    assert caught.value.problem.path.startswith("users[0].user")
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("clusters: [{name: a, cluster: {server: [x]}}]", "clusters[0].cluster.server"),
        (f"users: [{{name: a, user: {{token: [{CANARY}]}}}}]", "users[0].user.token"),
        (f"users: [{{name: 7, user: {{token: {CANARY}}}}}]", "users[0].name"),
        ("clusters: [{name: a}, {name: a}]", "clusters"),
        ("kind: Pod", "kind"),
    ],
)
def test_a_file_that_is_wrong_names_the_place_and_no_secret(text: str, place: str, tmp_path: Path) -> None:
    (tmp_path / "c").write_text(text)
    with pytest.raises(BadInput) as caught:
        read_kubeconfig([tmp_path / "c"])
    assert caught.value.problem.path == place
    assert CANARY not in str(caught.value)


def test_broken_yaml_names_the_line_and_no_secret(tmp_path: Path) -> None:
    (tmp_path / "c").write_text(f"users:\n- name: a\n  user: {{token: {CANARY}\nx: ]")
    with pytest.raises(BadInput) as caught:
        read_kubeconfig([tmp_path / "c"])
    assert caught.value.problem.line
    assert CANARY not in str(caught.value)


def test_a_context_that_leads_nowhere_leaves_the_others(tmp_path: Path) -> None:
    file = write(tmp_path / "c")
    document = yaml.safe_load(file.read_text())
    document["contexts"].append({"name": "lost", "context": {"cluster": "gone", "user": "a"}})
    document["clusters"].append({"name": "bad", "cluster": {"server": f"https://u:{CANARY}@x"}})
    document["contexts"].append({"name": "bad", "context": {"cluster": "bad", "user": "a"}})
    file.write_text(yaml.safe_dump(document))
    read = read_kubeconfig([file])
    assert [c.name for c in read.contexts] == ["a"]
    assert [p.path for p in read.problems] == ["contexts[1].context.cluster", "clusters[1].cluster.server"]
    assert CANARY not in repr(read.problems)


# ------------------------------------------------------------------ exec plugins

PLUGIN = """
import json, os, sys, pathlib
info = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
runs = pathlib.Path(os.environ["RUNS"])
runs.write_text(runs.read_text() + "x" if runs.exists() else "x")
print("canary-0123456789", file=sys.stderr)
status = {"token": "token-%d" % len(runs.read_text()), "expirationTimestamp": "2026-01-01T01:00:00Z"}
assert info["spec"]["cluster"]["server"] == "https://api.example.com"
print(json.dumps({"kind": "ExecCredential", "apiVersion": info["apiVersion"], "status": status}))
"""


def plugin(tmp_path: Path, program: str, **more: Any) -> Context:
    (tmp_path / "plugin.py").write_text(program)
    exec_: dict[str, Any] = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": [str(tmp_path / "plugin.py")],
        "env": [{"name": "RUNS", "value": str(tmp_path / "runs")}],
        "interactiveMode": "IfAvailable",
        "provideClusterInfo": True,
        **more,
    }
    return only(write(tmp_path / "c", user={"exec": exec_}))


async def test_a_plugin_runs_once_until_its_credential_expires(tmp_path: Path) -> None:
    clock = FakeClock(datetime(2026, 1, 1, tzinfo=UTC))
    credentials = UserCredentials(clock, allow_exec=True)
    context = plugin(tmp_path, PLUGIN)
    for _ in range(2):
        assert (await credentials.credential(context)).token.reveal() == "token-1"
    clock.advance(3590)
    assert (await credentials.credential(context)).token.reveal() == "token-2"


@pytest.mark.parametrize(
    ("program", "more", "words"),
    [
        (f"print('{CANARY}')", {}, "no ExecCredential"),
        (f"import sys; print('{CANARY}'); sys.exit(3)", {}, "exit code 3"),
        ("import time; time.sleep(60)", {}, "no answer within"),
        ("print('x' * 3_000_000)", {}, "more than a credential"),
        ("", {"command": "./nowhere"}, "cannot be started"),
        ("", {"apiVersion": "client.authentication.k8s.io/v1alpha1"}, "supported are"),
        ("", {"interactiveMode": "Always"}, "terminal"),
    ],
)
async def test_a_plugin_that_does_not_help(
    program: str, more: dict[str, Any], words: str, tmp_path: Path
) -> None:
    credentials = UserCredentials(FakeClock(), allow_exec=True, exec_deadline=1.0)
    with pytest.raises(Unavailable, match=words) as caught:
        await credentials.credential(plugin(tmp_path, program, **more))
    assert CANARY not in str(caught.value)
