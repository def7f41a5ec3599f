"""What policies let a caller see of one service: grants, decided by what the policies look at and no finer."""

from collections.abc import Iterable

from callboard.access.policies.engine import ObjectPlace, PolicyEngine
from callboard.access.reviews import Decision
from callboard.access.scopes import Scopes, seen_by
from callboard.kube.reads.access_review import Attributes
from callboard.model.caller import Caller
from callboard.model.cluster import ClusterInfo
from callboard.model.entity import EntityRef
from callboard.model.facts import ClusterFacts, EntityFacts
from callboard.model.grants import Grant, Grants, Withheld
from callboard.model.permission import Action

__all__ = ["facts_of", "granted_by_policies", "granted_everywhere", "sees_whole_services"]

_NOTHING = Grants()
_EVERYTHING = Grants.everything()
_READ, _KNOW = Action.RESOURCES_READ, Action.CLUSTERS_READ


def facts_of(cluster: ClusterInfo) -> ClusterFacts:
    """What policies may look at of a cluster."""
    return ClusterFacts(name=cluster.name, labels=cluster.labels)


def granted_everywhere(engine: PolicyEngine, caller: Caller, ref: EntityRef) -> Grants | None:
    """The grants for a service where they are the same in every cluster; None where policies look at where something runs."""
    facts = engine.facts(ref)
    if facts is None:
        return _NOTHING
    if engine.uses(_READ).place or not engine.alike(_KNOW):
        return None
    known = engine.on_cluster(caller, _KNOW, ClusterFacts(name="")).allowed
    read = engine.on_objects(caller, _READ, facts, ObjectPlace(ClusterFacts(name=""))).allowed
    return _EVERYTHING if known and read else _NOTHING


def sees_whole_services(engine: PolicyEngine, caller: Caller) -> bool:
    """Whether somebody sees of each service everything or nothing, whatever there is."""
    if engine.uses(_READ).place or not engine.alike(_KNOW):
        return False
    return engine.on_cluster(caller, _KNOW, ClusterFacts(name="")).allowed


def granted_by_policies(
    engine: PolicyEngine, caller: Caller, ref: EntityRef, clusters: Iterable[tuple[ClusterFacts, Scopes]]
) -> Grants:
    """The grants for a service in these clusters. Of a cluster that the caller may not know of, nothing is granted or withheld;
    of one they may know of, what is not granted is withheld."""
    everywhere = granted_everywhere(engine, caller, ref)
    facts = engine.facts(ref)
    if everywhere is not None or facts is None:
        return everywhere or _NOTHING
    grants: set[Grant] = set()
    withheld: set[Withheld] = set()
    for cluster, scopes in clusters:
        if not engine.on_cluster(caller, _KNOW, cluster).allowed:
            continue
        uses = engine.uses(_READ)
        if uses.namespace or uses.type:
            found = seen_by(
                cluster.name, scopes, _Decider(engine, caller, facts, cluster, scopes).decision, settled=True
            )
            grants |= found.grants
            withheld |= found.withheld
        elif engine.on_objects(caller, _READ, facts, ObjectPlace(cluster)).allowed:
            grants.add(Grant(cluster.name))
        else:
            withheld.add(Withheld(cluster.name))
    return Grants(frozenset(grants), frozenset(withheld))


class _Decider:
    """Answers for `seen_by`: about a type everywhere, or in a namespace."""

    def __init__(
        self, engine: PolicyEngine, caller: Caller, facts: EntityFacts, cluster: ClusterFacts, scopes: Scopes
    ) -> None:
        self._engine = engine
        self._caller = caller
        self._facts = facts
        self._cluster = cluster
        self._in_none = {t.key for t in scopes.types if t.namespaced is False}

    def decision(self, wanted: Attributes) -> Decision:
        """What lies in namespaces is decided at once where no policy looks at them: else each is asked about by its name."""
        key = f"{wanted.resource}.{wanted.group}" if wanted.group else wanted.resource
        if self._engine.uses(_READ).namespace and not wanted.namespace and key not in self._in_none:
            return Decision.DENIED
        place = ObjectPlace(self._cluster, wanted.namespace, key)
        allowed = self._engine.on_objects(self._caller, _READ, self._facts, place).allowed
        return Decision.ALLOWED if allowed else Decision.DENIED
