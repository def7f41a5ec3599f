"""One question on every road: may this caller do this to this? What no rule knows, nobody may."""

from collections.abc import Awaitable, Callable
from typing import cast

import pytest

from callboard.access.permission import decide, require
from callboard.access.reviews import Reviews
from callboard.access.visibility import Visibility
from callboard.base.errors import NotAllowed
from callboard.base.settings import CallboardSettings
from callboard.kube.reads.access_review import Attributes
from callboard.model.audit import AuditFilter
from callboard.model.caller import Caller, CallerKind
from callboard.model.entity import Entity, EntityMeta, EntityRef
from callboard.model.finding import Finding, FindingSubject, Impact
from callboard.model.grants import Grants, Why
from callboard.model.permission import Action, Resource, ResourceKind, Ruling
from callboard.portal.administration.administration import Administration, Find, PoliciesKnown
from callboard.portal.listing.services import ServicesRoad
from callboard.portal.operations import FleetOperations
from callboard.portal.permissions import Permissions
from callboard.portal.portal import CallboardPortal
from callboard.portal.protocol import LogQuery, ServicesQuery
from callboard.portal.views import ObjectKey

ABOUT = {
    Action.ENTITY_READ: {ResourceKind.CATALOG, ResourceKind.ENTITY},
    Action.CLUSTERS_READ: {ResourceKind.CLUSTER},
    Action.RESOURCES_READ: {ResourceKind.OBJECTS},
    Action.LOGS_READ: {ResourceKind.OBJECTS},
    Action.METRICS_READ: {ResourceKind.PORTAL},
    Action.YAML_READ: {ResourceKind.OBJECTS},
    Action.OBJECTS_READ: {ResourceKind.PLACE},
    Action.SECRETS_READ: set[ResourceKind](),
    Action.AUDIT_READ: {ResourceKind.PORTAL},
    Action.ADMIN_READ: {ResourceKind.PORTAL},
    Action.ADMIN_CHANGE: {ResourceKind.PORTAL},
    Action.PROXY: set[ResourceKind](),
    Action.ACTIONS_RUN: set[ResourceKind](),
}
LOOKS_AFTER = {Action.OBJECTS_READ, Action.AUDIT_READ, Action.ADMIN_READ, Action.ADMIN_CHANGE}
REF = EntityRef.parse("component:default/dice-roller")
KEY = ObjectKey(cluster="eu", type="pods", namespace="dice", name="p")


def caller(kind: CallerKind, *may: str) -> Caller:
    return Caller(kind=kind, subject="x", may=frozenset(may))


@pytest.mark.parametrize("kind", CallerKind)
@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("what", ResourceKind)
def test_the_table_of_rules(kind: CallerKind, action: Action, what: ResourceKind) -> None:
    known = what in ABOUT[action]
    resource = Resource(kind=what)
    signed_in = kind in {CallerKind.LOOPBACK, CallerKind.CALLBOARD}
    signed_in |= kind is CallerKind.PERSON and action not in LOOKS_AFTER
    assert decide(caller(kind), action, resource).allowed == (known and signed_in)
    with_all = decide(caller(kind, *Action), action, resource).allowed
    assert with_all == (known and (signed_in or kind is CallerKind.SERVICE))
    others = set(Action) - {action}
    assert not decide(caller(CallerKind.SERVICE, *others), action, resource).allowed


@pytest.mark.parametrize(
    ("kind", "action", "what"),
    [
        ("loopback", "kubernetes.secrets.write", "objects"),
        ("loopback", "kubernetes.proxy", "cluster"),
        ("loopback", "kubernetes.resources.delete", "objects"),
        ("loopback", "", "objects"),
        ("loopback", "*", "objects"),
        ("loopback", "kubernetes.logs.read", "secrets"),
        ("loopback", "kubernetes.logs.read", "*"),
        ("root", "kubernetes.logs.read", "objects"),
        ("", "kubernetes.logs.read", "objects"),
    ],
)
def test_words_that_nobody_taught_it_open_nothing(kind: str, action: str, what: str) -> None:
    who = caller(cast(CallerKind, kind), action, "*")
    thing = Resource(kind=cast(ResourceKind, what))
    assert not decide(who, cast(Action, action), thing).allowed
    with pytest.raises(NotAllowed):
        require(decide, who, cast(Action, action), thing)


