"""What is wrong with a service on one cluster, by the rules in force; and so how its workloads and pods are.

Health and findings are one thing: something comes out of here UNHEALTHY where a finding about it is worse than a notice, and
nowhere else. What its own status comes to (`kstatus`, `pod_status`) goes in as `own`, and is overruled where no finding bears it
out.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from callboard.diagnosis.beside import counts
from callboard.diagnosis.changes import change_of
from callboard.diagnosis.findings import (
    IMPACTS,
    Scale,
    finding_of,
    folded,
    grouped,
    subject_of,
    worst_first,
)
from callboard.diagnosis.judging import Judge, Spoken, quiet
from callboard.diagnosis.kstatus import object_health
from callboard.diagnosis.loops import OFTEN
from callboard.diagnosis.ownership import Grouping, Workload, group
from callboard.diagnosis.rules.facts import Surroundings, WorkloadFacts
from callboard.diagnosis.rules.job import finished
from callboard.diagnosis.rules.registry import ORDINARY, DiagnosisRules
from callboard.diagnosis.since import revision_began
from callboard.diagnosis.texts.catalogue import sentence, sentence_of_one
from callboard.diagnosis.workload_health import health_said, replicas
from callboard.model.finding import Finding, FindingSubject, Impact
from callboard.model.objects import Generic, KubeObject
from callboard.model.objects.meta import condition
from callboard.model.objects.pod import Pod
from callboard.model.objects.workload import CronJob, Job
from callboard.model.snapshot import ClusterSnapshot
from callboard.model.verdict import Health, ObjectHealth

__all__ = ["ClusterDiagnosis", "cluster_time", "diagnose", "turns"]


class ClusterDiagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """One cluster's part, judged.

    `workloads` and `pods` are the healths of the grouping's, in its order; `others` those of its other objects that
    count (`beside`). `ailing` tells of pods, by `id` of the object, what is wrong with them. `until` is the next moment, by
    the cluster's time, at which time alone may change any of it.
    """

    findings: tuple[Finding, ...]
    workloads: tuple[ObjectHealth, ...]
    pods: tuple[ObjectHealth, ...]
    others: tuple[tuple[KubeObject, ObjectHealth], ...]
    ailing: Mapping[int, str]
    until: datetime | None = None


def cluster_time(cluster: ClusterSnapshot) -> datetime | None:
    """What time it was in the cluster when its part was made; None before it answered."""
    if cluster.as_of is None:
        return None
    try:
        return cluster.as_of + timedelta(seconds=cluster.clock_offset or 0.0)
    except OverflowError:
        return cluster.as_of


def diagnose(
    cluster: ClusterSnapshot,
    grouping: Grouping | None = None,
    *,
    rules: DiagnosisRules = ORDINARY,
    of: Callable[[KubeObject], ObjectHealth] | None = None,
) -> ClusterDiagnosis:
    """Judge a cluster's part. Pass the grouping where it is made already, and what gives the health of a pod by itself."""
    now = cluster_time(cluster)
    diagnosis = _Diagnosis(cluster, rules, now, of or (lambda o: object_health(o, now)))
    grouping = grouping or group(cluster)
    workloads = tuple(diagnosis.workload(w) for w in grouping.workloads)
    others = diagnosis.others(grouping.others)
    anything = any(h.health is Health.HEALTHY for h in workloads)
    pods = diagnosis.loose(grouping.pods, beside=anything)
    return ClusterDiagnosis(
        findings=tuple(sorted(diagnosis.findings, key=worst_first)),
        workloads=workloads,
        pods=pods,
        others=others,
        ailing=diagnosis.ailing,
        until=diagnosis.judge.until,
    )


def turns(cluster: ClusterSnapshot, rules: DiagnosisRules = ORDINARY) -> datetime | None:
    """When a cluster's part means another thing although nothing of it has changed, by the cluster's time."""
    return diagnose(cluster, rules=rules).until


