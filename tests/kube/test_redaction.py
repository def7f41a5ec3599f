"""What must not be kept is not kept: a canary put anywhere a secret can stand never comes out in a KubeObject."""

import copy
import json
import sys
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.kube.ingest.decode import WrongShape, decode_object, decode_page
from callboard.kube.ingest.nesting import too_deep
from callboard.model.objects import KubeObject
from callboard.model.outcome import Malformed
from callboard.model.resource import KNOWN_TYPES, ResourceType, known_type

CANARY = "c4n4ry-do-not-keep"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
CUSTOM = ResourceType("example.com", "v1", "things", "Thing", True)
SECRETS = next(t for t in KNOWN_TYPES if t.plural == "secrets")
TYPES = (*KNOWN_TYPES, CUSTOM)

texts = st.text(max_size=12)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def secret(**more: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "s",
            "annotations": {LAST_APPLIED: CANARY, "other": json.dumps({"data": CANARY})},
        },
        "data": {"password": CANARY},
        "stringData": {"user": CANARY},
        **more,
    }


def kept(found: KubeObject | Malformed) -> str:
    return repr(found) + (found.raw.decode() if isinstance(found, KubeObject) else "")


@given(st.sampled_from(TYPES), st.dictionaries(texts, json_values, max_size=3), st.sampled_from(["", " "]))
def test_a_secret_is_a_secret_as_whatever_it_was_asked_for(
    resource: ResourceType, more: dict[str, Any], blank: str
) -> None:
    raw = json.dumps({**more, **secret()}, separators=("," + blank, ":" + blank)).encode()
    found = decode_object(raw, resource)
    assert CANARY not in kept(found)
    if isinstance(found, KubeObject):
        assert json.loads(found.raw)["data"] == {"password": "***"}


@pytest.mark.parametrize("values", [{"a": CANARY}, [CANARY], CANARY, {"a": {"b": CANARY}}, None])
@pytest.mark.parametrize("kind", ["Secret", None])
def test_values_of_any_shape_are_gone(values: object, kind: str | None) -> None:
    item = secret(data=values, stringData=values, unknown=CANARY)
    if kind is None:
        del item["kind"]
    assert CANARY not in kept(decode_object(json.dumps(item).encode(), SECRETS))


def test_an_item_of_a_secret_list_asked_for_as_something_else() -> None:
    item = secret()
    del item["kind"], item["apiVersion"]
    body = json.dumps({"kind": "SecretList", "apiVersion": "v1", "metadata": {}, "items": [item]}).encode()
    page = decode_page(body, CUSTOM)
    assert len(page.objects) == 1
    assert CANARY not in kept(page.objects[0])


@given(st.lists(st.sampled_from(["spec", "template", "items", "x"]), max_size=4), st.booleans())
def test_a_secret_deep_within_a_custom_resource(path: list[str], in_list: bool) -> None:
    inner: Any = [secret()] if in_list else secret()
    for step in reversed(path):
        inner = {step: inner}
    found = decode_object(json.dumps({"metadata": {"name": "n"}, "spec": inner}).encode(), CUSTOM)
    assert isinstance(found, KubeObject)
    assert CANARY not in kept(found)


def test_a_kind_written_with_escapes_is_still_a_secret() -> None:
    raw = (
        json.dumps({"metadata": {"name": "n"}, "spec": secret()})
        .replace('"Secret"', '"\\u0053ecret"')
        .encode()
    )
    assert CANARY not in kept(decode_object(raw, CUSTOM))
    top = json.dumps(secret()).replace('"Secret"', '"\\u0053ecret"').encode()
    assert CANARY not in kept(decode_object(top, CUSTOM))