def visibility() -> Visibility:
    return Visibility(CallboardSettings, cast(Reviews, None))


@pytest.mark.parametrize("kind", [CallerKind.LOOPBACK, CallerKind.PERSON, CallerKind.CALLBOARD])
@pytest.mark.parametrize(
    "wanted",
    [
        Attributes("delete", "", "pods"),
        Attributes("create", "apps", "deployments"),
        Attributes("impersonate", "", "users"),
        Attributes("*", "", "pods"),
        Attributes("", "", "pods"),
        Attributes("GET", "", "pods"),
        Attributes("get", "", "pods", subresource="exec"),
        Attributes("get", "", "pods", subresource="portforward"),
        Attributes("get", "", "nodes", subresource="proxy"),
        Attributes("get", "", "services", subresource="log"),
        Attributes("get", "evil.example", "pods", subresource="log"),
        Attributes("create", "", "serviceaccounts", subresource="token"),
    ],
)
async def test_where_the_portal_decides_no_verb_is_allowed_but_reading(
    kind: CallerKind, wanted: Attributes
) -> None:
    assert await visibility().may(caller(kind), REF, "eu", wanted) is Why.DENIED


async def test_reading_is_allowed_to_who_may_read() -> None:
    for wanted in (
        Attributes("list", "", "events"),
        Attributes("get", "", "pods", subresource="log"),
    ):
        assert await visibility().may(Caller.loopback(), REF, "eu", wanted) is None
        assert await visibility().may(Caller.anonymous(), REF, "eu", wanted) is Why.DENIED
        service = caller(CallerKind.SERVICE, Action.ENTITY_READ)
        assert await visibility().may(service, REF, "eu", wanted) is Why.DENIED


def test_what_is_remembered_is_told_to_who_may_read_objects() -> None:
    told = {
        kind: visibility().recalled(REF, caller(kind, Action.ENTITY_READ))[0]
        for kind in (CallerKind.SERVICE, CallerKind.ANONYMOUS, CallerKind.LOOPBACK)
    }
    assert told == {
        CallerKind.SERVICE: Grants(),
        CallerKind.ANONYMOUS: Grants(),
        CallerKind.LOOPBACK: Grants.everything(),
    }


class OneService:
    """A catalog of one service, and of nothing that could be read of it."""

    async def entity(self, ref: EntityRef, caller: Caller) -> Entity:
        return Entity(api_version="v1", kind="Component", metadata=EntityMeta(name="dice-roller"))


def nothing_behind(who: list[tuple[Action, Resource]], allowed: frozenset[Action]) -> CallboardPortal:
    """A portal with no roads behind it: what is not refused fails in another way."""

    def asked(caller: Caller, action: Action, resource: Resource) -> Ruling:
        who.append((action, resource))
        return Ruling(action in allowed, "a test")

    return CallboardPortal(
        services=cast(ServicesRoad, OneService()),
        kubernetes=None,  # type: ignore[arg-type]
        verdicts=None,  # type: ignore[arg-type]
        tabs=lambda: (),
        cards=lambda: (),
        permissions=Permissions(asked),
        administration=Administration(Permissions(asked), cast(PoliciesKnown, None), cast(Find, None)),
    )


ROADS: dict[str, tuple[Callable[[CallboardPortal, Caller], Awaitable[object]], set[Action]]] = {}


async def _services_live(portal: CallboardPortal, who: Caller) -> object:
    return portal.services_live(ServicesQuery(), who)


async def _kubernetes(portal: CallboardPortal, who: Caller) -> object:
    return await anext(portal.kubernetes(REF, who))


async def _audit(portal: CallboardPortal, who: Caller) -> object:
    try:
        return await portal.audit(AuditFilter(), who)
    except TypeError as error:  # let through, and nothing is there
        raise AttributeError from error


