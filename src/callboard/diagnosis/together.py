"""The same trouble in several clusters is one finding with its places. Pure."""

from collections.abc import Iterable

import msgspec

from callboard.diagnosis.findings import IMPACTS, worst_first
from callboard.model.finding import Finding

__all__ = ["together"]


def together(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings of all clusters, those of one key together, worst first. The worst place has the word."""
    alike: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        alike.setdefault(finding.key, []).append(finding)
    return tuple(sorted((_one(found) for found in alike.values()), key=worst_first))


def _one(findings: list[Finding]) -> Finding:
    if len(findings) == 1:
        return findings[0]
    findings = sorted(findings, key=worst_first)
    sinces = [f.since for f in findings if f.since is not None]
    return msgspec.structs.replace(
        findings[0],
        impact=min((f.impact for f in findings), key=IMPACTS.__getitem__),
        places=tuple(place for f in findings for place in f.places),
        since=min(sinces, key=lambda s: (s.at, not s.exact), default=None),
        occurrences=sum(f.occurrences for f in findings),
    )
