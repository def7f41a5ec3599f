"""What makes pods, and which pods it makes. Pure readings of typed objects, and of the raw ones of custom workloads."""

from collections.abc import Iterable, Mapping

import msgspec

from callboard.model.objects import Generic, KubeObject
from callboard.model.objects.pod import TemplateMeta
from callboard.model.objects.workload import (
    CronJob,
    DaemonSet,
    Deployment,
    Job,
    PodSelector,
    ReplicaSet,
    StatefulSet,
)
from callboard.model.selector import LabelSelector, Operator, Requirement

__all__ = [
    "CronTemplate",
    "PodTemplateOwner",
    "cron_template_of",
    "label_selector",
    "pod_labels",
    "workload_of",
    "workloads",
]

_OPERATORS = {
    "In": Operator.IN,
    "NotIn": Operator.NOT_IN,
    "Exists": Operator.EXISTS,
    "DoesNotExist": Operator.DOES_NOT_EXIST,
}


class PodTemplateOwner(msgspec.Struct, frozen=True):
    """An object that makes pods: its selector, the labels its pods get, and whether ReplicaSets stand between."""

    object: KubeObject
    selector: LabelSelector
    labels: Mapping[str, str]
    through_replica_sets: bool = False


class CronTemplate(msgspec.Struct, frozen=True):
    """The labels that the Jobs of a CronJob get."""

    labels: Mapping[str, str]

    @property
    def selector(self) -> LabelSelector:
        """What selects them."""
        return LabelSelector(
            tuple(sorted(Requirement(k, Operator.EQUALS, (v,)) for k, v in self.labels.items()))
        )


class _Template(msgspec.Struct, frozen=True):
    metadata: TemplateMeta = TemplateMeta()


class _RawSpec(msgspec.Struct, frozen=True):
    selector: PodSelector | None = None
    template: _Template | None = None


class _RawWorkload(msgspec.Struct, frozen=True):
    spec: _RawSpec


class _RawCronSpec(msgspec.Struct, frozen=True, rename="camel"):
    job_template: _Template = _Template()


class _RawCron(msgspec.Struct, frozen=True):
    spec: _RawCronSpec = _RawCronSpec()


_raw_workload = msgspec.json.Decoder(_RawWorkload)
_raw_cron = msgspec.json.Decoder(_RawCron)


def workloads(objects: Iterable[KubeObject]) -> list[PodTemplateOwner]:
    """Those of the objects that make pods and may have any at present."""
    return [w for w in (workload_of(o) for o in objects) if w is not None]


def workload_of(obj: KubeObject) -> PodTemplateOwner | None:
    """The object as a workload; None when it makes no pods, wants none, or its selector cannot be used."""
    made = _made(obj)
    if made is None:
        return None
    selector, template = made
    found = label_selector(selector)
    if found is None or not obj.namespace:
        return None
    through = isinstance(obj.body, Deployment | Generic)
    return PodTemplateOwner(obj, found, template.labels or {}, through)


def pod_labels(obj: KubeObject) -> Mapping[str, str] | None:
    """The labels that the pods of a workload get; None where `workload_of` finds none for want of replicas or of a template.
    Costs less than that, where the labels alone decide."""
    made = _made(obj)
    return None if made is None else made[1].labels or {}


def _made(obj: KubeObject) -> tuple[PodSelector, TemplateMeta] | None:
    """Selector and template of what makes pods and may have any."""
    body = obj.body
    if isinstance(body, Deployment | ReplicaSet | StatefulSet):
        none = body.spec.replicas == 0 and body.status.replicas == 0
        return None if none else (body.spec.selector, body.spec.template.metadata)
    if isinstance(body, DaemonSet):
        status = body.status
        counted = status.observed_generation >= max(1, body.metadata.generation)
        some = (
            status.desired_number_scheduled or status.current_number_scheduled or status.number_misscheduled
        )
        return (body.spec.selector, body.spec.template.metadata) if some or not counted else None
    if isinstance(body, Job):
        return body.spec.selector, body.spec.template.metadata
    if isinstance(body, Generic):
        # Argo's Rollout and its kind: a selector and a pod template where a Deployment has them.
        try:
            spec = _raw_workload.decode(obj.raw).spec
        except msgspec.MsgspecError:
            return None
        if spec.selector is None or spec.template is None:
            return None
        return spec.selector, spec.template.metadata
    return None


def cron_template_of(obj: KubeObject) -> CronTemplate | None:
    """The labels of a CronJob's Jobs; None for anything else."""
    if not isinstance(obj.body, CronJob):
        return None
    try:
        template = _raw_cron.decode(obj.raw).spec.job_template
    except msgspec.MsgspecError:
        return CronTemplate({})
    return CronTemplate(template.metadata.labels or {})


def label_selector(selector: PodSelector) -> LabelSelector | None:
    """A workload's own selector in canonical form; None when it is empty (it would take every pod) or malformed."""
    requirements = [
        Requirement(key, Operator.EQUALS, (value,)) for key, value in (selector.match_labels or {}).items()
    ]
    for expression in selector.match_expressions:
        operator = _OPERATORS.get(expression.operator)
        if operator is None or (operator in (Operator.IN, Operator.NOT_IN)) != bool(expression.values):
            return None
        requirements.append(Requirement(expression.key, operator, tuple(sorted(set(expression.values)))))
    return LabelSelector(tuple(sorted(set(requirements)))) if requirements else None
