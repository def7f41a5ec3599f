"""Whatever stands in one object of a cluster, every face tells the rest: recorded objects of a real API server, one of them
changed somewhere into something that nobody expects, through list, watch, page, drawer, JSON, health in outline and terminal."""

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callboard.base.clock import FakeClock
from callboard.cli.status_text import status_lines
from callboard.cli.text import Terminal
from callboard.diagnosis.engine import turns
from callboard.diagnosis.rules.well import owners_if_well
from callboard.kube.ingest.decode import decode_event, decode_page, opened
from callboard.kube.ingest.packing import Packer, Packings
from callboard.model.entity import EntityRef
from callboard.model.objects import KubeObject
from callboard.model.outcome import Answer, Malformed
from callboard.model.outline import outline
from callboard.model.snapshot import ServiceSnapshot
from callboard.portal.arranging.arrangement import arrange
from callboard.portal.arranging.events import events_of
from callboard.portal.arranging.objects import object_view
from callboard.portal.arranging.yaml_text import yaml_text
from callboard.portal.documents.status_writer import document_of, etag_of
from callboard.web.commands import commands_for
from callboard.web.kubernetes_tab import kubernetes_page
from callboard.web.live.objects import object_frame, object_pieces
from callboard.web.rendering import Renderer
from callboard.web.static_files import StaticFiles
from support.checkout import ROOT
from support.kube_objects import TYPES
from support.pure_cluster import MINE, entity, looked_at

RECORDINGS = ROOT / "tests/simulator/recordings"
RECORDED = {
    "Pod": "pods-page-1",
    "Deployment": "deployments",
    "ReplicaSet": "replicasets",
    "StatefulSet": "statefulsets",
    "DaemonSet": "daemonsets",
    "Job": "jobs",
    "CronJob": "cronjobs",
    "HorizontalPodAutoscaler": "hpas-v2",
    "Service": "services",
    "Ingress": "ingresses",
    "ConfigMap": "configmaps",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "ResourceQuota": "resourcequotas",
    "LimitRange": "limitranges",
    "Node": "nodes",
    "Event": "events-core",
}
MOST = 3
"""Objects of each type: the changed one, and others that must not be lost with it."""
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
AS_IT_IS = "as it is: "
"""What begins so is written into the JSON as bytes of its own."""


def recorded(kind: str) -> list[dict[str, Any]]:
    body = json.loads((RECORDINGS / f"{RECORDED[kind]}.json").read_text())["response"]["body"]
    items: list[dict[str, Any]] = body["items"][:MOST]
    for item in items:
        item["metadata"].pop("managedFields", None)
        item["metadata"]["labels"] = {**item["metadata"].get("labels", {}), **MINE}
    return items


OBJECTS = {kind: recorded(kind) for kind in RECORDED}


