"""Whatever a cluster's roles say: a caller sees what they would see of a cluster that holds nothing else.

That cluster refuses the questions of which nothing at all is granted: what may not be seen is told as such, and pods whose
ReplicaSets nobody may see are known by their names.
"""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from callboard.access.reviews import Decision
from callboard.access.scopes import scopes_of, seen_by
from callboard.access.visible import visible
from callboard.kube.reads.access_review import Attributes
from callboard.model.entity import Entity
from callboard.model.grants import Grants
from callboard.model.outcome import Question
from callboard.model.snapshot import ClusterSnapshot, ServiceSnapshot
from callboard.portal.arranging.arrangement import arrange
from callboard.portal.documents.status_writer import document_of, etag_of
from callboard.portal.views import KubernetesView
from callboard.web.kubernetes_tab import kubernetes_page
from support.kube_objects import TYPES
from support.pure_cluster import NODES, THINGS, entity, looked_at, thing

NAMESPACES = ("pay", "shop", "vault")
KEYS = (
    *(TYPES[k].key for k in ("Pod", "Deployment", "ReplicaSet", "StatefulSet", "ConfigMap", "Event", "Node")),
    *(TYPES[k].key for k in ("ResourceQuota", "PersistentVolumeClaim")),
)
Role = frozenset[tuple[str, str]]

roles: st.SearchStrategy[Role] = st.frozensets(
    st.tuples(st.sampled_from((*NAMESPACES, *NAMESPACES, "*")), st.sampled_from((*KEYS, *KEYS, "*"))),
    max_size=8,
)
things = st.lists(
    st.tuples(st.sampled_from(THINGS), st.sampled_from(NAMESPACES), st.integers(0, 2)),
    max_size=8,
    unique=True,
)
services = st.sampled_from((entity(), entity("shop"), entity("shop, pay")))


def allowed(role: Role, namespace: str, key: str) -> bool:
    return any(n in ("*", namespace or "*") and k in ("*", key) for n, k in role)


def refused(role: Role, question: Question) -> bool:
    """Whether nothing of what the question can bring is granted."""
    if question.namespace or question.type.namespaced is False:
        return not allowed(role, question.namespace, question.type.key)
    return not any(key in ("*", question.type.key) for _, key in role)


def sight(service: Entity, role: Role, cluster: ClusterSnapshot) -> KubernetesView:
    """What a user of this role is shown of what a look at a cluster has come to."""

    def decision(wanted: Attributes) -> Decision:
        key = f"{wanted.resource}.{wanted.group}" if wanted.group else wanted.resource
        return Decision.ALLOWED if allowed(role, wanted.namespace, key) else Decision.DENIED

    seen = seen_by("a", scopes_of(cluster), decision, settled=False)
    assert not seen.open
    snapshot = ServiceSnapshot(entity=service, clusters=(cluster,))
    return arrange(visible(snapshot, Grants(seen.grants, seen.withheld)))


@given(services, roles, things)
def test_hidden_objects_might_as_well_not_exist(
    service: Entity, role: Role, present: list[tuple[str, str, int]]
) -> None:
    everything = [o for what in present for o in thing(*what)] + NODES
    granted = [o for o in everything if allowed(role, o.namespace, o.type.key)]
    seen = sight(service, role, looked_at(service, "a", everything))
    control = sight(service, role, looked_at(service, "a", granted, lambda q: refused(role, q)))
    assert seen == control
    assert etag_of(document_of(seen)) == etag_of(document_of(control))
    assert kubernetes_page(seen) == kubernetes_page(control)


@given(services, roles, things)
def test_no_word_of_a_hidden_namespace_is_said(
    service: Entity, role: Role, present: list[tuple[str, str, int]]
) -> None:
    everything = [o for what in present for o in thing(*what)] + NODES
    seen = sight(service, role, looked_at(service, "a", everything))
    said = msgspec.json.encode(msgspec.structs.replace(seen, entity=entity())).decode()
    for namespace in NAMESPACES:
        annotated = service.metadata.annotations.get("backstage.io/kubernetes-namespace", "")
        anything = any(allowed(role, namespace, key) for key in KEYS)
        if not anything and namespace not in annotated:
            assert namespace not in said


@given(services, things)
def test_who_may_see_everything_sees_all_of_it(service: Entity, present: list[tuple[str, str, int]]) -> None:
    everything = [o for what in present for o in thing(*what)] + NODES
    cluster = looked_at(service, "a", everything)
    whole = ServiceSnapshot(entity=service, clusters=(cluster,))
    assert sight(service, frozenset({("*", "*")}), cluster) == arrange(whole)
