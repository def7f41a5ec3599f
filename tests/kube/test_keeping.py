"""What is kept of an object: small, and the same object when it is opened."""

import json
from collections.abc import Generator
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.kube.ingest.decode import Page, decode_event, decode_object, decode_page, opened, page_in_steps
from callboard.kube.ingest.packing import Packer, Packings
from callboard.model.objects import KubeObject, PackedObject
from callboard.model.outcome import Malformed
from callboard.model.resource import KNOWN_TYPES, ResourceType

CANARY = "c4n4ry-do-not-keep"
CUSTOM = ResourceType("example.com", "v1", "things", "Thing", True)
SECRETS = next(t for t in KNOWN_TYPES if t.plural == "secrets")
PODS = next(t for t in KNOWN_TYPES if t.plural == "pods")

texts = st.text(st.characters(codec="utf-8"), max_size=12)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
metadata = st.fixed_dictionaries(
    {"name": texts},
    optional={
        "namespace": st.sampled_from(("", "one", "zwei")),
        "uid": texts,
        "resourceVersion": st.sampled_from(("1", "22", "")),
        "labels": st.none() | st.dictionaries(texts, texts | st.integers(0, 1), max_size=3),
        "annotations": st.none() | st.dictionaries(texts, texts, max_size=2),
        "finalizers": st.lists(texts, max_size=2),
        "managedFields": json_values,
    },
)
documents = st.builds(
    lambda meta, more, kind: {**more, **kind, "metadata": meta},
    metadata,
    st.dictionaries(st.sampled_from(("spec", "status", "data", "type", "x")), json_values, max_size=3),
    st.sampled_from(({}, {"kind": None}, {"kind": "Pod", "apiVersion": "v1"}, {"kind": "Secret"})),
)


def pod(number: int, **more: Any) -> dict[str, Any]:
    """A pod of some size, unlike any other number's."""
    env = [{"name": f"SETTING_{i}", "value": f"value {i} of the whole service"} for i in range(40)]
    return {
        "metadata": {
            "name": f"web-{number}",
            "namespace": "shop",
            "uid": f"uid-{number}",
            "resourceVersion": str(number),
            "labels": {"app": "web", "team": "shop"},
        },
        "spec": {"containers": [{"name": "app", "image": f"registry.example.com/web:{number}", "env": env}]},
        "status": {"phase": "Running"},
        **more,
    }


def kept(document: object, resource: ResourceType, keep: Packer) -> PackedObject | Malformed:
    return decode_object(json.dumps(document).encode(), resource, keep)


@given(st.sampled_from((*KNOWN_TYPES, CUSTOM)), st.lists(documents, min_size=1, max_size=20))
def test_an_opened_object_is_what_came(resource: ResourceType, found: list[dict[str, Any]]) -> None:
    keep = Packer()
    for document in found:
        straight = decode_object(json.dumps(document).encode(), resource)
        closed = kept(document, resource, keep)
        if isinstance(straight, Malformed):
            assert closed == straight
            continue
        assert isinstance(closed, PackedObject)
        assert opened(closed) == straight
        assert closed.json() == straight.raw
        assert dict(closed.labels) == (straight.meta.labels or {})
        meta = straight.meta
        assert (closed.type, closed.namespace, closed.name) == (resource, meta.namespace, meta.name)
        assert (closed.uid, closed.resource_version) == (meta.uid, meta.resource_version)


def test_pods_are_packed_against_those_that_came_first() -> None:
    keep = Packer()
    found = [kept(pod(number), PODS, keep) for number in range(40)]
    objects = [o for o in found if isinstance(o, PackedObject)]
    assert len(objects) == 40
    later = objects[20:]
    assert all(o.unpack is not None and len(o.packed) * 5 < len(o.json()) for o in later)
    assert [msgspec.json.decode(o.json())["metadata"]["uid"] for o in objects] == [
        f"uid-{number}" for number in range(40)
    ]
    assert len({id(o.labels) for o in objects}) == 1


