"""`catalog.rules`, the rules of a location, and `backend.reading.allow`."""

from pathlib import Path

import pytest

from callboard.base.errors import NotAllowed
from callboard.base.settings import (
    CatalogLocation,
    CatalogRule,
    CatalogSettings,
    LocationMatch,
    ReadingAllow,
    RuleAllow,
)
from callboard.catalog.sources.allow import allowed_network
from callboard.catalog.sources.location import Location
from callboard.catalog.sources.rules import allows
from callboard.outbound import Network, address_of
from support.catalog import ME, entity, has, opened, settings, write


def rule(*kinds: str | RuleAllow, at: tuple[LocationMatch, ...] = ()) -> CatalogRule:
    return CatalogRule(
        allow=tuple(RuleAllow(kind=k) if isinstance(k, str) else k for k in kinds), locations=at
    )


async def test_without_rules_component_api_and_location_may_come(tmp_path: Path) -> None:
    kinds = ("Component", "API", "Location", "Resource", "System", "Domain", "Group", "User", "Template")
    write(tmp_path / "a.yaml", *[entity(kind, "x") for kind in kinds])
    configured = CatalogSettings(locations=(CatalogLocation(type="file", target="a.yaml"),))
    async with opened(tmp_path, configured) as catalog:
        await catalog.refresh()
        came = {kind for kind in kinds if await has(catalog, f"{kind}:x")}
        assert came == {"Component", "API", "Location"}
        problems = await catalog.problems(ME)
        assert len(problems) == 6
        assert problems[0].message == "resource:default/x is not of an allowed kind for that location"
        assert problems[0].line == 8


async def test_a_locations_own_rule_adds_to_the_global_ones_and_holds_for_what_it_leads_to(
    tmp_path: Path,
) -> None:
    write(tmp_path / "org.yaml", entity("Location", "org", target="people.yaml"))
    write(tmp_path / "people.yaml", entity("User", "alex"), entity("Component", "one"))
    write(tmp_path / "other.yaml", entity("User", "mallory"))
    own = CatalogLocation(type="file", target="org.yaml", rules=(rule("User"),))
    configured = settings(own, "other.yaml", rules=[rule("Component", "Location")])
    async with opened(tmp_path, configured) as catalog:
        await catalog.refresh()
        assert await has(catalog, "user:alex")
        assert await has(catalog, "component:one")
        assert not await has(catalog, "user:mallory")


async def test_a_location_that_may_not_come_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", entity("Location", "l", target="b.yaml"))
    write(tmp_path / "b.yaml", entity("Component", "one"))
    async with opened(tmp_path, settings("a.yaml", rules=[rule("Component")])) as catalog:
        assert (await catalog.refresh()).read == 1
        assert not await has(catalog, "component:one")


