"""Containers that cannot be made, keep ending, or are not ready.

Reasons: pkg/kubelet/kuberuntime, pkg/kubelet/container; messages as clusters of the simulator and of bug reports show them.
"""

from typing import Any

from support.conditions.scene import ABSENT, Case, ago, condition, container, event, near, pod, web

ONE = "Pod.status.containerStatuses.0"
SOURCE = "pkg/kubelet/kuberuntime/kuberuntime_container.go"


def waiting(reason: str, message: str) -> list[dict[str, Any]]:
    return web(
        pod(
            "web-abc-1", container(state={"waiting": {"reason": reason, "message": message}}), phase="Pending"
        )
    )


def crashing(exit_code: int, reason: str = "Error", *, more: Any = (), **status: Any) -> list[dict[str, Any]]:
    ended = {
        "exitCode": exit_code,
        "reason": reason,
        "startedAt": ago(minutes=6),
        "finishedAt": ago(minutes=5),
    }
    one = container(
        restartCount=8,
        state={
            "waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}
        },
        lastState={"terminated": ended},
        **status,
    )
    made = web(pod("web-abc-1", one))
    made[2]["spec"]["containers"][0] |= dict(more)
    return made


WELL_NOW = {"running": {"startedAt": ago(minutes=11)}}
BACK = near(f"{ONE}.state", {"running": {"startedAt": ago(minutes=11)}}, "CB-PROBE-READINESS", "CB-RESTARTED")


def ends(
    code: str, exit_code: int, reason: str = "Error", other: int = 1, then: str = "CB-CRASH-ERROR"
) -> Case:
    return Case(
        code=code,
        documents=crashing(exit_code, reason),
        source="exit codes of POSIX shells and of runc; OOMKilled: pkg/kubelet/kuberuntime",
        near=(
            near(f"{ONE}.lastState.terminated.exitCode", other, then),
            near(
                f"{ONE}.state",
                WELL_NOW,
                *(("CB-PROBE-READINESS",) if exit_code == 0 else ("CB-PROBE-READINESS", "CB-RESTARTED")),
            ),
        ),
    )


def ended(reason: str, message: str, exit_code: int) -> list[dict[str, Any]]:
    """It has just ended, not for the first time."""
    told = {"exitCode": exit_code, "reason": reason, "message": message, "finishedAt": ago(seconds=3)}
    return web(pod("web-abc-1", container(restartCount=2, state={"terminated": told})))


ENDED = ended("Error", "no configuration", 1)
NEVER_BEGUN = ended("StartError", 'exec: "serve": executable file not found in $PATH', 128)
LIVE = crashing(137)
LIVE.append(
    event(LIVE[2], "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500", field="app")
)
PROBE = {"periodSeconds": 5, "failureThreshold": 3, "httpGet": {"path": "/started", "port": 8080}}
STARTS = crashing(137, more={"startupProbe": PROBE}, started=False)

UNREADY = web(pod("web-abc-1", container(state={"running": {"startedAt": ago(hours=2)}})))
ENDLESS = web(
    pod(
        "web-abc-1",
        container(state={"running": {"startedAt": ago(hours=2)}}),
        metadata={"creationTimestamp": ago(minutes=9)},
    )
)
ENDLESS[0]["spec"]["progressDeadlineSeconds"] = 2**31 - 1
LATE = web(pod("web-abc-1", container(state={"running": {}}), startTime=ago(minutes=4)), wanted=1)
LATE[0]["status"]["conditions"][1] |= {"status": "False", "reason": "ProgressDeadlineExceeded"}
BEFORE = web(
    pod(
        "web-abc-1",
        container(state={"running": {"startedAt": ago(hours=2)}}),
        conditions=[condition("PodScheduled", "True"), condition("Ready", at=ago(minutes=3))],
    )
)
GATED = web(
    pod(
        "web-abc-1",
        container(ready=True, state={"running": {"startedAt": ago(hours=2)}}),
        conditions=[
            condition("PodScheduled", "True"),
            condition("ContainersReady", "True"),
            condition("example.com/load-balancer", "False", message="target is not registered"),
            condition(
                "Ready",
                reason="ReadinessGatesNotReady",
                message="the status of pod readiness gate is not True",
            ),
        ],
    )
)
INIT = web(
    pod(
        "web-abc-1",
        {
            **container("migrate"),
            "init": True,
            "restartCount": 5,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 1, "finishedAt": ago(minutes=3)}},
        },
        container(state={"waiting": {"reason": "PodInitializing"}}),
        phase="Pending",
        spec={"initContainers": [{"name": "migrate"}]},
    )
)
PROXY = {"name": "istio-proxy", "restartPolicy": "Always"}


def beside(**status: Any) -> list[dict[str, Any]]:
    proxy = {**container("istio-proxy"), "init": True, **status}
    return web(
        pod(
            "web-abc-1",
            proxy,
            container(ready=True, state={"running": {"startedAt": ago(hours=2)}}),
            spec={"initContainers": [PROXY]},
        )
    )


