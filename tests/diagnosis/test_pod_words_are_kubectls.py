from typing import Any

import pytest

from callboard.diagnosis.kstatus import object_health
from callboard.diagnosis.pod_status import pod_standing
from callboard.model.objects import KubeObject
from callboard.model.objects.pod import Pod
from callboard.model.verdict import Health
from support.kube_objects import kube_object, meta, pod, waiting


def standing(obj: KubeObject) -> Any:
    assert isinstance(obj.body, Pod)
    return pod_standing(obj.body)


def with_init(*statuses: dict[str, Any], sidecar: bool = False) -> KubeObject:
    init = [{"name": s["name"], **({"restartPolicy": "Always"} if sidecar else {})} for s in statuses]
    return kube_object(
        "Pod",
        {
            "metadata": meta("web-1"),
            "spec": {"initContainers": init, "containers": [{"name": "app"}]},
            "status": {
                "phase": "Pending",
                "initContainerStatuses": list(statuses),
                "containerStatuses": [{"name": "app", "state": {"waiting": {"reason": "PodInitializing"}}}],
            },
        },
    )


CASES = {
    "ready": (pod(), "Running", Health.HEALTHY),
    "not ready": (
        pod(
            conditions=[{"type": "Ready", "status": "False"}],
            containerStatuses=[{"name": "app", "ready": False, "state": {"running": {}}}],
        ),
        "Running",
        Health.PROGRESSING,
    ),
    "pending": (pod(phase="Pending", conditions=[], containerStatuses=[]), "Pending", Health.PROGRESSING),
    "creating": (pod(**waiting("ContainerCreating")), "ContainerCreating", Health.PROGRESSING),
    "crash loop": (
        pod(**waiting("CrashLoopBackOff", restarts=4, exit_code=1)),
        "CrashLoopBackOff",
        Health.UNHEALTHY,
    ),
    "bad image": (pod(**waiting("ImagePullBackOff")), "ImagePullBackOff", Health.UNHEALTHY),
    "missing config": (
        pod(**waiting("CreateContainerConfigError")),
        "CreateContainerConfigError",
        Health.UNHEALTHY,
    ),
    "succeeded": (
        pod(
            phase="Succeeded",
            containerStatuses=[
                {"name": "app", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}
            ],
        ),
        "Completed",
        Health.HEALTHY,
    ),
    "evicted": (pod(phase="Failed", reason="Evicted", containerStatuses=[]), "Evicted", Health.UNHEALTHY),
    "first end is not yet a loop": (
        pod(
            conditions=[{"type": "Ready", "status": "False"}],
            containerStatuses=[
                {
                    "name": "app",
                    "restartCount": 0,
                    "state": {"terminated": {"exitCode": 1, "reason": "Error"}},
                }
            ],
        ),
        "Error",
        Health.PROGRESSING,
    ),
    "restarted long ago, fine now": (
        pod(
            containerStatuses=[
                {
                    "name": "app",
                    "ready": True,
                    "restartCount": 7,
                    "state": {"running": {}},
                    "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
                }
            ]
        ),
        "Running",
        Health.HEALTHY,
    ),
    "unschedulable": (
        pod(
            phase="Pending",
            containerStatuses=[],
            conditions=[
                {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}
            ],
        ),
        "Pending",
        Health.UNHEALTHY,
    ),
    "init running": (with_init({"name": "m", "state": {"running": {}}}), "Init:0/1", Health.PROGRESSING),
    "init crash loop": (
        with_init({"name": "m", "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}),
        "Init:CrashLoopBackOff",
        Health.UNHEALTHY,
    ),
    "init ended badly": (
        with_init({"name": "m", "state": {"terminated": {"exitCode": 3}}}),
        "Init:ExitCode:3",
        Health.PROGRESSING,
    ),
}


@pytest.mark.parametrize(("obj", "word", "health"), CASES.values(), ids=CASES)
def test_status_word_and_health(obj: KubeObject, word: str, health: Health) -> None:
    assert standing(obj).word == word
    assert object_health(obj).health is health


def test_a_deleted_pod_is_terminating_and_no_trouble() -> None:
    body = {
        "metadata": meta("web-1", deletionTimestamp="2026-05-01T14:00:00Z"),
        "status": waiting("CrashLoopBackOff"),
    }
    obj = kube_object("Pod", body)
    assert standing(obj).word == "Terminating"
    assert object_health(obj).health is Health.PROGRESSING


def test_ready_counts_sidecars_and_not_init_containers() -> None:
    started = {"name": "mesh", "ready": True, "started": True, "state": {"running": {}}}
    found = standing(with_init(started, sidecar=True))
    assert (found.ready, found.total) == (1, 2)
    done = {"name": "m", "ready": True, "state": {"terminated": {"exitCode": 0}}}
    assert (standing(with_init(done)).ready, standing(with_init(done)).total) == (0, 1)


def test_the_reason_tells_how_the_last_run_ended() -> None:
    assert object_health(pod(**waiting("CrashLoopBackOff", restarts=1, exit_code=137))).reason == (
        "CrashLoopBackOff, exit code 137"
    )
