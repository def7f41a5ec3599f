"""Pods that no node takes, that do not get to their containers, do not end, or are left behind.

The scheduler's words: pkg/scheduler/framework (FitError) and its plugins; the node's: pkg/kubelet.
"""

from typing import Any

from support.conditions.scene import ABSENT, Case, ago, condition, container, event, near, pod, web

SCHEDULED = "Pod.status.conditions.0"
SOURCE = "pkg/scheduler/framework/types.go, FitError"


def refused(message: str, **spec: Any) -> list[dict[str, Any]]:
    one = pod(
        "web-abc-1",
        conditions=[condition("PodScheduled", at=ago(minutes=30), reason="Unschedulable", message=message)],
        phase="Pending",
        containerStatuses=[],
        spec={"nodeName": "", **spec},
    )
    return web(one)


def unscheduled(code: str, message: str, other: str = "0/4 nodes are available: 4 of them object.") -> Case:
    return Case(
        code=code,
        documents=refused(message),
        source=SOURCE,
        near=(
            near(f"{SCHEDULED}.message", other, "CB-SCHEDULE"),
            near(f"{SCHEDULED}.status", "True"),
            near(f"{SCHEDULED}.lastTransitionTime", ago(seconds=20)),
            near("Pod.metadata.deletionTimestamp", ago(seconds=1)),
        ),
    )


def node(name: str, ready: str = "True", cpu: str = "8") -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "uid": name},
        "status": {
            "conditions": [condition("Ready", ready, message="Kubelet stopped posting node status.")],
            "allocatable": {"cpu": cpu},
        },
    }


ASKS = {"containers": [{"name": "app", "image": "web", "resources": {"requests": {"cpu": "64"}}}]}
LARGE = [
    *refused("0/4 nodes are available: 1 node(s) had untolerated taint {a: b}, 3 Insufficient cpu.", **ASKS),
    node("n1"),
    node("n2"),
]

STARTING = web(
    pod("web-abc-1", container(state={"waiting": {"reason": "ContainerCreating"}}), phase="Pending")
)
MOUNT = [
    *STARTING,
    event(
        STARTING[2],
        "FailedMount",
        'MountVolume.SetUp failed for volume "certificates" : secret "web-certificates" not found',
    ),
]
SANDBOX = [
    *STARTING,
    event(
        STARTING[2],
        "FailedCreatePodSandBox",
        'Failed to create pod sandbox: plugin type="bridge" failed: no IP addresses available in range set',
    ),
]

ENDING = web(
    pod(
        "web-abc-1",
        container(ready=True, state={"running": {"startedAt": ago(hours=2)}}),
        metadata={"deletionTimestamp": ago(minutes=30), "finalizers": ["example.com/drain"]},
        conditions=[condition("Ready", "True")],
    ),
    ready=1,
)
LOST = [
    *web(
        pod(
            "web-abc-1",
            container(state={"running": {"startedAt": ago(hours=2)}}),
            conditions=[condition("Ready", at=ago(minutes=20))],
        )
    ),
    node("n1", "Unknown"),
]

ALL_THERE = pod(
    "web-abc-2",
    container(ready=True, state={"running": {"startedAt": ago(hours=2)}}),
    conditions=[condition("Ready", "True")],
)
ENDED = {"terminated": {"exitCode": 1, "finishedAt": ago(minutes=20)}}
EVICTED = web(
    pod(
        "web-abc-1",
        phase="Failed",
        reason="Evicted",
        message="The node was low on resource: memory.",
        containerStatuses=[],
    ),
    ALL_THERE,
    wanted=1,
    ready=1,
)
LEFT = web(
    pod("web-abc-1", container(state=ENDED), phase="Failed", reason="NodeShutdown"),
    ALL_THERE,
    wanted=1,
    ready=1,
)
ALONE = [pod("debug", container(state=ENDED), phase="Failed")]

CLAIMED = refused(
    "0/4 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
    volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "data-web-0"}}],
)
CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {
        "name": "data-web-0",
        "namespace": "shop",
        "uid": "claim",
        "creationTimestamp": ago(hours=2),
    },
    "spec": {"storageClassName": "fast"},
    "status": {"phase": "Pending"},
}
LOST_CLAIM = {**CLAIM, "status": {"phase": "Lost"}}
UNTOLD = [*LOST[:-1], event(LOST[2], "NodeNotReady", "Node is not ready")]

