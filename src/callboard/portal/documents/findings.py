"""Findings written out for machines and terminals: sentences made of their texts. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from callboard.diagnosis.texts.catalogue import consequence_sentence, sentence, words_of
from callboard.diagnosis.texts.words import filled
from callboard.model.finding import Confidence, Finding, Impact, NextKind, NextStep
from callboard.portal.documents.form import JsonStruct

__all__ = ["FindingDocument", "finding_documents"]

OWNERS: Final = {"service": "the service's team", "platform": "whoever runs the clusters"}


class EvidenceDocument(JsonStruct, frozen=True, kw_only=True):
    """One thing that was seen: the field, its value, and where it stands (`Pod web-1`)."""

    field: str
    value: str
    place: str


class NextDocument(JsonStruct, frozen=True, kw_only=True):
    """One thing to do. `target` is an address, a command or an owner; `container` and `previous` say which log."""

    kind: NextKind
    text: str
    target: str
    container: str
    previous: bool


class ChangeDocument(JsonStruct, frozen=True, kw_only=True):
    """The change that a trouble followed."""

    what: str
    before: str
    after: str
    at: datetime | None


class PlaceDocument(JsonStruct, frozen=True, kw_only=True):
    """Where a finding was made: how many pods there (0 where it is not about pods) and the first of their names."""

    cluster: str
    impact: Impact
    count: int
    names: tuple[str, ...]
    since: datetime | None


class FindingDocument(JsonStruct, frozen=True, kw_only=True):
    """One trouble with one cause, in all its places. `code` is stable and has a page (`callboard explain`); `subject` is the
    object it is about (`Deployment web`); `sentence` is a clause of which that is the subject. `detail` (a container, an image, a
    node) tells two of one code and subject apart, `count` is how many pods it is about. With `since_at_least` it has lasted
    at least since `since`. `next` is what to do, the likeliest first."""

    code: str
    impact: Impact
    namespace: str
    subject: str
    detail: str
    sentence: str
    title: str
    means: str
    since: datetime | None
    since_at_least: bool
    after: ChangeDocument | None
    count: int
    occurrences: int
    confidence: Confidence
    evidence: tuple[EvidenceDocument, ...]
    next: tuple[NextDocument, ...]
    consequences: tuple[str, ...]
    places: tuple[PlaceDocument, ...]
    docs: str
    runbook: str


def finding_documents(findings: Iterable[Finding]) -> tuple[FindingDocument, ...]:
    """The findings in their order."""
    return tuple(map(_finding, findings))


def _finding(finding: Finding) -> FindingDocument:
    words, since, after = words_of(finding.code), finding.since, finding.after
    return FindingDocument(
        code=finding.code,
        impact=finding.impact,
        namespace=finding.subject.namespace,
        subject=str(finding.subject),
        detail=finding.detail,
        sentence=sentence(finding),
        title=words.title,
        means=filled(words.means, finding.arguments),
        since=since.at if since is not None else None,
        since_at_least=since is not None and not since.exact,
        after=None
        if after is None
        else ChangeDocument(what=after.what, before=after.before, after=after.after, at=after.at),
        count=finding.count,
        occurrences=finding.occurrences,
        confidence=finding.confidence,
        evidence=tuple(
            EvidenceDocument(field=e.field, value=e.value, place=e.place) for e in finding.evidence
        ),
        next=tuple(_next(finding, step) for step in finding.steps),
        consequences=tuple(map(consequence_sentence, finding.consequences)),
        places=tuple(
            PlaceDocument(
                cluster=p.cluster,
                impact=p.impact,
                count=p.count,
                names=p.names,
                since=p.since.at if p.since is not None else None,
            )
            for p in finding.places
        ),
        docs=words.docs,
        runbook=finding.runbook,
    )


def _next(finding: Finding, step: NextStep) -> NextDocument:
    """A step's `message` is `CODE.number` in the catalogue of texts."""
    code, _, number = step.message.rpartition(".")
    steps = words_of(code).steps
    text = steps[int(number)].text if number.isdecimal() and int(number) < len(steps) else ""
    return NextDocument(
        kind=step.kind,
        text=filled(text, finding.arguments),
        target=filled(step.target, finding.arguments) if step.kind is NextKind.COMMAND else step.target,
        container=step.container,
        previous=step.previous,
    )
