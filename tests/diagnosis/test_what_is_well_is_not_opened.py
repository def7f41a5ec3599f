"""A verdict on objects of which those that are well are known in outline is the verdict on all of them, opened."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.access.scopes import scopes_of
from callboard.access.visible import visible
from callboard.diagnosis.kstatus import object_health
from callboard.diagnosis.rules.well import owners_if_well
from callboard.diagnosis.verdict import cluster_verdict, verdict
from callboard.fleet.selection.references import children
from callboard.kube.ingest.decode import opened
from callboard.kube.ingest.packing import Packer, Packings
from callboard.model.belonging import belonging
from callboard.model.grants import Grant, Grants
from callboard.model.objects import KubeObject
from callboard.model.objects.pod import Pod
from callboard.model.outcome import Purpose
from callboard.model.outline import outline
from callboard.model.selection import Selection
from callboard.model.selector import LabelSelector
from callboard.model.snapshot import CHILD_TYPES, ClusterSnapshot
from support.kube_objects import TYPES, cluster, deployment, kube_object, outcomes, pod, replica_set, service

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LABELS = {"app": "web"}
UIDS = ("uid-0", "uid-1", "uid-2", "uid-3", "uid-of-nobody")

some = st.integers(0, 1)
moments = st.sampled_from([(NOW - timedelta(minutes=m)).isoformat() for m in (0.5, 9, 11)])
exits = st.fixed_dictionaries({"exitCode": st.sampled_from((0, 0, 1, 137))})
states: st.SearchStrategy[Any] = st.one_of(
    st.fixed_dictionaries({"running": st.fixed_dictionaries({}, optional={"startedAt": moments})}),
    st.fixed_dictionaries({"running": st.fixed_dictionaries({"startedAt": moments})}),
    st.fixed_dictionaries(
        {"waiting": st.sampled_from(({}, {"reason": "CrashLoopBackOff"}, {"reason": "X"}))}
    ),
    st.fixed_dictionaries({"terminated": exits}),
    st.just({}),
)
between_crashes = {
    "name": "app",
    "restartCount": 3,
    "state": {"running": {"startedAt": NOW.isoformat()}},
    "lastState": {"terminated": {"exitCode": 1}},
}
container_statuses = st.lists(
    st.just(between_crashes)
    | st.fixed_dictionaries(
        {"name": st.just("app"), "ready": st.booleans(), "restartCount": st.integers(0, 4), "state": states},
        optional={"lastState": st.fixed_dictionaries({"terminated": exits})},
    ),
    max_size=2,
)
ready_conditions = st.sampled_from(
    [
        *[[{"type": "Ready", "status": "True", "lastTransitionTime": NOW.isoformat()}]] * 3,
        [{"type": "Ready", "status": "False"}],
        [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}],
        [],
    ]
)
pod_status = st.fixed_dictionaries(
    {
        "phase": st.sampled_from(
            ("Running", "Running", "Running", "Succeeded", "Failed", "Pending", "Unknown")
        ),
        "conditions": ready_conditions,
        "containerStatuses": container_statuses,
    },
    optional={"initContainerStatuses": container_statuses, "reason": st.just("Evicted")},
)
wanted = st.fixed_dictionaries(
    {
        "replicas": some,
        "selector": st.sampled_from(({}, {"matchLabels": LABELS}, {"matchLabels": {"of": "nobody"}})),
        "template": st.sampled_from(({}, {"metadata": {"labels": LABELS}})),
    }
)
counted = st.fixed_dictionaries(
    {
        "observedGeneration": some,
        "replicas": some,
        "readyReplicas": some,
        "availableReplicas": some,
        "updatedReplicas": some,
        "conditions": st.sampled_from(([], [{"type": "ReplicaFailure", "status": "True"}])),
    }
)
texts = st.dictionaries(
    st.sampled_from(("a", "b")), st.sampled_from(("", "1", "shop", "\u0000")), min_size=1, max_size=2
)
amounts = st.dictionaries(
    st.sampled_from(("pods", "cpu")), st.sampled_from(("0", "1", "10", "2")), max_size=2
)
far = st.sampled_from([(NOW - timedelta(minutes=m)).isoformat() for m in (1, 6, 60)])
scaled = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(("AbleToScale", "ScalingActive", "ScalingLimited")),
            "status": st.sampled_from(("True", "False", "Unknown")),
            "reason": st.sampled_from(
                ("", "TooManyReplicas", "TooFewReplicas", "ScalingDisabled", "FailedGetScale")
            ),
        },
        optional={"lastTransitionTime": far},
    ),
    max_size=3,
)
scaler = st.fixed_dictionaries(
    {
        "spec": st.fixed_dictionaries({"minReplicas": st.integers(1, 2), "maxReplicas": st.integers(1, 3)}),
        "status": st.fixed_dictionaries({"conditions": scaled, "currentReplicas": some}),
    }
)
routes: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {
        "spec": st.fixed_dictionaries(
            {},
            optional={"ingressClassName": st.sampled_from(("", "none")), "rules": st.just([{"host": "a"}])},
        )
    },
    optional={"status": st.just({"loadBalancer": {}})},
)
services = st.fixed_dictionaries(
    {
        "spec": st.fixed_dictionaries(
            {"type": st.sampled_from(("", "ClusterIP", "LoadBalancer", "ExternalName"))},
            optional={"selector": texts, "externalName": st.just("x"), "ports": st.just([{"port": 80}])},
        ),
        "status": st.fixed_dictionaries(
            {}, optional={"loadBalancer": st.sampled_from(({}, {"ingress": [{"ip": "1"}]}))}
        ),
    }
)
claims = st.fixed_dictionaries(
    {"status": st.fixed_dictionaries({"phase": st.sampled_from(("Pending", "Bound", "Lost", ""))})}
)
jobs = st.fixed_dictionaries(
    {
        "spec": st.fixed_dictionaries({}, optional={"suspend": st.booleans()}),
        "status": st.fixed_dictionaries(
            {
                "conditions": st.sampled_from(
                    ([], [{"type": "Failed", "status": "True"}], [{"type": "Complete", "status": "True"}])
                )
            },
            optional={"startTime": far, "active": some, "failed": some},
        ),
    }
)
crons = st.fixed_dictionaries(
    {
        "spec": st.fixed_dictionaries(
            {"schedule": st.sampled_from(("* * * * *", "0 * * * *", "never"))},
            optional={"suspend": st.booleans()},
        ),
        "status": st.fixed_dictionaries({}, optional={"lastScheduleTime": far, "lastSuccessfulTime": far}),
    }
)
BODIES: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "Pod": st.fixed_dictionaries(
        {
            "status": pod_status,
            "spec": st.fixed_dictionaries(
                {},
                optional={
                    "nodeName": st.just("n1"),
                    "containers": st.sampled_from(([], [{"name": "app", "image": "a:1"}])),
                    "initContainers": st.just([{"name": "app", "restartPolicy": "Always"}]),
                },
            ),
        },
    ),
    "Deployment": st.fixed_dictionaries({"spec": wanted, "status": counted}),
    "StatefulSet": st.fixed_dictionaries({"spec": wanted, "status": counted}),
    "DaemonSet": st.fixed_dictionaries(
        {
            "status": st.fixed_dictionaries(
                {
                    "desiredNumberScheduled": some,
                    "currentNumberScheduled": some,
                    "numberReady": some,
                    "observedGeneration": some,
                }
            )
        }
    ),
    "ReplicaSet": st.fixed_dictionaries({"spec": wanted, "status": counted}),
    "CronJob": crons,
    "Job": jobs,
    "Service": services,
    "HorizontalPodAutoscaler": scaler,
    "ConfigMap": st.fixed_dictionaries({}, optional={"data": texts, "binaryData": texts}),
    "Secret": st.fixed_dictionaries({}, optional={"data": texts, "type": st.just("Opaque")}),
    "Ingress": routes,
    "LimitRange": st.fixed_dictionaries(
        {"spec": st.fixed_dictionaries({"limits": st.just([{"type": "Pod"}])})}
    ),
    "PersistentVolumeClaim": claims,
    "ResourceQuota": st.fixed_dictionaries(
        {"status": st.fixed_dictionaries({"hard": amounts, "used": amounts})}
    ),
}
WELL = (
    "Pod",
    "ReplicaSet",
    "Service",
    "HorizontalPodAutoscaler",
    "ConfigMap",
    "Secret",
    "Ingress",
    "LimitRange",
)
owners = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(("ReplicaSet", "Deployment")),
            "name": st.just("web-1"),
            "uid": st.sampled_from(UIDS),
        },
        optional={"controller": st.booleans()},
    ),
    max_size=2,
)
metas = st.fixed_dictionaries(
    {"ownerReferences": owners, "generation": some, "namespace": st.sampled_from(("shop", "shop", "pay"))},
    optional={
        "deletionTimestamp": st.sampled_from((None, None, None, NOW.isoformat())),
        "labels": st.just(LABELS),
        "annotations": st.just({"a": "b"}),
    },
)


@st.composite
def sets(draw: st.DrawFn, of: Sequence[str] = (*BODIES, *["Pod"] * 6, "ReplicaSet")) -> list[KubeObject]:
    """Some objects; the numbers of their names are those of their uids."""
    kinds = draw(st.lists(st.sampled_from(of), max_size=6))
    made = []
    for number, kind in enumerate(kinds):
        meta = {k: v for k, v in draw(metas).items() if v is not None}
        named = {**meta, "name": f"web-{number}", "uid": f"uid-{number}"}
        made.append(kube_object(kind, {"metadata": named, **draw(BODIES[kind])}))
    return made


def outlined(objects: Sequence[KubeObject]) -> list[KubeObject]:
    keep = Packer(Packings(owners_if_well))
    return [outline(kept) or opened(kept) for kept in map(keep.of, objects)]


def part(selected: Sequence[KubeObject], referenced: Sequence[KubeObject]) -> ClusterSnapshot:
    """What was selected, and what of the rest belongs to it."""
    found = outcomes(*referenced, purpose=Purpose.REFERENCE)
    mine = outcomes(*selected)
    return msgspec.structs.replace(
        cluster("a", *selected, references=belonging(mine, found)), as_of=NOW, clock_offset=3.0
    )


def told(part: ClusterSnapshot, minutes: int) -> object:
    """What a list says of a part: how it is and since when, and what is wrong; notices are for those who open it."""
    later = msgspec.structs.replace(part, as_of=NOW + timedelta(minutes=minutes))
    found = cluster_verdict(later)
    return msgspec.structs.replace(found, findings=tuple(f for f in found.findings if f.impact.alarms))


def seen_by(grants: Grants, snapshot: ClusterSnapshot) -> object:
    found = verdict(visible(service(snapshot), grants))
    return found.health, found.sentence, found.since, found.impact


grants = st.frozensets(
    st.builds(
        Grant,
        st.just("a"),
        st.sampled_from(("*", "shop", "pay")),
        st.sampled_from(("*", *(TYPES[kind].key for kind in ("Pod", "ReplicaSet", "Deployment", "Service")))),
    ),
    min_size=1,
    max_size=4,
)


@given(sets(), st.integers(0, 255), grants)
def test_it_is_judged_alike(objects: list[KubeObject], choice: int, granted: frozenset[Grant]) -> None:
    chosen = [bool(choice & 1 << n) or o.type.key not in CHILD_TYPES for n, o in enumerate(objects)]
    both = [
        part(
            [o for o, mine in zip(each, chosen, strict=True) if mine],
            [o for o, mine in zip(each, chosen, strict=True) if not mine],
        )
        for each in (objects, outlined(objects))
    ]
    whole, short = both
    for minutes in (0, 1, 6, 11, 61):
        assert told(short, minutes) == told(whole, minutes)
    assert scopes_of(short) == scopes_of(whole)
    assert seen_by(Grants(granted), short) == seen_by(Grants(granted), whole)
    selection = Selection(tuple(TYPES.values()), LabelSelector.equals("app", "web"))
    asked = [children(selection, each.outcomes, each.references) for each in both]
    assert asked[0] == asked[1]


@pytest.mark.parametrize(
    "kind",
    [
        "Pod",
        "ReplicaSet",
        "Service",
        "HorizontalPodAutoscaler",
        "ConfigMap",
        "Secret",
        "Ingress",
        "LimitRange",
    ],
)
@given(st.data(), st.integers(-20, 20))
def test_what_is_well_is_well_at_any_time(kind: str, data: st.DataObject, minutes: int) -> None:
    objects = data.draw(sets((kind,)))
    then = NOW + timedelta(minutes=minutes)
    for short, whole in zip(outlined(objects), objects, strict=True):
        assert object_health(short, then).health is object_health(whole, then).health
        assert (short.namespace, short.name, short.meta.uid) == (whole.namespace, whole.name, whole.meta.uid)
        assert short.meta.owner_references == whole.meta.owner_references
    both = (part(objects, []), part(outlined(objects), []))
    assert told(both[0], minutes) == told(both[1], minutes)


def test_of_a_deployment_that_is_well_nothing_but_its_controllers_is_opened() -> None:
    web = deployment(wanted=2, ready=2)
    now, before = replica_set("web-b", web, replicas=2), replica_set("web-a", web, replicas=0)
    pods = [pod(f"web-b-{n}", owner=("ReplicaSet", "web-b", now.meta.uid)) for n in range(2)]
    beside = kube_object("Service", {"metadata": {"name": "web", "namespace": "shop"}})
    objects = (web, now, before, *pods, beside)
    assert [bool(o.raw) for o in outlined(objects)] == [True, True, False, False, False, False]


@pytest.mark.parametrize(
    "status",
    [
        {"conditions": [{"type": "Ready", "status": "False"}]},
        {"phase": "Pending"},
        {"containerStatuses": [{"name": "app", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]},
        {"containerStatuses": [{"name": "app", "restartCount": 1, "state": {"terminated": {"exitCode": 1}}}]},
        {"containerStatuses": [between_crashes]},
    ],
    ids=["not ready", "not running", "waits", "has ended", "runs between two crashes"],
)
def test_a_pod_of_which_there_is_more_to_say_is_opened(status: dict[str, Any]) -> None:
    (found,) = outlined([pod(**status)])
    assert found.raw
    assert isinstance(found.body, Pod)
