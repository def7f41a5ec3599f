"""kubeconfig files as kubectl reads them, and what their users prove themselves with."""

import base64
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from callboard.base.clock import FakeClock
from callboard.base.errors import BadInput, Unavailable
from callboard.kube.connection.connection import Connections
from callboard.kube.kubeconfig import Context, UserCredentials, default_files, read_kubeconfig
from callboard.kube.reads.lists import outcome_of
from callboard.model.cluster import Cluster, CredentialKind
from callboard.model.outcome import Answer, Question
from callboard.model.resource import KNOWN_TYPES
from callboard.simulator.fleet import Fleet
from support.kube_client import PATIENT
from support.odd_kubeconfigs import one

CANARY = "canary-0123456789"
V1 = "client.authentication.k8s.io/v1"


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
        ({"exec": {"command": "aws", "apiVersion": V1, "interactiveMode": "Never"}}, "allowExecPlugins"),
        ({"exec": {"command": "aws", "apiVersion": V1}}, "interactiveMode"),
        ({"exec": {"apiVersion": V1, "interactiveMode": "Never"}}, "exec.command"),
        ({"as": "admin", "token": CANARY}, "as: impersonation"),
        ({"as-groups": ["dev"], "token": CANARY}, "as-groups: impersonation"),
        ({"as-user-extra": {"scopes": ["dev"]}, "token": CANARY}, "as-user-extra: impersonation"),
        ({"token": CANARY, "username": "u", "password": CANARY}, "a token and a password"),
        ({"client-certificate-data": b64(CANARY)}, "has no key"),
        ({"tokenFile": "nowhere"}, "cannot be read"),
        ({"tokenFile": "pipe"}, "not a regular file"),
        ({"tokenFile": "/dev/zero"}, "not a regular file"),
        ({"tokenFile": "a\0b"}, "not a regular file"),
        ({"tokenFile": "huge"}, "far too large"),
        ({"client-certificate": "pipe", "client-key": "pipe"}, "not a regular file"),
    ],
)
async def test_what_cannot_be_used_is_said_with_its_place(
    user: dict[str, Any], words: str, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "huge").write_bytes(b"x" * (1024 * 1024 + 1))
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
        ("clusters: [{name: a}, {name: a}]", "clusters[1]"),
        ("contexts: [hello]", "contexts[0]"),
        ("users: {a: b}", "users"),
        ("current-context: 7", "current-context"),
    ],
)
def test_what_a_file_says_wrongly_is_told_with_its_place_and_no_secret(
    text: str, place: str, tmp_path: Path
) -> None:
    (tmp_path / "c").write_text(text)
    (problem,) = read_kubeconfig([tmp_path / "c"]).problems
    assert (problem.where, problem.path) == (str(tmp_path / "c"), place)
    assert CANARY not in str(problem)


@pytest.mark.parametrize(
    ("text", "place"),
    [("kind: Pod", "kind"), ("apiVersion: v2", "apiVersion"), (f"- {CANARY}", ""), (CANARY, "")],
)
def test_what_is_no_kubeconfig_is_refused_whole(text: str, place: str, tmp_path: Path) -> None:
    (tmp_path / "c").write_text(text)
    with pytest.raises(BadInput, match="not a kubeconfig") as caught:
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
    assert "the context 'lost' cannot be used" in str(read.problems[0])
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
        (f"import sys; print('{CANARY}'); sys.exit(3)", {}, "exit code 3$"),
        (
            f"import sys; print('warned\\nsession expired\\x1b[31m, log in: {CANARY}', file=sys.stderr); sys.exit(255)",
            {},
            r"exit code 255; it said: warned; session expired, log in: \*\*\*$",
        ),
        (
            "import sys, time; print('waiting for a browser', file=sys.stderr, flush=True); time.sleep(60)",
            {},
            "no answer within 1 s; it said: waiting for a browser",
        ),
        ("import sys; print('x ' * 3_000_000 + 'the end', file=sys.stderr); sys.exit(1)", {}, "x x the end$"),
        (
            "",
            {"command": "not-installed", "installHint": "see\\x07 README"},
            "No such file or directory; see",
        ),
        ("import time; time.sleep(60)", {}, "no answer within"),
        ("print('x' * 3_000_000)", {}, "more than a credential"),
        ("", {"command": "./nowhere"}, "cannot be started"),
        ("print('{}')", {}, "no ExecCredential"),
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


async def test_a_helper_that_a_plugin_leaves_behind_is_not_waited_for(tmp_path: Path) -> None:
    program = (
        "import subprocess, sys\n"
        "subprocess.Popen(['sleep', '60'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)\n"
    )
    credentials = UserCredentials(FakeClock(), allow_exec=True, exec_deadline=20.0)
    context = plugin(tmp_path, program + PLUGIN)
    assert (await credentials.credential(context)).token.reveal() == "token-1"
    fails = plugin(tmp_path, f"{program}print('not today', file=sys.stderr, flush=True)\nsys.exit(3)")
    with pytest.raises(Unavailable, match="exit code 3; it said: not today"):
        await UserCredentials(FakeClock(), allow_exec=True).credential(fails)


