"""Troubles as they happen: what a service's team, its cluster or its registry does, done to the simulator, whose controllers
bring the rest; and how each of them ends."""

from collections.abc import Callable
from typing import Any

import msgspec

from callboard.simulator.controllers.behaviour import Behaviour, Match
from callboard.simulator.machinery.tree import Tree
from callboard.simulator.scenarios.schema import (
    ClusterSpec,
    CronSpec,
    Scenario,
    ScenarioService,
    TroubleSpec,
)
from callboard.simulator.scenarios.stage import Stage

__all__ = ["LIVE", "SCENARIO", "LiveTrouble"]

Act = Callable[[Stage, str], None]


class LiveTrouble(msgspec.Struct, frozen=True, kw_only=True):
    """One trouble of a service of its own.

    `since` says what it began with: `released` at the moment of `begin`, `broke` when the first of the pods that were well was
    not ready any more, `told` when a controller first said so; "" where nothing tells. `service` is what is different of it.
    """

    code: str
    begin: Act
    end: Act
    since: str = "released"
    bound: bool = False
    """Only a bound is known: it is told as one, and is later than the truth by minutes at most."""
    alarms: bool = True
    also: frozenset[str] = frozenset()
    service: dict[str, Any] = {}


def _trouble(name: str) -> tuple[Act, Act]:
    """One of the simulator's own troubles, and its end."""

    def begin(stage: Stage, service: str) -> None:
        stage.start(TroubleSpec(name, service))

    def end(stage: Stage, service: str) -> None:
        stage.heal(TroubleSpec(name, service))

    return begin, end


def _behaves(**behaviour: Any) -> tuple[Act, Act]:
    """The containers that run behave so from now on."""

    def begin(stage: Stage, service: str) -> None:
        stage.behave(service, Behaviour(**behaviour), container="app")

    return begin, _calm


def _release(change: Callable[[Tree], None] | None = None, **behaviour: Any) -> tuple[Act, Act]:
    """A release with a change of its pods, or one whose containers behave so; its end is the release before."""

    def begin(stage: Stage, service: str) -> None:
        if behaviour:
            stage.behave(
                service, Behaviour(**behaviour), container="app", image=stage.image(service, "1.0.1")
            )
        stage.release(service, "1.0.1", None if change is None else lambda tree: change(_pod(tree)))

    def end(stage: Stage, service: str) -> None:
        stage.misbehave_no_more(service)
        stage.release(service, "1.0.0")

    return begin, end


def _calm(stage: Stage, service: str) -> None:
    stage.misbehave_no_more(service)


def _pod(tree: Tree) -> Tree:
    return tree["spec"]["template"]["spec"]  # type: ignore[no-any-return]


def _patched(plural: str, patch: Tree, back: Tree, suffix: str = "") -> tuple[Act, Act]:
    def patched(change: Tree) -> Act:
        def act(stage: Stage, service: str) -> None:
            stage.store.patch(plural, f"{service}{suffix}", change, service, manager="kubectl")

        return act

    return patched(patch), patched(back)


def _variable(pod: Tree) -> None:
    reference = {
        "name": f"{pod['containers'][0]['image'].rpartition('/')[2].partition(':')[0]}-config",
        "key": "NOWHERE",
    }
    pod["containers"][0]["env"].append({"name": "NOWHERE", "valueFrom": {"configMapKeyRef": reference}})


def _volume(pod: Tree) -> None:
    pod["volumes"].append({"name": "data", "persistentVolumeClaim": {"claimName": "data"}})


def _gates(pod: Tree) -> None:
    pod["schedulingGates"] = [{"name": "example.com/queue"}]


def _account(pod: Tree) -> None:
    pod["serviceAccountName"] = "nobody-made-it"


