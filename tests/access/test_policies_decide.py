"""Policies decide as Cedar says, but that what errs denies; what no policy looks at makes no two questions different."""

import asyncio
from datetime import UTC, datetime
from typing import Any, cast

import cedarpy
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from callboard.access.policies.engine import STEP, ObjectPlace, PolicyEngine
from callboard.access.reviews import Reviews
from callboard.access.visibility import Visibility
from callboard.base.giving_way import at_once
from callboard.base.settings import CallboardSettings
from callboard.catalog.directory import CatalogDirectory, directory_of
from callboard.model.caller import Caller, CallerKind
from callboard.model.cluster import ClusterInfo
from callboard.model.entity import Entity, EntityMeta, EntityRef
from callboard.model.facts import ClusterFacts, EntityFacts
from callboard.model.permission import Action, Resource, ResourceKind
from callboard.model.snapshot import ClusterSnapshot, ServiceSnapshot
from support.policies import CLUSTERS, COMPANY, engine, facts, person, policies, ready, service

OBJECTS, ENTITY, PORTAL = ResourceKind.OBJECTS, ResourceKind.ENTITY, ResourceKind.PORTAL


def on(kind: ResourceKind, name: str = "", cluster: str = "", **more: str) -> Resource:
    ref = EntityRef("component", "default", name) if name else None
    return Resource(kind=kind, entity=ref, cluster=cluster, **more)


def read(found: PolicyEngine, who: Caller) -> set[str]:
    refs = at_once(found.allowed(who)).refs
    return {"*"} if refs is None else {f"{ref.kind}:{ref.name}" for ref in refs}


# who · action · service · cluster → may, for each of the ready policies: open inside, by owner, by environment
TABLE = [
    ("anna", Action.ENTITY_READ, "shop", "", (1, 1, 1)),
    ("anna", Action.ENTITY_READ, "pay", "", (1, 1, 1)),  # web depends on it
    ("anna", Action.ENTITY_READ, "books", "", (1, 0, 1)),
    ("anna", Action.RESOURCES_READ, "shop", "eu", (1, 1, 1)),
    ("anna", Action.RESOURCES_READ, "pay", "eu", (1, 1, 0)),
    ("anna", Action.RESOURCES_READ, "pay", "old", (1, 1, 0)),
    ("anna", Action.RESOURCES_READ, "books", "lab", (1, 0, 1)),
    ("anna", Action.LOGS_READ, "shop", "eu", (1, 1, 1)),
    ("anna", Action.LOGS_READ, "pay", "eu", (0, 0, 0)),
    ("anna", Action.LOGS_READ, "pay", "lab", (0, 0, 1)),
    ("anna", Action.YAML_READ, "shop", "lab", (1, 1, 1)),
    ("anna", Action.SECRETS_READ, "shop", "lab", (0, 0, 0)),  # nothing does it yet
    ("anna", Action.LOGS_READ, "nobody", "eu", (0, 0, 0)),
    ("anna", Action.LOGS_READ, "there-is-none", "eu", (0, 0, 0)),
    ("anna", Action.AUDIT_READ, "", "", (0, 0, 0)),
    ("anna", Action.PROXY, "", "eu", (0, 0, 0)),
    ("boss", Action.LOGS_READ, "shop", "eu", (1, 1, 1)),
    ("admin", Action.LOGS_READ, "shop", "eu", (1, 1, 1)),
    ("admin", Action.AUDIT_READ, "", "", (1, 1, 1)),
    ("admin", Action.PROXY, "", "eu", (0, 0, 0)),  # nothing does it yet
]  # fmt: skip
PEOPLE = {"anna": person("anna"), "boss": person("boss", "web"), "admin": person("eve", "platform")}
READY = ("open-inside", "by-owner", "by-environment")


@pytest.mark.parametrize("number", range(3), ids=READY)
def test_the_ready_policies(number: int) -> None:
    found = engine(ready(READY[number], ("group:default/platform",)))
    for who, action, name, cluster, expected in TABLE:
        kind = (
            PORTAL
            if action is Action.AUDIT_READ
            else ResourceKind.CLUSTER
            if action is Action.PROXY
            else OBJECTS
        )
        kind = ENTITY if action is Action.ENTITY_READ else kind
        ruling = found.decide(PEOPLE[who], action, on(kind, name, cluster))
        assert ruling.allowed == bool(expected[number]), (who, action, name, cluster, ruling)