CASES = (
    unscheduled(
        "CB-SCHEDULE-TAINT", "0/4 nodes are available: 4 node(s) had untolerated taint {dedicated: batch}."
    ),
    unscheduled(
        "CB-SCHEDULE-SELECTOR",
        "0/4 nodes are available: 4 node(s) didn't match Pod's node affinity/selector.",
    ),
    Case(
        code="CB-SCHEDULE-SELECTOR",
        documents=refused(
            "0/4 nodes are available: 4 node(s) didn't match Pod's node affinity/selector.",
            nodeSelector={"example.com/pool": "gpu"},
        ),
        source=SOURCE,
        near=(
            near("Pod.spec.nodeSelector", ABSENT, "CB-SCHEDULE-SELECTOR"),
            near(f"{SCHEDULED}.message", "node(s) didn't match Pod's node selector", "CB-SCHEDULE-SELECTOR"),
            near(f"{SCHEDULED}.status", "True"),
        ),
    ),
    unscheduled(
        "CB-SCHEDULE-SPREAD", "0/4 nodes are available: 4 node(s) didn't match pod anti-affinity rules."
    ),
    unscheduled("CB-SCHEDULE-PORTS", "0/4 nodes are available: 4 Too many pods."),
    unscheduled(
        "CB-SCHEDULE-VOLUME", "0/4 nodes are available: 4 node(s) had volume node affinity conflict."
    ),
    unscheduled("CB-SCHEDULE-CORDONED", "0/4 nodes are available: 4 node(s) were unschedulable."),
    Case(
        code="CB-SCHEDULE",
        documents=refused("0/4 nodes are available: 4 of them object."),
        source="a plugin's own words",
        near=(
            near(f"{SCHEDULED}.status", "True"),
            near(f"{SCHEDULED}.message", "0/4 nodes are available: 4 Too many pods.", "CB-SCHEDULE-PORTS"),
        ),
    ),
    Case(
        code="CB-SCHEDULE-RESOURCES",
        documents=LARGE,
        source=SOURCE,
        near=(
            near(
                f"{SCHEDULED}.message",
                "0/4 nodes are available: 4 node(s) had untolerated taint {a: b}.",
                "CB-SCHEDULE-TAINT",
            ),
            near(f"{SCHEDULED}.reason", "SchedulerError"),
            near("Pod.status.phase", "Failed", "CB-LEFTOVER"),
        ),
    ),
    Case(
        code="CB-SCHEDULE-RESOURCES",
        documents=refused(
            "0/4 nodes are available: 4 Insufficient memory.",
            containers=[{"name": "app", "image": "web", "resources": {"requests": {"memory": "640Gi"}}}],
        ),
        source=SOURCE,
        near=(
            near("Pod.spec.containers.0.resources.requests.memory", "640", "CB-SCHEDULE-RESOURCES"),
            near(f"{SCHEDULED}.message", "Insufficient memory", "CB-SCHEDULE-RESOURCES"),
            near("Pod.spec.containers.0.resources", ABSENT, "CB-SCHEDULE-RESOURCES"),
        ),
    ),
    Case(
        code="CB-SCHEDULE-RESOURCES",
        documents=refused("insufficient memory"),
        source="a scheduler that counts no nodes",
        near=(near(f"{SCHEDULED}.message", "no memory", "CB-SCHEDULE"),),
    ),
    Case(
        code="CB-SCHEDULE-SELECTOR",
        documents=refused("node(s) didn't match Pod's node affinity/selector"),
        source="a scheduler that counts no nodes",
        near=(near(f"{SCHEDULED}.message", "node(s) didn't match", "CB-SCHEDULE"),),
    ),
    Case(
        code="CB-SCHEDULE-GATED",
        documents=web(
            pod(
                "web-abc-1",
                conditions=[
                    condition(
                        "PodScheduled",
                        reason="SchedulingGated",
                        message="Scheduling is blocked due to non-empty scheduling gates",
                    )
                ],
                phase="Pending",
                containerStatuses=[],
                spec={"nodeName": ""},
            )
        ),
        source="KEP-3521",
        near=(
            near(f"{SCHEDULED}.status", "True"),
            near(f"{SCHEDULED}.reason", "Unschedulable", "CB-SCHEDULE"),
            near("Pod.metadata.creationTimestamp", ago(minutes=9)),
        ),
    ),
    Case(
        code="CB-CLAIM-PENDING",
        documents=[*CLAIMED, CLAIM],
        source="pkg/scheduler/framework/plugins/volumebinding",
        near=(
            near("PersistentVolumeClaim.status.phase", "Bound", "CB-SCHEDULE-VOLUME"),
            near("PersistentVolumeClaim.metadata.name", "another", "CB-SCHEDULE-VOLUME"),
            near("PersistentVolumeClaim", ABSENT, "CB-SCHEDULE-VOLUME"),
            near(f"{SCHEDULED}.status", "True"),
        ),
    ),
    Case(
        code="CB-CLAIM-LOST",
        documents=[LOST_CLAIM],
        source="pkg/controller/volume/persistentvolume",
        asked=False,
        near=(near("PersistentVolumeClaim.status.phase", "Bound"),),
    ),
    Case(
        code="CB-CLAIM-LOST",
        documents=[
            *refused(
                '0/4 nodes are available: persistentvolumeclaim "data-web-0" bound to non-existent '
                'persistentvolume "pv-1".',
                volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "data-web-0"}}],
            ),
            LOST_CLAIM,
        ],
        source="pkg/scheduler/framework/plugins/volumebinding, checkBoundClaims",
        near=(
            near("PersistentVolumeClaim.status.phase", "Bound", "CB-SCHEDULE-VOLUME"),
            near("PersistentVolumeClaim", ABSENT, "CB-SCHEDULE-VOLUME"),
            near(f"{SCHEDULED}.status", "True", "CB-CLAIM-LOST"),
        ),
    ),
    Case(
        code="CB-START-STUCK",
        documents=STARTING,
        source="a kubelet that says nothing",
        near=(
            near("Pod.spec.nodeName", ""),
            near("Pod.status.conditions.0.lastTransitionTime", ago(minutes=4)),
            near("Pod.status.conditions.0.status", "False"),
            near("Pod.status.phase", "Unknown", "CB-NODE-LOST"),
            near("Pod.status.containerStatuses.0.state", {"running": {}}),
        ),
    ),
    Case(
        code="CB-VOLUME-MOUNT",
        documents=MOUNT,
        source="pkg/volume/util/operationexecutor; the simulator's missing volume",
        near=(
            near("Event.reason", "FailedSync", "CB-START-STUCK"),
            near("Event.involvedObject.uid", "another", "CB-START-STUCK"),
            near("Pod.spec.nodeName", ""),
            near("Pod.status.phase", "Running"),
        ),
    ),
    Case(
        code="CB-SANDBOX",
        documents=SANDBOX,
        source="pkg/kubelet/kuberuntime_sandbox.go",
        near=(near("Event.reason", "FailedSync", "CB-START-STUCK"), near("Pod.spec.nodeName", "")),
    ),
    Case(
        code="CB-POD-TERMINATING",
        documents=ENDING,
        source="a pod with a finalizer, or on a node that is gone",
        near=(
            near("Pod.metadata.deletionTimestamp", ABSENT),
            near("Pod.metadata.deletionTimestamp", ago(minutes=4)),
            near("Pod.status.phase", "Succeeded"),
            near("Pod.status.phase", "Failed", "CB-LEFTOVER"),
        ),
    ),
    Case(
        code="CB-NODE-LOST",
        documents=LOST,
        source="pkg/controller/nodelifecycle",
        near=(
            near("Node.status.conditions.0.status", "True", "CB-PROBE-READINESS"),
            near("Node.metadata.name", "n2", "CB-PROBE-READINESS"),
            near("Pod.status.conditions.0.status", "True"),
            near("Pod.status.conditions.0.lastTransitionTime", ago(seconds=40)),
        ),
    ),
    Case(
        code="CB-NODE-LOST",
        documents=UNTOLD,
        source="pkg/controller/util/node, MarkPodsNotReady: what is told of a node that may not be read",
        near=(
            near("Event", ABSENT, "CB-PROBE-READINESS"),
            near("Event.reason", "Unhealthy", "CB-PROBE-READINESS"),
            near("Event.lastTimestamp", ago(minutes=40), "CB-PROBE-READINESS"),
            near("Pod.status.conditions.0.status", "True"),
        ),
    ),
    Case(
        code="CB-EVICTED",
        documents=EVICTED,
        source="pkg/kubelet/eviction",
        near=(
            near("Pod.status.reason", "NodeShutdown", "CB-LEFTOVER"),
            near("Pod.status.phase", "Succeeded"),
        ),
    ),
    Case(
        code="CB-POD-FAILED",
        documents=ALONE,
        source="a pod without a controller",
        near=(near("Pod.status.phase", "Succeeded"), near("Pod.status.reason", "Evicted", "CB-EVICTED")),
    ),
    Case(
        code="CB-LEFTOVER",
        documents=LEFT,
        source="kubernetes/kubernetes#105467",
        near=(near("Pod.status.phase", "Succeeded"), near("Pod.status.reason", "Evicted", "CB-EVICTED")),
    ),
)