def _claim(stage: Stage, service: str) -> None:
    """A claim of a storage class that does not exist, and a release that mounts it."""
    spec = {
        "storageClassName": "fast",
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
    }
    meta = {"name": "data", "namespace": service}
    stage.apply({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": spec})
    stage.release(service, "1.0.1", lambda tree: _volume(_pod(tree)))


def _back(stage: Stage, service: str) -> None:
    stage.misbehave_no_more(service)
    stage.release(service, "1.0.0")


def _rolled_back(stage: Stage, service: str) -> None:
    """1.0.0 has run after 0.9.0 and is taken back for it, which does not come up any more: an old ReplicaSet, begun anew."""
    sick = Behaviour(ready_after=None, probe_message="HTTP probe failed with statuscode: 500")
    stage.behave(service, sick, container="app", image=stage.image(service, "0.9.0"))
    stage.release(service, "0.9.0")


def _job(**spec: Any) -> Act:
    def act(stage: Stage, service: str) -> None:
        labels = {"app.kubernetes.io/component": "load", "backstage.io/kubernetes-id": service}
        container = {"name": "load", "image": "registry.example.com/load:1"}
        template = {
            "metadata": {"labels": labels},
            "spec": {"restartPolicy": "Never", "containers": [container]},
        }
        meta = {"name": "load", "namespace": service, "labels": labels}
        stage.apply(
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "metadata": meta,
                "spec": {"backoffLimit": 6, "template": template, **spec},
            }
        )

    return act


def _slow_job(stage: Stage, service: str) -> None:
    stage.cluster.behaviours.add(_match(service), Behaviour(exit_after=86_400.0, ready_after=1.0))
    _job(activeDeadlineSeconds=120)(stage, service)


def _match(service: str) -> Match:
    return Match(namespace=service, pod="load-*", container="load")


def _job_gone(stage: Stage, service: str) -> None:
    stage.store.delete("jobs.batch", "load", service)


def _failing_runs(stage: Stage, service: str) -> None:
    failing = Behaviour(exit_after=5.0, exit_code=2, ready_after=None)
    stage.cluster.behaviours.add(Match(namespace=service, pod=f"{service}-often-*"), failing)


def _runs_well(stage: Stage, service: str) -> None:
    stage.cluster.behaviours.forget(service, f"{service}-often-*")


def _no_target(stage: Stage, service: str) -> None:
    stage.store.patch(
        "horizontalpodautoscalers.autoscaling",
        service,
        {"spec": {"scaleTargetRef": {"name": "gone"}}},
        service,
    )


def _target(stage: Stage, service: str) -> None:
    stage.store.patch(
        "horizontalpodautoscalers.autoscaling",
        service,
        {"spec": {"scaleTargetRef": {"name": service}}},
        service,
    )


def live(code: str, acts: tuple[Act, Act], since: str = "released", **more: Any) -> LiveTrouble:
    return LiveTrouble(code=code, begin=acts[0], end=acts[1], since=since, **more)


_SCALED: dict[str, Any] = {"autoscale": 6, "replicas": {"*": 2}}

LIVE: dict[str, LiveTrouble] = {
    "no-such-tag": live("CB-IMAGE-NOT-FOUND", _trouble("bad-image")),
    "denied": live("CB-IMAGE-DENIED", _trouble("denied-image")),
    "unreachable": live("CB-IMAGE-TIMEOUT", _release(pull="unreachable")),
    "no-settings": live("CB-CONFIG-MISSING", _trouble("missing-config")),
    "no-key": live("CB-CONFIG-KEY", _release(_variable)),
    "no-command": live(
        "CB-CONTAINER-COMMAND", _release(start_error='exec: "serve": executable file not found in $PATH')
    ),
    "no-cgroup": live("CB-CONTAINER-RUN", _release(start_error="failed to create shim task: no space left")),
    "crashes": live("CB-CRASH-ERROR", _trouble("crash-loop"), "broke"),
    "crashes-at-once": live("CB-CRASH-ERROR", _release(exit_after=3.0, exit_code=1, ready_after=None)),
    "no-shell": live("CB-CRASH-COMMAND", _behaves(exit_after=2.0, exit_code=127, ready_after=None), "broke"),
    "segfault": live("CB-CRASH-SIGNAL", _behaves(exit_after=20.0, exit_code=139, ready_after=None), "broke"),
    "killed": live("CB-CRASH-KILLED", _behaves(exit_after=20.0, exit_code=137, ready_after=None), "broke"),
    "finishes": live("CB-CRASH-FINISHED", _behaves(exit_after=20.0, exit_code=0, ready_after=None), "broke"),
    "memory": live("CB-OOM", _trouble("out-of-memory"), "broke", bound=True),
    "liveness": live("CB-PROBE-LIVENESS", _trouble("failing-liveness"), "broke", bound=True),
    "readiness": live("CB-PROBE-READINESS", _trouble("failing-probe"), "broke"),
    "init": live("CB-INIT-FAILING", _trouble("failing-init")),
    "stuck": live("CB-PROBE-READINESS", _trouble("stuck-rollout"), also=frozenset({"CB-ROLLOUT-DEADLINE"})),
    "rolled-back": live(
        "CB-PROBE-READINESS",
        (_rolled_back, _back),
        also=frozenset({"CB-ROLLOUT-DEADLINE"}),
        service={"released": ("0.9.0",)},
    ),
    "too-large": live("CB-SCHEDULE-RESOURCES", _trouble("unschedulable")),
    "no-node": live("CB-SCHEDULE-SELECTOR", _trouble("no-matching-node")),
    "no-claim": live("CB-SCHEDULE-VOLUME", _release(_volume)),
    "no-class": live("CB-CLAIM-PENDING", (_claim, _back)),
    "gated": live("CB-SCHEDULE-GATED", _release(_gates)),
    "no-volume": live("CB-VOLUME-MOUNT", _trouble("missing-volume")),
    "slow-image": live("CB-START-STUCK", _release(pull_seconds=5_000.0)),
    "quota": live("CB-QUOTA", _trouble("quota-exceeded"), "told"),
    "account": live("CB-SERVICE-ACCOUNT", _release(_account), "told"),
    "job": live("CB-JOB-FAILED", _trouble("failed-job"), "told"),
    "late-job": live("CB-JOB-DEADLINE", (_slow_job, _job_gone), "told"),
    "runs": live(
        "CB-CRON-LAST-FAILED",
        (_failing_runs, _runs_well),
        "told",
        bound=True,
        service={"cron_jobs": (CronSpec(name="often", schedule="*/5 * * * *"),)},
    ),
    "load": live("CB-SCALING-CAPPED", _trouble("high-load"), "told", service=_SCALED),
    "no-target": live("CB-SCALING-TARGET", (_no_target, _target), "told", service=_SCALED),
    "zero": live("CB-SCALED-TO-ZERO", _trouble("scaled-to-zero"), "", alarms=False),
    "suspended": live(
        "CB-CRON-SUSPENDED",
        _trouble("suspended-cronjob"),
        "",
        alarms=False,
        service={"cron_jobs": (CronSpec(name="often", schedule="*/5 * * * *"),)},
    ),
    "paused": live(
        "CB-PAUSED",
        _patched("deployments.apps", {"spec": {"paused": True}}, {"spec": {"paused": False}}),
        "",
        alarms=False,
    ),
    "held-job": live("CB-JOB-SUSPENDED", (_job(suspend=True), _job_gone), "", alarms=False),
}

SCENARIO = Scenario(
    name="live",
    clusters=(ClusterSpec(name="one", nodes=8),),
    services=tuple(
        ScenarioService(
            name=name,
            owner="shop",
            namespace=name,
            **{
                "replicas": {"*": 1},
                "cpu": "50m",
                "age": "2h",
                "container": "app",
                "config": {"LOG_LEVEL": "info"},
                **trouble.service,
            },
        )
        for name, trouble in LIVE.items()
    ),
)
