"""On which clusters an entity is looked for: the one road to it, for every objects provider."""

from callboard.extend.registration import Parts
from callboard.fleet.selection.selection import namespaces_of, selector_of
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster
from callboard.model.entity import Entity
from callboard.model.notice import NoticeCode
from callboard.model.snapshot import Notice

__all__ = ["located"]


async def located(
    parts: Parts, entity: Entity, caller: Caller, only: frozenset[str]
) -> tuple[list[Cluster], tuple[Notice, ...]]:
    """The clusters to look at for an entity, and what a person should know about how they were found. Raises UsageError
    when the entity's annotations cannot be read; what suppliers and the locator do not say is a notice."""
    selector_of(entity)  # an unreadable annotation is the entity's, not each cluster's
    notices = namespaces_of(entity)[1]
    supplied = await parts.clusters.supplied(caller)
    found = await parts.locator.locate(entity, supplied.clusters, caller)
    told = (*supplied.notices, *found.notices, *notices)
    if not supplied.clusters:
        told = (*told, Notice(NoticeCode.NO_CLUSTERS, "no clusters are configured"))
    return [c for c in found.clusters if not only or c.name in only], told
