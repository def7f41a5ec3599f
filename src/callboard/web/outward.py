"""Links out of Callboard around one thing: its logs elsewhere, and its cluster's own console. Pure."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote

from callboard.base.gaps import filled
from callboard.model.cluster import ClusterInfo
from callboard.model.entity import Entity
from callboard.portal.views import KubernetesView, LinkTemplate, ObjectKey, OutwardLinks
from callboard.web.consoles import APPS, console_url
from callboard.web.further import FurtherLink
from callboard.web.incident import Incident
from callboard.web.words import safe_url

__all__ = ["log_links", "outward_links", "support_links", "template_link"]

BEFORE: Final = timedelta(minutes=10)
"""What is shown of the time before a trouble began."""
LONG: Final = timedelta(hours=1)
MOST: Final = 6
LONGEST_SNAPSHOT: Final = 1_200
"""Characters of an incident that go into an address, where each may take nine."""
LONGEST: Final = 12_000
"""Characters of an address: longer ones are cut or refused on the way."""


def outward_links(
    outward: OutwardLinks,
    entity: Entity,
    cluster: ClusterInfo,
    key: ObjectKey,
    *,
    kind: str = "",
    container: str = "",
    at: datetime | None = None,
) -> tuple[FurtherLink, ...]:
    """Its logs, then its console. `at` is when the trouble with it began."""
    found = list(log_links(outward, entity, key, container=container, at=at))
    if url := console_url(cluster, key, kind, outward.consoles):
        app = cluster.dashboard.app or "standard"
        found.append(FurtherLink(APPS.get(app, app)[:100], url))
    return tuple(found)


def log_links(
    outward: OutwardLinks, entity: Entity, key: ObjectKey, *, container: str = "", at: datetime | None = None
) -> Iterator[FurtherLink]:
    """Where its logs are kept."""
    values = {
        "service": entity.metadata.name,
        "cluster": key.cluster,
        "namespace": key.namespace,
        "pod": key.name if key.type == "pods" else "",
        "container": container,
        **(_span(at) if at is not None else {}),
    }
    made = (template_link(each, values) for each in outward.logs[:MOST])
    return (link for link in made if link is not None)


def support_links(
    outward: OutwardLinks, view: KubernetesView, told: Incident, page: str
) -> Iterator[FurtherLink]:
    """Where to ask for help, with what is wrong attached as text."""
    finding = next(iter(view.verdict.findings), None)
    place = next(iter(finding.places), None) if finding else None
    values = {
        "service": view.entity.metadata.name,
        "cluster": place.cluster if place else "",
        "namespace": finding.subject.namespace if finding else "",
        "pod": next(iter(place.names), "") if place else "",
        "title": told.title,
        "page": page,
        "snapshot": told.plain[:LONGEST_SNAPSHOT],
        **(_span(finding.since.at) if finding and finding.since else {}),
    }
    made = (template_link(each, values, mail=True) for each in outward.support[:MOST])
    return (link for link in made if link is not None)


def template_link(
    template: LinkTemplate, values: Mapping[str, str], *, mail: bool = False
) -> FurtherLink | None:
    """The link with its gaps filled, None where it does not lead to an http or https address, or with `mail` to a mailto one."""
    url = filled(template.url, values, lambda text: quote(text, safe="", errors="replace"))
    if url is None or len(url) > LONGEST:
        return None
    if mail and url.lower().startswith("mailto:"):
        return FurtherLink(template.title[:100], url)
    return FurtherLink(template.title[:100], url) if safe_url(url) else None


def _span(at: datetime) -> dict[str, str]:
    try:
        begin, end = (at - BEFORE).astimezone(UTC), (at + LONG).astimezone(UTC)
    except OverflowError:
        return {}
    return {
        "from": begin.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "to": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "from_ms": str(int(begin.timestamp() * 1000)),
        "to_ms": str(int(end.timestamp() * 1000)),
    }
