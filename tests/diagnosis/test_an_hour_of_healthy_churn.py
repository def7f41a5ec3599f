"""An hour in a busy cluster where nothing is wrong, minute by minute, with all that only looks like trouble: nothing above a
notice. Then each of it made real: all of it is told.

The simulator's controllers bring it about; its time is stepped.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from callboard.diagnosis.verdict import cluster_verdict
from callboard.model.entity import Entity, EntityMeta
from callboard.model.resource import KNOWN_TYPES
from callboard.model.snapshot import ClusterSnapshot
from callboard.model.verdict import ClusterVerdict, Health
from callboard.simulator import Fleet
from callboard.simulator.controllers.behaviour import Behaviour, Match
from callboard.simulator.machinery.times import stamp
from callboard.simulator.machinery.tree import Tree
from callboard.simulator.scenarios.schema import ClusterSpec, CronSpec, Scenario, ScenarioService, TroubleSpec
from callboard.simulator.scenarios.stage import Stage
from support.conditions.scene import NOW
from support.kube_objects import kube_object
from support.pure_cluster import looked_at

Act = Callable[[Stage, str], None]


class Busy(msgspec.Struct, frozen=True, kw_only=True):
    """One service: what happens to it in each minute of the hour (from 0), and what is then done so that it is real trouble."""

    churn: Callable[[Stage, str, int], None]
    real: Act
    service: dict[str, Any] = {}


def _nothing(stage: Stage, name: str, minute: int) -> None:
    return None


def _releases(stage: Stage, name: str, minute: int) -> None:
    """Every seventh minute; each takes two minutes to pull."""
    if minute % 7 == 3:
        stage.behave(name, Behaviour(pull_seconds=120.0, ready_after=45.0), container="app")
        stage.release(name, f"1.{minute}.0")


def _never_pulled(stage: Stage, name: str) -> None:
    stage.behave(name, Behaviour(pull_seconds=50_000.0), container="app")
    stage.release(name, "2.0.0")


def _scales(stage: Stage, name: str, minute: int) -> None:
    if minute % 6 == 0:
        wanted = 4 if minute % 12 else 2
        stage.store.patch("deployments.apps", name, {"spec": {"replicas": wanted}}, name, manager="kubectl")


def _outgrows(stage: Stage, name: str) -> None:
    stage.start(TroubleSpec("quota-exceeded", name))
    stage.store.patch("deployments.apps", name, {"spec": {"replicas": 9}}, name, manager="kubectl")


def _moves(stage: Stage, name: str, minute: int) -> None:
    """One of its pods is taken away, as a spot node does."""
    if minute % 5 == 2:
        stage.store.delete("pods", stage.store.list("pods", name)[0]["metadata"]["name"], name)


def _trouble(kind: str) -> Act:
    return lambda stage, name: stage.start(TroubleSpec(kind, name))


def _once_crashed(stage: Stage, name: str, minute: int) -> None:
    """It crashes once at the beginning, and again after half an hour."""
    if minute in (0, 30):
        stage.behave(name, Behaviour(exit_after=50.0, exit_code=1, ready_after=2.0), container="app")
    if minute in (1, 31):
        stage.misbehave_no_more(name)


def _full(stage: Stage, name: str, minute: int) -> None:
    """It has all the load it can have, and its least is its most."""
    if minute == 0:
        stage.store.patch(
            "horizontalpodautoscalers.autoscaling", name, {"spec": {"minReplicas": 3, "maxReplicas": 3}}, name
        )
        stage.start(TroubleSpec("high-load", name))


def _wants_more(stage: Stage, name: str) -> None:
    stage.store.patch("horizontalpodautoscalers.autoscaling", name, {"spec": {"minReplicas": 1}}, name)


def _peaks(stage: Stage, name: str, minute: int) -> None:
    """For four minutes it is at its maximum and asks for more."""
    if minute % 20 == 5:
        stage.start(TroubleSpec("high-load", name))
    if minute % 20 == 9:
        stage.heal(TroubleSpec("high-load", name))


def _job(stage: Stage, name: str, run: str) -> None:
    labels = {"backstage.io/kubernetes-id": name}
    template = {
        "metadata": {"labels": labels},
        "spec": {
            "restartPolicy": "Never",
            "containers": [{"name": "load", "image": "registry.example.com/load:1"}],
        },
    }
    meta = {"name": run, "namespace": name, "labels": labels}
    spec = {"backoffLimit": 4, "template": template}
    stage.apply({"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": spec})


def _fails(stage: Stage, name: str, *, fails: bool) -> None:
    match = Match(namespace=name, container="load")
    stage.cluster.behaviours.remove(match)
    if fails:
        stage.cluster.behaviours.add(match, Behaviour(exit_after=4.0, exit_code=2, ready_after=None))


def _tries(stage: Stage, name: str, minute: int) -> None:
    """A job that fails twice and then comes through."""
    if minute % 15 == 1:
        _fails(stage, name, fails=True)
        _job(stage, name, f"load-{minute}")
    if minute % 15 == 2:
        _fails(stage, name, fails=False)


def _gives_up(stage: Stage, name: str) -> None:
    _fails(stage, name, fails=True)
    _job(stage, name, "load-last")


def _evicts(stage: Stage, name: str, minute: int) -> None:
    if minute % 25 == 4:
        stage.start(TroubleSpec("evicted", name))


def _balances(stage: Stage, name: str, minute: int) -> None:
    """A load balancer that is made within four minutes."""
    if minute == 2:
        labels = {"backstage.io/kubernetes-id": name}
        meta = {"name": "public", "namespace": name, "labels": labels}
        spec = {
            "type": "LoadBalancer",
            "ports": [{"port": 443}],
            "selector": {"app.kubernetes.io/name": name},
        }
        stage.apply({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec})
    if minute == 6:
        given = {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}
        stage.store.patch("services", "public", {"status": given}, name, subresource="status")


def _no_address(stage: Stage, name: str) -> None:
    meta = {"name": "second", "namespace": name, "labels": {"backstage.io/kubernetes-id": name}}
    spec = {"type": "LoadBalancer", "ports": [{"port": 443}], "selector": {"app.kubernetes.io/name": name}}
    stage.apply({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec})


def _finished(phase: str) -> Act:
    """A pod of a run that was told to go three hours ago and waits for a finalizer; its node is not one of ours."""

    def act(stage: Stage, name: str) -> None:
        ended = {"terminated": {"exitCode": 0, "reason": "Completed"}}
        state = ended if phase == "Succeeded" else {"running": {"startedAt": stamp(NOW.timestamp() - 9_000)}}
        made: Tree = {
            "metadata": {
                "name": f"report-{phase.lower()}",
                "namespace": name,
                "uid": f"{name}-{phase}",
                "creationTimestamp": stamp(NOW.timestamp() - 14_400),
                "deletionTimestamp": stamp(NOW.timestamp() - 10_800),
                "finalizers": ["example.com/report"],
                "labels": {"backstage.io/kubernetes-id": name},
            },
            "spec": {
                "nodeName": "elsewhere",
                "containers": [{"name": "app", "image": "registry.example.com/r:1"}],
            },
            "status": {
                "phase": phase,
                "conditions": [{"type": "Ready", "status": "True" if phase == "Running" else "False"}],
                "containerStatuses": [
                    {"name": "app", "ready": phase == "Running", "restartCount": 0, "state": state}
                ],
            },
        }
        stage.store.collection("", "pods").add(made)

    return act


def _waits_for_a_finalizer(stage: Stage, name: str, minute: int) -> None:
    if minute == 1:
        _finished("Succeeded")(stage, name)


def _left(stage: Stage, name: str, minute: int) -> None:
    """What is left of a run of an owner that nobody shows us, beside what is well."""
    if minute == 0:
        _failed_run(stage, name)


def _failed_run(stage: Stage, name: str) -> None:
    owner = {
        "apiVersion": "tekton.dev/v1",
        "kind": "TaskRun",
        "name": "run",
        "uid": f"{name}-run",
        "controller": True,
    }
    ended = {"terminated": {"exitCode": 1, "finishedAt": stamp(NOW.timestamp() - 600)}}
    made: Tree = {
        "metadata": {
            "name": "run-pod",
            "namespace": name,
            "uid": f"{name}-run-pod",
            "creationTimestamp": stamp(NOW.timestamp() - 1_200),
            "ownerReferences": [owner],
            "labels": {"backstage.io/kubernetes-id": name},
        },
        "spec": {
            "nodeName": "elsewhere",
            "containers": [{"name": "step", "image": "registry.example.com/r:1"}],
        },
        "status": {
            "phase": "Failed",
            "containerStatuses": [{"name": "step", "restartCount": 0, "state": ended}],
        },
    }
    stage.store.collection("", "pods").add(made)


def _alone(stage: Stage, name: str) -> None:
    """Nothing else of the service is there any more."""
    stage.store.delete("deployments.apps", name, name)


def _lost_image(stage: Stage, name: str) -> None:
    stage.behave(name, Behaviour(pull="missing"), container="app")
    for pod in stage.store.list("pods", name):
        stage.store.delete("pods", pod["metadata"]["name"], name)


HOURS: dict[str, Busy] = {
    "releases": Busy(churn=_releases, real=_never_pulled),
    "scales": Busy(churn=_scales, real=_outgrows),
    "moves": Busy(churn=_moves, real=_lost_image, service={"replicas": {"*": 3}}),
    "restarted": Busy(churn=_once_crashed, real=_trouble("crash-loop")),
    "full": Busy(churn=_full, real=_wants_more, service={"autoscale": 3}),
    "peaks": Busy(churn=_peaks, real=_trouble("high-load"), service={"autoscale": 3}),
    "tries": Busy(churn=_tries, real=_gives_up),
    "evicts": Busy(churn=_evicts, real=_trouble("failing-liveness"), service={"replicas": {"*": 3}}),
    "balances": Busy(churn=_balances, real=_no_address),
    "finished": Busy(churn=_waits_for_a_finalizer, real=_finished("Running")),
    "left": Busy(churn=_left, real=_alone),
    "runs": Busy(
        churn=_nothing,
        real=lambda stage, name: stage.cluster.behaviours.add(
            Match(namespace=name, pod="*-often-*"), Behaviour(exit_after=4.0, exit_code=1, ready_after=None)
        ),
        service={"cron_jobs": (CronSpec(name="often", schedule="*/3 * * * *"),)},
    ),
    "stateful": Busy(
        churn=_moves, real=_trouble("crash-loop"), service={"workload": "statefulset", "replicas": {"*": 2}}
    ),
    "daemon": Busy(churn=_nothing, real=_trouble("crash-loop"), service={"workload": "daemonset"}),
}

SCENARIO = Scenario(
    name="busy",
    clusters=(ClusterSpec(name="one", nodes=5),),
    services=tuple(
        ScenarioService(
            name=name,
            owner="shop",
            namespace=name,
            **{"replicas": {"*": 2}, "cpu": "50m", "age": "5h", "container": "app", **busy.service},
        )
        for name, busy in HOURS.items()
    ),
)


def _drains(stage: Stage, minute: int) -> None:
    """Nodes are upgraded one after the other: closed, emptied, opened again after three minutes."""
    nodes = sorted(node["metadata"]["name"] for node in stage.store.list("nodes"))
    node = nodes[minute // 10 % len(nodes)]
    if minute % 10 == 1:
        stage.store.patch("nodes", node, {"spec": {"unschedulable": True}})
        for pod in stage.store.list("pods"):
            owners = pod["metadata"].get("ownerReferences", ())
            if pod["spec"].get("nodeName") == node and not any(
                o["kind"] in ("DaemonSet", "Job") for o in owners
            ):
                stage.store.delete("pods", pod["metadata"]["name"], pod["metadata"]["namespace"])
    if minute % 10 == 4:
        stage.store.patch("nodes", node, {"spec": {"unschedulable": None}})


def _judged(fleet: Fleet) -> dict[str, ClusterVerdict]:
    store = fleet[0].store
    now = datetime.fromtimestamp(fleet.timeline.now(), UTC)
    objects = [
        kube_object(kind.kind, tree, type_=kind)
        for kind in KNOWN_TYPES
        if (kind.group, kind.plural) in store.collections
        for tree in store.list(f"{kind.plural}.{kind.group}" if kind.group else kind.plural)
    ]
    return {name: cluster_verdict(_seen(name, objects, now)) for name in HOURS}


def _seen(name: str, objects: list[Any], now: datetime) -> ClusterSnapshot:
    meta = EntityMeta(name=name, annotations={"backstage.io/kubernetes-id": name})
    service = Entity(api_version="backstage.io/v1alpha1", kind="Component", metadata=meta)
    mine = [o for o in objects if o.namespace in ("", name)]
    return msgspec.structs.replace(looked_at(service, "one", mine), as_of=now)


class Hour(msgspec.Struct, kw_only=True):
    """What was told in each minute, by service; and after each was made real."""

    alarms: dict[str, list[tuple[int, str]]]
    notices: dict[str, set[str]]
    healths: dict[str, set[Health]]
    real: dict[str, set[str]]


async def _lived() -> Hour:
    hour = Hour(
        alarms={n: [] for n in HOURS},
        notices={n: set() for n in HOURS},
        healths={n: set() for n in HOURS},
        real={n: set() for n in HOURS},
    )
    async with Fleet.start(SCENARIO, now=NOW.timestamp(), speed=0.0) as fleet:
        stage = fleet.stages["one"]
        for minute in range(60):
            _drains(stage, minute)
            for name, busy in HOURS.items():
                busy.churn(stage, name, minute)
            for seconds in (7, 53):
                fleet.step(seconds)
                for name, verdict in _judged(fleet).items():
                    hour.healths[name].add(verdict.health)
                    for finding in verdict.findings:
                        if finding.impact.alarms:
                            hour.alarms[name].append((minute, finding.code))
                        else:
                            hour.notices[name].add(finding.code)
        for name, busy in HOURS.items():
            busy.real(stage, name)
        for _ in range(20):
            fleet.step(60)
        for name, verdict in _judged(fleet).items():
            hour.real[name] = {f.code for f in verdict.findings if f.impact.alarms}
    return hour


@pytest.fixture(scope="module")
def hour() -> Hour:
    return asyncio.run(_lived())


@pytest.mark.parametrize("name", HOURS)
def test_nothing_above_a_notice_is_told(name: str, hour: Hour) -> None:
    assert hour.alarms[name] == []
    assert Health.UNHEALTHY not in hour.healths[name]


def test_it_was_no_quiet_hour(hour: Hour) -> None:
    """What looked like trouble was there, and was told as it is meant to be."""
    assert set().union(*hour.notices.values()) >= {
        "CB-EVICTED",
        "CB-JOB-RETRYING",
        "CB-POD-FAILED",
        "CB-RESTARTED",
    }
    moving = {name for name, healths in hour.healths.items() if Health.PROGRESSING in healths}
    assert moving >= {"releases", "balances"}


@pytest.mark.parametrize("name", HOURS)
def test_made_real_it_is_told(name: str, hour: Hour) -> None:
    assert hour.real[name] != set()
