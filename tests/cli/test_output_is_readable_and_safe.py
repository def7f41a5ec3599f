"""Tables: the verdict first, each cluster with a shape and a word, gaps in the server's words, foreign text disarmed."""

import io
import json
import unicodedata
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from callboard.cli.commands import build_cli
from callboard.cli.status_text import MOST_PODS, status_lines
from callboard.cli.text import Terminal, json_text, plain, span, table, terminal_of
from callboard.model.cluster import AUTH_PROVIDER, Cluster, Trust
from callboard.model.outcome import Answer, Failure, FailureCode
from callboard.model.snapshot import ClusterSnapshot, ClusterState, Notice
from callboard.portal.arranging.arrangement import arrange
from callboard.portal.documents.status_writer import document_of
from support import kube_objects as kube
from support.stub_wiring import StubOperations, StubPortal, StubWiring

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
FORBIDDEN = 'pods is forbidden: User "system:serviceaccount:callboard:callboard" cannot list resource "pods"'


def sick() -> ClusterSnapshot:
    web = kube.deployment(wanted=2, ready=1)
    owned = kube.replica_set("web-a", web, replicas=2)
    owner = ("ReplicaSet", "web-a", owned.meta.uid)
    crash = kube.waiting("CrashLoopBackOff", message="back-off 5m0s restarting", restarts=7, exit_code=1)
    pods = (kube.pod("web-a-1", owner=owner), kube.pod("web-a-2", owner=owner, **crash))
    part = kube.cluster("eu-1", web, owned, *pods, also=(kube.failed("ConfigMap", message=FORBIDDEN),))
    return msgspec.structs.replace(part, as_of=NOW, took=0.42, asked_as="serviceAccount at eu-1")


def lines(
    *clusters: ClusterSnapshot, terminal: Terminal | None = None, notices: tuple[Notice, ...] = ()
) -> list[str]:
    snapshot = msgspec.structs.replace(kube.service(*clusters), as_of=NOW, notices=notices)
    return status_lines(document_of(arrange(snapshot)), terminal or Terminal())


def test_the_verdict_stands_first_and_each_cluster_has_a_shape_and_a_word() -> None:
    dark = kube.cluster(
        "us-1",
        state=ClusterState.FAILED,
        failure=Failure(code=FailureCode.TLS, message="certificate has expired"),
    )
    quiet = kube.cluster("ap-1", state=ClusterState.AWAITED)
    empty = kube.cluster("ap-2", also=(kube.empty("Pod"),))
    shown = lines(sick(), dark, quiet, empty, kube.cluster("eu-2", kube.deployment()))
    assert shown[0].startswith("web  component:default/web")
    assert shown[1].startswith("✗ Degraded in eu-1")
    heads = [
        line
        for line in shown
        if line[:1] in "✗?✓–◐" and line[2:6] in ("eu-1", "us-1", "ap-1", "ap-2", "eu-2")
    ]
    assert [head.split("  ")[0] for head in heads] == [
        "✗ eu-1: unhealthy",
        "? ap-1: no answer yet",
        "? us-1: could not tell",
        "✓ eu-2: healthy",
        "– ap-2: not running",
    ]
    assert any("certificate has expired" in line for line in shown)
    assert shown[-1].startswith("exit code 1")


def test_a_workload_tells_its_counts_and_a_pod_in_trouble_its_reason() -> None:
    shown = lines(sick())
    assert next(line for line in shown if "✗ Deployment shop/web" in line).startswith(
        "  ✗ Deployment shop/web  1 of 2"
    )
    crashing = next(line for line in shown if "✗ Pod shop/web-a-2" in line)
    assert "0/1  CrashLoopBackOff  7 restarts" in crashing
    assert "back-off 5m0s restarting" in crashing
    assert not any("web-a-1" in line for line in shown)


def test_what_could_not_be_seen_is_told_in_the_servers_words() -> None:
    missing = next(line for line in lines(sick()) if "not seen" in line)
    assert missing == f"  ? not seen: Callboard is not allowed to see configmaps: {FORBIDDEN}"


def test_as_whom_how_long_and_when_is_told() -> None:
    asked = next(line for line in lines(sick()) if "asked as" in line)
    assert "asked as serviceAccount at eu-1, in 0.4 s, as of 2026-11-21 09:00:00Z" in asked


def test_events_that_could_not_be_seen_are_no_silence() -> None:
    part = kube.cluster("eu-1", kube.deployment(), references=(kube.failed("Event", Answer.FORBIDDEN),))
    assert any("events could not be seen" in line for line in lines(part))


def test_many_pods_are_counted_rather_than_listed() -> None:
    pods = [kube.pod(f"web-{i:03}", **kube.waiting("CrashLoopBackOff")) for i in range(MOST_PODS + 25)]
    shown = lines(kube.cluster("eu-1", *pods))
    assert sum("✗ Pod shop/web-" in line for line in shown[2:]) <= MOST_PODS + 1
    assert any("and 25 more" in line for line in shown)