def test_members_of_nested_groups_are_members() -> None:
    found = engine(policies('permit (principal in Group::"group:default/company", action, resource);'))
    assert found.decide(person("anna"), Action.AUDIT_READ, on(PORTAL)).allowed
    assert found.decide(person("x", "engineering"), Action.AUDIT_READ, on(PORTAL)).allowed
    assert not found.decide(person("x", "finance"), Action.AUDIT_READ, on(PORTAL)).allowed


def test_the_list_is_what_each_may_read() -> None:
    found = engine(ready("by-owner"))
    assert read(found, person("anna")) == {"component:shop", "component:pay", "group:web"}
    assert read(found, person("x")) == {"group:web"}
    assert read(found, Caller.anonymous()) == set()
    assert read(found, Caller.loopback()) == read(found, Caller.callboard()) == {"*"}
    assert read(found, service(Action.ENTITY_READ)) == {"*"}
    assert read(found, service(Action.LOGS_READ)) == set()
    assert read(engine(ready("open-inside")), person("x")) == {"*"}


ERRS = '@id("sum") {0} (principal, action, resource) when {{ 9223372036854775807 + 1 > 0 }};'
ALL = "permit (principal, action, resource);"


@pytest.mark.parametrize("effect", ["permit", "forbid"])
def test_a_policy_that_errs_denies_and_is_told(effect: str) -> None:
    found = engine(policies(ALL, ERRS.format(effect)))
    for who in (person("anna"), service(*Action)):
        ruling = found.decide(who, Action.ENTITY_READ, on(ENTITY, "shop"))
        assert not ruling.allowed
        assert "sum (b.cedar:1)" in ruling.by
        assert "overflow" in ruling.errors[0]
        assert ruling.errors[0] in found.errors
    assert read(found, person("anna")) == set()
    # Cedar itself would let a failed forbid pass
    assert cedarpy.is_authorized(
        {"principal": 'User::"a"', "action": 'Action::"catalog.entity.read"', "resource": 'Entity::"x"'},
        ALL + ERRS.format("forbid"),
        [],
    ).allowed


def test_a_policy_is_named_by_who_asks_why() -> None:
    found = engine(
        policies(
            '@id("mine") permit (principal in Group::"group:default/web", action, resource);\n'
            '@id("never") forbid (principal, action == Action::"kubernetes.logs.read", resource)'
            ' when { context.cluster.environment == "production" };'
        )
    )
    anna = person("anna")
    assert found.decide(anna, Action.LOGS_READ, on(OBJECTS, "shop", "lab")).policies == ("mine (a.cedar:1)",)
    forbidden = found.decide(anna, Action.LOGS_READ, on(OBJECTS, "shop", "eu"))
    assert (forbidden.allowed, forbidden.by) == (False, "the policy never (a.cedar:2) forbids it")
    assert found.decide(person("x"), Action.LOGS_READ, on(OBJECTS, "shop", "eu")).by.endswith("forbids it")
    assert found.decide(person("x"), Action.LOGS_READ, on(OBJECTS, "shop", "lab")).by == "no policy allows it"


def test_a_token_may_what_it_says_unless_a_policy_forbids_it() -> None:
    found = engine(policies('forbid (principal is Service, action == Action::"catalog.entity.read", resource)'
                            ' when { resource.type == "website" };' + ALL))  # fmt: skip
    token = service(Action.ENTITY_READ)
    assert found.decide(token, Action.ENTITY_READ, on(ENTITY, "shop")).allowed
    assert not found.decide(token, Action.ENTITY_READ, on(ENTITY, "books")).allowed
    assert not found.decide(token, Action.AUDIT_READ, on(PORTAL)).allowed, "no policy gives a token more"


def test_what_no_rule_knows_is_denied_whatever_policies_say() -> None:
    found = engine(policies(ALL))
    for action, kind in ((Action.LOGS_READ, PORTAL), (Action.AUDIT_READ, ENTITY), ("x", OBJECTS)):
        assert not found.decide(person("anna"), action, on(kind, "shop", "eu")).allowed  # type: ignore[arg-type]
    stranger = Caller(kind=CallerKind.ANONYMOUS, subject="anonymous")
    assert not found.decide(stranger, Action.ENTITY_READ, on(ENTITY, "shop")).allowed


