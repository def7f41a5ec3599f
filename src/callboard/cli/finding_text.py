"""Findings as lines for a terminal: what is wrong, since when, why that is known, and what to do next."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from callboard.cli.text import Terminal, plain, span
from callboard.model.finding import Impact, NextKind
from callboard.model.verdict import Health
from callboard.portal.documents.findings import OWNERS, FindingDocument, NextDocument

__all__ = ["finding_lines"]

MOST: Final = 8
"""Findings that are told; the rest is counted. The JSON has them all."""
_MARKS: Final = {
    Impact.DOWN: Health.UNHEALTHY,
    Impact.DEGRADED: Health.UNHEALTHY,
    Impact.AT_RISK: Health.UNHEALTHY,
    Impact.NOTICE: Health.NOTHING,
}


def finding_lines(findings: Sequence[FindingDocument], terminal: Terminal, now: datetime) -> Iterator[str]:
    """All that is wrong, worst first; of notices one line each."""
    for finding in findings[:MOST]:
        yield ""
        yield from _finding(finding, terminal, now)
    if len(findings) > MOST:
        yield f"  and {len(findings) - MOST} more findings (--json has them all)"


def _finding(finding: FindingDocument, terminal: Terminal, now: datetime) -> Iterator[str]:
    head = terminal.style(f"{finding.impact.value}: ", bold=finding.impact.alarms)
    where = f"{finding.namespace}/" if finding.namespace else ""
    kind, _, name = finding.subject.partition(" ")
    said = (
        f"{plain(kind, 100)} {plain(where + name, 300)}: {plain(finding.sentence, 600)}{_since(finding, now)}"
    )
    first = f"{terminal.mark(_MARKS[finding.impact])} {head}"
    yield from terminal.wrapped(first, f"{said} [{finding.code}]", indent=2)
    if not finding.impact.alarms:
        return
    clusters = [p.cluster for p in finding.places]
    if len(clusters) > 1:
        yield from terminal.wrapped("    in ", plain(", ".join(clusters), 300), indent=6)
    for evidence in finding.evidence[:3]:
        told = f"{plain(evidence.place, 200)}, {plain(evidence.field, 100)}: {plain(evidence.value, 300)}"
        yield from terminal.wrapped("    seen: ", told, indent=6)
    for consequence in finding.consequences:
        yield from terminal.wrapped("    so: ", plain(consequence, 300), indent=6)
    for step in finding.next:
        yield from terminal.wrapped("    next: ", _step(step), indent=6)
    if finding.runbook:
        yield f"    runbook: {plain(finding.runbook, 300)}"


def _since(finding: FindingDocument, now: datetime) -> str:
    if finding.since is None or finding.since > now:
        return ""
    least = "at least " if finding.since_at_least else ""
    return f" (for {least}{span((now - finding.since).total_seconds())})"


def _step(step: NextDocument) -> str:
    text = plain(step.text, 300)
    if step.kind is NextKind.OWNER:
        return f"{text} ({OWNERS.get(step.target, step.target)})"
    if step.kind is NextKind.LOGS and step.container:
        run = "its last run" if step.previous else "it"
        return f"{text} (container {plain(step.container, 100)}, {run})"
    return f"{text} {plain(step.target, 300)}".rstrip()
