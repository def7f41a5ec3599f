"""Random policies and people: of a fleet a caller sees what a fleet gives that holds nothing else, by the same policies."""

import random

import msgspec

from callboard.access.policies.engine import ObjectPlace, PolicyEngine
from callboard.access.policies.sight import facts_of, granted_by_policies
from callboard.access.scopes import scopes_of
from callboard.access.visible import visible
from callboard.model.caller import Caller
from callboard.model.cluster import ClusterInfo
from callboard.model.entity import Entity, EntityMeta, EntityRef
from callboard.model.notice import NoticeCode
from callboard.model.objects import KubeObject
from callboard.model.outcome import Answer, Outcome, Question
from callboard.model.permission import Action
from callboard.model.snapshot import ClusterSnapshot, ClusterState, Notice, ServiceSnapshot
from callboard.portal.arranging.arrangement import arrange
from support.kube_objects import TYPES, kube_object
from support.policies import COMPANY, engine, person, policies, service

SEEDS = 40
KINDS = ("Pod", "ConfigMap", "Service")
NAMESPACES = ("shop", "vault")
CLUSTERS = {"eu": {"environment": "production"}, "lab": {"environment": "staging"}, "us": {}}
CLUSTER = ('resource.name != "us"', 'resource.environment == "staging"', "true", "true")
PLACE = (
    "true",
    "principal in resource.owners",
    'context.cluster.environment == "staging"',
    'context.cluster.name != "eu"',
    'context.namespace == "shop"',
    'context.type == "pods"',
    'resource.tags.contains("public")',
    '["pods", "services"].contains(context.type) && context.namespace != "vault"',
)
PEOPLE = (
    person("anna"),
    person("ben", "money"),
    person("x"),
    service(Action.RESOURCES_READ, Action.CLUSTERS_READ),
)
EVERYTHING = {
    (cluster, kind, namespace): kube_object(
        kind, {"metadata": {"name": f"{kind}-{n}", "namespace": namespace, "uid": f"{cluster}{kind}{namespace}"}}
    )
    for cluster in CLUSTERS
    for kind in KINDS
    for n, namespace in enumerate(NAMESPACES)
}  # fmt: skip


def drawn(chance: random.Random) -> str:
    """Policies about clusters and about objects: what permits before what forbids."""
    texts = []
    for action, conditions, most in ((Action.CLUSTERS_READ, CLUSTER, 2), (Action.RESOURCES_READ, PLACE, 4)):
        for number in range(chance.randint(1, most)):
            effect = "permit" if number == 0 or chance.random() < 0.6 else "forbid"
            who = chance.choice(("principal", "principal", 'principal in Group::"group:default/web"'))
            texts.append(
                f'{effect} ({who}, action == Action::"{action}", resource) when {{ {chance.choice(conditions)} }};'
            )
    return "\n".join(texts)


def snapshot(
    name: str, objects: dict[tuple[str, str, str], KubeObject], clusters: set[str]
) -> ServiceSnapshot:
    parts = []
    for cluster in sorted(clusters):
        outcomes = []
        for kind in KINDS:
            found = tuple(o for (c, k, _), o in objects.items() if (c, k) == (cluster, kind))
            answer = Answer.OBJECTS if found else Answer.EMPTY
            outcomes.append(Outcome(question=Question(type=TYPES[kind]), answer=answer, objects=found))
        parts.append(
            ClusterSnapshot(
                cluster=ClusterInfo(name=cluster, labels=CLUSTERS[cluster]),
                state=ClusterState.ANSWERED,
                outcomes=tuple(outcomes),
                references_complete=True,
            )
        )
    entity = Entity(api_version="backstage.io/v1alpha1", kind="Component", metadata=EntityMeta(name=name))
    none = () if parts else (Notice(NoticeCode.NO_CLUSTERS, "no clusters are configured"),)
    return ServiceSnapshot(entity=entity, clusters=tuple(parts), notices=none)


def seen(found: PolicyEngine, who: Caller, of: ServiceSnapshot) -> tuple[ServiceSnapshot, bytes]:
    """What somebody sees of a snapshot, and how that reads."""
    scopes = ((facts_of(c.cluster), scopes_of(c)) for c in of.clusters)
    grants = granted_by_policies(found, who, of.entity.ref, scopes)
    shown = visible(of, grants)
    return shown, msgspec.json.encode(arrange(shown))


def test_what_is_forbidden_might_as_well_not_exist() -> None:
    hidden = shown = 0
    for seed in range(SEEDS):
        chance = random.Random(seed)
        found, who = engine(policies(drawn(chance))), chance.choice(PEOPLE)
        name = chance.choice(("shop", "pay", "books"))
        facts = COMPANY.facts(EntityRef("component", "default", name))
        assert facts is not None
        whole = snapshot(name, EVERYTHING, set(CLUSTERS))
        by_name = {c.cluster.name: facts_of(c.cluster) for c in whole.clusters}
        known = {n for n, f in by_name.items() if found.on_cluster(who, Action.CLUSTERS_READ, f).allowed}
        may = {
            key: obj
            for key, obj in EVERYTHING.items()
            if key[0] in known
            and found.on_objects(
                who, Action.RESOURCES_READ, facts, ObjectPlace(by_name[key[0]], key[2], TYPES[key[1]].key)
            ).allowed
        }
        snapshot_seen, told = seen(found, who, whole)
        control_seen, control = seen(found, who, snapshot(name, may, known))
        objects = {
            (c.cluster.name, o.type.kind, o.namespace) for c in snapshot_seen.clusters for o in c.objects()
        }
        assert objects <= may.keys(), (seed, "nothing is seen that may not be")
        assert {c.cluster.name for c in snapshot_seen.clusters} <= known, seed
        assert snapshot_seen == control_seen, seed
        assert told == control, seed
        hidden += len(EVERYTHING) - len(objects)
        shown += len(objects)
    assert hidden > SEEDS
    assert shown > SEEDS