async def _policies(portal: CallboardPortal, who: Caller) -> object:
    return await portal.policies({}, who)


FINDING = Finding(
    code="CB-OOM",
    impact=Impact.DOWN,
    subject=FindingSubject("pods", "Pod", "dice", "p"),
    message="",
    arguments={},
    places=(),
)
ENTITY, OBJECTS = {Action.ENTITY_READ}, {Action.ENTITY_READ, Action.RESOURCES_READ}


async def _log_live(portal: CallboardPortal, who: Caller) -> None:
    async for _ in portal.log_live(REF, KEY, LogQuery(), {}, who):
        pass


async def _object_live(portal: CallboardPortal, who: Caller) -> None:
    async for _ in portal.object_live(REF, KEY, who):
        pass


ROADS = {
    "services": (lambda p, who: p.services(ServicesQuery(), who), ENTITY),
    "services_live": (_services_live, ENTITY),
    "service": (lambda p, who: p.service(REF, who), ENTITY),
    "kubernetes": (_kubernetes, OBJECTS),
    "kubernetes_settled": (lambda p, who: p.kubernetes_settled(REF, who, within=0), OBJECTS),
    "object": (lambda p, who: p.object(REF, KEY, who), OBJECTS),
    "star": (lambda p, who: p.star(REF, who, starred=True), ENTITY),
    "audit": (_audit, {Action.AUDIT_READ}),
    "policies": (_policies, {Action.ADMIN_READ}),
    "log": (lambda p, who: p.log(REF, KEY, LogQuery(), who), OBJECTS | {Action.LOGS_READ}),
    "object_live": (_object_live, OBJECTS),
    "log_live": (_log_live, OBJECTS | {Action.LOGS_READ}),
    "help": (lambda p, who: p.help(REF, FINDING, who), OBJECTS),
    "crashes": (lambda p, who: p.crashes(REF, who, most=20), OBJECTS),
    "connect": (lambda p, who: p.connect(REF, "eu", "dice", who), OBJECTS),
    "crash": (lambda p, who: p.crash(REF, KEY, "app", who), OBJECTS | {Action.LOGS_READ}),
}


def test_every_road_of_the_portal_is_tried() -> None:
    roads = {name for name in vars(CallboardPortal) if not name.startswith("_")} - {
        "tabs",
        "cards",
        "looks_after",
        "administration",
        "outward",
        "reader",
        "reach",
    }
    assert set(ROADS) == roads


@pytest.mark.parametrize("road", ROADS)
async def test_a_road_asks_before_it_reads(road: str) -> None:
    go, needs = ROADS[road]
    for missing in needs:
        asked: list[tuple[Action, Resource]] = []
        with pytest.raises(NotAllowed) as refused:
            await go(nothing_behind(asked, frozenset(needs - {missing})), Caller.loopback())
        assert missing in str(refused.value)
        assert all(decide(Caller.loopback(), *each).allowed for each in asked), "it asks what rules can know"
    with pytest.raises(AttributeError):  # let through, and nothing is there
        await go(nothing_behind([], frozenset(needs)), Caller.loopback())


async def test_an_object_is_asked_about_by_its_name() -> None:
    asked: list[tuple[Action, Resource]] = []
    with pytest.raises(NotAllowed):
        await nothing_behind(asked, frozenset(OBJECTS)).log(REF, KEY, LogQuery(), Caller.loopback())
    assert asked[-1] == (
        Action.LOGS_READ,
        Resource(
            kind=ResourceKind.OBJECTS, entity=REF, cluster="eu", namespace="dice", type="pods", name="p"
        ),
    )


async def test_the_operators_tools_ask_too() -> None:
    tools = FleetOperations(None, connections=None, settings=None)  # type: ignore[arg-type]
    for ask in (tools.clusters, tools.check):
        with pytest.raises(NotAllowed):
            await ask(caller(CallerKind.SERVICE, Action.ENTITY_READ))
