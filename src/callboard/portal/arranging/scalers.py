"""An autoscaler: what it goes by, its bounds, and what limits it. Pure and total: of metrics that are not of resources only
what their place in the object says is read."""

from typing import Final

import msgspec

from callboard.model.objects import KubeObject
from callboard.model.objects.meta import condition
from callboard.model.objects.workload import HorizontalPodAutoscaler
from callboard.portal.views import ObjectKey, ScalerMetric, ScalerState

__all__ = ["scaler_state"]

_MOST_METRICS: Final = 10
_LONGEST: Final = 60
_Value = str | int | float | None


class _Target(msgspec.Struct, rename="camel"):
    average_utilization: int | None = None
    average_value: _Value = None
    value: _Value = None


class _Named(msgspec.Struct):
    name: str = ""


class _Source(msgspec.Struct):
    name: str = ""
    metric: _Named = msgspec.field(default_factory=_Named)
    target: _Target = msgspec.field(default_factory=_Target)
    current: _Target = msgspec.field(default_factory=_Target)


class _Metric(msgspec.Struct, rename="camel"):
    resource: _Source | None = None
    container_resource: _Source | None = None
    pods: _Source | None = None
    object: _Source | None = None
    external: _Source | None = None

    @property
    def source(self) -> _Source | None:
        return self.resource or self.container_resource or self.pods or self.object or self.external


class _Spec(msgspec.Struct):
    metrics: list[_Metric] | None = None


class _Status(msgspec.Struct, rename="camel"):
    current_metrics: list[_Metric] | None = None


class _Raw(msgspec.Struct):
    spec: _Spec = msgspec.field(default_factory=_Spec)
    status: _Status = msgspec.field(default_factory=_Status)


_raw = msgspec.json.Decoder(_Raw)


def scaler_state(cluster: str, obj: KubeObject) -> ScalerState | None:
    """The autoscaler; None for anything else."""
    body = obj.body
    if not isinstance(body, HorizontalPodAutoscaler):
        return None
    metrics = _metrics(obj.raw)
    limit, short = _limit(body, any(metric.over for metric in metrics) or not metrics)
    return ScalerState(
        key=ObjectKey(cluster, obj.type.key, obj.namespace, obj.name),
        current=body.status.current_replicas,
        desired=body.status.desired_replicas,
        least=body.spec.min_replicas,
        most=body.spec.max_replicas,
        metrics=metrics,
        limit=limit,
        short=short,
    )


def _limit(body: HorizontalPodAutoscaler, over: bool) -> tuple[str, bool]:
    able = condition(body.status.conditions, "AbleToScale")
    if able is not None and able.status == "False":
        return f"it cannot scale ({able.reason[:_LONGEST]})", True
    active = condition(body.status.conditions, "ScalingActive")
    if active is not None and active.status == "False":
        if active.reason == "ScalingDisabled":
            return "it is switched off: zero pods are wanted", False
        return f"its figures cannot be read ({active.reason[:_LONGEST]})", True
    limited = condition(body.status.conditions, "ScalingLimited")
    if limited is None or limited.status != "True":
        return "", False
    if limited.reason == "TooManyReplicas":
        return ("it is at its maximum and needs more", True) if over else ("it is at its maximum", False)
    if limited.reason == "TooFewReplicas":
        return "it is at its minimum", False
    return f"it is held back ({limited.reason[:_LONGEST]})", False


def _metrics(raw: bytes) -> tuple[ScalerMetric, ...]:
    try:
        found = _raw.decode(raw)
    except msgspec.MsgspecError:
        return ()
    current = {_name(s): s.current for m in found.status.current_metrics or () if (s := m.source)}
    made = []
    for metric in (found.spec.metrics or ())[:_MOST_METRICS]:
        source = metric.source
        if source is None:
            continue
        now = current.get(_name(source))
        wanted = source.target.average_utilization
        seen = now.average_utilization if now is not None else None
        made.append(
            ScalerMetric(
                name=_name(source)[:_LONGEST] or "a metric",
                current=_said(now) if now is not None else "",
                target=_said(source.target),
                over=wanted is not None and seen is not None and seen > wanted,
            )
        )
    return tuple(made)


def _name(source: _Source) -> str:
    return source.name or source.metric.name


def _said(target: _Target) -> str:
    if target.average_utilization is not None:
        return f"{target.average_utilization} %"
    value = target.average_value if target.average_value is not None else target.value
    return "" if value is None else str(value)[:_LONGEST]