class _Diagnosis:
    """The judging of one part, under way."""

    def __init__(
        self,
        cluster: ClusterSnapshot,
        rules: DiagnosisRules,
        now: datetime | None,
        of: Callable[[KubeObject], ObjectHealth],
    ) -> None:
        self._cluster = cluster.cluster.name
        self._rules = rules
        self._around = Surroundings(cluster)
        self._now = now
        self._of = of
        self.judge = Judge(rules, self._around, now)
        self.findings: list[Finding] = []
        self.ailing: dict[int, str] = {}

    def workload(self, workload: Workload) -> ObjectHealth:
        """A controller with its pods."""
        obj, body = workload.object, workload.object.body
        own = object_health(obj, self._now)
        if obj.meta.deletion_timestamp is not None:
            return own
        pods = self._pods_that_count(workload)
        spoken = [s for p in pods if isinstance(p.body, Pod) for s in self.judge.pod(p, p.body, workload)]
        ready, desired = replicas(obj)
        content = own.health is Health.HEALTHY
        if isinstance(body, Job | CronJob):
            scale = _RUNS
        elif isinstance(body, Generic):
            living = [
                p
                for p in pods
                if isinstance(p.body, Pod) and p.body.status.phase != "Failed" and not _of_a_run(p)
            ]
            ready = sum(self._of(p).health is Health.HEALTHY for p in living)
            desired = len(living)
            scale = Scale(ready=ready, desired=desired, counts=False)
        else:
            scale = Scale(ready=ready - _between_crashes(spoken), desired=desired, content=content)
        began = revision_began(workload)
        subject = subject_of(obj)
        after = change_of(workload, began) if spoken or not content else None
        findings = self._found(
            spoken, subject, lambda each: (_RUNS if _of_a_run(each.object) else scale).impact(each), after
        )
        ailing = tuple(p for p in pods if isinstance(p.body, Pod) and not quiet(p.body))
        facts = WorkloadFacts(
            object=obj,
            body=body,
            workload=workload,
            ready=ready,
            desired=desired,
            ailing=ailing,
            around=self._around,
            now=self._now,
            began=began.at if began is not None else None,
            exact=began is None or began.exact,
        )
        beside = self.judge.workload(facts)
        if isinstance(body, Generic):
            beside += self.judge.other(obj)
        findings += self._found(beside, subject, scale.impact, after)
        follows = {each.rule.code: each.rule.follows for each in beside}
        findings = folded(findings, follows)
        self.findings += findings
        return self._health(workload, own, findings, (ready, desired), began.at if began else None)

    def _pods_that_count(self, workload: Workload) -> Sequence[KubeObject]:
        """Its pods; of a Job or CronJob those of runs that have not ended: of the others the run itself tells."""
        body = workload.object.body
        if isinstance(body, Job):
            return () if finished(body) else workload.pods
        if isinstance(body, CronJob):
            ended = {c.meta.uid for c in workload.children if isinstance(c.body, Job) and finished(c.body)}
            return [p for p in workload.pods if not (o := p.meta.controller) or o.uid not in ended]
        return workload.pods

    def _found(
        self,
        spoken: Sequence[Spoken],
        subject: FindingSubject,
        impact: Callable[[Spoken], Impact],
        after: object = None,
    ) -> list[Finding]:
        found: list[Finding] = []
        for alike in grouped(spoken):
            worst = min((impact(each) for each in alike), key=IMPACTS.__getitem__)
            finding = finding_of(alike, subject, self._cluster, worst, self._rules, after)  # type: ignore[arg-type]
            found.append(finding)
            if finding.impact.alarms:
                words = sentence_of_one(finding)
                self.ailing.update((id(each.object), words) for each in alike)
        return found

    def _health(
        self,
        workload: Workload,
        own: ObjectHealth,
        findings: Sequence[Finding],
        counts: tuple[int, int],
        began: datetime | None,
    ) -> ObjectHealth:
        alarms = [f for f in findings if f.impact.alarms]
        if alarms:
            return health_said(own, alarms, counts)
        if own.health is Health.UNHEALTHY:
            # Only where whoever runs this has switched the rule off, or graded it as a notice.
            return msgspec.structs.replace(own, health=Health.HEALTHY)
        if own.health is Health.PROGRESSING and began is not None:
            return msgspec.structs.replace(own, since=began)
        if isinstance(workload.object.body, Generic) and own.health is Health.HEALTHY:
            ready, desired = counts
            if ready < desired:
                return ObjectHealth(health=Health.PROGRESSING, reason=f"{ready} of {desired} pods ready")
        return own

    def loose(self, pods: Sequence[KubeObject], *, beside: bool) -> tuple[ObjectHealth, ...]:
        """Pods that no known object owns; those of one unknown owner belong together. `beside` says that something else of
        the service is well."""
        families: dict[tuple[str, str, str], list[KubeObject]] = {}
        for obj in pods:
            families.setdefault(_family(obj), []).append(obj)
        healths = {id(p): self._of(p) for p in pods}
        well = {id(p) for p in pods if healths[id(p)].health is Health.HEALTHY}
        beside = beside or bool(well)
        for (kind, namespace, name), members in families.items():
            spoken = [s for p in members if isinstance(p.body, Pod) for s in self.judge.pod(p, p.body, None)]
            ready = sum(id(p) in well for p in members)
            living = [p for p in members if isinstance(p.body, Pod) and p.body.status.phase != "Failed"]
            owned = bool(kind)
            scale = Scale(ready=ready, desired=len(members), counts=False)

            def impact(
                each: Spoken, scale: Scale = scale, owned: bool = owned, living: int = len(living)
            ) -> Impact:
                """A pod that has failed for good is what is left of a run, where its owner is not known and others are well."""
                failed = isinstance(each.object.body, Pod) and each.object.body.status.phase == "Failed"
                if not failed:
                    return scale.impact(each)
                if owned and (beside or living):
                    return Impact.NOTICE
                return Impact.DEGRADED if beside else Impact.DOWN

            subject = FindingSubject("", kind, namespace, name) if owned else subject_of(members[0])
            found = self._found(spoken, subject, impact)
            self.findings += sorted(found, key=worst_first)
            by_pod = {(each.rule.code, id(each.object)): each for each in spoken}
            for finding in found:
                for (code, key), each in by_pod.items():
                    if code == finding.code and each.sign.detail == finding.detail:
                        healths[key] = _pod_health(healths[key], finding, each)
        return tuple(healths[id(p)] for p in pods)

    def others(self, objects: Sequence[KubeObject]) -> tuple[tuple[KubeObject, ObjectHealth], ...]:
        """What of everything that is neither a controller nor a pod counts."""
        counted: list[tuple[KubeObject, ObjectHealth]] = []
        for obj in objects:
            if obj.meta.deletion_timestamp is not None:
                continue
            spoken = self.judge.other(obj)
            if not spoken:
                own = self._of(obj)
                if own.health is not Health.UNHEALTHY and counts(obj, own):
                    counted.append((obj, own))
                continue
            found = self._found(
                spoken, subject_of(obj), lambda each: each.sign.impact or each.rule.impact or Impact.DEGRADED
            )
            self.findings += found
            alarms = [f for f in found if f.impact.alarms]
            if alarms:
                first = alarms[0]
                since = first.since.at if first.since is not None else None
                health = ObjectHealth(health=Health.UNHEALTHY, reason=sentence(first), since=since)
                counted.append((obj, health))
        return tuple(counted)


