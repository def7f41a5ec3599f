"""Where else somebody finds help with a finding: Kubernetes' docs, the runbook, whoever supports the service. Pure."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from callboard.model.entity import Entity, EntityLink
from callboard.portal.documents.findings import FindingDocument
from callboard.web.words import safe_url

__all__ = ["FurtherLink", "further_links", "runbook_of", "support_of"]

_RUNBOOK: Final = re.compile(r"run-?book|playbook", re.IGNORECASE)
_SUPPORT: Final = re.compile(r"support|slack|teams|chat|channel|on-?call|mattermost|discord", re.IGNORECASE)


class FurtherLink(msgspec.Struct, frozen=True):
    """A link that leads elsewhere: an http or https address."""

    title: str
    url: str


def further_links(entity: Entity, finding: FindingDocument) -> tuple[FurtherLink, ...]:
    """Those that lead somewhere, in the order in which they help."""
    found = [*runbook_of(entity, finding), *support_of(entity)]
    if finding.docs and safe_url(finding.docs):
        found.append(FurtherLink("Kubernetes’ own page on it", finding.docs))
    return tuple(found)


def runbook_of(entity: Entity, finding: FindingDocument | None = None) -> Iterator[FurtherLink]:
    """The runbook of the condition, as it is configured, else those that the service names among its links."""
    if finding is not None and safe_url(finding.runbook):
        yield FurtherLink("Runbook", finding.runbook)
        return
    yield from _named(entity.metadata.links, _RUNBOOK)


def support_of(entity: Entity) -> Iterator[FurtherLink]:
    """Where the service's people are reached, as it names it among its links."""
    yield from _named(entity.metadata.links, _SUPPORT)


def _named(links: Iterable[EntityLink], words: re.Pattern[str]) -> Iterator[FurtherLink]:
    for link in links:
        if (words.search(link.title[:200]) or words.search(link.icon[:200])) and safe_url(link.url):
            yield FurtherLink(link.title or link.url, link.url)