def places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in an object where something may stand that nobody expects."""
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*path, key))


TIMES = [
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-14:00",
    "9999-12-31T23:59:59Z",
    "2026-11-30T10:00:00",
    "2026-11-30 10:00:00Z",
    "2026-11-30",
    "2026-11-30T24:00:00Z",
    "2016-12-31T23:59:60Z",
    "0009-12-31T23:59:59-23:59",
    "9998-12-31T23:59:59-23:59",
    "1969-12-31T23:59:59Z",
    "2126-01-01T00:00:00.999999999+00:00",
    "0000-00-00T00:00:00Z",
    "",
]
RAW = [
    "9" * 6000,
    "-" + "9" * 6000,
    "1e999",
    "-1e999",
    "1e-999",
    "0.1e400",
    "18446744073709551616",
    "-0",
    '"\\ud800"',
    '"\\udfff\\ud800"',
    '"\\u0000"',
    '"\\uffff\\ufffe"',
    '"\\ud83d\\ude00\\ud83d"',
    '"\\\\ud800"',
    '{"\\ud800": 1}',
    "[" * 80 + "]" * 80,
    '{"kind": "Secret", "data": {"a": "b"}}',
]
BYTES = [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"caf\xe9"]
values = st.one_of(
    st.sampled_from(TIMES),
    st.sampled_from([AS_IT_IS + raw for raw in RAW]),
    st.integers(0, len(BYTES) - 1).map(lambda n: f"bytes {n}"),
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.just("x" * 300_000),
    st.just("\u202e\u200b\U000e0041\x1b[31m<b>"),
    st.sampled_from([[], {}, [None], {"": None}, [[]], {"a": {}}]),
)


def changed(items: list[dict[str, Any]], path: tuple[str | int, ...], value: object) -> list[dict[str, Any]]:
    """The same objects, the first with another value at this place."""
    made = copy.deepcopy(items)
    at: Any = made[0]
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return made


def as_bytes(document: object) -> bytes:
    """JSON as a cluster could send it, which need not be any."""
    text = json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
    for raw in RAW:
        text = text.replace(json.dumps(AS_IT_IS + raw, ensure_ascii=False).encode(), raw.encode())
    for number, piece in enumerate(BYTES):
        text = text.replace(f'"bytes {number}"'.encode(), b'"' + piece + b'"')
    return text


CLOCK = FakeClock(NOW)
RENDERER = Renderer(StaticFiles(), CLOCK, title="Callboard")
SERVICE = entity()
REF = EntityRef("component", "default", "web")
OTHERS = {
    kind: decode_page(
        as_bytes({"kind": f"{kind}List", "metadata": {}, "items": OBJECTS[kind]}), TYPES[kind]
    ).objects
    for kind in RECORDED
}


def all_faces(objects: list[KubeObject]) -> str:
    """What every face makes of them, one after the other; the page."""
    cluster = msgspec.structs.replace(looked_at(SERVICE, "a", objects), as_of=NOW, clock_offset=-3.5)
    snapshot = ServiceSnapshot(entity=SERVICE, clusters=(cluster,), as_of=NOW)
    turns(cluster)
    view = arrange(snapshot)
    document = document_of(view)
    msgspec.json.encode(document)
    etag_of(document)
    for terminal in (Terminal(), Terminal(width=80, color=True, unicode=False)):
        status_lines(document, terminal)
    return str(kubernetes_page(view))


def drawer(obj: KubeObject, objects: list[KubeObject]) -> str:
    cluster = msgspec.structs.replace(looked_at(SERVICE, "a", objects), as_of=NOW)
    events = [o for o in cluster.outcomes if o.answer is Answer.OBJECTS and o.question.type.key == "events"]
    view = object_view(cluster, obj, events_of("a", [obj], events), yaml_text(obj), NOW)
    msgspec.json.encode(view)
    frame = object_frame(RENDERER, CLOCK, REF, view)
    shown = {"pieces": object_pieces(frame, CLOCK), "topic": "", "have": ""}
    return RENDERER.page(
        "object_content.html", ref=REF, drawer=True, view=view, commands=commands_for(view), **shown
    )


@given(kind=st.sampled_from(sorted(RECORDED)), data=st.data())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_change_of_one_object_costs_that_object_alone(kind: str, data: st.DataObject) -> None:
    items = OBJECTS[kind]
    path = data.draw(st.sampled_from(list(places(items[0]))))
    value = data.draw(values)
    made = changed(items, path, value)
    one_costs_itself_alone(kind, made)


def one_costs_itself_alone(kind: str, made: list[dict[str, Any]]) -> None:
    body = as_bytes({"kind": f"{kind}List", "apiVersion": "v1", "metadata": {}, "items": made})
    page = decode_page(body, TYPES[kind])
    assert len(page.objects) + len(page.malformed) == len(made)
    assert len(page.malformed) <= 1
    assert {o.meta.uid for o in OTHERS[kind][1:]} <= {o.meta.uid for o in page.objects}
    assert all(len(m.where) + len(m.message) < 700 for m in page.malformed)

    keep = Packer(Packings(owners_if_well))
    line = as_bytes({"type": "MODIFIED", "object": made[0]})
    event = decode_event(line, TYPES[kind], keep)
    assert event is not None
    assert isinstance(event[1], Malformed) is bool(page.malformed)
    kept = decode_page(body, TYPES[kind], keep).objects
    assert [opened(k).raw for k in kept] == [o.raw for o in page.objects]

    others = [o for each in RECORDED if each != kind for o in OTHERS[each]]
    shown = all_faces([*page.objects, *others])
    all_faces([*(outline(k) or opened(k) for k in kept), *others])
    assert len(shown) < 2_000_000
    if kind != "Pod":
        assert OTHERS["Pod"][0].name in shown
    for obj in page.objects[:1]:
        assert drawer(obj, [*page.objects, *others])


def test_every_time_of_every_object_may_be_none() -> None:
    """Each place where a time stands, with each of those that are hard to compute with."""
    tried = 0
    for kind, items in OBJECTS.items():
        for path in places(items[0]):
            at: Any = items[0]
            for step in path:
                at = at[step]
            if isinstance(at, str) and at[4:5] == "-" and at.endswith("Z"):
                for moment in TIMES[:5]:
                    tried += 1
                    one_costs_itself_alone(kind, changed(items, path, moment))
    assert tried > 150


def test_recordings_are_what_they_were() -> None:
    assert Path(RECORDINGS).is_dir()
    assert all(len(items) > 0 for items in OBJECTS.values())
    assert sum(len(found) for found in OTHERS.values()) == sum(len(items) for items in OBJECTS.values())