_RUNS = Scale(ready=0, desired=0, lenient=OFTEN)
"""Of what runs to an end, and is tried again on purpose."""


def _of_a_run(pod: KubeObject) -> bool:
    owner = pod.meta.controller
    return owner is not None and owner.kind == "Job"


def _between_crashes(spoken: Sequence[Spoken]) -> int:
    """How many pods are ready at this moment and expected to crash again: how bad that is does not change with each run."""
    again = {
        id(each.object)
        for each in spoken
        if each.sign.until is not None
        and each.sign.occurrences
        and each.rule.impact is None
        and isinstance(each.object.body, Pod)
        and (found := condition(each.object.body.status.conditions, "Ready")) is not None
        and found.status == "True"
    }
    return len(again)


def _pod_health(own: ObjectHealth, finding: Finding, spoken: Spoken) -> ObjectHealth:
    """The health of a pod without a known owner, after what was found of it."""
    if finding.impact.alarms:
        since = finding.since or spoken.sign.since
        return ObjectHealth(
            health=Health.UNHEALTHY, reason=sentence_of_one(finding), since=since.at if since else own.since
        )
    if own.health is Health.UNHEALTHY:
        return ObjectHealth(health=Health.HEALTHY, reason="left behind", since=own.since)
    return own


def _family(obj: KubeObject) -> tuple[str, str, str]:
    """(kind, namespace, name) of a pod's owner, ("", …) for a pod without one. ReplicaSets of one Deployment are one: its name
    is theirs without the hash of the template."""
    owner = obj.meta.controller
    if owner is None:
        return "", obj.namespace, obj.meta.uid or obj.name
    hash_ = obj.meta.label("pod-template-hash")
    if owner.kind == "ReplicaSet" and hash_ and owner.name.endswith(f"-{hash_}"):
        return "Deployment", obj.namespace, owner.name[: -len(hash_) - 1]
    return owner.kind, obj.namespace, owner.name
