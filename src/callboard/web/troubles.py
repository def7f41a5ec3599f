"""What is wrong with a service, as the top of its page says it: one trouble first, in a block with what to do next, and every
other in a line. Pure.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from callboard.model.finding import Finding, Impact, NextKind
from callboard.model.verdict import Verdict
from callboard.portal.documents.findings import OWNERS, FindingDocument, NextDocument, finding_documents
from callboard.portal.views import ObjectKey
from callboard.web.commands import in_context
from callboard.web.words import anchor

__all__ = [
    "ShownFinding",
    "TroubleStep",
    "Troubles",
    "finding_named",
    "help_name",
    "shown_finding",
    "troubles",
]

MOST: Final = 12
"""Findings that are shown; of the others it is said how many there are."""
MOST_STEPS: Final = 3
MOST_PLACES: Final = 2
"""Clusters that are named in a line; of the others it is said how many there are."""
WORDS: Final = {
    Impact.DOWN: "Down",
    Impact.DEGRADED: "Degraded",
    Impact.AT_RISK: "At risk",
    Impact.NOTICE: "Notice",
}
MARKS: Final = {
    Impact.DOWN: "unhealthy",
    Impact.DEGRADED: "unhealthy",
    Impact.AT_RISK: "risk",
    Impact.NOTICE: "note",
}
"""The shape of each impact."""


class TroubleStep(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do: what, for whom, and where it leads: a log, a command to copy, an address. At most one of them is set."""

    text: str
    owner: str = ""
    log: ObjectKey | None = None
    container: str = ""
    previous: bool = False
    object: ObjectKey | None = None
    """What is to be looked at: the pod, for its events; else what the finding is about."""
    commands: tuple[str, ...] = ()
    """The same line for each of the first clusters that it is about."""
    address: str = ""
    changed: bool = False
    """What the last release changed is to be looked at; the help shows it."""


class ShownFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One finding. `where` names the clusters in which it is as bad as it gets, `elsewhere` the others; `object` is what it
    is about, in the first of them; `cluster` is that one's own name."""

    id: str
    help: str
    """What names it in the address of its help."""
    mark: str
    word: str
    impact: str
    finding: FindingDocument
    where: str
    elsewhere: str
    cluster: str
    object: ObjectKey
    kind: str
    pod: ObjectKey | None
    """The first of its pods there."""
    steps: tuple[TroubleStep, ...]
    last_words: tuple[str, str] | None = None
    """What the software itself said, and where: the evidence that is worth reading word for word."""


class Troubles(msgspec.Struct, frozen=True, kw_only=True):
    """All of them. `first` has the block, where a finding says that something is wrong; `others` are lines, worst first."""

    first: ShownFinding | None = None
    others: tuple[ShownFinding, ...] = ()
    more: int = 0


def troubles(verdict: Verdict, titles: Mapping[str, str]) -> Troubles:
    """The findings of a verdict; `titles` are the clusters' names as they are shown, by name."""
    shown = verdict.findings[:MOST]
    made = [_trouble(f, d, titles) for f, d in zip(shown, finding_documents(shown), strict=True)]
    first = made[0] if made and made[0].finding.impact.alarms else None
    return Troubles(
        first=first,
        others=tuple(made[1:] if first else made),
        more=len(verdict.findings) - len(shown),
    )


def help_name(finding: Finding) -> str:
    """What names a finding in an address: its code, and what tells it from others of the same code."""
    told = "\0".join(finding.key).encode(errors="replace")
    return f"{finding.code}.{hashlib.blake2b(told, digest_size=4).hexdigest()}"


def finding_named(verdict: Verdict, name: str) -> Finding | None:
    """The finding of that name; a code alone names the worst of its findings. None where there is none now."""
    exact = next((f for f in verdict.findings if help_name(f) == name), None)
    return exact or next((f for f in verdict.findings if f.code == name), None)


def shown_finding(finding: Finding, titles: Mapping[str, str]) -> ShownFinding:
    """One finding by itself."""
    return _trouble(finding, finding_documents([finding])[0], titles)


def _trouble(finding: Finding, document: FindingDocument, titles: Mapping[str, str]) -> ShownFinding:
    worst = [p for p in finding.places if p.impact is finding.impact] or list(finding.places)
    rest = [p for p in finding.places if p not in worst]
    cluster = worst[0].cluster if worst else ""
    pods = worst[0].names if worst else ()
    subject = finding.subject
    about = ObjectKey(cluster, subject.type, subject.namespace, subject.name)
    pod = ObjectKey(cluster, "pods", subject.namespace, pods[0]) if pods else None
    return ShownFinding(
        id=anchor(
            "/".join((document.code, subject.type, subject.namespace, subject.name, finding.detail)), "f"
        ),
        help=help_name(finding),
        mark=MARKS[finding.impact],
        word=WORDS[finding.impact],
        impact=str(finding.impact),
        finding=document,
        where=_names([titles.get(p.cluster, p.cluster) for p in worst]),
        elsewhere=_names([titles.get(p.cluster, p.cluster) for p in rest]),
        cluster=cluster,
        object=about,
        kind=subject.kind,
        pod=pod,
        steps=tuple(
            _step(step, pod, about, [p.cluster for p in (*worst, *rest)])
            for step in document.next[:MOST_STEPS]
        ),
        last_words=next(
            ((e.value, e.place) for e in finding.evidence if e.field in _OWN_WORDS or "message" in e.field),
            None,
        ),
    )


_OWN_WORDS: Final = ("event", "log")


def _names(names: list[str]) -> str:
    if len(names) <= MOST_PLACES + 1:
        return ", ".join(names[:-1]) + (" and " if names[1:] else "") + names[-1] if names else ""
    return f"{', '.join(names[:MOST_PLACES])} and {len(names) - MOST_PLACES} more clusters"


def _step(
    step: NextDocument, pod: ObjectKey | None, about: ObjectKey, clusters: Sequence[str]
) -> TroubleStep:
    logs = step.kind is NextKind.LOGS and step.container
    command = step.target if step.kind is NextKind.COMMAND else ""
    return TroubleStep(
        text=step.text,
        owner=OWNERS.get(step.target, step.target) if step.kind is NextKind.OWNER else "",
        log=pod if logs else None,
        container=step.container if logs else "",
        previous=step.previous,
        object=(pod or about) if step.kind is NextKind.EVENTS else None,
        commands=tuple(in_context(command, each) for each in clusters[:MOST_PLACES]) if command else (),
        address=step.target if step.kind is NextKind.DOCS else "",
        changed=step.kind is NextKind.DIFF,
    )