@pytest.mark.parametrize("resource", TYPES, ids=lambda t: t.key)
def test_managed_fields_and_last_applied_copies_are_gone(resource: ResourceType) -> None:
    template = {"metadata": {"annotations": {LAST_APPLIED: CANARY, "kept": "yes"}}}
    item = {
        "kind": resource.kind,
        "apiVersion": resource.api_version,
        "metadata": {
            "name": "n",
            "annotations": {LAST_APPLIED: CANARY, "kept": "yes"},
            "managedFields": [{"manager": CANARY}],
        },
    }
    if resource.plural not in ("pods", "events"):
        item["spec"] = {"template": template}
    found = decode_object(json.dumps(item).encode(), resource)
    assert isinstance(found, KubeObject), found
    assert CANARY not in kept(found)
    tree = json.loads(found.raw)
    assert "kind" not in tree
    assert "apiVersion" not in tree
    if resource is not SECRETS:
        assert tree["metadata"]["annotations"] == {"kept": "yes"}


def test_the_raw_bytes_are_a_copy_of_their_own() -> None:
    body = json.dumps({"kind": "PodList", "items": [{"metadata": {"name": "n"}, "z": "é"}]}).encode()
    found = decode_page(body, CUSTOM).objects[0]
    assert type(found.raw) is bytes
    assert json.loads(found.raw) == {"metadata": {"name": "n"}, "z": "é"}


# ------------------------------------------------------------------ what cannot be read

POD: dict[str, Any] = {
    "metadata": {"name": "web-1", "namespace": "shop", "uid": "u", "labels": {"a": "b"}, "generation": 2},
    "spec": {
        "containers": [{"name": "c", "image": "i", "resources": {"limits": {"cpu": "1"}}}],
        "nodeName": "n",
    },
    "status": {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True"}],
        "startTime": "2026-01-01T00:00:00Z",
    },
}


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at] * bool(at) + [p for k, v in inner for p in paths(v, (*at, k))]


@given(st.sampled_from(paths(POD)), json_values, st.sampled_from(TYPES))
def test_a_mutated_object_is_read_or_told_and_its_neighbours_stand(
    path: tuple[Any, ...], value: Any, resource: ResourceType
) -> None:
    bad = copy.deepcopy(POD)
    place = bad
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    good = {"metadata": {"name": "good"}}
    body = json.dumps({"kind": "XList", "metadata": {}, "items": [good, bad, good]}).encode()
    page = decode_page(body, resource)
    assert len(page.objects) + len(page.malformed) == 3
    assert sum(o.name == "good" for o in page.objects) >= 2
    for found in page.objects:
        json.loads(found.raw)


@given(st.integers(0, 400), st.binary(min_size=1, max_size=3), st.integers(0, 3))
def test_mangled_bytes_raise_nothing_but_what_is_promised(at: int, put: bytes, drop: int) -> None:
    raw = json.dumps(POD).encode()
    mangled = raw[:at] + put + raw[at + drop :]
    found = decode_object(mangled, known_type("pods") or CUSTOM)
    if isinstance(found, KubeObject):
        json.loads(found.raw)
    body = b'{"kind":"PodList","metadata":{},"items":[' + mangled + b"]}"
    try:
        decode_page(body, CUSTOM)
    except (msgspec.DecodeError, UnicodeDecodeError, WrongShape):
        pass


@pytest.mark.parametrize("levels", [65, 900, 9_900])
@pytest.mark.parametrize("resource", [t for t in TYPES if t.plural != "secrets"])  # theirs is not kept
def test_an_object_that_nests_as_deep_as_go_follows_is_told_by_name_and_its_neighbours_stand(
    levels: int, resource: ResourceType
) -> None:
    deep = b'{"a":' * levels + b"1" + b"}" * levels
    good = b'{"metadata":{"name":"good"}}'
    bad = b'{"metadata":{"name":"deep","namespace":"games"},"spec":' + deep + b"}"
    body = b'{"kind":"XList","metadata":{},"items":[' + b",".join([good, bad, good]) + b"]}"
    limit = sys.getrecursionlimit()
    page = decode_page(body, resource)
    assert [o.name for o in page.objects] == ["good", "good"]
    assert [m.where for m in page.malformed] == ["games/deep"]
    assert sys.getrecursionlimit() == limit


