"""Pods that no node takes, by the scheduler's own words."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from callboard.diagnosis.rules.facts import PodFacts
from callboard.diagnosis.rules.rule import DiagnosisRule, RuleScope, Sign
from callboard.diagnosis.rules.waiting import DEADLINE, over
from callboard.model.finding import Evidence, Since
from callboard.model.objects.cluster_state import Node
from callboard.model.objects.meta import Condition, condition
from callboard.model.objects.pod import Pod
from callboard.model.quantity import quantity

__all__ = ["RULES", "refused_for_volume"]

MOST_LABELS: Final = 3
"""In a sentence."""
_WAITING: Final = ("", "Pending")
GRACE: Final = timedelta(seconds=30)
"""A volume that is just being made, a node that just left: the scheduler tries again by itself."""

_CLASSES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "CB-SCHEDULE-VOLUME",
        re.compile(r"persistentvolumeclaim|volume node affinity|max volume count|available persistent volumes", re.I),
    ),
    ("CB-SCHEDULE-RESOURCES", re.compile(r"insufficient \S+", re.I)),
    ("CB-SCHEDULE-SPREAD", re.compile(r"anti-affinity|pod affinity|topology spread", re.I)),
    ("CB-SCHEDULE-PORTS", re.compile(r"too many pods|free ports", re.I)),
    ("CB-SCHEDULE-SELECTOR", re.compile(r"node affinity|node selector", re.I)),
    ("CB-SCHEDULE-CORDONED", re.compile(r"were unschedulable", re.I)),
    ("CB-SCHEDULE-TAINT", re.compile(r"taint", re.I)),
)  # fmt: skip
"""What the scheduler says of nodes, the most telling first: nodes that are set apart (taints) stand in almost every message,
and say least where others lack room."""

_NODES = re.compile(r"0/(\d{1,6}) nodes are available")
_SHORT = re.compile(r"(?:(\d{1,6}) )?Insufficient ([^\s,.]{1,253})", re.I)
_NAMED_TAINT = re.compile(r"taint \{([^}:]{1,253})")
_CLAIM = re.compile(r'persistentvolumeclaim "([^"]{1,253})"')


def _refused(facts: PodFacts) -> Condition | None:
    """The scheduler's refusal of a pod that waits for a node."""
    pod = facts.pod
    if pod.metadata.deletion_timestamp is not None:
        return None
    found = condition(pod.status.conditions, "PodScheduled")
    return (
        found if found is not None and found.status == "False" and found.reason == "Unschedulable" else None
    )


def _said(found: Condition) -> str:
    """What it says of the nodes, without what it says of making room (preemption)."""
    return found.message[:4000].split("preemption:", 1)[0].strip()


@lru_cache(maxsize=256)
def _class(text: str) -> str:
    return next((code for code, pattern in _CLASSES if pattern.search(text)), "CB-SCHEDULE")


def _of(code: str) -> Callable[[PodFacts], Sign | datetime | None]:
    def judge(facts: PodFacts) -> Sign | datetime | None:
        found = _refused(facts)
        if found is None or _class(text := _said(found)) != code:
            return None
        if (until := over(found.last_transition_time, GRACE, facts.now)) is not None:
            return until
        arguments, message, evidence = _numbers(facts, code, text)
        at = found.last_transition_time
        return Sign(
            arguments=arguments,
            evidence=(Evidence("conditions.PodScheduled", found.message, facts.place), *evidence),
            since=Since(at) if at is not None else None,
            message=message,
        )

    return judge


