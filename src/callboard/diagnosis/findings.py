"""Findings made of signs: alike ones together, how bad they are, and what follows from what."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from callboard.diagnosis.judging import Spoken
from callboard.diagnosis.rules.registry import DiagnosisRules
from callboard.diagnosis.texts.catalogue import words_of
from callboard.model.finding import (
    Consequence,
    Evidence,
    Finding,
    FindingPlace,
    FindingSubject,
    Impact,
    NextKind,
    NextStep,
    PrecedingChange,
    Since,
)
from callboard.model.objects import KubeObject
from callboard.model.objects.pod import Pod

__all__ = ["IMPACTS", "Scale", "finding_of", "folded", "grouped", "subject_of", "worst_first"]

IMPACTS: Final = {impact: rank for rank, impact in enumerate(Impact)}
"""The rank of an impact, worst first."""
MOST_NAMES: Final = 5
"""Pods of a finding that are named; all are counted."""
MOST_EVIDENCE: Final = 8
MOST_VALUE: Final = 1000
"""Characters of one piece of evidence."""


_BACK: Final = NextStep(
    kind=NextKind.COMMAND,
    message="CB-ROLLOUT-DEADLINE.2",
    target="kubectl rollout undo deployment/{subject} -n {namespace}",
)


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """What makes a trouble of a workload's pods bad or not: how many are ready of how many wanted, those not counted that
    are expected to crash again, and whether the controller has all it wants. `lenient` counts a crash as none before it
    has happened so often: a Job tries again on purpose."""

    ready: int
    desired: int
    content: bool = False
    counts: bool = True
    lenient: int = 0

    def impact(self, spoken: Spoken) -> Impact:
        """How bad a sign of one of the pods is."""
        told = spoken.sign.impact or spoken.rule.impact
        if told is not None:
            return told
        if self.lenient:
            crashes = spoken.sign.occurrences
            return Impact.NOTICE if 0 < crashes < self.lenient else Impact.DEGRADED
        if not self.counts:
            return Impact.DOWN if self.ready == 0 else Impact.DEGRADED
        if self.desired == 0:
            return Impact.NOTICE
        if self.content and self.ready >= self.desired:
            return Impact.NOTICE
        if self.content and not (spoken.sign.until is not None and spoken.sign.occurrences):
            return (
                Impact.NOTICE
            )  # what is short are others, which run again at this moment and are expected to end again
        if self.ready >= self.desired:
            return Impact.AT_RISK
        return Impact.DOWN if self.ready <= 0 else Impact.DEGRADED


def subject_of(obj: KubeObject) -> FindingSubject:
    """The object as the subject of a finding."""
    return FindingSubject(obj.type.key, obj.type.title, obj.namespace, obj.name)


def grouped(spoken: Iterable[Spoken]) -> list[list[Spoken]]:
    """Signs of the same trouble together, in the order in which they first occur."""
    alike: dict[tuple[str, str], list[Spoken]] = {}
    for each in spoken:
        alike.setdefault((each.rule.code, each.sign.detail), []).append(each)
    return list(alike.values())


def finding_of(
    group: Sequence[Spoken],
    subject: FindingSubject,
    cluster: str,
    impact: Impact,
    rules: DiagnosisRules,
    after: PrecedingChange | None = None,
) -> Finding:
    """One finding of signs that are alike. The first of them has the word."""
    first = group[0]
    code = first.rule.code
    pods = [each.object for each in group if isinstance(each.object.body, Pod)]
    sinces = [each.sign.since for each in group if each.sign.since is not None]
    since = min(sinces, key=lambda s: (s.at, not s.exact), default=None)
    impact = rules.impacts.get(code, impact)
    arguments = {
        "namespace": subject.namespace,
        "name": subject.name,
        "subject": subject.name,
        "pod": first.object.name,
        **first.sign.arguments,
    }
    return Finding(
        code=code,
        impact=impact,
        subject=subject,
        message=first.sign.message,
        arguments=arguments,
        places=(
            FindingPlace(
                cluster=cluster,
                impact=impact,
                count=len({id(p) for p in pods}),
                names=(tuple(dict.fromkeys(p.name for p in pods)) or first.sign.pods)[:MOST_NAMES],
                since=since,
            ),
        ),
        detail=first.sign.detail,
        evidence=tuple(map(_bounded, first.sign.evidence[:MOST_EVIDENCE])),
        since=since,
        after=(followed := _followed(since, after)),
        occurrences=sum(each.sign.occurrences for each in group),
        steps=_with_the_way_back(_steps(first, compare=True), subject)
        if followed is not None and impact.alarms
        else _steps(first, compare=after is not None and (since is None or not since.exact)),
        confidence=first.sign.confidence,
        runbook=rules.runbooks.get(code, ""),
    )


def _bounded(evidence: Evidence) -> Evidence:
    value = evidence.value
    return (
        evidence if len(value) <= MOST_VALUE else Evidence(evidence.field, value[:MOST_VALUE], evidence.place)
    )


def _followed(since: Since | None, after: PrecedingChange | None) -> PrecedingChange | None:
    """The change, where the trouble began after it and within an hour."""
    if after is None or after.at is None or since is None:
        return None
    passed = (since.at - after.at).total_seconds()
    return after if -30 <= passed <= 3600 else None


def _steps(spoken: Spoken, *, compare: bool) -> tuple[NextStep, ...]:
    """What to do next. To compare with the version before leads nowhere where there is none, or the trouble began long after."""
    words = words_of(spoken.rule.code)
    sign = spoken.sign
    steps = tuple(
        NextStep(
            kind=step.kind,
            message=f"{spoken.rule.code}.{number}",
            container=sign.container if step.kind is NextKind.LOGS else "",
            previous=sign.previous and step.kind is NextKind.LOGS,
            target=step.target,
        )
        for number, step in enumerate(words.steps)
        if step.kind is not NextKind.LOGS or sign.container or not spoken.sign.detail
    )
    others = tuple(s for s in steps if s.kind is not NextKind.DIFF)
    return steps if compare or not others else others


def _with_the_way_back(steps: tuple[NextStep, ...], subject: FindingSubject) -> tuple[NextStep, ...]:
    """Of what began with a release: to go back to the version before, after the first of the others."""
    if subject.type != "deployments.apps" or any(_BACK.message == step.message for step in steps):
        return steps
    return (*steps[:1], _BACK, *steps[1:])


def worst_first(finding: Finding) -> tuple[int, int, str]:
    """The order of findings: by impact, then by how many pods they are about."""
    return IMPACTS[finding.impact], -finding.count, finding.code


def folded(findings: Sequence[Finding], follows: Mapping[str, bool]) -> list[Finding]:
    """The findings of one workload, with what follows from others under the worst of these."""
    causes = sorted((f for f in findings if not follows.get(f.code, False)), key=worst_first)
    effects = [f for f in findings if follows.get(f.code, False)]
    if not effects:
        return causes
    if not any(f.impact.alarms for f in causes):
        cause, *effects = effects
        causes = [cause, *causes]
    told = tuple(Consequence(f.code, f.arguments, f.count) for f in effects)
    first = msgspec.structs.replace(causes[0], consequences=(*causes[0].consequences, *told))
    return [first, *causes[1:]]
