"""Releases, autoscalers, schedules, runs, and the way from a route to ready pods: how far each is, and where it is held up."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from callboard.model.objects import KubeObject
from callboard.model.resource import ResourceType
from callboard.portal.arranging.arrangement import arrange_cluster
from callboard.portal.views import RoutePath, WorkloadPart
from support.kube_objects import cluster, kube_object, meta, waiting

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
REVISION = "deployment.kubernetes.io/revision"
READY = {
    "phase": "Running",
    "conditions": [{"type": "Ready", "status": "True"}],
    "containerStatuses": [
        {"name": "app", "ready": True, "restartCount": 0, "image": "a", "state": {"running": {}}}
    ],
}


def workload(*objects: KubeObject) -> WorkloadPart:
    part = arrange_cluster(msgspec.structs.replace(cluster("eu", *objects), as_of=NOW))
    (found,) = part.workloads
    return found


def paths(*objects: KubeObject) -> dict[str, RoutePath]:
    return {path.address or path.service: path for path in arrange_cluster(cluster("eu", *objects)).paths}


def template(tag: str) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "app", "image": f"example.com/web:{tag}"}]}}


def released(wanted: int, updated: int, **spec: Any) -> KubeObject:
    document = {
        "metadata": meta("web", generation=2, annotations={REVISION: "2"}),
        "spec": {
            "replicas": wanted,
            "selector": {"matchLabels": {"app": "web"}},
            "template": template("1.43"),
            **spec,
        },
        "status": {
            "observedGeneration": 2,
            "replicas": wanted,
            "updatedReplicas": updated,
            "readyReplicas": wanted,
        },
    }
    return kube_object("Deployment", document)


def revision(number: int, tag: str, replicas: int) -> KubeObject:
    made = meta(
        f"web-{number}",
        owner=("Deployment", "web", "uid-web"),
        annotations={REVISION: str(number)},
        labels={"pod-template-hash": f"h{number}"},
    )
    spec = {"replicas": replicas, "template": template(tag)}
    return kube_object("ReplicaSet", {"metadata": made, "spec": spec, "status": {"replicas": replicas}})


def pod(
    name: str, number: int = 2, tag: str = "1.43", status: dict[str, Any] = READY, **spec: Any
) -> KubeObject:
    owner = ("ReplicaSet", f"web-{number}", f"uid-web-{number}")
    made = meta(name, owner=owner, labels={"app": "web", "pod-template-hash": f"h{number}"})
    return kube_object("Pod", {"metadata": made, "spec": {**template(tag)["spec"], **spec}, "status": status})


def test_a_release_names_both_versions_how_far_it_is_and_which_pods_hold_it_up() -> None:
    change = workload(
        released(3, 2),
        revision(1, "1.42", 2),
        revision(2, "1.43", 2),
        pod("old-a", 1, "1.42"),
        pod("old-b", 1, "1.42"),
        pod("new-a"),
        pod("new-b", status=waiting("CrashLoopBackOff", restarts=4, exit_code=1)),
    ).change
    assert change is not None
    assert (change.before, change.after) == (("1.42",), "1.43")
    assert (change.desired, change.updated, change.ready) == (3, 2, 1)
    assert change.waiting == 1
    assert [(key.name, word) for key, word in change.blocking] == [("new-b", "CrashLoopBackOff")]


def test_what_is_released_whole_has_no_release_and_the_same_tag_again_is_told_by_its_revision() -> None:
    assert (
        workload(released(1, 1), revision(1, "1.42", 0), revision(2, "1.43", 1), pod("new-a")).change is None
    )
    again = workload(
        released(2, 1, paused=True), revision(1, "1.43", 1), revision(2, "1.43", 1), pod("a", 1), pod("b")
    ).change
    assert again is not None
    assert (again.before, again.after, again.paused) == (("1.43",), "1.43, revision 2", True)


def scaler(reason: str, now: int) -> KubeObject:
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}
    queue = {"metric": {"name": "queue"}, "target": {"type": "Value", "value": "30"}}
    seen = {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": now}}}
    return kube_object(
        "HorizontalPodAutoscaler",
        {
            "metadata": meta("web", uid="scaler"),
            "spec": {
                "scaleTargetRef": {"kind": "Deployment", "name": "web"},
                "minReplicas": 2,
                "maxReplicas": 8,
                "metrics": [{"type": "Resource", "resource": cpu}, {"type": "External", "external": queue}],
            },
            "status": {
                "currentReplicas": 8,
                "desiredReplicas": 8,
                "currentMetrics": [seen],
                "conditions": [{"type": "ScalingLimited", "status": "True", "reason": reason}],
            },
        },
    )


@pytest.mark.parametrize(
    ("reason", "now", "limit", "short"),
    [
        ("TooManyReplicas", 190, "it is at its maximum and needs more", True),
        ("TooManyReplicas", 60, "it is at its maximum", False),
        ("TooFewReplicas", 10, "it is at its minimum", False),
    ],
)
def test_an_autoscaler_tells_its_figures_and_what_limits_it(
    reason: str, now: int, limit: str, short: bool
) -> None:
    state = workload(released(8, 8), scaler(reason, now)).scaling
    assert state is not None
    assert (state.current, state.desired, state.least, state.most) == (8, 8, 2, 8)
    assert (state.limit, state.short) == (limit, short)
    assert [(m.name, m.current, m.target, m.over) for m in state.metrics] == [
        ("cpu", f"{now} %", "70 %", now > 70),
        ("queue", "", "30", False),
    ]


def test_a_cron_job_says_when_it_runs_and_one_that_is_suspended_that_it_does_not() -> None:
    spec = {"schedule": "0 3 * * *", "timeZone": "Europe/Paris"}
    status = {"lastScheduleTime": "2026-05-01T01:00:00Z"}
    running = workload(
        kube_object("CronJob", {"metadata": meta("night"), "spec": spec, "status": status})
    ).schedule
    assert running is not None
    assert running.words == "every day at 03:00 (Europe/Paris)"
    assert running.next is not None
    assert running.next.replace(microsecond=0) == datetime(2026, 5, 2, 1, 0, tzinfo=UTC)
    held = workload(
        kube_object("CronJob", {"metadata": meta("night"), "spec": {**spec, "suspend": True}})
    ).schedule
    assert held is not None
    assert (held.suspended, held.next, held.last) == (True, None, None)


def test_a_job_says_how_far_it_is() -> None:
    spec = {"completions": 5, "parallelism": 2}
    status = {"succeeded": 3, "active": 2, "failed": 1, "startTime": "2026-05-01T11:00:00Z"}
    progress = workload(
        kube_object("Job", {"metadata": meta("fill"), "spec": spec, "status": status})
    ).progress
    assert progress is not None
    assert (progress.succeeded, progress.wanted, progress.active, progress.failed) == (3, 5, 2, 1)
    queue = workload(kube_object("Job", {"metadata": meta("queue"), "spec": {"parallelism": 3}})).progress
    assert queue is not None
    assert queue.wanted == 3


def service(port: dict[str, Any], **spec: Any) -> KubeObject:
    return kube_object(
        "Service", {"metadata": meta("web"), "spec": {"selector": {"app": "web"}, "ports": [port], **spec}}
    )


def ingress(port: dict[str, Any], name: str = "web") -> KubeObject:
    backend = {"service": {"name": name, "port": port}}
    rule = {"host": "shop.example.com", "http": {"paths": [{"path": "/", "backend": backend}]}}
    return kube_object("Ingress", {"metadata": meta("web", uid="ingress"), "spec": {"rules": [rule]}})


NO_WEB = "the Service has no port web (it has 80)"
OPEN: dict[str, Any] = {
    "containers": [{"name": "app", "image": "a", "ports": [{"containerPort": 8080, "name": "http"}]}]
}
AT = "http://shop.example.com/"


def test_the_way_to_the_pods_is_told_from_route_to_ready_pods() -> None:
    ill = pod("b", status=waiting("ErrImagePull"), **OPEN)
    web = service({"port": 80, "targetPort": "http"})
    found = paths(ingress({"number": 80}), web, pod("a", **OPEN), ill)
    assert (found[AT].service, found[AT].port, found[AT].ready, found[AT].total) == ("web", "80", 1, 2)
    assert not found[AT].broken
    assert not found[AT].unseen


@pytest.mark.parametrize(
    ("objects", "broken"),
    [
        (
            (ingress({"number": 81}), service({"port": 80}), pod("a", **OPEN)),
            "the Service has no port 81 (it has 80)",
        ),
        ((ingress({"name": "web"}), service({"port": 80, "name": "http"}), pod("a", **OPEN)), NO_WEB),
        (
            (ingress({"number": 80}), service({"port": 80, "targetPort": "htpp"}), pod("a", **OPEN)),
            "the Service sends to a port called htpp, and no container of its pods has one of that name",
        ),
        (
            (ingress({"number": 80}), service({"port": 80}), pod("a", status=waiting("ErrImagePull"))),
            "none of its pods is ready",
        ),
        (
            (
                ingress({"name": "http"}),
                service({"port": 80, "name": "http", "targetPort": "http"}),
                pod("a", **OPEN),
            ),
            "",
        ),
        ((ingress({"number": 80}), service({"port": 80, "targetPort": 8080}), pod("a")), ""),
    ],
)
def test_where_the_way_breaks_is_said(objects: tuple[KubeObject, ...], broken: str) -> None:
    assert paths(*objects)[AT].broken == broken


def test_what_was_not_seen_is_not_called_missing() -> None:
    elsewhere = paths(
        ingress({"number": 80}, name="other"), service({"port": 80}, selector={"app": "x"}), pod("a")
    )
    assert elsewhere[AT].unseen
    assert not elsewhere[AT].broken
    assert elsewhere["web"].unseen
    outside = paths(service({"port": 80}, type="ExternalName", externalName="example.com"), pod("a"))
    assert outside["web"].unseen


def test_a_route_of_the_gateway_api_is_one_where_it_is_asked_for() -> None:
    type_ = ResourceType("gateway.networking.k8s.io", "v1", "httproutes")
    spec: dict[str, Any] = {
        "hostnames": ["shop.example.com"],
        "rules": [{"backendRefs": [{"name": "web", "port": 81}]}, {"matches": 7}],
    }
    route = kube_object(
        "", {"metadata": meta("web", uid="route"), "spec": {**spec, "rules": spec["rules"][:1]}}, type_=type_
    )
    found = paths(route, service({"port": 80}), pod("a"))
    assert found["shop.example.com/"].broken == "the Service has no port 81 (it has 80)"
    odd = kube_object("", {"metadata": meta("web", uid="route"), "spec": spec}, type_=type_)
    assert list(paths(odd, service({"port": 80}), pod("a"))) == ["web"], "what cannot be read is left out"
