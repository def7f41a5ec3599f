"""Whether a document is a valid entity, by Backstage's own rules; every problem at once, each at its place.

It must never read a file, resolve a placeholder or change the document. The catalog's processing and its validation
command call it.
"""

from callboard.base.errors import Problem
from callboard.catalog.sources.document import SourceDocument
from callboard.catalog.validation.envelope import check_envelope
from callboard.catalog.validation.findings import Findings, what
from callboard.catalog.validation.spec import check_spec

__all__ = ["problems_of"]


def problems_of(document: SourceDocument) -> list[Problem]:
    """Everything that is wrong with one document; empty when it is an entity. Placeholders are resolved beforehand."""
    if document.problems:
        return list(document.problems)
    findings = Findings(document)
    root = document.value
    if not isinstance(root, dict) or not root.keys() & {"apiVersion", "kind", "metadata"}:
        # this may be any file of anybody's: nothing of it is shown
        findings.add(
            (),
            "is not an entity",
            found=what(root),
            expected="an object with apiVersion, kind, metadata",
            hint=_hint(root),
        )
        return findings.problems
    check_envelope(findings, root)
    check_spec(findings, root)
    return findings.problems


def _hint(root: object) -> str:
    if isinstance(root, str) and root.lstrip()[:1] == "<":
        return "it looks like a web page: name the raw file"
    return ""