def test_null_is_absent_as_kubernetes_reads_it() -> None:
    raw = json.dumps(
        {"metadata": {"name": "n", "labels": None}, "spec": {"containers": None}, "status": None}
    ).encode()
    assert isinstance(decode_object(raw, known_type("pods") or CUSTOM), KubeObject)
    assert decode_page(b'{"kind":"PodList","metadata":{},"items":null}', CUSTOM).objects == ()


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b'{"kind":"Pod","metadata":{"name":"x"}}', b'{"kind":"PodList"}', b"3"]
)
def test_what_is_no_list_is_of_the_wrong_shape(body: bytes) -> None:
    with pytest.raises(WrongShape):
        decode_page(body, CUSTOM)


@pytest.mark.parametrize(
    "status", ["Ready", 3, [], {"conditions": "x"}, {"conditions": [{"type": 1}]}, {"phase": {}}]
)
def test_a_custom_resource_with_an_odd_status_is_still_there(status: object) -> None:
    found = decode_object(json.dumps({"metadata": {"name": "n"}, "status": status}).encode(), CUSTOM)
    assert isinstance(found, KubeObject)
    assert json.loads(found.raw)["status"] == status


@given(
    st.recursive(
        st.just(0) | st.sampled_from(["", "{", "[[", "}}", '"', '\\"', "\\", '{"']),
        lambda i: st.lists(i, max_size=3) | st.dictionaries(st.sampled_from(["a", "}", '"[']), i, max_size=3),
        max_leaves=30,
    ),
    st.integers(0, 6),
)
def test_depth_is_told_exactly(value: Any, most: int) -> None:
    def depth(v: Any) -> int:
        inner = v.values() if isinstance(v, dict) else v if isinstance(v, list) else None
        return 0 if inner is None else 1 + max(map(depth, inner), default=0)

    assert too_deep(json.dumps(value).encode(), most) is (depth(value) > most)


def test_depth_hidden_by_brackets_in_strings_is_found() -> None:
    value: Any = "{"
    for _ in range(90):
        value = {"a": "}}", "b": value, "c": "{{"}
    found = decode_object(json.dumps({"metadata": {"name": "n"}, "x": value}).encode(), CUSTOM)
    assert isinstance(found, Malformed)


def test_the_message_about_an_object_never_quotes_it() -> None:
    found = decode_object(json.dumps({"metadata": {"name": "n", "generation": CANARY}}).encode(), CUSTOM)
    assert isinstance(found, Malformed)
    assert found.where == "n"
    assert CANARY not in repr(found)


YAML_SECRET = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData:\n  a: {CANARY}\n"
JSON_SECRET = json.dumps({"kind": "Secret", "apiVersion": "v1", "data": {"a": CANARY}})
WRITTEN_OUT = [
    YAML_SECRET,
    JSON_SECRET,
    JSON_SECRET.replace(" ", ""),
    json.dumps(JSON_SECRET),
    "---\nkind: ConfigMap\n---\n" + YAML_SECRET,
    YAML_SECRET.replace("kind: Secret", "kind: 'Secret'"),
    YAML_SECRET.replace("kind: Secret", 'kind : "SecretList"'),
]


@pytest.mark.parametrize("text", WRITTEN_OUT)
@pytest.mark.parametrize("resource", [t for t in TYPES if t.plural not in ("secrets", "events")])
def test_a_secret_written_out_in_an_annotation_is_gone(resource: ResourceType, text: str) -> None:
    made = {"metadata": {"name": "a", "annotations": {"tool/manifest": text, "note": "stays"}}}
    found = decode_object(json.dumps(made).encode(), resource)
    assert CANARY not in kept(found)
    if isinstance(found, KubeObject):
        assert json.loads(found.raw)["metadata"]["annotations"] == {"tool/manifest": "***", "note": "stays"}