def test_a_narrow_terminal_wraps_and_nothing_is_lost() -> None:
    wide, narrow = lines(sick()), lines(sick(), terminal=Terminal(width=60))
    assert max(map(len, narrow)) < 60
    assert " ".join(" ".join(narrow).split()) == " ".join(" ".join(wide).split())


def test_colour_only_repeats_what_shapes_and_words_say() -> None:
    import click

    colored = lines(sick(), terminal=Terminal(color=True))
    assert "\x1b[" in "\n".join(colored)
    assert [click.unstyle(line) for line in colored] == lines(sick())
    ascii_only = "\n".join(lines(kube.cluster("eu-1", kube.deployment()), terminal=Terminal(unicode=False)))
    assert ascii_only.isascii()
    assert "+ eu-1: healthy" in ascii_only


class Tty(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "72")
    assert terminal_of(Tty()) == Terminal(width=72, color=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not terminal_of(Tty()).color
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not terminal_of(Tty()).color
    assert terminal_of(io.StringIO()).width is None


HOSTILE = "\x1b[31mred\x1b[0m\x1b]0;title\x07 \r\noverwritten\x9b2J \u202etfel \u200bhid\x00den"


def test_hostile_text_reaches_no_terminal() -> None:
    part = kube.cluster("eu-1", kube.pod("web-1", **kube.waiting("CrashLoopBackOff", message=HOSTILE)))
    runner, wiring = CliRunner(), StubWiring(StubPortal(kube.service(part)))
    for arguments in (["status", "web"], ["status", "web", "--json"]):
        out = runner.invoke(build_cli(wiring), arguments).stdout
        assert not set(out) & set("\x1b\x07\r\x9b\x00\u202e\u200b")
        assert "overwritten" in out


def test_the_json_loses_no_character() -> None:
    part = kube.cluster("eu-1", also=(kube.failed("Pod", message=HOSTILE),))
    out = CliRunner().invoke(
        build_cli(StubWiring(StubPortal(kube.service(part)))), ["status", "web", "--json"]
    )
    assert json.loads(out.stdout)["clusters"][0]["missing"][0]["words"] == HOSTILE


@given(st.text())
def test_plain_text_is_one_bounded_line_of_harmless_characters(text: str) -> None:
    made = plain(text, 40)
    assert len(made) <= 40
    assert all(c.isprintable() or unicodedata.category(c) == "Cn" or ord(c) > 0xFFF for c in made)
    assert "\n" not in made
    assert plain(made, 40) == made


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_json_for_a_terminal_reads_back_the_same(text: str) -> None:
    out = json_text({"a": text})
    assert json.loads(out) == {"a": text}
    assert not set(out) & {chr(c) for c in range(0x7F, 0xA0)}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0.0 s"), (0.42, "0.4 s"), (0.97, "1 s"), (59, "59 s"), (60, "1 min"), (3600, "1 h"), (3660, "1 h 1 min"),
     (86400, "1 d"), (timedelta(days=2, hours=4).total_seconds(), "2 d 4 h"), (-5, "0.0 s")],
)  # fmt: skip
def test_a_span_is_told_in_one_or_two_units(seconds: float, words: str) -> None:
    assert span(seconds) == words


def test_columns_are_as_wide_as_they_need_and_the_last_one_wraps() -> None:
    rows = [("a", "one two three four five six seven eight nine"), ("long", "x")]
    assert table(Terminal(width=31), ("N", "WHAT"), rows) == [
        "N     WHAT",
        "a     one two three four five",
        "      six seven eight nine",
        "long  x",
    ]


def test_the_list_of_clusters_shows_no_credential() -> None:
    cluster = Cluster(
        name="eu-1",
        url="https://user:hunter2@eu-1.example.com:6443/base?token=hunter2",
        auth_metadata={AUTH_PROVIDER: "serviceAccount", "serviceAccountToken": "hunter2"},
        trust=Trust(skip_verify=True),
        labels={"region": "eu"},
        source="app-config.yaml, kubernetes.clusterLocatorMethods[0].clusters[0]",
    )
    wiring = StubWiring(operations=StubOperations([cluster]))
    for arguments in (["clusters", "list"], ["clusters", "list", "--json"]):
        result = CliRunner().invoke(build_cli(wiring), arguments)
        assert result.exit_code == 0
        assert "hunter2" not in result.output
        assert "https://eu-1.example.com:6443/base" in result.stdout
        assert "serviceAccount" in result.stdout


def test_a_source_of_clusters_that_failed_makes_the_list_a_guess() -> None:
    notice = Notice("cluster-supplier-failed", "clusters of kubeconfig are missing: no such file")
    result = CliRunner().invoke(
        build_cli(StubWiring(operations=StubOperations((), [notice]))), ["clusters", "list"]
    )
    assert result.exit_code == 2
    assert "no such file" in result.stderr
