"""How a service is for a caller who may not see all of it: judged as of a fleet in which the rest does not exist."""

from callboard.access.visibility import Visibility
from callboard.access.visible import visible
from callboard.diagnosis.verdict import verdict
from callboard.model.caller import Caller
from callboard.model.entity import Entity
from callboard.model.grants import Grants
from callboard.model.snapshot import ClusterSnapshot, Notice, ServiceSnapshot
from callboard.model.verdict import Verdict

__all__ = ["caller_verdict"]


def caller_verdict(
    visibility: Visibility,
    caller: Caller,
    entity: Entity,
    clusters: tuple[ClusterSnapshot, ...],
    notices: tuple[Notice, ...],
) -> tuple[Verdict | None, frozenset[str], bool]:
    """(the verdict, None where nothing may be told; the clusters it is made of; whether it is still being decided what the
    caller may see)."""
    whole = ServiceSnapshot(entity=entity, clusters=clusters, notices=notices)
    grants, deciding, _ = visibility.grants(whole, caller, set())
    if deciding or grants == Grants():
        return None, frozenset(), deciding
    seen = visible(whole, grants)
    if not seen.clusters:
        return None, frozenset(), False
    return verdict(seen), frozenset(c.cluster.name for c in seen.clusters), False
