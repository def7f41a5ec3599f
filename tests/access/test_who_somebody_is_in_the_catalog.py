"""Which User somebody is: by the rules of the configuration, whole values, nothing that a person could say of themselves."""

from typing import Any

import pytest

from callboard.access.sign_in.attempts import LASTS, SignInAttempts, attempt_name, safe_path
from callboard.access.sign_in.resolving import PeopleIndex, claimed_groups, rules_of
from callboard.access.sign_in.sealing import Sealer
from callboard.access.sign_in.ways import SignInWays, WayInForce
from callboard.base.clock import FakeClock
from callboard.base.errors import NotAllowed
from callboard.base.fence import Fence
from callboard.base.secret import Secret
from callboard.base.settings import CallboardAuthSettings, ClaimedGroupsSettings, ResolverSettings
from callboard.extend.sign_in import ProvenPerson
from callboard.model.entity import Entity, EntityMeta, EntityRef, Relation


def user(name: str, email: str = "", namespace: str = "default", **annotations: str) -> Entity:
    return Entity(
        api_version="backstage.io/v1alpha1",
        kind="User",
        metadata=EntityMeta(
            name=name,
            namespace=namespace,
            annotations={k.replace("_", "."): v for k, v in annotations.items()},
        ),
        spec={"profile": {"email": email}} if email else {},
        relations=(Relation("memberOf", "group:default/payments"),),
    )


GROUP = Entity(
    api_version="backstage.io/v1alpha1",
    kind="Group",
    metadata=EntityMeta(name="sre", annotations={"example.org/id": "9b2e"}),
)
PEOPLE = PeopleIndex(
    [
        user("anna", "Anna@Example.org", id="u-1"),
        user("bo", "bo@example.org"),
        user("twin-a", "twin@example.org", id="u-2"),
        user("twin-b", "twin@example.org", id="u-2"),
        user("kim", "kim@example.org"),
        user("elsewhere", namespace="guests"),
        GROUP,
    ]
)
BY_EMAIL: tuple[ResolverSettings, ...] = ()
BY_NAME = (ResolverSettings(resolver="preferredUsernameMatchingUserEntityName"),)
BY_ID = (ResolverSettings(resolver="claimMatchingUserEntityAnnotation", claim="oid", annotation="id"),)


@pytest.mark.parametrize(
    ("resolvers", "claims", "found"),
    [
        (BY_EMAIL, {"email": "anna@example.org", "email_verified": True}, "anna"),
        (BY_EMAIL, {"email": "ANNA@EXAMPLE.ORG", "email_verified": "true"}, "anna"),
        (BY_EMAIL, {"email": "anna@example.org"}, None),
        (BY_EMAIL, {"email": "anna@example.org", "email_verified": False}, None),
        (BY_EMAIL, {"email": "anna@example.org", "email_verified": 1}, None),
        (BY_EMAIL, {"email": "anna@example.org", "email_verified": "yes"}, None),
        (BY_EMAIL, {"email": "anna@example.org.evil.example", "email_verified": True}, None),
        (BY_EMAIL, {"email": "anna", "email_verified": True}, None),
        (BY_EMAIL, {"email": " anna@example.org", "email_verified": True}, None),
        (BY_EMAIL, {"email": ["anna@example.org"], "email_verified": True}, None),
        (BY_EMAIL, {"email": "twin@example.org", "email_verified": True}, None),
        (BY_EMAIL, {"email": "\u212aim@example.org", "email_verified": True}, None),  # K of the Kelvin scale
        (BY_EMAIL, {"email": "", "email_verified": True}, None),
        (BY_EMAIL, {"preferred_username": "anna"}, None),
        (BY_NAME, {"preferred_username": "Anna"}, "anna"),
        (BY_NAME, {"preferred_username": "elsewhere"}, None),
        (BY_NAME, {"email": "anna@example.org", "email_verified": True}, None),
        (BY_ID, {"oid": "u-1"}, "anna"),
        (BY_ID, {"oid": "U-1"}, None),
        (BY_ID, {"oid": "u-2"}, None),
        ((*BY_ID, *BY_NAME), {"oid": "u-9", "preferred_username": "bo"}, "bo"),
    ],
)
def test_a_user_is_found_by_a_whole_value_alone(
    resolvers: tuple[ResolverSettings, ...], claims: dict[str, Any], found: str | None
) -> None:
    ref = PEOPLE.find(claims, rules_of(resolvers))
    assert ref == (EntityRef("user", "default", found) if found else None)