def test_people_of_the_same_groups_share_what_was_decided() -> None:
    many = CatalogDirectory({f.ref: f for f in (facts(f"s{n}", f"g{n % 200}") for n in range(1000))}, {})
    found = engine(ready("by-owner"), many)
    assert len(read(found, person("a", "g1", "g2"))) == 10
    asked = found.asked
    assert asked <= 3, "one question for each owner that matters, and one for all others"
    assert len(read(found, person("b", "g2", "g1"))) == 10
    assert found.asked == asked
    found.use(ready("open-inside"))
    assert read(found, person("b")) == {"*"}


async def test_the_first_look_at_many_places_is_cut_into_steps() -> None:
    text = (
        "permit (principal, action, resource is Entity);"
        'permit (principal, action == Action::"kubernetes.clusters.read", resource) when { resource.name != "x" };'
        'forbid (principal, action == Action::"kubernetes.resources.read", resource) when { context.cluster.name == "c7" };'
    )
    clusters = tuple(ClusterSnapshot(cluster=ClusterInfo(name=f"c{n}"), outcomes=()) for n in range(40))
    ref = EntityRef("component", "default", "shop")
    entity = Entity(api_version="v", kind="Component", metadata=EntityMeta(name=ref.name))
    snapshot = ServiceSnapshot(entity=entity, clusters=clusters, located=True, as_of=datetime.now(UTC))
    found = engine(policies(text))
    seen = Visibility(CallboardSettings, cast(Reviews, None), found.decide, found)
    preparing = asyncio.ensure_future(seen.prepared(snapshot, person("anna")))
    most = before = 0
    while not preparing.done():
        await asyncio.sleep(0)
        most, before = max(most, found.asked - before), found.asked
    assert before >= 80, "whether they may know of it, and see the service there"
    assert most <= STEP
    grants, _, _ = seen.grants(snapshot, person("anna"), set())
    assert found.asked == before, "what was put is known"
    assert {g.cluster for g in grants.grants} == {f"c{n}" for n in range(40)} - {"c7"}
    assert {w.cluster for w in grants.withheld} == {"c7"}


def test_a_ruling_ends_with_the_groups_owners_and_labels_it_was_made_of() -> None:
    held = {"now": COMPANY}
    text = policies(
        'permit (principal, action in [Action::"catalog.entity.read", Action::"kubernetes.logs.read"], resource)'
        " when { principal in resource.owners };"
        'permit (principal, action == Action::"kubernetes.clusters.read", resource)'
        ' when { principal in Group::"group:default/web" && resource.environment == "staging" };'
    )
    found = PolicyEngine(text, lambda: held["now"])
    anna, shop = person("anna"), EntityRef("component", "default", "shop")
    lab, lab_now = CLUSTERS["lab"], ClusterFacts(name="lab", labels={"environment": "production"})

    def may() -> tuple[bool, bool]:
        about = held["now"].facts(shop)
        assert about is not None
        read = found.on_entity(anna, Action.ENTITY_READ, about).allowed
        assert read == found.on_objects(anna, Action.LOGS_READ, about, ObjectPlace(lab)).allowed
        return read, found.on_cluster(anna, Action.CLUSTERS_READ, lab).allowed

    assert may() == may() == (True, True)
    assert not found.on_cluster(anna, Action.CLUSTERS_READ, lab_now).allowed
    assert may() == (True, True)
    held["now"] = CatalogDirectory(
        {f.ref: f for f in (facts("shop", "web"),)}, {}
    )  # anna is in no group any more
    assert may() == (False, False)
    held["now"] = CatalogDirectory(
        {f.ref: f for f in (facts("shop", "new"),)}, {"user:default/anna": ("group:default/new",)}
    )
    assert may() == (True, False)
    found.use(policies())
    assert may() == (False, False)


# ---- against Cedar itself, given everything

