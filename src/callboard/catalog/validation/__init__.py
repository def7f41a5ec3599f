"""Whether a document is a valid entity, by Backstage's own rules; every problem at once, each at its place.

It must never read a file, resolve a placeholder or change the document. The catalog's processing and its validation
command call it.
"""

from callboard.base.errors import Problem
from callboard.catalog.sources.document import Document
from callboard.catalog.validation.envelope import check_envelope
from callboard.catalog.validation.findings import Findings, shown
from callboard.catalog.validation.spec import check_spec

__all__ = ["problems_of"]


def problems_of(document: Document) -> list[Problem]:
    """Everything that is wrong with one document; empty when it is an entity. Placeholders are resolved beforehand."""
    if document.problems:
        return list(document.problems)
    findings = Findings(document)
    root = document.value
    if not isinstance(root, dict):
        findings.add(
            (), "is not an entity", found=shown(root), expected="an object with apiVersion, kind, metadata"
        )
        return findings.problems
    check_envelope(findings, root)
    check_spec(findings, root)
    return findings.problems