@pytest.mark.parametrize(
    ("settings", "claim", "groups"),
    [
        (ClaimedGroupsSettings(), ["sre"], ()),
        (
            ClaimedGroupsSettings(claim="g"),
            ["/SRE", "sre", "a b", "x/y", 5, None, ""],
            ("group:default/sre",),
        ),
        (ClaimedGroupsSettings(claim="g"), "sre, ops", ("group:default/sre", "group:default/ops")),
        (ClaimedGroupsSettings(claim="g"), {"sre": 1}, ()),
        (ClaimedGroupsSettings(claim="g"), ["system:masters"], ()),
        (
            ClaimedGroupsSettings(claim="g", annotation="example.org/id"),
            ["9b2e", "sre"],
            ("group:default/sre",),
        ),
    ],
)
def test_groups_are_those_of_claims_where_that_is_wished(
    settings: ClaimedGroupsSettings, claim: object, groups: tuple[str, ...]
) -> None:
    assert claimed_groups({"g": claim}, settings, PEOPLE) == groups


def in_force(unknown: Any = "refuse") -> SignInWays:
    ways = SignInWays()
    fence = Fence("the way to sign in 'oidc'")
    way = WayInForce(key="oidc", title="", way=object(), fence=fence, rules=rules_of(BY_EMAIL))
    ways.use({"oidc": way}, CallboardAuthSettings(unknown_people=unknown))
    ways.know(PEOPLE)
    return ways


def proven(**claims: object) -> ProvenPerson:
    return ProvenPerson(issuer="https://id.example.org", account="4711", claims=claims)


def test_whoever_is_in_the_catalog_is_that_user_with_its_groups() -> None:
    caller = in_force().admitted(
        "oidc", proven(email="bo@example.org", email_verified=True, name="Bo B"), "s"
    )
    assert (caller.subject, caller.entity_ref, caller.groups) == (
        "user:default/bo",
        "user:default/bo",
        ("group:default/payments",),
    )
    assert (caller.issuer, caller.account, caller.name) == ("https://id.example.org", "4711", "Bo B")


def test_whoever_is_not_is_refused_or_plain_and_never_a_user() -> None:
    nobody = proven(email="x@example.org", email_verified=True, sub="user:default/bo")
    with pytest.raises(NotAllowed):
        in_force().admitted("oidc", nobody, "s")
    plain = in_force("plain").admitted("oidc", nobody, "s")
    assert (plain.subject, plain.entity_ref, plain.groups) == ("https://id.example.org#4711", "", ())
    assert in_force("plain").caller("gone", nobody, "s") is None


def test_what_one_of_our_keys_sealed_is_opened_and_nothing_else() -> None:
    old, new = Secret("the first of two secrets"), Secret("the second of the two")
    sealed = Sealer((old,)).seal("a token", "session")
    assert "token" not in sealed
    assert Sealer((new, old)).open(sealed, "session") == "a token"
    assert Sealer((new,)).open(sealed, "session") is None
    assert Sealer((old,)).open(sealed, "sign-in attempt") is None
    assert Sealer((old,)).open(sealed[:-2] + "AA", "session") is None
    assert Sealer().open(Sealer().seal("x", "session"), "session") is None
    assert (Sealer().lasting, Sealer((old,)).lasting) == (False, True)


def test_a_sign_in_under_way_is_good_once_for_its_browser_and_a_quarter_of_an_hour() -> None:
    clock, sealer = FakeClock(), Sealer()
    attempts = SignInAttempts(sealer, clock)
    state = "s" * 43
    sealed = attempts.sealed("oidc", state, {"nonce": "n"}, "/catalog?q=a")
    assert sealed is not None
    assert attempts.take("github", state, sealed) is None
    assert attempts.take("oidc", "t" * 43, sealed) is None
    assert attempts.take("oidc", state, "") is None
    taken = attempts.take("oidc", state, sealed)
    assert taken is not None
    assert (taken.to, taken.remembered) == ("/catalog?q=a", {"nonce": "n"})
    assert attempts.take("oidc", state, sealed) is None
    other_server = SignInAttempts(sealer, clock)
    clock.advance(LASTS.total_seconds())
    assert other_server.take("oidc", state, sealed) is None
    assert len({attempt_name(f"{n}") for n in range(1000)}) == 8


@pytest.mark.parametrize(
    ("path", "safe"),
    [
        ("/catalog/default/component/a?x=1&y=%2F", True),
        ("/", True),
        ("//evil.example", False),
        ("/\\evil.example", False),
        ("https://evil.example", False),
        ("/a\r\nSet-Cookie: x", False),
        ("/a b", False),
        ("/a\\b", False),
        ("/sign-out", False),
        ("/" + "a" * 3000, False),
        ("", False),
        ("javascript:alert(1)", False),
    ],
)
def test_afterwards_people_are_shown_a_page_of_ours(path: str, safe: bool) -> None:
    assert safe_path(path) == (path if safe else "/")
