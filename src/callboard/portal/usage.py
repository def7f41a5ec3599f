"""What pods use, beside what they asked for and may have at most. Pure."""

from collections.abc import Callable, Iterable, Mapping

from callboard.diagnosis.pod_status import is_sidecar
from callboard.model.objects import KubeObject
from callboard.model.objects.metrics import PodMetrics
from callboard.model.objects.pod import Pod, Resources
from callboard.model.outcome import Answer
from callboard.model.quantity import quantity
from callboard.model.resource import POD_METRICS
from callboard.model.snapshot import ClusterSnapshot
from callboard.portal.views import PodUsage

__all__ = ["cpu_words", "memory_words", "metrics_by_pod", "usage_answer", "usage_of", "usage_words"]

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def metrics_by_pod(cluster: ClusterSnapshot) -> dict[tuple[str, str], PodMetrics]:
    """The newest measurement of each pod, by namespace and name; what is not there was not measured."""
    return {
        (o.namespace, o.name): o.body
        for outcome in cluster.references
        if outcome.question.type.key == POD_METRICS.key
        for o in outcome.objects
        if isinstance(o.body, PodMetrics)
    }


def usage_answer(cluster: ClusterSnapshot) -> Answer:
    """How far it could be told what pods use: NOT_ASKED where nobody asked, ABSENT where the cluster measures nothing."""
    found = {o.answer for o in cluster.references if o.question.type.key == POD_METRICS.key}
    order = (Answer.OBJECTS, Answer.EMPTY, Answer.AWAITED)
    return next((a for a in order if a in found), min(found, default=Answer.NOT_ASKED))


def usage_of(obj: KubeObject, metrics: Mapping[tuple[str, str], PodMetrics]) -> PodUsage | None:
    """A pod's usage, summed over what runs in it; None where it was not measured. A request is the sum of those that are set,
    None where none is; a limit is None where one container has none, because then the pod has none."""
    pod, measured = obj.body, metrics.get((obj.namespace, obj.name))
    if not isinstance(pod, Pod) or measured is None or not measured.containers:
        return None
    used = [c.usage or {} for c in measured.containers]
    running = [c.resources for c in (*pod.spec.containers, *filter(is_sidecar, pod.spec.init_containers))]

    def total(resource: str) -> float:
        return sum(quantity(u.get(resource)) or 0.0 for u in used)

    def request(resource: str) -> float | None:
        found = _each(running, lambda r: r.requests, resource)
        return sum(q for q in found if q is not None) if any(q is not None for q in found) else None

    def limit(resource: str) -> float | None:
        found = _each(running, lambda r: r.limits, resource)
        return sum(q or 0.0 for q in found) if found and all(q is not None for q in found) else None

    return PodUsage(
        cpu=total("cpu"),
        cpu_request=request("cpu"),
        cpu_limit=limit("cpu"),
        memory=total("memory"),
        memory_request=request("memory"),
        memory_limit=limit("memory"),
    )


def usage_words(usage: PodUsage) -> tuple[str, str]:
    """CPU and memory, each in one clause: `0.12 cores (asked for 0.5 cores, at most 1 cores)`."""
    return (
        _against(usage.cpu, usage.cpu_request, usage.cpu_limit, cpu_words),
        _against(usage.memory, usage.memory_request, usage.memory_limit, memory_words),
    )


def cpu_words(cores: float) -> str:
    """`0.12 cores`, `3 cores`."""
    shown = f"{cores:.3f}" if cores < 0.1 else f"{cores:.2f}" if cores < 10 else f"{cores:.0f}"
    return f"{shown.rstrip('0').rstrip('.') if '.' in shown else shown} cores"


def memory_words(amount: float) -> str:
    """`128 MiB`, `1.5 GiB`."""
    unit = 0
    while amount >= 1024 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1024, unit + 1
    return f"{amount:.0f} {_UNITS[unit]}" if amount >= 100 else f"{amount:.3g} {_UNITS[unit]}"


def _each(
    running: Iterable[Resources],
    side: Callable[[Resources], Mapping[str, str | int | float] | None],
    resource: str,
) -> list[float | None]:
    return [quantity((side(r) or {}).get(resource)) for r in running]


def _against(used: float, request: float | None, limit: float | None, words: Callable[[float], str]) -> str:
    told = [f"asked for {words(request)}"] if request is not None else []
    told += [f"at most {words(limit)}"] if limit is not None else []
    return f"{words(used)} ({', '.join(told)})" if told else words(used)