async def test_what_a_new_rule_forbids_goes(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", entity("User", "alex"))
    async with opened(tmp_path, settings("a.yaml")) as catalog:
        await catalog.refresh()
        await catalog.reconfigure(settings("a.yaml", rules=[rule("Component")]))
        await catalog.refresh()
        assert not await has(catalog, "user:alex")


@pytest.mark.parametrize(
    ("match", "target", "expected"),
    [
        (LocationMatch(type="url"), "https://git.example.org/a.yaml", True),
        (LocationMatch(type="file"), "https://git.example.org/a.yaml", False),
        (LocationMatch(exact="https://git.example.org/a.yaml"), "https://git.example.org/a.yaml", True),
        (LocationMatch(exact="https://git.example.org/a"), "https://git.example.org/a.yaml", False),
        (
            LocationMatch(pattern="https://git.example.org/org/**"),
            "https://git.example.org/org/x/y.yaml",
            True,
        ),
        (
            LocationMatch(pattern="https://git.example.org/org/*"),
            "https://git.example.org/org/x/y.yaml",
            False,
        ),
        (LocationMatch(pattern="https://git.example.org/org/*"), "https://git.example.org/ORG/x", True),
        (LocationMatch(pattern="https://git.example.org/**/a.yaml"), "https://git.example.org/a.yaml", True),
        (LocationMatch(pattern="https://*.example.org/{a,b}/?"), "https://x.example.org/b/c", True),
        (LocationMatch(pattern="https://*.example.org/{a,b}/?"), "https://x.example.org/d/c", False),
        (LocationMatch(pattern="https://git.example.org/[ab].yaml"), "https://git.example.org/b.yaml", True),
        (LocationMatch(pattern="https://git.example.org"), "https://gitxexample.org", False),
        (LocationMatch(type="url", pattern="[z"), "https://git.example.org", False),
    ],
)
def test_a_rule_may_be_about_some_locations(match: LocationMatch, target: str, expected: bool) -> None:
    found = allows([rule("Group", at=(match,))], [], Location("url", target), "group", "")
    assert found is expected


def test_a_rule_may_be_about_one_type_of_a_kind() -> None:
    rules = [rule(RuleAllow(kind="Component", spec_type="Website"))]
    here = Location("file", "/a.yaml")
    assert allows(rules, [], here, "Component", "website")
    assert not allows(rules, [], here, "Component", "service")


@pytest.mark.parametrize(
    ("allow", "url", "network"),
    [
        ("git.example.org", "https://git.example.org/a.yaml", Network.OURS),
        ("Git.Example.org", "https://GIT.example.org:443/a.yaml", Network.OURS),
        ("git.example.org", "http://git.example.org:80/a.yaml", Network.OURS),
        ("git.example.org", "https://git.example.org:8443/a.yaml", None),
        ("git.example.org:8443", "https://git.example.org:8443/a.yaml", Network.OURS),
        ("git.example.org:8443", "https://git.example.org/a.yaml", None),
        ("*.example.org", "https://git.example.org/a.yaml", Network.PUBLIC),
        ("*.example.org", "https://a.git.example.org/a.yaml", Network.PUBLIC),
        ("*.example.org", "https://example.org/a.yaml", None),
        ("*.example.org", "https://evilexample.org/a.yaml", None),
        ("git.example.org", "https://git.example.org.evil.org/a.yaml", None),
        ("git.example.org", "https://git.example.org@evil.org/a.yaml", None),
        ("git.example.org", "https://user:token@git.example.org/a.yaml", None),
        ("git.example.org", "ftp://git.example.org/a.yaml", None),
        ("git.example.org", "file:///etc/passwd", None),
        ("git.example.org", "https://git.example.org\\@evil.org/", None),
        ("git.example.org", "https://git.example.org/a b", None),
        ("git.example.org", "https://git.example.org/\r\nX: y", None),
        ("git.example.org", "https://git.example.org:99999/", None),
    ],
)
def test_an_address_is_allowed_by_its_host_and_port(allow: str, url: str, network: Network | None) -> None:
    if network is None:
        with pytest.raises(NotAllowed):
            allowed_network(address_of(url), [ReadingAllow(host=allow)])
    else:
        assert allowed_network(address_of(url), [ReadingAllow(host=allow)]) is network


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/catalog/a.yaml", True),
        ("/catalog/x/../a.yaml", True),
        ("/catalog/../secrets", False),
        ("/catalog/%2e%2e/secrets", False),
        ("/catalog%2f..%2fsecrets", False),
        ("/other", False),
        ("/secrets/..%2fcatalog/y", False),
        ("/catalog/%252e%252e/secrets", False),
        ("/catalog/..%5csecrets", False),
        ("/catalog/..;x=1/secrets", False),
        ("/catalog/%25252e%25252e/secrets", False),
        ("/catalog/%c0%ae%c0%ae/secrets", False),
        ("/catalog/a%00.yaml", False),
        ("/catalog/%u002e%u002e/secrets", False),
        ("/secrets//../catalog/a.yaml", True),  # as it is sent
        ("//catalog//a.yaml", True),
        ("/%63atalog/a.yaml", True),
        ("/catalog/group%2Fproject/a.yaml", True),
        ("/Catalog/a.yaml", False),
    ],
)
def test_paths_count_after_dots_are_resolved(path: str, allowed: bool) -> None:
    allow = [ReadingAllow(host="git.example.org", paths=("/catalog/",))]
    if allowed:
        allowed_network(address_of(f"https://git.example.org{path}"), allow)
    else:
        with pytest.raises(NotAllowed):
            allowed_network(address_of(f"https://git.example.org{path}"), allow)
