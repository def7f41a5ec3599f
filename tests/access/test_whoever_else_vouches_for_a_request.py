"""Requests of people whom a proxy in front has signed in, of Backstage's people and plugins, of services that Backstage's
configuration names: each by the proof of its kind, each refused for any other's."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from joserfc.jwk import ECKey

from callboard.access.door import DoorPolicy, FrontDoor, allowed_hosts
from callboard.access.sessions import Sessions
from callboard.access.sign_in.backstage import BackstageTokens
from callboard.access.sign_in.external import ExternalAccess
from callboard.access.sign_in.proxies import proxy_way
from callboard.access.sign_in.resolving import PeopleIndex, PersonRule
from callboard.access.sign_in.ways import SignInWays, WayInForce
from callboard.base.clock import FakeClock
from callboard.base.errors import BadInput
from callboard.base.fence import Fence
from callboard.base.secret import Secret
from callboard.base.settings import (
    AccessRestriction,
    BackstageTokensSettings,
    CallboardAuthSettings,
    ExternalAccessSettings,
    ExternalOptions,
    PermissionAttribute,
    ProxySignInSettings,
)
from callboard.model.caller import Caller
from callboard.model.door import Admitted, RequestFacts, RouteClass
from callboard.model.entity import Entity, EntityMeta, Relation
from callboard.outbound import Outbound
from support.stand_in_provider import OTHER, RSA, StandInProvider, stand_in_provider, token

NOW = int(FakeClock().now().timestamp())
AUTH = ECKey.generate_key("P-256", parameters={"kid": "auth"}, private=True)
PLUGIN = ECKey.generate_key("P-256", parameters={"kid": "plugin"}, private=True)
LOAD_BALANCER = ECKey.generate_key("P-256", private=True)
ANNA = Entity(
    api_version="backstage.io/v1alpha1",
    kind="User",
    metadata=EntityMeta(name="anna"),
    spec={"profile": {"email": "anna@example.org"}},
    relations=(Relation("memberOf", "group:default/payments"),),
)
READ = frozenset({"catalog.entity.read", "kubernetes.clusters.read", "kubernetes.resources.read"})
STATIC = "a token of a service"


def proxies(base: str) -> dict[str, ProxySignInSettings]:
    return {
        "iap": ProxySignInSettings(
            header="X-Assertion", issuer=base, audience=("us",), jwks_url=f"{base}/jwks"
        ),
        "alb": ProxySignInSettings(
            header="X-Amzn-Oidc-Data",
            issuer=base,
            audience=("arn:ours",),
            jwks_url=f"{base}/alb/{{kid}}",
            algorithm="ES256",
        ),
        "plain": ProxySignInSettings(
            user_header="X-User", email_header="X-Email", groups_header="X-Groups", from_=("10.0.0.0/8",)
        ),
    }


def static(token: str, subject: str, restriction: AccessRestriction) -> ExternalAccessSettings:
    options = ExternalOptions(token=Secret(token), subject=subject)
    return ExternalAccessSettings(type="static", options=options, access_restrictions=(restriction,))


def external(base: str) -> tuple[ExternalAccessSettings, ...]:
    creates = PermissionAttribute(action=("create",))
    signed = ExternalOptions(
        url=f"{base}/jwks", issuer=("https://ci.example",), audience=("callboard",), subject_prefix="ci"
    )
    return (
        static(STATIC, "ci", AccessRestriction(plugin="kubernetes", permission=("kubernetes.logs.read",))),
        static("a token for another plugin", "other", AccessRestriction(plugin="scaffolder")),
        static("a token to create", "c", AccessRestriction(plugin="catalog", permission_attribute=creates)),
        ExternalAccessSettings(type="jwks", options=signed),
    )


class World:
    """A door, and those who vouch for whoever comes."""

    def __init__(self, provider: StandInProvider, outbound: Outbound) -> None:
        self.provider = provider
        clock = FakeClock()
        provider.pages = {
            "/api/auth/.well-known/jwks.json": {"keys": [AUTH.as_dict(private=False)]},
            "/api/kubernetes/.backstage/auth/v1/jwks.json": {"keys": [PLUGIN.as_dict(private=False)]},
            "/alb/a-key": LOAD_BALANCER.as_pem(private=False).decode(),
        }
        rules = (PersonRule("email", "spec.profile.email", verified=True),)
        made = {}
        for name, each in proxies(provider.base).items():
            way = proxy_way(name, each, outbound, clock)
            made[name] = WayInForce(key=name, title=name, way=way, fence=Fence(name), rules=rules)
        ways = SignInWays()
        ways.use(made, CallboardAuthSettings())
        ways.know(PeopleIndex([ANNA]))
        backstage = BackstageTokensSettings(base_url=provider.base, plugins=("kubernetes",))
        ways.bearers = (
            BackstageTokens(backstage, ways, outbound, clock),
            ExternalAccess(external(provider.base), outbound, clock),
        )
        hosts, origins = allowed_hosts("127.0.0.1", 7007)
        policy = DoorPolicy(hosts=hosts, origins=origins, cookie="c")
        self.door = FrontDoor(policy, Sessions(clock), ways=ways)

    async def ask(
        self,
        headers: Mapping[str, str],
        *,
        bearer: str = "",
        peer: str = "",
        route: RouteClass = RouteClass.READ,
    ) -> Caller | int:
        """Whom the door lets in, or with which status it does not."""
        lower = {name.lower(): value for name, value in headers.items()}
        facts = RequestFacts(
            method="GET",
            path="/",
            host="127.0.0.1:7007",
            origin="http://127.0.0.1:7007",
            authorization=f"Bearer {bearer}" if bearer else "",
            peer=peer,
            header=lambda name: lower.get(name.lower(), ""),
        )
        answer = await self.door.admit(facts, route)
        return answer.caller if isinstance(answer, Admitted) else answer.status


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with stand_in_provider() as provider, Outbound(environment={}) as outbound:
        yield World(provider, outbound)


def assertion(world: World, **more: Any) -> dict[str, Any]:
    sound = world.provider.claims("", nonce=None, email="anna@example.org", email_verified=True)
    return {name: value for name, value in {**sound, **more}.items() if value is not None}


async def test_a_proxys_signed_token_is_a_person(world: World) -> None:
    caller = await world.ask({"X-Assertion": token(assertion(world))})
    assert isinstance(caller, Caller)
    assert caller.subject == "user:default/anna"
    assert caller.groups == ("group:default/payments",)
    assert caller.through == "proxy:iap"


@pytest.mark.parametrize(
    ("more", "key", "status"),
    [
        ({"aud": "them"}, RSA, 401),
        ({"iss": "https://evil.example"}, RSA, 401),
        ({"exp": NOW - 100}, RSA, 401),
        ({"sub": None}, RSA, 401),
        ({}, OTHER, 401),
        ({"email_verified": False}, RSA, 403),
        ({"email": "x@example.org"}, RSA, 403),
    ],
)
async def test_one_that_is_not_good_is_nobody(
    world: World, more: dict[str, Any], key: Any, status: int
) -> None:
    assert await world.ask({"X-Assertion": token(assertion(world, **more), key=key)}) == status


async def test_a_load_balancers_token_is_for_the_one_that_signed_it(world: World) -> None:
    claims = assertion(world, aud=None)
    sound: dict[str, Any] = {"key": LOAD_BALANCER, "alg": "ES256", "kid": "a-key", "signer": "arn:ours"}
    assert isinstance(await world.ask({"X-Amzn-Oidc-Data": token(claims, **sound)}), Caller)
    for wrong in ({"signer": "arn:theirs"}, {"signer": None}, {"kid": "../a-key"}, {"kid": None}):
        assert await world.ask({"X-Amzn-Oidc-Data": token(claims, **{**sound, **wrong})}) == 401


@pytest.mark.parametrize(
    ("headers", "peer", "answer"),
    [
        ({"X-User": "anna", "X-Email": "anna@example.org"}, "10.1.1.1", "user:default/anna"),
        ({"X-User": "anna", "X-Email": "anna@example.org"}, "::ffff:10.1.1.1", "user:default/anna"),
        ({"X-User": "anna", "X-Email": "anna@example.org"}, "11.1.1.1", 401),
        ({"X-User": "anna", "X-Email": "anna@example.org"}, "", 401),
        ({"X-User": "anna, bo", "X-Email": "anna@example.org"}, "10.1.1.1", 401),
        ({"X-User": "anna", "X-Email": "anna@example.org, x@example.org"}, "10.1.1.1", 401),
        ({"X-User": "anna"}, "10.1.1.1", 403),
        ({"X-Email": "anna@example.org"}, "10.1.1.1", 401),
        ({}, "10.1.1.1", 401),
    ],
)
async def test_plain_headers_count_from_listed_addresses_alone(
    world: World, headers: dict[str, str], peer: str, answer: str | int
) -> None:
    found = await world.ask(headers, peer=peer)
    assert (found.subject if isinstance(found, Caller) else found) == answer


@pytest.mark.parametrize(
    "settings",
    [
        ProxySignInSettings(),
        ProxySignInSettings(header="X", issuer="i", audience=("a",)),
        ProxySignInSettings(header="X", issuer="i", jwks_url="https://a"),
        ProxySignInSettings(user_header="X"),
        ProxySignInSettings(user_header="X", from_=("somewhere",)),
        ProxySignInSettings(header="X", user_header="Y", from_=("10.0.0.1",)),
    ],
)
async def test_a_proxy_that_could_not_be_believed_is_not_configured(settings: ProxySignInSettings) -> None:
    async with Outbound(environment={}) as outbound:
        with pytest.raises(BadInput):
            proxy_way("front", settings, outbound, FakeClock())


def signed(claims: Mapping[str, Any], key: ECKey, typ: str) -> str:
    given = {name: value for name, value in claims.items() if value is not None}
    return token(given, key=key, alg="ES256", kid=key.kid, typ=typ)


def of_person(world: World, *, typ: str = "vnd.backstage.user", key: ECKey = AUTH, **more: Any) -> str:
    usual = {"iss": f"{world.provider.base}/api/auth", "aud": "backstage", "sub": "user:default/anna"}
    return signed({**usual, "ent": ["group:default/admins"], "iat": NOW, "exp": NOW + 300, **more}, key, typ)


def limited(world: World, **more: Any) -> str:
    less = {"iss": None, "aud": None, "ent": None}
    return of_person(world, typ="vnd.backstage.limited-user", **{**less, **more})


def of_plugin(*, key: ECKey = PLUGIN, typ: str = "vnd.backstage.plugin", **more: Any) -> str:
    usual = {"sub": "kubernetes", "aud": "callboard", "iat": NOW, "exp": NOW + 300}
    return signed({**usual, **more}, key, typ)


async def test_backstages_people_are_those_of_our_catalog(world: World) -> None:
    caller = await world.ask({}, bearer=of_person(world))
    assert isinstance(caller, Caller)
    assert (caller.subject, caller.groups) == ("user:default/anna", ("group:default/payments",))
    for wrong in (
        of_person(world, sub="user:default/bo"),
        of_person(world, sub="group:default/payments"),
        of_person(world, sub="anna"),
        of_person(world, iss="https://evil.example"),
        of_person(world, aud="somebody"),
        of_person(world, exp=NOW - 100),
        of_person(world, iat=None),
        of_person(world, key=PLUGIN),
        of_person(world, typ="vnd.backstage.plugin"),
        of_person(world, typ="vnd.backstage.limited-user"),
        of_person(world, typ="JWT"),
        limited(world),
    ):
        assert await world.ask({}, bearer=wrong) == 401
    assert await world.ask({}, bearer=of_person(world), route=RouteClass.UNSAFE) == 403


async def test_a_plugin_of_backstage_signs_with_keys_of_its_own_and_speaks_to_us(world: World) -> None:
    caller = await world.ask({}, bearer=of_plugin())
    assert isinstance(caller, Caller)
    assert (caller.kind, caller.subject, caller.may) == ("service", "plugin:kubernetes", READ)
    for wrong in (
        of_plugin(aud="catalog"),
        of_plugin(aud=None),
        of_plugin(sub="scaffolder"),
        of_plugin(sub="../auth"),
        of_plugin(sub=None),
        of_plugin(exp=NOW - 100),
        of_plugin(exp=None),
        of_plugin(key=AUTH),
        of_plugin(typ="vnd.backstage.user"),
        of_plugin(obo=5),
        of_plugin(obo="x"),
    ):
        assert await world.ask({}, bearer=wrong) == 401


async def test_for_a_person_it_may_do_what_they_may(world: World) -> None:
    caller = await world.ask({}, bearer=of_plugin(obo=limited(world)))
    assert isinstance(caller, Caller)
    assert (caller.subject, caller.behind, caller.may) == (
        "user:default/anna",
        "plugin:kubernetes",
        frozenset(),
    )
    for wrong in (
        limited(world, exp=NOW - 100),
        limited(world, key=PLUGIN),
        limited(world, sub="user:default/bo"),
        of_person(world),
    ):
        assert await world.ask({}, bearer=of_plugin(obo=wrong)) == 401


async def test_services_of_backstages_configuration_may_what_stands_there(world: World) -> None:
    caller = await world.ask({}, bearer=STATIC)
    assert isinstance(caller, Caller)
    assert (caller.subject, caller.may) == ("external:ci", frozenset({"kubernetes.logs.read"}))
    for wrong in (STATIC + "x", STATIC[:-1], "a token for another plugin", "a token to create"):
        assert await world.ask({}, bearer=wrong) == 401
    sound = {"iss": "https://ci.example", "aud": "callboard"}
    caller = await world.ask({}, bearer=token(assertion(world, **sound)))
    assert isinstance(caller, Caller)
    assert caller.subject == "external:ci:4711"
    assert caller.may > READ
    assert not [each for each in caller.may if "admin" in each or "secrets" in each or "audit" in each]
    for more in ({"aud": "them"}, {"exp": NOW - 100}, {"iss": "https://else.example"}, {"sub": None}):
        assert await world.ask({}, bearer=token(assertion(world, **{**sound, **more}))) == 401
    assert await world.ask({}, bearer=token(assertion(world, **sound), key=OTHER)) == 401
