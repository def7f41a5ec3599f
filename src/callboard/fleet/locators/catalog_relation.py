"""`catalogRelation`: a service runs on the clusters it depends on in the catalog."""

from collections.abc import Sequence

from callboard.extend.parts import Located
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster
from callboard.model.entity import Entity
from callboard.model.notice import NoticeCode
from callboard.model.snapshot import Notice

__all__ = ["CatalogRelation"]

DEPENDS_ON = "dependsOn"


class CatalogRelation:
    """Clusters with the name of a Resource the entity depends on.

    The Resource may stand in any namespace (upstream: only the entity's own), and names are compared in canonical form:
    refs are lower-case, so a cluster called `EU-1` is found too (upstream: never).
    """

    async def locate(self, entity: Entity, clusters: Sequence[Cluster], caller: Caller) -> Located:
        """The clusters depended on, in the order the fleet knows them. Resources that are no cluster are nobody's mistake."""
        resources = {ref.name for ref in entity.related(DEPENDS_ON) if ref.kind == "resource"}
        found = tuple(c for c in clusters if c.name.lower() in resources)
        notices = list(_ambiguous(found))
        if not found:
            notices.append(
                Notice(
                    NoticeCode.NO_CLUSTER_RELATED,
                    "the entity depends on no Resource that has the name of a cluster, so no cluster was asked; "
                    "name one in spec.dependsOn, for example resource:default/<cluster>",
                )
            )
        return Located(found, tuple(notices))


def _ambiguous(clusters: Sequence[Cluster]) -> Sequence[Notice]:
    """Two clusters whose names differ in case alone are both meant by one Resource."""
    by_name: dict[str, list[str]] = {}
    for cluster in clusters:
        by_name.setdefault(cluster.name.lower(), []).append(cluster.name)
    return [
        Notice(
            NoticeCode.AMBIGUOUS_CLUSTER,
            f"the Resource {name!r} fits the clusters {', '.join(names)}: their names differ in case alone",
        )
        for name, names in by_name.items()
        if len(names) > 1
    ]