@pytest.mark.parametrize("text", WRITTEN_OUT)
def test_a_secret_written_out_anywhere_else_is_gone(text: str) -> None:
    for made in (
        {"metadata": {"name": "a"}, "spec": {"manifests": [text, "stays"]}},
        {"metadata": {"name": "a"}, "data": {"secret.yaml": text}},
        {"metadata": {"name": "a"}, "spec": {"template": {"metadata": {"annotations": {"x": text}}}}},
    ):
        for resource in (CUSTOM, known_type("configmaps"), known_type("deployments")):
            assert resource is not None
            assert CANARY not in kept(decode_object(json.dumps(made).encode(), resource))


def test_string_data_is_gone_whatever_carries_it() -> None:
    made = {"metadata": {"name": "a"}, "spec": {"target": {"stringData": {"a": CANARY, "b": [CANARY]}}}}
    found = decode_object(json.dumps(made).encode(), CUSTOM)
    assert CANARY not in kept(found)
    assert isinstance(found, KubeObject)
    assert json.loads(found.raw)["spec"]["target"]["stringData"] == {"a": "***", "b": "***"}


@pytest.mark.parametrize(
    "name", ["Authorization", "authorization", "Proxy-Authorization", "Cookie", "X-API-Key"]
)
@pytest.mark.parametrize("probe", ["livenessProbe", "readinessProbe", "startupProbe"])
def test_what_a_probe_proves_itself_with_is_gone(probe: str, name: str) -> None:
    headers = [{"name": name, "value": CANARY}, {"name": "Accept", "value": "stays"}]
    spec = {
        "containers": [{"name": "c", probe: {"httpGet": {"path": "/", "port": 1, "httpHeaders": headers}}}]
    }
    pods, deployments = known_type("pods"), known_type("deployments")
    assert pods is not None
    assert deployments is not None
    for resource, made in (
        (pods, {"metadata": {"name": "a"}, "spec": spec}),
        (pods, {"kind": "Pod", "metadata": {"name": "a"}, "spec": spec}),
        (deployments, {"metadata": {"name": "a"}, "spec": {"template": {"spec": spec}}}),
        (CUSTOM, {"metadata": {"name": "a"}, "spec": {"template": {"spec": spec}}}),
    ):
        found = decode_object(json.dumps(made).encode(), resource)
        assert isinstance(found, KubeObject)
        assert CANARY not in kept(found)
        assert b"stays" in found.raw
        body = json.dumps({"kind": "List", "metadata": {}, "items": [made]}).encode()
        assert CANARY not in repr(decode_page(body, resource))


def test_what_only_mentions_secrets_stays() -> None:
    made = {
        "metadata": {"name": "a", "annotations": {"n": "kind: SecretStore, the Secret of it"}},
        "spec": {"secretName": "s"},
    }
    found = decode_object(json.dumps(made).encode(), CUSTOM)
    assert isinstance(found, KubeObject)
    assert json.loads(found.raw) == made


def read(value: dict[str, Any], resource: ResourceType = CUSTOM) -> dict[str, Any]:
    found = decode_object(json.dumps(value).encode(), resource)
    assert isinstance(found, KubeObject), found
    return dict(json.loads(found.raw))


def test_what_hides_nothing_stays_to_the_letter_beside_what_does() -> None:
    """A Secret within a List within a custom resource: its neighbours, before and after it, are as they were."""
    neighbour = {
        "kind": "ConfigMap",
        "data": {"a": "1"},
        "stringData": None,
        "long": "x" * 300,
        "json": "[1]",
    }
    held = {
        "kind": "Secret",
        "managedFields": [CANARY],
        "data": {"password": CANARY},
        "type": "Opaque",
        "blob": json.dumps({"x": CANARY}),
        "list": ["[" + CANARY, "short"],
        "longest": "y" * 256,
        "longer": CANARY * 20,
    }
    spec = {"items": [neighbour, held, neighbour], "after": "as it was"}
    found = read({"metadata": {"name": "x"}, "spec": spec})
    assert CANARY not in json.dumps(found)
    assert found["spec"]["after"] == "as it was"
    first, secret_, last = found["spec"]["items"]
    assert first == last == {**neighbour, "stringData": "***"}
    assert secret_ == {
        "kind": "Secret",
        "data": {"password": "***"},
        "type": "Opaque",
        "blob": "***",
        "list": ["***", "short"],
        "longest": "y" * 256,
        "longer": "***",
    }