CONDITIONS = st.sampled_from(
    [
        "true",
        'resource.kind == "component"',
        'resource.type == "service"',
        'resource.name == "shop"',
        'resource.tags.contains("public")',
        'resource.hasTag("tier") && resource.getTag("tier") == "1"',
        "principal in resource.owners",
        "principal in resource.dependents",
        'resource.owners.contains(Group::"group:default/web")',
        "resource.owners.containsAny(resource.dependents)",
        'resource.owners.containsAny([Group::"group:default/money", Group::"group:default/none"])',
        'resource.tags.containsAll(["public"]) || resource.dependents.contains(Group::"group:default/web")',
        'resource.tags == ["public"]',
        "principal in (if resource.lifecycle == \"\" then resource.owners else resource.dependents)",
        'principal in [Group::"group:default/web", Group::"group:default/finance"]',
        'principal is User && principal.name == "user:default/anna"',
        'principal == User::"user:default/anna"',
        'resource == Entity::"component:default/pay"',
        'resource in [Entity::"component:default/pay", Entity::"component:default/shop"]',
        'resource.name like "*o*"',
        "9223372036854775807 + (if resource.type == \"service\" then 1 else 0) > 0",
    ]
)  # fmt: skip
PLACES = st.sampled_from(
    [
        'context.namespace == "prod"',
        '["pods", "services"].contains(context.type)',
        'context.cluster.environment == "production"',
        'context.cluster == Cluster::"lab"',
        'context.cluster.hasTag("region") && context.cluster.getTag("region") == "eu"',
        "context == {cluster: context.cluster, namespace: \"prod\", type: \"pods\"}",
    ]
)  # fmt: skip
WHO = st.sampled_from(
    ["principal", 'principal in Group::"group:default/engineering"', "principal is Service",
     'principal is User in Group::"group:default/web"', 'principal == User::"user:default/anna"']
)  # fmt: skip
TO = st.sampled_from(["resource", 'resource == Entity::"component:default/shop"', "resource is Entity"])


@st.composite
def a_policy(draw: st.DrawFn) -> str:
    effect = draw(st.sampled_from(["permit", "permit", "forbid"]))
    action = draw(st.sampled_from([Action.ENTITY_READ, Action.LOGS_READ]))
    kinds = CONDITIONS | PLACES if action is Action.LOGS_READ else CONDITIONS
    clauses = [
        f"{draw(st.sampled_from(['when', 'unless']))} {{ {draw(st.sampled_from(['', '!']))}({draw(kinds)}) }}"
        for _ in range(draw(st.integers(0, 2)))
    ]
    return f'{effect} ({draw(WHO)}, action == Action::"{action}", {draw(TO)}) {" ".join(clauses)};'


def whole(
    policies: cedarpy.PolicySet, who: Caller, about: EntityFacts, action: Action, place: ObjectPlace
) -> bool:
    """What Cedar says of everything there is to know, with what errs denied."""
    kind = "Service" if who.kind is CallerKind.SERVICE else "User"

    def uid(type_: str, name: str) -> dict[str, str]:
        return {"type": type_, "id": name}

    groups = COMPANY.groups_of(who.subject, who.groups)
    entities: list[dict[str, Any]] = [
        {"uid": uid(kind, who.subject), "attrs": {"name": who.subject}, "parents": [uid("Group", g) for g in groups]},
        {"uid": uid("Cluster", place.cluster.name), "parents": [], "tags": dict(place.cluster.labels),
         "attrs": {"name": place.cluster.name, "environment": place.cluster.environment}},
        {"uid": uid("Entity", str(about.ref)), "parents": [], "tags": dict(about.labels),
         "attrs": {"kind": about.ref.kind, "namespace": about.ref.namespace, "name": about.ref.name, "type": about.type,
                   "lifecycle": about.lifecycle, "system": about.system, "tags": sorted(about.tags),
                   "owners": [{"__entity": uid("Group", g)} for g in about.owners],
                   "dependents": [{"__entity": uid("Group", g)} for g in about.dependents]}},
    ]  # fmt: skip
    context = {
        "cluster": {"__entity": uid("Cluster", place.cluster.name)},
        "namespace": place.namespace,
        "type": place.type,
    }
    request = {
        "principal": uid(kind, who.subject),
        "action": uid("Action", str(action)),
        "resource": uid("Entity", str(about.ref)),
        "context": context if action is Action.LOGS_READ else {},
    }
    result = cedarpy.is_authorized(request, policies, entities)
    if result.diagnostics.errors:
        return False
    return result.allowed or (who.kind is CallerKind.SERVICE and not result.diagnostics.reasons)


CALLERS = [person("anna"), person("ben", "finance"), person("x"), service(*Action)]
SPOTS = [
    ObjectPlace(c, n, t)
    for c in CLUSTERS.values()
    for n, t in (("prod", "pods"), ("dev", "configmaps"), ("", "nodes"))
]


