"""`callboard diagnose`: the findings of kubectl's output, with no server, no cluster and no configuration."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.base.errors import BadInput
from callboard.cli.commands import build_cli
from callboard.portal.documents.status_writer import document_of
from callboard.portal.offline.manifests import read_manifests, resource_type_of
from callboard.portal.offline.offline import OfflineCluster, offline_view
from support.stub_wiring import StubPortal, StubWiring

AT = "2026-05-01T12:00:00Z"


def meta(name: str, kind: str = "", owner: str = "") -> dict[str, Any]:
    made = {
        "name": name,
        "namespace": "shop",
        "uid": f"uid-{name}",
        "creationTimestamp": "2026-05-01T09:00:00Z",
    }
    if owner:
        reference = {
            "kind": kind,
            "name": owner,
            "uid": f"uid-{owner}",
            "controller": True,
            "apiVersion": "apps/v1",
        }
        made["ownerReferences"] = [reference]  # type: ignore[assignment]
    return made


def deployment(ready: int = 1) -> dict[str, Any]:
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "app", "image": "r/web:2"}]},
    }
    counts = {"replicas": 1, "readyReplicas": ready, "availableReplicas": ready, "updatedReplicas": 1}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta("web"),
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": template},
        "status": counts,
    }


def pod(*, denied: bool = False) -> dict[str, Any]:
    waiting = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "r/web:2"'}
    state = {"waiting": waiting} if denied else {"running": {"startedAt": "2026-05-01T09:00:05Z"}}
    container = {"name": "app", "image": "r/web:2", "ready": not denied, "restartCount": 0, "state": state}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta("web-1-a", "Deployment", "web"),
        "spec": {"containers": [{"name": "app", "image": "r/web:2"}], "nodeName": "n1"},
        "status": {
            "phase": "Pending" if denied else "Running",
            "conditions": [{"type": "Ready", "status": "False" if denied else "True"}],
            "containerStatuses": [container],
        },
    }


def refused() -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "web-1-a.1", "namespace": "shop"},
        "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "web-1-a", "uid": "uid-web-1-a"},
        "type": "Warning",
        "reason": "Failed",
        "message": 'Failed to pull image "r/web:2": pull access denied',
        "count": 3,
        "lastTimestamp": "2026-05-01T11:59:00Z",
    }


def unnamed(obj: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in obj.items() if key not in ("kind", "apiVersion")}


def listed(*objects: dict[str, Any]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})


def run(*arguments: str, given: str | bytes = "") -> Result:
    return CliRunner().invoke(build_cli(StubWiring(StubPortal())), ["diagnose", *arguments], input=given)


def told(*arguments: str, given: str | bytes = "") -> dict[str, Any]:
    result = run(*arguments, "--json", "--at", AT, given=given)
    document: dict[str, Any] = json.loads(result.stdout)
    assert document["conclusion"]["exitCode"] == result.exit_code
    return document


def test_a_list_on_standard_input_is_told_with_cause_evidence_and_next_step() -> None:
    document = told("-", given=listed(deployment(0), pod(denied=True), refused()))
    (finding,) = document["findings"]
    assert (finding["code"], finding["impact"]) == ("CB-IMAGE-DENIED", "down")
    assert (finding["namespace"], finding["subject"]) == ("shop", "Deployment web")
    assert "refuses access to r/web:2" in finding["sentence"]
    assert {
        "field": "state.waiting.reason",
        "value": "ImagePullBackOff",
        "place": "Pod web-1-a, container app",
    } in finding["evidence"]
    assert finding["next"][0]["kind"] == "command"
    assert document["conclusion"]["exitCode"] == 1


def test_the_same_is_told_to_a_person() -> None:
    result = run("-", "--at", AT, given=listed(deployment(0), pod(denied=True), refused()))
    assert result.exit_code == 1
    assert "CB-IMAGE-DENIED" in result.stdout
    assert "next: " in result.stdout


@pytest.mark.parametrize(
    "written",
    [
        listed(deployment(), pod()),
        json.dumps(deployment()) + "\n" + json.dumps(pod()),
        "---\n".join(yaml.safe_dump(each) for each in (deployment(), pod())),
        yaml.safe_dump(json.loads(listed(deployment(), pod()))),
        listed(json.loads(listed(deployment())), pod()),
        json.dumps({"apiVersion": "v1", "kind": "PodList", "items": [unnamed(pod())]}),
    ],
    ids=["a List", "several of JSON", "several of YAML", "a List in YAML", "a List in a List", "a PodList"],
)  # fmt: skip
def test_all_forms_are_read(written: str) -> None:
    document = told("-", given=written)
    assert document["verdict"]["health"] == "healthy"
    assert document["conclusion"]["exitCode"] == 0
    assert document["findings"] == []


def test_half_a_character_in_one_object_costs_the_others_nothing() -> None:
    odd = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "odd", "labels": {"a": "\ud800"}}}
    document = told("-", given=listed(odd, deployment(0), pod(denied=True), refused()))
    assert [f["code"] for f in document["findings"]] == ["CB-IMAGE-DENIED"]


def test_several_files_are_several_clusters(tmp_path: Path) -> None:
    one, other = tmp_path / "eu-west-3.json", tmp_path / "us-east-1.yaml"
    one.write_text(listed(deployment(0), pod(denied=True), refused()))
    other.write_text(yaml.safe_dump(json.loads(listed(deployment(), pod()))))
    document = told("-f", str(one), "-f", str(other))
    assert {c["name"]: c["health"] for c in document["clusters"]} == {
        "eu-west-3": "unhealthy",
        "us-east-1": "healthy",
    }
    assert [p["cluster"] for f in document["findings"] for p in f["places"]] == ["eu-west-3"]


def test_what_the_input_does_not_hold_is_unknown() -> None:
    document = told("-", given=listed(deployment()))
    assert document["conclusion"]["exitCode"] == 2
    assert "no pods" in document["conclusion"]["couldNotTell"][0]["why"]


def test_an_object_that_cannot_be_read_is_told_and_the_others_stand() -> None:
    broken = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web-2", "namespace": "shop"},
        "status": 7,
    }
    document = told("-", given=listed(deployment(0), pod(denied=True), broken, {"kind": "Pod"}))
    assert document["conclusion"]["exitCode"] == 1
    assert len(document["findings"]) == 1
    (cluster,) = document["clusters"]
    assert [m.split(" ", 1)[1].partition(": Expected")[0] for m in cluster["malformed"]] == [
        "stdin: items[2]",
        "stdin: items[3]: it has no apiVersion",
    ]
    assert any("2 objects could not be read" in gap["why"] for gap in document["conclusion"]["couldNotTell"])


def test_a_custom_resource_counts() -> None:
    widget = {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": meta("w"),
        "status": {
            "conditions": [
                {"type": "Ready", "status": "False", "reason": "Failed", "message": "disk is full"}
            ]
        },
    }
    document = told("-", given=listed(deployment(), pod(), widget))
    assert [f["code"] for f in document["findings"]] == ["CB-OBJECT-FAILED"]
    assert document["findings"][0]["sentence"] == "not ready: disk is full"


def test_a_secret_is_never_shown() -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": meta("s"),
        "data": {"password": "aHVudGVyMg=="},
    }
    for more in (("--json",), ()):
        assert "aHVudGVyMg" not in run("-", *more, given=listed(deployment(), pod(), secret)).stdout


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (b"", "there is nothing in it"),
        (b"{", "stdin:1: this is no JSON"),
        (b'{"kind": "List"}\n\nnot json', "stdin:3: this is no JSON"),
        (b"just words", "stdin:1: this is no object"),
        (b"kind: Pod\nkind: Pod\n", "stdin:2"),
        (b"a: [", "stdin"),
        (b"{\xff\xfe}", "stdin"),
        (b"&a [*a, *a]", "stdin"),
    ],
)
def test_what_is_no_input_is_told_with_its_place(written: bytes, words: str) -> None:
    result = run("-", given=written)
    assert result.exit_code == 3
    assert words in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("arguments", [(), ("no-such-file.json",), ("-", "-"), ("-", "--at", "noon"), (".",)])
def test_wrong_usage_is_3(arguments: tuple[str, ...]) -> None:
    result = run(*arguments, given=listed(pod()))
    assert result.exit_code == 3
    assert "Traceback" not in result.stderr


@settings(max_examples=200)
@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda s: s.encode("utf-8", "replace")))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    try:
        content = read_manifests(text, "x")
    except BadInput:
        return
    now = datetime(2026, 5, 1, tzinfo=UTC)
    document_of(offline_view("x", [OfflineCluster(name="x", content=content, as_of=now)]))


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200)
@given(
    st.sampled_from(("Pod", "Deployment", "Event", "HorizontalPodAutoscaler", "Widget", "Node", "List")),
    st.sampled_from(("v1", "apps/v1", "autoscaling/v2", "a/b/c", "")),
    st.fixed_dictionaries(
        {}, optional={"metadata": VALUES, "spec": VALUES, "status": VALUES, "items": VALUES}
    ),
)
def test_an_object_of_any_shape_hides_no_other(kind: str, version: str, fields: dict[str, Any]) -> None:
    odd = {"apiVersion": version, "kind": kind, **fields}
    text = json.dumps({"kind": "List", "items": [deployment(0), pod(denied=True), odd]}).encode()
    now = datetime(2026, 5, 1, 12, tzinfo=UTC)
    view = offline_view("x", [OfflineCluster(name="x", content=read_manifests(text, "x"), as_of=now)])
    codes = [finding.code for finding in document_of(view).findings]
    assert any(code.startswith("CB-IMAGE") for code in codes)


@pytest.mark.parametrize(
    ("kind", "plural"),
    [("Pod", "pods"), ("NetworkPolicy", "networkpolicies"), ("Ingress", "ingresses"), ("Gateway", "gateways"),
     ("HTTPProxy", "httpproxies"), ("Index", "indexes")],
)  # fmt: skip
def test_the_plural_is_guessed_as_kubernetes_does(kind: str, plural: str) -> None:
    assert resource_type_of("example.com/v1", kind).plural == plural