def test_null_is_null_and_nothing_else_is() -> None:
    empties: tuple[dict[str, str] | None, ...] = (None, {})
    for empty in empties:
        found = read(
            {"metadata": {"name": "s", "annotations": empty}, "data": empty, "type": "Opaque"}, SECRETS
        )
        assert found["data"] == empty
        assert found["metadata"]["annotations"] == empty
    for odd in (CANARY, [CANARY], 4711, True):
        found_odd = decode_object(json.dumps({"metadata": {"name": "s"}, "data": odd}).encode(), SECRETS)
        assert isinstance(found_odd, Malformed)
        assert CANARY not in kept(found_odd)


def test_annotations_of_a_secret_that_may_be_copies_are_masked_and_short_words_stay() -> None:
    longest = 256
    annotations = {
        "short": "as it was",
        "longest": "z" * longest,
        "longer": "z" * (longest + 1),
        "object": " {" + CANARY,
        "list": "[" + CANARY,
        "managed": "managedFields",
        LAST_APPLIED: CANARY,
    }
    found = read({"metadata": {"name": "s", "annotations": annotations}, "data": {}}, SECRETS)
    assert found["metadata"]["annotations"] == {
        "short": "as it was",
        "longest": "z" * longest,
        "longer": "***",
        "object": "***",
        "list": "***",
        "managed": "managedFields",
    }
    plain = {k: v for k, v in annotations.items() if k != LAST_APPLIED}
    assert read({"metadata": {"name": "c", "annotations": plain}})["metadata"]["annotations"] == plain


@pytest.mark.parametrize(
    "header", ["Authorization", "cookie", "X-API-Key", "Proxy-Authorization", "x-auth-token"]
)
def test_what_a_probe_proves_itself_with_is_masked_and_its_other_headers_stay(header: str) -> None:
    headers = [
        {"name": header, "value": CANARY},
        {"name": "Accept", "value": "text/plain"},
        {"name": header},
        7,
    ]
    spec = {"containers": [{"name": "c", "livenessProbe": {"httpGet": {"httpHeaders": headers}}}]}
    for resource in (CUSTOM, next(t for t in KNOWN_TYPES if t.plural == "pods")):
        found = decode_object(
            json.dumps({"metadata": {"name": "p", "namespace": "n"}, "spec": spec}).encode(), resource
        )
        assert CANARY not in kept(found)
    found_spec = read({"metadata": {"name": "p"}, "spec": spec})["spec"]
    assert found_spec["containers"][0]["livenessProbe"]["httpGet"]["httpHeaders"] == [
        {"name": header, "value": "***"},
        *headers[1:],
    ]


def test_whatever_is_found_among_pods_is_taken_for_what_it_says_it_is() -> None:
    pods = next(t for t in KNOWN_TYPES if t.plural == "pods")
    annotations = {"copy": "{" + CANARY, "word": "as it was", LAST_APPLIED: CANARY}

    def left(kind: str | None) -> dict[str, str]:
        pod: dict[str, Any] = {
            "kind": kind,
            "metadata": {"name": "p", "namespace": "n", "annotations": annotations},
            "spec": {"containers": []},
        }
        found = decode_object(json.dumps(pod).encode(), pods)
        assert isinstance(found, KubeObject), found
        return dict(json.loads(found.raw)["metadata"]["annotations"])

    assert left("Secret") == left("SecretList") == {"copy": "***", "word": "as it was"}
    assert left("Pod") == left("pod") == left(None) == {"copy": "{" + CANARY, "word": "as it was"}


def test_what_has_no_metadata_is_no_object() -> None:
    found = decode_object(b'{"spec": {}}', CUSTOM)
    assert isinstance(found, Malformed)
    assert "missing required field `metadata`" in found.message
    assert read({"kind": None, "metadata": {"name": "x"}, "spec": {"a": 1}})["spec"] == {"a": 1}
