import pytest

from callboard.model.outcome import Answer, Failure, FailureCode, Outcome, Purpose, Question
from callboard.model.resource import EVENTS, ResourceType
from callboard.model.snapshot import ClusterSnapshot, ClusterState
from callboard.portal.arranging.arrangement import arrange
from callboard.portal.views import ClusterPart
from support.kube_objects import (
    TYPES,
    cluster,
    deployment,
    empty,
    failed,
    kube_object,
    meta,
    outcomes,
    pod,
    replica_set,
    service,
    waiting,
)

WIDGET = ResourceType("example.com", "v1", "widgets", "Widget", True)


def only(part: ClusterSnapshot) -> ClusterPart:
    return arrange(service(part)).clusters[0]


def names(part: ClusterPart) -> list[str]:
    """Every object's name, wherever it is shown."""
    found = [p.key.name for p in part.pods]
    for w in part.workloads:
        found += [w.row.key.name, *(p.key.name for p in w.pods), *(c.key.name for c in w.children)]
    for section in part.sections:
        found += [r.key.name for r in section.rows]
    return sorted(found)


def test_an_object_of_every_type_has_its_place() -> None:
    objects = [
        kube_object(kind, {"metadata": meta(f"a-{kind.lower()}")}) for kind in TYPES if kind not in ("Event",)
    ]
    objects.append(kube_object("Widget", {"metadata": meta("a-widget")}, type_=WIDGET))
    part = only(cluster("c", *objects))
    assert names(part) == sorted(o.name for o in objects)
    assert part.objects == len(objects)


def test_old_replica_sets_and_standalone_pods_are_shown() -> None:
    web = deployment()
    old = replica_set("web-old", web, replicas=0)
    part = only(cluster("c", web, old, pod("alone")))
    assert [c.key.name for c in part.workloads[0].children] == ["web-old"]
    assert [p.key.name for p in part.pods] == ["alone"]


def test_what_is_missing_is_told_apart_from_what_is_not_there() -> None:
    part = only(
        cluster("c", deployment(), also=(empty("Ingress"), failed("Secret", message="secrets is forbidden")))
    )
    assert part.empty == ("ingresses",)
    assert [(m.what, m.answer, m.words) for m in part.missing] == [
        ("secrets", Answer.FORBIDDEN, "secrets is forbidden")
    ]


def test_questions_that_failed_alike_are_told_once() -> None:
    refused = (failed("Pod", message="pods is forbidden"), failed("Job", message="jobs is forbidden"))
    late = failed("Service", Answer.LATE, "no answer within 10 s")
    rows = only(cluster("c", deployment(), also=(*refused, late))).missing
    assert [(m.plain, m.words, m.more_words) for m in rows] == [
        ("Callboard is not allowed to see pods and jobs", "pods is forbidden", ("jobs is forbidden",)),
        ("services did not arrive in time", "no answer within 10 s", ()),
    ]


@pytest.mark.parametrize(
    ("failure", "told", "words"),
    [
        (
            Failure(code=FailureCode.FORBIDDEN, message="pods is forbidden", status=403),
            "it refused every question (HTTP 403)",
            "pods is forbidden",
        ),
        (
            Failure(code=FailureCode.NOT_JSON, message="the answer was HTML, not JSON", status=200),
            "the answer was HTML, not JSON",
            "",
        ),
        (
            Failure(code=FailureCode.CONNECTION, message="no connection: refused"),
            "no connection: refused",
            "",
        ),
    ],
)
def test_a_cluster_that_failed_is_told_in_the_words_of_who_spoke(
    failure: Failure, told: str, words: str
) -> None:
    part = only(cluster("c", state=ClusterState.FAILED, failure=failure))
    assert (part.failure, part.failure_words, part.missing) == (told, words, ())


def test_events_are_matched_to_objects_by_uid_and_forbidden_is_told() -> None:
    web = pod("web-1")
    body = {
        "metadata": meta("e1"),
        "involvedObject": {"kind": "Pod", "name": "web-1", "namespace": "shop", "uid": web.meta.uid},
        "type": "Warning",
        "reason": "BackOff",
        "message": "Back-off restarting failed container",
        "count": 4,
    }
    stranger = {
        **body,
        "metadata": meta("e2"),
        "involvedObject": {"kind": "Pod", "name": "other", "uid": "x"},
    }
    events = outcomes(kube_object("Event", body), kube_object("Event", stranger), purpose=Purpose.REFERENCE)
    seen = only(cluster("c", web, references=events)).events
    assert [(e.object, e.reason, e.occurrences) for e in seen.rows] == [("Pod web-1", "BackOff", 4)]
    refused = Outcome(question=Question(type=EVENTS, purpose=Purpose.REFERENCE), answer=Answer.FORBIDDEN)
    assert only(cluster("c", web, references=(refused,))).events.answer is Answer.FORBIDDEN


def test_clusters_in_trouble_come_first() -> None:
    bad = cluster(
        "z", deployment(wanted=3, ready=1, conditions=[{"type": "ReplicaFailure", "status": "True"}])
    )
    view = arrange(service(cluster("a", deployment()), cluster("m", also=(failed("Pod"),)), bad))
    assert [c.cluster.name for c in view.clusters] == ["z", "m", "a"]


def test_a_workload_shows_its_scaler_and_how_far_its_rollout_is() -> None:
    scaler = kube_object(
        "HorizontalPodAutoscaler",
        {
            "metadata": meta("web", uid="uid-scaler"),
            "spec": {
                "scaleTargetRef": {"kind": "Deployment", "name": "web"},
                "minReplicas": 2,
                "maxReplicas": 5,
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {
                            "name": "cpu",
                            "target": {"type": "Utilization", "averageUtilization": 70},
                        },
                    }
                ],
            },
            "status": {"currentReplicas": 3, "desiredReplicas": 3},
        },
    )
    part = only(cluster("c", deployment(wanted=4, ready=3, updatedReplicas=2), scaler))
    workload = part.workloads[0]
    assert workload.rollout == "3 of 4 ready, 2 of 4 on the new version"
    assert workload.scaler is not None
    assert workload.scaler.summary == "3 replicas (from 2 to 5), cpu not measured of 70 %"


def test_only_an_unhealthy_pod_brings_its_containers_the_others_have_theirs_in_the_drawer() -> None:
    part = only(cluster("a", pod("well"), pod("ill", **waiting("CrashLoopBackOff"))))
    assert {p.key.name: [c.name for c in p.containers] for p in part.pods} == {"well": [], "ill": ["app"]}