CASES = (
    Case(
        code="CB-CONFIG-MISSING",
        documents=waiting("CreateContainerConfigError", 'configmap "web-settings" not found'),
        source=SOURCE,
        near=(
            near(f"{ONE}.state.waiting.reason", "ContainerCreating", "CB-START-STUCK"),
            near(
                f"{ONE}.state.waiting.message",
                "container has runAsNonRoot and image will run as root",
                "CB-CONTAINER-CREATE",
            ),
        ),
    ),
    Case(
        code="CB-CONFIG-KEY",
        documents=waiting(
            "CreateContainerConfigError", "couldn't find key URL in ConfigMap shop/web-settings"
        ),
        source="pkg/kubelet/kubelet_pods.go",
        near=(
            near(f"{ONE}.state.waiting.reason", "ContainerCreating", "CB-START-STUCK"),
            near(f"{ONE}.state.waiting.message", 'secret "web" not found', "CB-CONFIG-MISSING"),
        ),
    ),
    Case(
        code="CB-CONTAINER-CREATE",
        documents=waiting("CreateContainerError", "Error response: conflict: name is already in use"),
        source=SOURCE,
        near=(
            near(f"{ONE}.state.waiting.message", ABSENT, "CB-CONTAINER-CREATE"),
            near(f"{ONE}.state.waiting.reason", "ContainerCreating", "CB-START-STUCK"),
        ),
    ),
    Case(
        code="CB-CONTAINER-COMMAND",
        documents=waiting("RunContainerError", 'exec: "serve": executable file not found in $PATH: unknown'),
        source="runc's words",
        near=(
            near(f"{ONE}.state.waiting.message", "context canceled", "CB-CONTAINER-RUN"),
            near(f"{ONE}.state.waiting.reason", "ContainerCreating", "CB-START-STUCK"),
        ),
    ),
    Case(
        code="CB-CONTAINER-RUN",
        documents=waiting("RunContainerError", "failed to create shim task: cgroup: no space left"),
        source="containerd's words",
        near=(
            near(f"{ONE}.state.waiting.message", 'exec: "serve": permission denied', "CB-CONTAINER-COMMAND"),
            near(f"{ONE}.state.waiting.reason", "ContainerCreating", "CB-START-STUCK"),
        ),
    ),
    Case(
        code="CB-HOOK",
        documents=waiting("PostStartHookError", "command '/warm' exited with 1"),
        source=SOURCE,
        near=(near(f"{ONE}.state.waiting.reason", "ContainerCreating", "CB-START-STUCK"),),
    ),
    Case(
        code="CB-CRASH-ERROR",
        documents=crashing(1),
        source="the simulator's crash loop",
        near=(
            near(f"{ONE}.lastState.terminated.exitCode", 0, "CB-CRASH-FINISHED"),
            BACK,
            near("Pod.status.phase", "Succeeded"),
        ),
    ),
    Case(
        code="CB-CRASH-ERROR",
        documents=ENDED,
        source="between an end and the next run",
        near=(
            near(f"{ONE}.state.terminated.exitCode", 0),
            near(f"{ONE}.restartCount", 0),
        ),
    ),
    Case(
        code="CB-CONTAINER-COMMAND",
        documents=NEVER_BEGUN,
        source="a command that is not there, of a pod that is started again (StartError)",
        near=(
            near(f"{ONE}.state.terminated.reason", "Error", "CB-CRASH-ERROR"),
            near(f"{ONE}.state.terminated.message", "no cgroup", "CB-CONTAINER-RUN"),
            near("Pod.status.phase", "Failed", "CB-LEFTOVER"),
        ),
    ),
    ends("CB-CRASH-COMMAND", 127),
    ends("CB-CRASH-SIGNAL", 139),
    ends("CB-CRASH-KILLED", 137),
    ends("CB-CRASH-FINISHED", 0, "Completed"),
    Case(
        code="CB-OOM",
        documents=crashing(137, "OOMKilled", more={"resources": {"limits": {"memory": "256Mi"}}}),
        source="pkg/kubelet/kuberuntime, OOMKilled",
        near=(near(f"{ONE}.lastState.terminated.reason", "Error", "CB-CRASH-KILLED"), BACK),
    ),
    Case(
        code="CB-RESTARTED",
        documents=web(
            pod(
                "web-abc-1",
                container(
                    ready=True,
                    restartCount=1,
                    state={"running": {"startedAt": ago(minutes=30)}},
                    lastState={"terminated": {"exitCode": 1, "finishedAt": ago(minutes=31)}},
                ),
                conditions=[condition("Ready", "True")],
            ),
            ready=1,
        ),
        source="ContainerStatus.lastState",
        near=(
            near(f"{ONE}.lastState.terminated.finishedAt", ago(minutes=61)),
            near(f"{ONE}.ready", False, "CB-RESTARTED"),
            near(f"{ONE}.lastState.terminated.exitCode", 0),
            near(f"{ONE}.state", {"terminated": {"exitCode": 0}}),
        ),
    ),
    Case(
        code="CB-PROBE-READINESS",
        documents=BEFORE,
        source="the simulator's failing probe",
        near=(
            near(f"{ONE}.ready", True),
            near("Pod.status.conditions.1.lastTransitionTime", ago(seconds=50)),
            near("Pod.status.phase", "Succeeded"),
            near("Pod.metadata.deletionTimestamp", ago(seconds=5)),
        ),
    ),
    Case(
        code="CB-PROBE-READINESS",
        documents=UNREADY,
        source="a pod that never was ready, after the deadline",
        near=(
            near("Pod.status.startTime", ago(minutes=9)),
            near("Deployment.spec.progressDeadlineSeconds", 7300),
            near("Pod.spec.containers.0.startupProbe", {"periodSeconds": 100, "failureThreshold": 100}),
        ),
    ),
    Case(
        code="CB-PROBE-READINESS",
        documents=ENDLESS,
        source="a Deployment without a deadline: it is given the usual one",
        near=(
            near("Pod.status.startTime", ago(minutes=9)),
            near("Deployment.spec.progressDeadlineSeconds", 7300),
        ),
    ),
    Case(
        code="CB-PROBE-READINESS",
        documents=LATE,
        also=frozenset({"CB-ROLLOUT-DEADLINE"}),
        source="a rollout that is over its deadline: its newest pod is given no more time",
        near=(near("Deployment.status.conditions.1.status", "True"),),
    ),
    Case(
        code="CB-PROBE-LIVENESS",
        documents=LIVE,
        source="pkg/kubelet/prober; the simulator's failing liveness",
        near=(
            near("Event.message", "Readiness probe failed: 500", "CB-CRASH-KILLED"),
            near("Event.reason", "BackOff", "CB-CRASH-KILLED"),
            near("Event.involvedObject.uid", "another", "CB-CRASH-KILLED"),
            near("Event.involvedObject.fieldPath", "spec.containers{other}", "CB-CRASH-KILLED"),
            near(f"{ONE}.state", WELL_NOW, "CB-PROBE-READINESS", "CB-RESTARTED"),
        ),
    ),
    Case(
        code="CB-PROBE-STARTUP",
        documents=STARTS,
        source="pkg/kubelet/prober, startup probes",
        near=(
            near(f"{ONE}.started", True, "CB-CRASH-KILLED"),
            near("Pod.spec.containers.0.startupProbe", ABSENT, "CB-CRASH-KILLED"),
            near(f"{ONE}.lastState.terminated.exitCode", 1, "CB-CRASH-ERROR"),
            near(f"{ONE}.lastState.terminated.reason", "OOMKilled", "CB-OOM"),
        ),
    ),
    Case(
        code="CB-GATE-READINESS",
        documents=GATED,
        source="kubernetes/kubernetes#72157",
        near=(
            near("Pod.status.conditions.3.reason", "ContainersNotReady"),
            near("Pod.status.conditions.3.status", "True"),
            near(f"{ONE}.ready", False, "CB-PROBE-READINESS"),
        ),
    ),
    Case(
        code="CB-INIT-FAILING",
        documents=INIT,
        source="the simulator's failing init container",
        near=(
            near("Pod.status.initContainerStatuses.0.state", {"running": {}}),
            near("Pod.status.initContainerStatuses.0.state", {"terminated": {"exitCode": 0}}),
            near("Pod.spec.initContainers.0.restartPolicy", "Always", "CB-SIDECAR-FAILING"),
        ),
    ),
    Case(
        code="CB-SIDECAR-FAILING",
        documents=beside(
            restartCount=7,
            state={"waiting": {"reason": "CrashLoopBackOff"}},
            lastState={"terminated": {"exitCode": 2, "finishedAt": ago(minutes=3)}},
        ),
        source="KEP-753",
        near=(
            near("Pod.spec.initContainers.0.restartPolicy", ABSENT, "CB-INIT-FAILING"),
            near("Pod.status.initContainerStatuses.0.state.waiting.reason", "PodInitializing"),
        ),
    ),
    Case(
        code="CB-SIDECAR-NOT-READY",
        documents=beside(started=True, state={"running": {"startedAt": ago(hours=2)}}),
        source="KEP-753",
        near=(
            near("Pod.status.initContainerStatuses.0.ready", True),
            near("Pod.status.conditions.1.status", "True"),
            near("Pod.status.phase", "Pending"),
            near("Pod.spec.initContainers.0.restartPolicy", ABSENT),
            near("Deployment.spec.progressDeadlineSeconds", 7300),
        ),
    ),
)
