"""Rules put to facts: which of them speak of a pod, a workload, an object. What one rule raises hides no other."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from callboard.diagnosis.ownership import Workload
from callboard.diagnosis.pod_status import is_sidecar
from callboard.diagnosis.rules.facts import ContainerFacts, ObjectFacts, PodFacts, Surroundings, WorkloadFacts
from callboard.diagnosis.rules.registry import DiagnosisRules
from callboard.diagnosis.rules.rule import DiagnosisRule, RuleScope, Sign
from callboard.model.objects import KubeObject
from callboard.model.objects.meta import condition
from callboard.model.objects.pod import ContainerStatus, Pod

__all__ = ["Judge", "Spoken", "quiet"]

_log = logging.getLogger(__name__)


class Spoken(msgspec.Struct, frozen=True, gc=False):
    """A rule's sign of one object."""

    rule: DiagnosisRule
    sign: Sign
    object: KubeObject


def quiet(pod: Pod) -> bool:
    """Whether no rule has anything to say of a pod: it runs, is ready, and nothing in it has ever ended."""
    status = pod.status
    if status.phase != "Running" or pod.metadata.deletion_timestamp is not None:
        return status.phase == "Succeeded"
    ready = condition(status.conditions, "Ready")
    if ready is None or ready.status != "True":
        return False
    return not any(
        s.restart_count or s.state.waiting is not None or s.state.terminated is not None
        for s in status.container_statuses
    ) and not any(
        s.restart_count
        or s.state.waiting is not None
        or (s.state.running is not None and not s.ready and s.started)
        for s in status.init_container_statuses
    )


class Judge:
    """The rules in force, put to one cluster's objects at one moment. `until` is the next moment at which time alone may
    change what they say."""

    def __init__(self, rules: DiagnosisRules, around: Surroundings, now: datetime | None) -> None:
        self._rules = rules
        self._around = around
        self._now = now
        self._told: set[str] = set()
        self.until: datetime | None = None

    def pod(self, obj: KubeObject, pod: Pod, workload: Workload | None) -> list[Spoken]:
        """What is to be said of a pod."""
        if quiet(pod):
            return []
        spoken: list[Spoken] = []
        sidecars = {c.name for c in pod.spec.init_containers if is_sidecar(c)}
        for status in pod.status.init_container_statuses:
            spoken += self._container(
                obj, pod, workload, status, "sidecar" if status.name in sidecars else "init"
            )
        for status in pod.status.container_statuses:
            spoken += self._container(obj, pod, workload, status, "container")
        facts = PodFacts(object=obj, pod=pod, workload=workload, around=self._around, now=self._now)
        scheduled = condition(pod.status.conditions, "PodScheduled")
        refused = scheduled is not None and scheduled.status == "False"
        spoken += self._ask(self._rules.of(RuleScope.POD, pod.status.phase, further=refused), facts, obj)
        return self._most_telling(spoken)

    def workload(self, facts: WorkloadFacts) -> list[Spoken]:
        """What is to be said of a controller beside its pods."""
        return self._most_telling(self._ask(self._rules.of(RuleScope.WORKLOAD), facts, facts.object))

    def other(self, obj: KubeObject) -> list[Spoken]:
        """What is to be said of anything else."""
        rules = self._rules.of(RuleScope.OBJECT, obj.type.kind)
        facts = ObjectFacts(object=obj, body=obj.body, around=self._around, now=self._now)
        return self._most_telling(self._ask(rules, facts, obj))

    def _container(
        self, obj: KubeObject, pod: Pod, workload: Workload | None, status: ContainerStatus, role: str
    ) -> list[Spoken]:
        state = status.state
        if state.running is not None and not status.restart_count and (status.ready or role == "init"):
            return []
        if state.terminated is not None and state.terminated.exit_code == 0 and role == "init":
            return []
        specs = pod.spec.containers if role == "container" else pod.spec.init_containers
        facts = ContainerFacts(
            object=obj,
            pod=pod,
            workload=workload,
            around=self._around,
            now=self._now,
            status=status,
            container=next((c for c in specs if c.name == status.name), None),
            role=role,
        )
        reason = state.waiting.reason if state.waiting is not None else ""
        ended = bool(status.restart_count) or reason == "CrashLoopBackOff"
        ended = ended or state.terminated is not None or status.last_state.terminated is not None
        return self._ask(self._rules.of(RuleScope.CONTAINER, reason, further=ended), facts, obj)

    def _ask(self, rules: Iterable[DiagnosisRule], facts: object, obj: KubeObject) -> list[Spoken]:
        spoken: list[Spoken] = []
        for rule in rules:
            try:
                found = rule.judge(facts)
            except Exception:
                if rule.code not in self._told:
                    self._told.add(rule.code)
                    _log.exception(
                        "the rule %s failed on an object and finds nothing there; it is told once", rule.code
                    )
                continue
            if found is None:
                continue
            until = found.until if isinstance(found, Sign) else found
            if isinstance(found, Sign):
                spoken.append(Spoken(rule, found, obj))
            self._look_again(until)
        return spoken

    def _look_again(self, until: datetime | None) -> None:
        if until is None or (self._now is not None and until <= self._now):
            return
        if self.until is None or until < self.until:
            self.until = until

    @staticmethod
    def _most_telling(spoken: Sequence[Spoken]) -> list[Spoken]:
        """Without what another rule that speaks says more of."""
        if len(spoken) < 2:
            return list(spoken)
        refined = {code for each in spoken for code in each.rule.refines}
        return [each for each in spoken if each.rule.code not in refined]