def packed_with(keep: Packer, items: list[dict[str, Any]], resource: ResourceType = PODS) -> object:
    """What the last of the items is unpacked with."""
    last = [kept(item, resource, keep) for item in items][-1]
    assert isinstance(last, PackedObject)
    assert last.unpack is not None
    assert json.loads(last.json())["metadata"]["uid"] == items[-1]["metadata"]["uid"]
    return last.unpack


def test_streams_whose_objects_resemble_each_other_pack_against_the_same() -> None:
    packings = Packings()
    first = packed_with(Packer(packings), [pod(number) for number in range(20)])
    again = packed_with(Packer(packings), [pod(number) for number in range(100, 120)])
    unlike = Random(7).randbytes(2000).hex()
    others = [pod(number, spec={"text": unlike}) for number in range(200, 220)]
    assert again is first
    assert packed_with(Packer(packings), others) is not first
    assert packed_with(Packer(packings), [pod(number) for number in range(20)], CUSTOM) is not first
    assert packed_with(Packer(packings), [pod(number) for number in range(20)]) is first


def test_what_is_kept_outlives_its_keeper_and_its_stream() -> None:
    objects = [o for o in map(Packer().of, open_pods(40)) if o.unpack is not None]
    assert objects
    assert [opened(o).name for o in objects] == [o.name for o in objects]


def open_pods(count: int) -> tuple[KubeObject, ...]:
    return decode_page(a_list([pod(number) for number in range(count)]), PODS).objects


def a_list(items: list[Any]) -> bytes:
    return json.dumps({"kind": "PodList", "metadata": {"resourceVersion": "7"}, "items": items}).encode()


@pytest.mark.parametrize("resource", [SECRETS, CUSTOM], ids=["asked for as a Secret", "as something else"])
def test_no_value_of_a_secret_is_kept(resource: ResourceType) -> None:
    keep = Packer()
    for number in range(30):
        closed = kept(
            {
                "kind": "Secret",
                "metadata": {"name": f"s{number}", "annotations": {"copy": json.dumps({"data": CANARY})}},
                "data": {f"password-{i}": f"{CANARY}-{number}" for i in range(30)},
            },
            resource,
            keep,
        )
        assert isinstance(closed, PackedObject)
        assert CANARY.encode() not in closed.packed + closed.json()
        assert CANARY not in repr(closed)
        assert json.loads(closed.json())["data"]["password-3"] == "***"


@pytest.mark.parametrize(
    "broken",
    [{"status": {"phase": 1}}, {"spec": []}, {"metadata": {"name": 5}}, {"spec": {"containers": [{}]}}],
)
def test_a_malformed_object_is_told_when_it_comes_though_no_field_of_it_would_be_kept(
    broken: dict[str, Any],
) -> None:
    items = [pod(0), pod(1, **broken), pod(2)]
    page = decode_page(a_list(items), PODS, Packer())
    assert [o.name for o in page.objects] == ["web-0", "web-2"]
    assert page.malformed == decode_page(a_list(items), PODS).malformed
    assert len(page.malformed) == 1
    line = json.dumps({"type": "MODIFIED", "object": {"kind": "Pod", **items[1]}}).encode()
    event = decode_event(line, PODS, Packer())
    assert event is not None
    assert isinstance(event[1], Malformed)


def test_a_page_is_read_in_steps_and_comes_to_the_same() -> None:
    body = a_list([pod(number) for number in range(250)])
    page: list[Page[KubeObject]] = []

    def steps() -> Generator[None, None, None]:
        page.append((yield from page_in_steps(body, PODS, KubeObject)))

    assert len(list(steps())) == 2
    assert page == [decode_page(body, PODS)]


def test_null_is_absent_wherever_it_stands() -> None:
    found = decode_object(b'{"kind":null,"metadata":{"name":"n","annotations":null},"data":null}', CUSTOM)
    assert isinstance(found, KubeObject)
    assert json.loads(found.raw) == {"metadata": {"name": "n", "annotations": None}, "data": None}
    found = decode_object(b'{"kind":"Secret","metadata":{"name":"n"},"data":null}', SECRETS)
    assert isinstance(found, KubeObject)
    assert json.loads(found.raw)["data"] is None
