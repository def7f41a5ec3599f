"""What it costs to judge: opened objects in memory, the rules put to all of them. No cluster, no process but this one."""

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from bench.samples import median
from bench.tables import table
from callboard.diagnosis.engine import diagnose
from callboard.diagnosis.ownership import group
from callboard.kube.ingest.decode import decode_page
from callboard.model.cluster import ClusterInfo
from callboard.model.objects import KubeObject
from callboard.model.outcome import Answer, Outcome, Question
from callboard.model.resource import KNOWN_TYPES
from callboard.model.snapshot import ClusterSnapshot, ClusterState

__all__ = ["failing", "part", "run"]

NOW: Final = datetime(2026, 5, 1, 12, tzinfo=UTC)
ROUNDS: Final = 15
_TYPES: Final = {t.kind: t for t in KNOWN_TYPES}
_WAITS: Final = (
    ("InvalidImageName", "couldn't parse image name"),
    ("ImagePullBackOff", 'Back-off pulling image "web:2": ErrImagePull: web:2: not found'),
    ("ImagePullBackOff", 'Back-off pulling image "web:2": ErrImagePull: unexpected status: 403 Forbidden'),
    ("CreateContainerConfigError", 'configmap "web-settings" not found'),
    ("CreateContainerConfigError", "couldn't find key URL in ConfigMap shop/web-settings"),
    ("RunContainerError", 'exec: "serve": executable file not found in $PATH'),
)
_ENDS: Final = ((1, "Error"), (137, "OOMKilled"), (137, "Error"), (139, "Error"))


def _ago(minutes: int) -> str:
    return (NOW - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def failing(number: int) -> dict[str, Any]:
    """The status of a pod that fails in one of twelve ways."""
    way = number % 12
    told: dict[str, Any] = {"name": "app", "image": "web:2", "ready": False, "restartCount": 0}
    unready = {"type": "Ready", "status": "False", "lastTransitionTime": _ago(20)}
    if way < 6:
        reason, message = _WAITS[way]
        told["state"] = {"waiting": {"reason": reason, "message": message}}
        return {"phase": "Pending", "conditions": [unready], "containerStatuses": [told]}
    if way < 10:
        code, reason = _ENDS[way - 6]
        told |= {"restartCount": 9, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
        told["lastState"] = {"terminated": {"exitCode": code, "reason": reason, "finishedAt": _ago(3)}}
        return {"phase": "Running", "conditions": [unready], "containerStatuses": [told]}
    if way == 10:
        told["state"] = {"running": {"startedAt": _ago(60)}}
        return {"phase": "Running", "conditions": [unready], "containerStatuses": [told]}
    refused = "0/4 nodes are available: 4 Insufficient cpu. preemption: 0/4 nodes are available."
    told_by = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": refused}
    return {"phase": "Pending", "conditions": [{**told_by, "lastTransitionTime": _ago(20)}]}


def _well() -> dict[str, Any]:
    told = {"name": "app", "ready": True, "restartCount": 0, "state": {"running": {"startedAt": _ago(90)}}}
    return {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": _ago(90)}],
        "containerStatuses": [told],
    }


def part(workloads: int, pods: int, broken: int) -> ClusterSnapshot:
    """A cluster's part of so many Deployments with so many pods each, of which so many fail, spread over all."""
    made: dict[str, list[dict[str, Any]]] = {"Deployment": [], "ReplicaSet": [], "Pod": []}
    every = workloads * pods / broken if broken else 0.0
    told = 0
    for number in range(workloads):
        name = f"web-{number}"
        made["Deployment"].append(_controller(name, "", pods))
        made["ReplicaSet"].append(_controller(f"{name}-abc", name, pods))
        for index in range(pods):
            ill = told < broken and number * pods + index >= told * every
            made["Pod"].append(
                {
                    "metadata": _meta(f"{name}-abc-{index}", f"{name}-abc", "ReplicaSet"),
                    "spec": {"nodeName": "n1", "containers": [{"name": "app", "image": "web:2"}]},
                    "status": failing(told) if ill else _well(),
                }
            )
            told += ill
    outcomes = tuple(
        Outcome(question=Question(type=_TYPES[kind]), answer=Answer.OBJECTS, objects=_read(kind, items))
        for kind, items in made.items()
    )
    return ClusterSnapshot(
        cluster=ClusterInfo(name="a"),
        state=ClusterState.ANSWERED,
        outcomes=outcomes,
        references_complete=True,
        as_of=NOW,
    )


def _meta(name: str, owner: str, kind: str) -> dict[str, Any]:
    meta: dict[str, Any] = {
        "name": name,
        "namespace": "shop",
        "uid": name,
        "creationTimestamp": _ago(120),
        "generation": 1,
    }
    if owner:
        meta["ownerReferences"] = [{"kind": kind, "name": owner, "uid": owner, "controller": True}]
    return meta


def _controller(name: str, owner: str, pods: int) -> dict[str, Any]:
    counts = {
        "replicas": pods,
        "readyReplicas": pods - 1,
        "availableReplicas": pods - 1,
        "updatedReplicas": pods,
    }
    return {
        "metadata": _meta(name, owner, "Deployment"),
        "spec": {"replicas": pods},
        "status": {"observedGeneration": 1, **counts},
    }


def _read(kind: str, items: list[dict[str, Any]]) -> tuple[KubeObject, ...]:
    body = msgspec.json.encode({"kind": f"{kind}List", "metadata": {}, "items": items})
    return decode_page(body, _TYPES[kind]).objects


def _timed(do: Callable[[], object]) -> float:
    """Milliseconds of this process's CPU, the median of some rounds."""
    taken = []
    for _ in range(ROUNDS):
        before = time.process_time()
        do()
        taken.append((time.process_time() - before) * 1e3)
    return median(taken)


def run(_: argparse.Namespace, __: str) -> None:
    """Judging a cluster's part whose pods are grouped already."""
    rows = []
    for workloads, pods, broken in ((40, 50, 0), (40, 50, 200), (1, 50, 5), (1, 50, 50)):
        snapshot = part(workloads, pods, broken)
        grouping = group(snapshot)
        found = len(diagnose(snapshot, grouping).findings)
        spent = _timed(lambda s=snapshot, g=grouping: diagnose(s, g))  # type: ignore[misc]
        rows.append((str(workloads), str(workloads * pods), str(broken), str(found), f"{spent:.2f}"))
    table("Judging what is opened", ("workloads", "pods", "failing in 12 ways", "findings", "ms CPU"), rows)