def test_paths_that_lead_nowhere_are_told(tmp_path: Path) -> None:
    assert default_files({"KUBECONFIG": "~nobody-of-that-name/config"}) == (
        Path("~nobody-of-that-name/config"),
    )
    for path in (Path("a\0b"), tmp_path, tmp_path / "a" / "b"):
        with pytest.raises(BadInput, match="cannot be read"):
            read_kubeconfig([path])
    assert read_kubeconfig([Path("a\0b")], missing_ok=True).contexts == ()


@pytest.mark.parametrize(
    ("expires", "runs"),
    [
        ("0001-01-01T00:00:00+14:00", 2),
        ("0001-01-01T00:00:00Z", 2),
        ("9999-12-31T23:59:59-14:00", 1),
        ("9999-12-31T23:59:59Z", 1),
        ("2026-01-01T01:00:00", 1),
        ("2026-01-01T01:00:00.5+00:30", 1),
        ("2025-12-31T23:59:59Z", 2),
    ],
)
async def test_a_credential_may_end_anywhere_in_the_calendar(expires: str, runs: int, tmp_path: Path) -> None:
    credentials = UserCredentials(FakeClock(datetime(2026, 1, 1, tzinfo=UTC)), allow_exec=True)
    context = plugin(tmp_path, PLUGIN.replace("2026-01-01T01:00:00Z", expires))
    for run in range(1, 3):
        assert (await credentials.credential(context)).token.reveal() == f"token-{min(run, runs)}"


# ------------------------------------------------------------------ odd files


def filled(case: str) -> str:
    return case.replace("@TLS@", "127.0.0.1:1").replace("@CA@", b64("PEM"))


def test_one_bad_field_takes_no_other_context_away(tmp_path: Path) -> None:
    (tmp_path / "c").write_text(
        filled(one(user="token: 012", name="2024-01-01", more="- {name: n, context: null}\n"))
    )
    read = read_kubeconfig([tmp_path / "c"])
    assert [c.name for c in read.contexts] == ["good"]
    told = [str(problem) for problem in read.problems]
    assert len(told) == 2, "each once"
    assert "contexts[2].name: the value is of the wrong kind; found true or false; expected text" in told[0]
    assert (
        "users[1].user.token: the context '2024-01-01' cannot be used: the value is of the wrong kind"
        in told[1]
    )


def test_a_context_that_is_null_is_told(tmp_path: Path) -> None:
    (tmp_path / "c").write_text(filled(one(more="- {name: empty, context: null}\n- {name: bare}\n")))
    read = read_kubeconfig([tmp_path / "c"])
    assert [c.name for c in read.contexts] == ["good", "x"]
    assert [p.path for p in read.problems] == ["contexts[2].context", "contexts[3].context"]


def test_tens_of_thousands_of_names_are_read_in_one_go(tmp_path: Path) -> None:
    names = "".join(f"- name: n{i}\n" for i in range(60_000))
    twice = "".join(f"- name: n{i}\n" for i in range(1_000))
    (tmp_path / "c").write_text(f"users:\n{names}{twice}contexts:\n{names}")
    read = read_kubeconfig([tmp_path / "c"])
    assert read.contexts == ()
    assert len(read.problems) == 100
    assert str(read.problems[-1]).endswith("60901 more problems are not told")


def _aliases(of: str, form: str) -> str:
    """Lines in each of which the one before stands twice."""
    return f"m0: &m0 {of}\n" + "".join(
        f"m{i + 1}: &m{i + 1} " + form.replace("@", f"*m{i}") for i in range(40)
    )


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 50_000,
        "a: " + "{b: " * 50_000,
        "a: &a [*a]",
        _aliases("[1, 1]", "[@, @]\n"),
        _aliases("{b: c}", "{<<: [@, @]}\n"),
        "\x00",
        "a: \x01",
        "? [a]\n: b",
        "- a\nb: c",
        "%YAML 3.0\n---\na: b",
        'a: !!binary "é"',
        "a: *nowhere",
    ],
)
def test_hostile_yaml_is_refused_soon(text: str, tmp_path: Path) -> None:
    (tmp_path / "c").write_text(text)
    with pytest.raises(BadInput) as caught:
        read_kubeconfig([tmp_path / "c"])
    assert len(str(caught.value)) < 400


KEYS = (
    *("clusters", "users", "contexts", "name", "cluster", "user", "context", "server", "proxy-url", "kind"),
    *(
        "token",
        "tokenFile",
        "exec",
        "args",
        "env",
        "command",
        "as-groups",
        "as-user-extra",
        "current-context",
    ),
    *("certificate-authority-data", "insecure-skip-tls-verify"),
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)


@given(
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
        max_leaves=40,
    )
)
def test_any_tree_is_read_or_refused(tree: object) -> None:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "c"
        path.write_text(yaml.safe_dump(tree))
        with suppress(BadInput):
            read = read_kubeconfig([path])
            assert len(read.problems) <= 100