@settings(max_examples=30, deadline=None)
@given(st.lists(a_policy(), min_size=1, max_size=5))
@example(
    [
        'permit (principal, action == Action::"catalog.entity.read", resource) when { principal in resource.owners };',
        'forbid (principal, action == Action::"catalog.entity.read", resource)'
        ' when { resource.owners.contains(Group::"group:default/money") };',
    ]
)
@example(
    [
        'permit (principal, action == Action::"kubernetes.logs.read", resource);',
        'forbid (principal, action == Action::"kubernetes.logs.read", resource) when { principal in resource.dependents };',
        'forbid (principal, action == Action::"kubernetes.logs.read", resource)'
        ' when { resource.dependents.contains(Group::"group:default/none") };',
    ]
)
def test_a_question_cut_down_is_answered_as_the_whole_one(texts: list[str]) -> None:
    text = "\n".join(texts)
    found, known = engine(policies(text)), cedarpy.PolicySet.from_str(text)
    for who in CALLERS:
        for about in COMPANY.all():
            told = found.on_entity(who, Action.ENTITY_READ, about).allowed
            assert told == whole(known, who, about, Action.ENTITY_READ, SPOTS[0]), (who.subject, about.ref)
            for place in SPOTS[:4]:
                told = found.on_objects(who, Action.LOGS_READ, about, place).allowed
                assert told == whole(known, who, about, Action.LOGS_READ, place), (
                    who.subject,
                    about.ref,
                    place,
                )


# ---- who belongs to whom, by the catalog

DOCUMENTS = [
    b'{"apiVersion":"v","kind":"Component","metadata":{"name":"Shop","tags":["a"],"labels":{"k":"v"}},"spec":{"type":"service",'
    b'"lifecycle":3},"relations":[{"type":"ownedBy","targetRef":"group:default/web"},{"type":"dependsOn","targetRef":"component:default/pay"},'
    b'{"type":"consumesApi","targetRef":"api:default/ledger"},{"type":"partOf","targetRef":"system:default/trade"}]}',
    b'{"apiVersion":"v","kind":"Component","metadata":{"name":"pay"},"relations":[{"type":"ownedBy","targetRef":"group:default/money"},'
    b'{"type":"dependencyOf","targetRef":"component:default/shop"}]}',
    b'{"apiVersion":"v","kind":"Component","metadata":{"name":"books"},"relations":[{"type":"providesApi","targetRef":"api:default/ledger"},'
    b'{"type":"providesApi","targetRef":"api:default/gone"}]}',
    b'{"apiVersion":"v","kind":"API","metadata":{"name":"ledger"},"relations":[{"type":"apiConsumedBy","targetRef":"component:default/shop"}]}',
    b'{"apiVersion":"v","kind":"User","metadata":{"name":"anna"},"relations":[{"type":"memberOf","targetRef":"group:default/web"}]}',
    b'{"apiVersion":"v","kind":"Group","metadata":{"name":"web"},"relations":[{"type":"childOf","targetRef":"group:default/all"}]}',
    b'{"apiVersion":"v","kind":"Component","metadata":{"name":"odd","tags":"none"}}',
]  # fmt: skip


def test_the_directory_is_what_the_catalogs_relations_say() -> None:
    found = directory_of(DOCUMENTS, 7)

    def about(ref: str) -> EntityFacts:
        known = found.facts(EntityRef.parse(ref))
        assert known is not None
        return known

    web = frozenset({"group:default/web"})
    shop = about("component:default/shop")
    assert (shop.type, shop.lifecycle, shop.system) == ("service", "", "system:default/trade")
    assert (shop.owners, shop.tags, dict(shop.labels)) == (web, frozenset({"a"}), {"k": "v"})
    assert {r: about(f"{r}").dependents for r in ("component:default/pay", "component:default/books", "api:default/ledger")} == {
        "component:default/pay": web, "component:default/books": web, "api:default/ledger": web,
    }  # fmt: skip
    assert shop.dependents == frozenset()
    assert found.groups_of("user:default/anna") == {
        "user:default/anna",
        "group:default/web",
        "group:default/all",
    }
    assert found.groups_of("x", ("group:default/web",)) == {"x", "group:default/web", "group:default/all"}
    assert found.facts(EntityRef.parse("component:default/odd")) is None, (
        "what cannot be read nobody may read"
    )
    assert ClusterFacts(name="c").environment == ""
