"""Kubernetes' own kinds that are neither pods nor what makes pods, each by the rule of its API.

What has no status of its own (a ConfigMap, a Role, a NetworkPolicy) is as it should be when it is there.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from callboard.diagnosis.objects.indication import Indication
from callboard.diagnosis.objects.judgement import State
from callboard.diagnosis.objects.reading import at, clip, items, mapping, moment, text, whole
from callboard.model.quantity import quantity

__all__ = ["builtin"]

_Object = Mapping[str, object]
_Rule = Callable[[_Object, _Object, _Object, datetime | None], Indication]

PEAK: Final = timedelta(minutes=5)
"""So long an autoscaler may ask for more than its maximum, or lack its figures: a peak passes, and a new one has none yet."""
ADDRESS: Final = timedelta(minutes=15)
"""Clouds make a load balancer in two to five minutes; after this it will not come by itself."""
NEW_INGRESS: Final = timedelta(minutes=5)
"""After this an Ingress without an address is one whose controller reports none, which many do not."""

_WELL: Final = Indication(state=State.WELL)


def builtin(group: str, plural: str, tree: _Object, meta: _Object, now: datetime | None) -> Indication | None:
    """The reading of one of these kinds; None for every other."""
    rule = _RULES.get((group, plural))
    if rule is None:
        return _WELL if (group, plural) in _WITHOUT_STATUS or group in _GROUPS_WITHOUT_STATUS else None
    return rule(meta, mapping(tree.get("spec")), mapping(tree.get("status")), now)


def _condition(status: _Object, type_: str) -> _Object:
    for each in items(status.get("conditions")):
        if mapping(each).get("type") == type_:
            return mapping(each)
    return {}


def _said(state: State, type_: str, found: _Object, words: str) -> Indication:
    return Indication(
        state=state,
        words=words,
        place=f"status.conditions[{type_}]",
        value=clip(found.get("status")),
        since=moment(found.get("lastTransitionTime")),
    )


def _waits(
    words: str, place: str, begin: datetime | None, patience: timedelta, now: datetime | None, after: State
) -> Indication:
    """On its way until its patience is over, then what comes `after`."""
    if begin is None or now is None:
        return Indication(state=State.PROGRESSING, words=words, place=place, since=begin)
    end = begin + patience
    if now < end:
        return Indication(state=State.PROGRESSING, words=words, place=place, since=begin, until=end)
    return Indication(state=after, words=words, place=place, since=begin)


def _autoscaler(meta: _Object, spec: _Object, status: _Object, now: datetime | None) -> Indication:
    for type_ in ("AbleToScale", "ScalingActive"):
        found = _condition(status, type_)
        if found.get("status") == "False" and found.get("reason") != "ScalingDisabled":
            why = clip(found.get("message")) or clip(found.get("reason"))
            return _peaks(_said(State.FAILED, type_, found, f"cannot scale: {why}"), now)
    active = _condition(status, "ScalingActive")
    if active.get("status") == "False" and active.get("reason") == "ScalingDisabled":
        return Indication(state=State.HELD, words="scaled to zero", place="status.conditions[ScalingActive]")
    low, high = whole(spec.get("minReplicas")), whole(spec.get("maxReplicas"))
    limited = _condition(status, "ScalingLimited")
    capped = limited.get("status") == "True" and limited.get("reason") == "TooManyReplicas"
    if capped and high is not None and high > (1 if low is None else low):
        words = f"at its maximum of {high} and asks for more"
        at_most = _said(State.FAILED, "ScalingLimited", limited, words)
        scaled = moment(status.get("lastScaleTime"))
        if at_most.since is not None and scaled is not None and scaled > at_most.since:
            # The condition is True at the minimum, too, and does not flip from the one to the other.
            at_most = msgspec.structs.replace(at_most, since=scaled)
        if _all_within(spec, status):
            words = f"at its maximum of {high}, which it holds for a while after a peak"
            return msgspec.structs.replace(at_most, state=State.HELD, words=words)
        return _peaks(at_most, now)
    if not status:
        return Indication(state=State.PROGRESSING, words="not looked at yet", place="status")
    return _WELL


def _all_within(spec: _Object, status: _Object) -> bool:
    """Whether all that an autoscaler goes by is known as a share of what pods ask for, and none of it is over its target."""
    measured = {
        text(at(each, "resource.name")): whole(at(each, "resource.current.averageUtilization"))
        for each in items(status.get("currentMetrics"))
    }
    metrics = items(spec.get("metrics"))
    return bool(metrics) and all(
        (wanted := whole(at(each, "resource.target.averageUtilization"))) is not None
        and (have := measured.get(text(at(each, "resource.name")))) is not None
        and have <= wanted
        for each in metrics
    )


def _peaks(found: Indication, now: datetime | None) -> Indication:
    """What passes by itself more often than not, until its time is over: told, and no trouble."""
    if found.since is None or now is None or now >= found.since + PEAK:
        return found
    return msgspec.structs.replace(found, state=State.HELD, until=found.since + PEAK)


def _budget(meta: _Object, spec: _Object, status: _Object, now: datetime | None) -> Indication:
    if not status:
        return Indication(state=State.PROGRESSING, words="not looked at yet", place="status")
    found = _condition(status, "DisruptionAllowed")
    if any(
        mapping(each).get("reason") == "SyncFailed" and mapping(each).get("status") == "False"
        for each in items(status.get("conditions"))
    ):
        return _said(
            State.FAILED,
            "DisruptionAllowed",
            found,
            f"it cannot be kept: {clip(found.get('message')) or 'SyncFailed'}",
        )
    healthy, wanted = whole(status.get("currentHealthy")), whole(status.get("desiredHealthy"))
    if healthy is not None and wanted is not None and healthy < wanted:
        return Indication(
            state=State.PROGRESSING,
            words=f"{healthy} healthy pods where at least {wanted} are wanted",
            place="status.currentHealthy",
            value=str(healthy),
        )
    if whole(status.get("disruptionsAllowed")) == 0 and whole(status.get("expectedPods")):
        return Indication(
            state=State.HELD,
            words="no pod may be taken away at present: a node that is drained has to wait",
            place="status.disruptionsAllowed",
            value="0",
        )
    return _WELL


def _claim(meta: _Object, spec: _Object, status: _Object, now: datetime | None) -> Indication:
    phase = text(status.get("phase"))
    if phase == "Lost":
        return Indication(state=State.FAILED, words="its volume is lost", place="status.phase", value=phase)
    if phase != "Bound":
        return Indication(
            state=State.PROGRESSING, words="no volume bound yet", place="status.phase", value=clip(phase)
        )
    for each in items(status.get("conditions")):
        found = mapping(each)
        type_ = text(found.get("type"))
        if found.get("status") == "True" and type_ in ("ControllerResizeError", "NodeResizeError"):
            return _said(State.FAILED, type_, found, f"it cannot be resized: {clip(found.get('message'))}")
        if found.get("status") == "True" and type_ in ("Resizing", "FileSystemResizePending"):
            return _said(State.PROGRESSING, type_, found, "being resized")
    return _WELL


def _volume(meta: _Object, spec: _Object, status: _Object, now: datetime | None) -> Indication:
    phase = text(status.get("phase"))
    if phase == "Failed":
        words = clip(status.get("message")) or "failed"
        return Indication(state=State.FAILED, words=words, place="status.phase", value=phase)
    if phase == "Pending":
        return Indication(
            state=State.PROGRESSING, words="not available yet", place="status.phase", value=phase
        )
    return _WELL


def _service(meta: _Object, spec: _Object, status: _Object, now: datetime | None) -> Indication:
    if spec.get("type") != "LoadBalancer" or items(at(status, "loadBalancer.ingress")):
        return _WELL
    made = moment(meta.get("creationTimestamp"))
    words = "waiting for the load balancer's address"
    return _waits(words, "status.loadBalancer.ingress", made, ADDRESS, now, State.FAILED)


def _ingress(meta: _Object, spec: _Object, status: _Object, now: datetime | None) -> Indication:
    if items(at(status, "loadBalancer.ingress")):
        return _WELL
    made = moment(meta.get("creationTimestamp"))
    words = "no address reported"
    return _waits(words, "status.loadBalancer.ingress", made, NEW_INGRESS, now, State.NOT_JUDGED)


def _quota(meta: _Object, spec: _Object, status: _Object, now: datetime | None) -> Indication:
    hard, used = mapping(status.get("hard")), mapping(status.get("used"))
    for key, limit in list(hard.items())[:256]:
        most, have = _quantity(limit), _quantity(used.get(key))
        if most is not None and have is not None and have >= most and most > 0:
            return Indication(
                state=State.HELD,
                words=f"full: {clip(used.get(key))} of {clip(limit)} {key[:64]} are used",
                place=f"status.used.{key[:64]}",
                value=clip(used.get(key)),
            )
    return _WELL


def _quantity(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return quantity(value)
    except (OverflowError, ValueError):
        return None


def _node(meta: _Object, spec: _Object, status: _Object, now: datetime | None) -> Indication:
    ready = _condition(status, "Ready")
    why = clip(ready.get("message")) or clip(ready.get("reason"))
    if ready.get("status") == "Unknown":
        return _said(State.FAILED, "Ready", ready, why or "it does not report")
    if not ready:
        return Indication(state=State.UNKNOWN, words="it has not reported yet", place="status.conditions")
    if ready.get("status") != "True":
        return _said(State.FAILED, "Ready", ready, why or "not ready")
    for type_ in ("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"):
        found = _condition(status, type_)
        if found.get("status") == "True":
            return _said(State.FAILED, type_, found, clip(found.get("message")) or type_)
    if spec.get("unschedulable") is True:
        return Indication(
            state=State.HELD, words="takes no new pods", place="spec.unschedulable", value="true"
        )
    return _WELL


def _cron_job(meta: _Object, spec: _Object, status: _Object, now: datetime | None) -> Indication:
    """How its runs went, its Jobs tell."""
    if spec.get("suspend") is True:
        return Indication(state=State.HELD, words="suspended", place="spec.suspend", value="true")
    return _WELL


def _namespace(meta: _Object, spec: _Object, status: _Object, now: datetime | None) -> Indication:
    if status.get("phase") == "Terminating":
        return Indication(
            state=State.PROGRESSING, words="being deleted", place="status.phase", value="Terminating"
        )
    return _WELL


_RULES: Final[dict[tuple[str, str], _Rule]] = {
    ("autoscaling", "horizontalpodautoscalers"): _autoscaler,
    ("policy", "poddisruptionbudgets"): _budget,
    ("", "persistentvolumeclaims"): _claim,
    ("", "persistentvolumes"): _volume,
    ("", "services"): _service,
    ("networking.k8s.io", "ingresses"): _ingress,
    ("", "resourcequotas"): _quota,
    ("", "nodes"): _node,
    ("", "namespaces"): _namespace,
    ("batch", "cronjobs"): _cron_job,
}
_WITHOUT_STATUS: Final = frozenset(
    {
        *(
            ("", plural)
            for plural in (
                "configmaps",
                "secrets",
                "limitranges",
                "serviceaccounts",
                "endpoints",
                "events",
                "podtemplates",
            )
        ),
        ("networking.k8s.io", "networkpolicies"),
        ("networking.k8s.io", "ingressclasses"),
        ("discovery.k8s.io", "endpointslices"),
        ("apps", "controllerrevisions"),
        ("coordination.k8s.io", "leases"),
        ("scheduling.k8s.io", "priorityclasses"),
        ("metrics.k8s.io", "pods"),
    }
)
_GROUPS_WITHOUT_STATUS: Final = frozenset(
    {"rbac.authorization.k8s.io", "admissionregistration.k8s.io", "storage.k8s.io"}
)
