"""Troubles by name: what somebody did or what broke, done to the cluster; the symptoms follow by themselves."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from callboard.simulator.controllers.behaviour import Behaviour
from callboard.simulator.machinery.tree import Tree
from callboard.simulator.scenarios import crashlogs
from callboard.simulator.scenarios.schema import TroubleSpec

if TYPE_CHECKING:
    from callboard.simulator.scenarios.stage import Stage

__all__ = ["TROUBLES", "TroubleKind"]

Act = Callable[["Stage", TroubleSpec], None]


class TroubleKind(msgspec.Struct, frozen=True):
    """`begin` makes it happen, `end` undoes the cause."""

    begin: Act
    end: Act


def _app(stage: "Stage", trouble: TroubleSpec) -> str:
    return stage.service(trouble.service).container or "app"


def _container(tree: Tree) -> Tree:
    return tree["spec"]["template"]["spec"]["containers"][0]  # type: ignore[no-any-return]


def _log(stage: "Stage", trouble: TroubleSpec, default: str = "") -> str:
    language = stage.service(trouble.service).language
    return trouble.log or crashlogs.of(language, default)


def _next(stage: "Stage", trouble: TroubleSpec) -> str:
    """The version a bad release carries: one patch further."""
    if trouble.version:
        return trouble.version
    head, _, last = stage.service(trouble.service).version.rpartition(".")
    return f"{head}.{int(last) + 1}" if last.isdecimal() else f"{head}.{last}-1"


def _back(stage: "Stage", trouble: TroubleSpec) -> None:
    stage.misbehave_no_more(trouble.service)
    stage.release(trouble.service, stage.service(trouble.service).version)


def _calm(stage: "Stage", trouble: TroubleSpec) -> None:
    stage.misbehave_no_more(trouble.service)


def _crash_loop(stage: "Stage", trouble: TroubleSpec) -> None:
    language = stage.service(trouble.service).language
    behaviour = Behaviour(
        exit_after=4.0, exit_code=1, ready_after=None, log=language, crash_log=_log(stage, trouble, "refused")
    )
    stage.behave(trouble.service, behaviour, container=_app(stage, trouble))


def _out_of_memory(stage: "Stage", trouble: TroubleSpec) -> None:
    language = stage.service(trouble.service).language
    behaviour = Behaviour(
        exit_after=95.0,
        exit_code=137,
        exit_reason="OOMKilled",
        log=language,
        memory=0.99,
        crash_log=_log(stage, trouble, "memory"),
    )
    stage.behave(trouble.service, behaviour, container=_app(stage, trouble))


def _failing_probe(stage: "Stage", trouble: TroubleSpec) -> None:
    told = trouble.message or "HTTP probe failed with statuscode: 503"
    language = stage.service(trouble.service).language
    stage.behave(
        trouble.service,
        Behaviour(ready_after=None, probe_message=told, log=language),
        container=_app(stage, trouble),
    )


def _failing_liveness(stage: "Stage", trouble: TroubleSpec) -> None:
    told = 'Get "http://10.244.1.5:8080/healthz": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
    language = stage.service(trouble.service).language
    stage.behave(
        trouble.service,
        Behaviour(live_for=60.0, probe_message=trouble.message or told, log=language),
        container=_app(stage, trouble),
    )


def _bad_image(stage: "Stage", trouble: TroubleSpec) -> None:
    version = trouble.version or "release-typo"
    stage.behave(trouble.service, Behaviour(pull="missing"), image=stage.image(trouble.service, version))
    stage.release(trouble.service, version)


def _denied_image(stage: "Stage", trouble: TroubleSpec) -> None:
    version = _next(stage, trouble)
    stage.behave(trouble.service, Behaviour(pull="denied"), image=stage.image(trouble.service, version))
    stage.release(trouble.service, version)


def _missing_config(stage: "Stage", trouble: TroubleSpec) -> None:
    def change(tree: Tree) -> None:
        reference = {"name": f"{trouble.service}-settings", "key": "PAYMENT_PROVIDER_URL"}
        _container(tree)["env"].append(
            {"name": "PAYMENT_PROVIDER_URL", "valueFrom": {"configMapKeyRef": reference}}
        )

    stage.release(trouble.service, _next(stage, trouble), change)


def _missing_volume(stage: "Stage", trouble: TroubleSpec) -> None:
    def change(tree: Tree) -> None:
        spec = tree["spec"]["template"]["spec"]
        spec["volumes"].append(
            {"name": "certificates", "secret": {"secretName": f"{trouble.service}-certificates"}}
        )
        _container(tree)["volumeMounts"].append(
            {"name": "certificates", "mountPath": "/etc/certificates", "readOnly": True}
        )

    stage.release(trouble.service, _next(stage, trouble), change)


def _stuck_rollout(stage: "Stage", trouble: TroubleSpec) -> None:
    version = _next(stage, trouble)
    language = stage.service(trouble.service).language
    behaviour = Behaviour(
        ready_after=None, probe_message="HTTP probe failed with statuscode: 500", log=language
    )
    stage.behave(
        trouble.service,
        behaviour,
        container=_app(stage, trouble),
        image=stage.image(trouble.service, version),
    )
    stage.release(trouble.service, version)


def _unschedulable(stage: "Stage", trouble: TroubleSpec) -> None:
    def change(tree: Tree) -> None:
        _container(tree)["resources"] = {
            "requests": {"cpu": trouble.amount or "64", "memory": "256Mi"},
            "limits": {"memory": "512Mi"},
        }

    stage.release(trouble.service, _next(stage, trouble), change)


def _no_matching_node(stage: "Stage", trouble: TroubleSpec) -> None:
    def change(tree: Tree) -> None:
        tree["spec"]["template"]["spec"]["nodeSelector"] = {"example.com/pool": "gpu"}

    stage.release(trouble.service, _next(stage, trouble), change)


def _failing_init(stage: "Stage", trouble: TroubleSpec) -> None:
    service = stage.service(trouble.service)
    version = _next(stage, trouble)
    init = service.init or "migrate"
    log = trouble.log or crashlogs.of("migration", "")
    behaviour = Behaviour(exit_after=2.0, exit_code=1, ready_after=None, log="task", crash_log=log)
    stage.behave(trouble.service, behaviour, container=init, image=stage.image(trouble.service, version))

    def change(tree: Tree) -> None:
        spec = tree["spec"]["template"]["spec"]
        if not spec.get("initContainers"):
            spec["initContainers"] = [
                {"name": init, "image": stage.image(trouble.service, version), "args": [init, "--wait"]}
            ]

    stage.release(trouble.service, version, change)


def _failed_job(stage: "Stage", trouble: TroubleSpec) -> None:
    service = stage.service(trouble.service)
    name = f"{service.name}-{trouble.amount or 'backfill'}"
    log = trouble.log or crashlogs.of("migration", "")
    stage.behave(
        trouble.service,
        Behaviour(exit_after=5.0, exit_code=2, ready_after=None, log="task", crash_log=log),
        container="backfill",
    )
    labels = {
        "app.kubernetes.io/name": service.name,
        "app.kubernetes.io/component": "backfill",
        "backstage.io/kubernetes-id": service.name,
    }
    container = {
        "name": "backfill",
        "image": stage.image(service.name),
        "args": ["backfill"],
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}},
    }
    template = {"metadata": {"labels": labels}, "spec": {"restartPolicy": "Never", "containers": [container]}}
    metadata = {"name": name, "namespace": service.namespace, "labels": labels}
    stage.apply(
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": metadata,
            "spec": {"backoffLimit": 2, "template": template},
        }
    )


def _delete_job(stage: "Stage", trouble: TroubleSpec) -> None:
    service = stage.service(trouble.service)
    stage.cluster.behaviours.forget(service.namespace, f"{service.name}-*", "backfill")
    stage.store.delete("jobs.batch", f"{service.name}-{trouble.amount or 'backfill'}", service.namespace)


def _suspend(value: bool) -> Act:
    def act(stage: "Stage", trouble: TroubleSpec) -> None:
        service = stage.service(trouble.service)
        for cron in service.cron_jobs:
            stage.store.patch(
                "cronjobs.batch",
                f"{service.name}-{cron.name}",
                {"spec": {"suspend": value}},
                service.namespace,
                manager="kubectl-patch",
            )

    return act


def _evicted(stage: "Stage", trouble: TroubleSpec) -> None:
    """One of the pods is evicted; its successor runs well."""
    service = stage.service(trouble.service)
    pods = [
        pod
        for pod in stage.store.list("pods", service.namespace)
        if pod["metadata"]["name"].startswith(service.name + "-")
    ]
    for pod in pods[:1]:
        stage.cluster.kubelet.evict(pod["metadata"]["uid"])


def _quota_exceeded(stage: "Stage", trouble: TroubleSpec) -> None:
    service = stage.service(trouble.service)
    pods = len(stage.store.list("pods", service.namespace))
    spec = {"hard": {"pods": trouble.amount or str(pods)}}
    stage.apply(
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "pods", "namespace": service.namespace},
            "spec": spec,
        }
    )
    wanted = service.replicas_in(stage.spec.environment) + 2
    stage.store.patch(
        stage.resource(service),
        service.name,
        {"spec": {"replicas": wanted}},
        service.namespace,
        manager="kubectl",
    )


def _quota_lifted(stage: "Stage", trouble: TroubleSpec) -> None:
    service = stage.service(trouble.service)
    stage.store.delete("resourcequotas", "pods", service.namespace)


def _scaled_to_zero(stage: "Stage", trouble: TroubleSpec) -> None:
    service = stage.service(trouble.service)
    stage.store.patch(
        stage.resource(service), service.name, {"spec": {"replicas": 0}}, service.namespace, manager="kubectl"
    )


def _scaled_back(stage: "Stage", trouble: TroubleSpec) -> None:
    service = stage.service(trouble.service)
    wanted = service.replicas_in(stage.spec.environment)
    stage.store.patch(
        stage.resource(service),
        service.name,
        {"spec": {"replicas": wanted}},
        service.namespace,
        manager="kubectl",
    )


def _busy(stage: "Stage", trouble: TroubleSpec) -> None:
    language = stage.service(trouble.service).language
    stage.behave(
        trouble.service, Behaviour(cpu=2.4, memory=0.8, log=language), container=_app(stage, trouble)
    )


TROUBLES: dict[str, TroubleKind] = {
    "bad-image": TroubleKind(_bad_image, _back),
    "crash-loop": TroubleKind(_crash_loop, _calm),
    "denied-image": TroubleKind(_denied_image, _back),
    "evicted": TroubleKind(_evicted, _calm),
    "failed-job": TroubleKind(_failed_job, _delete_job),
    "failing-init": TroubleKind(_failing_init, _back),
    "failing-liveness": TroubleKind(_failing_liveness, _calm),
    "failing-probe": TroubleKind(_failing_probe, _calm),
    "high-load": TroubleKind(_busy, _calm),
    "missing-config": TroubleKind(_missing_config, _back),
    "missing-volume": TroubleKind(_missing_volume, _back),
    "no-matching-node": TroubleKind(_no_matching_node, _back),
    "out-of-memory": TroubleKind(_out_of_memory, _calm),
    "quota-exceeded": TroubleKind(_quota_exceeded, _quota_lifted),
    "scaled-to-zero": TroubleKind(_scaled_to_zero, _scaled_back),
    "stuck-rollout": TroubleKind(_stuck_rollout, _back),
    "suspended-cronjob": TroubleKind(_suspend(True), _suspend(False)),
    "unschedulable": TroubleKind(_unschedulable, _back),
}