def _numbers(facts: PodFacts, code: str, text: str) -> tuple[dict[str, str | int], str, tuple[Evidence, ...]]:
    """(arguments, which sentence, evidence): what was asked for and what there is, as far as it is known."""
    arguments: dict[str, str | int] = {"words": text}
    if (nodes := _NODES.search(text)) is not None:
        arguments["nodes"] = nodes[1]
    if code == "CB-SCHEDULE-TAINT" and (taint := _NAMED_TAINT.search(text)) is not None:
        arguments["taint"] = taint[1]
        return arguments, "named", ()
    if code == "CB-SCHEDULE-VOLUME" and (claim := _CLAIM.search(text)) is not None:
        arguments["claim"] = claim[1]
        return arguments, "named", ()
    if code == "CB-SCHEDULE-SELECTOR" and (selector := facts.pod.spec.node_selector):
        labels = [f"{key}={value}" for key, value in sorted(selector.items())]
        arguments["labels"] = ", ".join(labels[:MOST_LABELS]) + (" …" if labels[MOST_LABELS:] else "")
        wanted = Evidence("nodeSelector", str(arguments["labels"]), facts.place)
        return arguments, "named" if nodes is not None else "named-uncounted", (wanted,)
    if code != "CB-SCHEDULE-RESOURCES":
        return arguments, "" if nodes is not None else "uncounted", ()
    shorts = _SHORT.findall(text)
    count, resource = max(shorts, key=lambda each: int(each[0] or 0), default=("", ""))
    arguments |= {"resource": _resource(resource) or "room", "short": count or "all"}
    counted = "" if count and nodes is not None else "uncounted"
    asked = _asked(facts.pod, resource)
    if asked is None:
        return arguments, counted, ()
    arguments["asked"] = _written(asked, resource)
    evidence = [Evidence(f"resources.requests.{resource}", str(arguments["asked"]), facts.place)]
    largest = _largest(facts.around.all_nodes, resource)
    if largest is None:
        return arguments, "asked-uncounted" if counted else "asked", tuple(evidence)
    arguments["largest"] = _written(largest, resource)
    evidence.append(Evidence(f"allocatable.{resource}", str(arguments["largest"]), "the largest node"))
    return arguments, "too-large" if asked > largest else "full", tuple(evidence)


def _asked(pod: Pod, resource: str) -> float | None:
    """What a pod asks for: the sum over its containers, or the most that an init container asks for where that is more."""
    amounts = [quantity((c.resources.requests or {}).get(resource)) for c in pod.spec.containers]
    known = [a for a in amounts if a is not None]
    before = [quantity((c.resources.requests or {}).get(resource)) for c in pod.spec.init_containers]
    most = max((a for a in before if a is not None), default=None)
    if not known:
        return most
    return max(sum(known), most or 0.0)


def _largest(nodes: tuple[Node, ...] | None, resource: str) -> float | None:
    amounts = [quantity((n.status.allocatable or {}).get(resource)) for n in nodes or ()]
    return max((a for a in amounts if a is not None), default=None)


def _resource(name: str) -> str:
    return {"cpu": "CPU", "ephemeral-storage": "disk space"}.get(name, name)


def _written(amount: float, resource: str) -> str:
    """An amount as a person writes it: CPUs as they are, bytes in Mi or Gi."""
    if resource in ("memory", "ephemeral-storage"):
        for unit, size in (("Gi", 2.0**30), ("Mi", 2.0**20), ("Ki", 2.0**10)):
            if amount >= size:
                return f"{amount / size:.4g}{unit}"
    return f"{amount:.4g}" if amount < 1e6 else f"{amount:.0f}"


def _gated(facts: PodFacts) -> Sign | datetime | None:
    found = condition(facts.pod.status.conditions, "PodScheduled")
    if found is None or found.reason != "SchedulingGated":
        return None
    if facts.pod.metadata.deletion_timestamp is not None:
        return None
    made = facts.object.meta.creation_timestamp
    if (until := over(made, DEADLINE, facts.now)) is not None:
        return until
    return Sign(
        evidence=(Evidence("conditions.PodScheduled", found.message or found.reason, facts.place),),
        since=Since(made) if made is not None else None,
    )


refused_for_volume = _of("CB-SCHEDULE-VOLUME")
"""What the scheduler says of a pod that lacks its volume."""

RULES = (
    *(
        DiagnosisRule(
            code=code,
            scope=RuleScope.POD,
            judge=_of(code),
            window="After 30 seconds.",
            phases=_WAITING,
            unscheduled=True,
            reads=("nodes",) if code == "CB-SCHEDULE-RESOURCES" else (),
        )
        for code in (*(code for code, _ in _CLASSES), "CB-SCHEDULE")
    ),
    DiagnosisRule(
        code="CB-SCHEDULE-GATED",
        scope=RuleScope.POD,
        judge=_gated,
        window="After ten minutes.",
        phases=_WAITING,
        unscheduled=True,
    ),
)
