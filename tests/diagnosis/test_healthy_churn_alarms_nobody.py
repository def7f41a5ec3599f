"""What looks like trouble and is none, for an hour minute by minute; and each of it made real, which is told."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from callboard.diagnosis.engine import diagnose
from support.conditions.controllers import job, scaler
from support.conditions.scene import NOW, Document, ago, condition, container, pod, web
from support.manifests import part_of

Documents = list[Document]
WELL: dict[str, Any] = {"ready": True, "state": {"running": {"startedAt": ago(hours=2)}}}


def alarms(documents: Documents, after: timedelta = timedelta()) -> set[str]:
    part = msgspec.structs.replace(part_of(documents, NOW), as_of=NOW + after)
    return {f.code for f in diagnose(part).findings if f.impact.alarms}


def well(name: str = "web-abc-1") -> Document:
    return pod(name, container(**WELL), conditions=[condition("Ready", "True")])


def new(name: str = "web-abc-2", **status: Any) -> Document:
    """A pod of ten seconds ago, on its way."""
    young = ago(seconds=10)
    return pod(
        name,
        container(**status),
        metadata={"creationTimestamp": young},
        startTime=young,
        conditions=[condition("PodScheduled", "True", young), condition("Ready", at=young)],
    )


def rollout() -> Documents:
    return web(well(), new(state={"running": {"startedAt": ago(seconds=8)}}), wanted=2, ready=1)


def rollout_late() -> Documents:
    made = rollout()
    made[0]["status"]["conditions"][1] |= {"status": "False", "reason": "ProgressDeadlineExceeded"}
    return made


def restart(long_ago: str, *, loops: bool) -> Documents:
    ended = {"terminated": {"exitCode": 1, "finishedAt": long_ago}}
    state = {"waiting": {"reason": "CrashLoopBackOff"}} if loops else WELL["state"]
    one = container(ready=not loops, restartCount=9, state=state, lastState=ended)
    return web(
        pod("web-abc-1", one, conditions=[condition("Ready", "False" if loops else "True")]),
        ready=int(not loops),
    )


def at_maximum(least: int) -> Documents:
    made = scaler(condition("ScalingLimited", "True", ago(hours=1), reason="TooManyReplicas"))
    made["spec"]["minReplicas"] = least
    return [made]


def retries(*, given_up: bool) -> Documents:
    told = [condition("Failed", "True", reason="BackoffLimitExceeded")] if given_up else []
    return [job(failed=2, active=0 if given_up else 1, conditions=told)]


def young(reason: str) -> Documents:
    return web(new(state={"waiting": {"reason": reason}}), wanted=1)


def balancer(*, with_pods: bool) -> Documents:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop", "uid": "svc", "creationTimestamp": ago(seconds=20)},
        "spec": {"type": "LoadBalancer"},
    }
    return [service, *(web(well(), ready=1) if with_pods else restart(ago(minutes=5), loops=True))]


def drained(*, seconds: int) -> Documents:
    """All pods of a finished release were moved so long ago, and are not ready on their new nodes yet."""
    made = web(new(state={"running": {"startedAt": ago(seconds=5)}}), wanted=1)
    made[0]["status"]["conditions"] = [
        condition("Available", "False", ago(seconds=seconds), reason="MinimumReplicasUnavailable"),
        condition("Progressing", "True", reason="NewReplicaSetAvailable"),
    ]
    return made


def left(*, beside: bool) -> Documents:
    failed = pod("run-1", container(state={"terminated": {"exitCode": 1}}), phase="Failed")
    failed["metadata"]["ownerReferences"] = [
        {"apiVersion": "tekton.dev/v1", "kind": "TaskRun", "name": "run", "uid": "run", "controller": True}
    ]
    return [failed, *(web(well(), ready=1) if beside else [])]


def finalizer(*, phase: str) -> Documents:
    one = pod("done", container(state={"terminated": {"exitCode": 0}}), phase=phase)
    one["metadata"] |= {"deletionTimestamp": ago(hours=3), "finalizers": ["example.com/report"]}
    return [one]


LOOKS_LIKE: dict[str, tuple[Callable[[], Documents], Callable[[], Documents]]] = {
    "a rollout within its deadline": (rollout, rollout_late),
    "a restart long past": (
        lambda: restart(ago(days=3), loops=False),
        lambda: restart(ago(minutes=5), loops=True),
    ),
    "an autoscaler at its maximum that is its minimum, too": (lambda: at_maximum(8), lambda: at_maximum(2)),
    "a job that still tries": (lambda: retries(given_up=False), lambda: retries(given_up=True)),
    "a pod that just started": (lambda: young("ContainerCreating"), lambda: young("InvalidImageName")),
    "a load balancer just made": (lambda: balancer(with_pods=True), lambda: balancer(with_pods=False)),
    "drained nodes during an upgrade": (lambda: drained(seconds=40), lambda: drained(seconds=90)),
    "an old run's pod beside what is well": (lambda: left(beside=True), lambda: left(beside=False)),
    "a finished pod that waits for a finalizer": (
        lambda: finalizer(phase="Succeeded"),
        lambda: finalizer(phase="Running"),
    ),
}


@pytest.mark.parametrize("name", LOOKS_LIKE)
def test_what_looks_like_trouble_alarms_nobody_and_made_real_it_is_told(name: str) -> None:
    calm, real = LOOKS_LIKE[name]
    assert alarms(calm()) == set()
    assert alarms(real()) != set()


@pytest.mark.parametrize(
    "name",
    [
        "a restart long past",
        "an autoscaler at its maximum that is its minimum, too",
        "a job that still tries",
        "an old run's pod beside what is well",
        "a finished pod that waits for a finalizer",
    ],
)
def test_it_stays_so_for_an_hour(name: str) -> None:
    for minute in range(61):
        assert alarms(LOOKS_LIKE[name][0](), timedelta(minutes=minute)) == set()


def test_what_is_on_its_way_gets_its_time_and_no_more() -> None:
    told = [alarms(rollout(), timedelta(minutes=m)) for m in range(15)]
    assert told[9] == set()
    assert told[10] == {"CB-PROBE-READINESS"}
    assert diagnose(part_of(rollout(), NOW)).until is not None, "and it is known when that is"
