"""`singleTenant`: a service runs on the clusters its annotation names."""

from collections.abc import Sequence

from callboard.extend.parts import Located
from callboard.fleet.nearest import nearest_hint
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster
from callboard.model.entity import Entity
from callboard.model.notice import NoticeCode
from callboard.model.snapshot import Notice

__all__ = ["CLUSTER_ANNOTATION", "SingleTenant"]

CLUSTER_ANNOTATION = "backstage.io/kubernetes-cluster"


class SingleTenant:
    """The clusters named by the annotation, several separated by commas (upstream reads one); all of them without it."""

    async def locate(self, entity: Entity, clusters: Sequence[Cluster], caller: Caller) -> Located:
        """The named clusters in the order the fleet knows them, and a notice for every name that is not one."""
        wanted = [n for n in (p.strip() for p in entity.annotation(CLUSTER_ANNOTATION).split(",")) if n]
        if not wanted:
            return Located(tuple(clusters))
        known = {c.name for c in clusters}
        missing = [n for n in dict.fromkeys(wanted) if n not in known]
        return Located(
            tuple(c for c in clusters if c.name in wanted),
            tuple(_unknown(name, known) for name in missing),
        )


def _unknown(name: str, known: set[str]) -> Notice:
    shown = name if len(name) <= 100 else name[:100] + "…"
    hint = nearest_hint(name, sorted(known))
    return Notice(
        NoticeCode.UNKNOWN_CLUSTER,
        f"the annotation {CLUSTER_ANNOTATION} names {shown!r}, but there is no cluster of that name"
        + (f"; {hint}" if hint else ""),
    )
