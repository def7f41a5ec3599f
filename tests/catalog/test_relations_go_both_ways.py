"""Each field of each kind makes its relation on both ends."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.catalog.processing.draft import Route, draft_of
from callboard.catalog.sources.location import Location
from support.catalog import dump, entity, get, opened, settings, write

NAMES = st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True)
HERE = Route(*[Location("file", "/x.yaml")] * 3)


@pytest.mark.parametrize(
    ("kind", "field", "value", "forward", "backward", "target"),
    [
        ("Component", "owner", "t", "ownedBy", "ownerOf", "group:default/t"),
        ("API", "owner", "user:t", "ownedBy", "ownerOf", "user:default/t"),
        ("Resource", "owner", "other/t", "ownedBy", "ownerOf", "group:other/t"),
        ("System", "owner", "t", "ownedBy", "ownerOf", "group:default/t"),
        ("Domain", "owner", "t", "ownedBy", "ownerOf", "group:default/t"),
        ("Template", "owner", "t", "ownedBy", "ownerOf", "group:default/t"),
        ("Component", "system", "T", "partOf", "hasPart", "system:default/t"),
        ("API", "system", "t", "partOf", "hasPart", "system:default/t"),
        ("Resource", "system", "t", "partOf", "hasPart", "system:default/t"),
        ("Component", "subcomponentOf", "t", "partOf", "hasPart", "component:default/t"),
        ("System", "domain", "t", "partOf", "hasPart", "domain:default/t"),
        ("Domain", "subdomainOf", "t", "partOf", "hasPart", "domain:default/t"),
        ("Component", "providesApis", ["t"], "providesApi", "apiProvidedBy", "api:default/t"),
        ("Component", "consumesApis", ["t"], "consumesApi", "apiConsumedBy", "api:default/t"),
        ("Component", "dependsOn", ["resource:t"], "dependsOn", "dependencyOf", "resource:default/t"),
        ("Component", "dependencyOf", ["component:t"], "dependencyOf", "dependsOn", "component:default/t"),
        ("Resource", "dependsOn", ["Component:t"], "dependsOn", "dependencyOf", "component:default/t"),
        ("Resource", "dependencyOf", ["resource:t"], "dependencyOf", "dependsOn", "resource:default/t"),
        ("Group", "parent", "t", "childOf", "parentOf", "group:default/t"),
        ("Group", "children", ["t"], "parentOf", "childOf", "group:default/t"),
        ("Group", "members", ["t"], "hasMember", "memberOf", "user:default/t"),
        ("User", "memberOf", ["t"], "memberOf", "hasMember", "group:default/t"),
    ],
)
async def test_a_field_makes_a_relation_on_both_ends(
    tmp_path: Path, kind: str, field: str, value: object, forward: str, backward: str, target: str
) -> None:
    target_kind = {"api": "API"}.get(target.split(":")[0], target.split(":")[0].title())
    namespace = target.split(":")[1].split("/")[0]
    other = entity(target_kind, "t", metadata={"namespace": namespace})
    write(tmp_path / "a.yaml", entity(kind, "self", **{field: value}), other)
    async with opened(tmp_path, settings("a.yaml")) as catalog:
        await catalog.refresh()
        own = [(r.type, r.target_ref) for r in (await get(catalog, f"{kind}:self")).relations]
        its = [(r.type, r.target_ref) for r in (await get(catalog, target)).relations]
        assert (forward, target) in own
        assert (backward, f"{kind.lower()}:default/self") in its


async def test_a_reference_without_namespace_means_the_entitys_own(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", entity("Component", "c", metadata={"namespace": "fun"}, owner="t"))
    async with opened(tmp_path, settings("a.yaml")) as catalog:
        await catalog.refresh()
        (relation,) = (await get(catalog, "component:fun/c")).relations
        assert (relation.type, relation.target_ref) == ("ownedBy", "group:fun/t")


async def test_relations_are_sorted_distinct_and_kept_without_their_target(tmp_path: Path) -> None:
    both = entity("Component", "c", dependsOn=["resource:z", "resource:Z", "resource:a"], owner="nobody")
    write(tmp_path / "a.yaml", both, entity("Resource", "a", dependencyOf=["component:c"]))
    async with opened(tmp_path, settings("a.yaml")) as catalog:
        await catalog.refresh()
        assert [(r.type, r.target_ref) for r in (await get(catalog, "component:c")).relations] == [
            ("dependsOn", "resource:default/a"),
            ("dependsOn", "resource:default/z"),
            ("ownedBy", "group:default/nobody"),
        ]


async def test_the_other_end_is_rewritten_when_a_relation_comes_or_goes(tmp_path: Path) -> None:
    write(tmp_path / "team.yaml", entity("Group", "team-a"))
    file = write(tmp_path / "c.yaml", entity("Component", "one"))
    async with opened(tmp_path, settings("*.yaml")) as catalog:
        await catalog.refresh()
        file.write_text(dump(entity("Component", "one", owner="team-b")))
        assert (await catalog.refresh()).written == 2
        assert (await get(catalog, "group:team-a")).relations == ()


@given(name=NAMES, targets=st.lists(st.tuples(st.sampled_from(["resource", "Component"]), NAMES), max_size=5))
def test_every_edge_has_its_opposite(name: str, targets: list[tuple[str, str]]) -> None:
    root = entity("Component", name, dependsOn=[f"{kind}:{target}" for kind, target in targets])
    edges = {(e.source, e.type, e.target) for e in draft_of(root, HERE, None).edges}
    opposite = {
        "dependsOn": "dependencyOf",
        "dependencyOf": "dependsOn",
        "ownedBy": "ownerOf",
        "ownerOf": "ownedBy",
    }
    assert edges == {(target, opposite[kind], source) for source, kind, target in edges}
    assert {t for _, kind, t in edges if kind == "ownedBy"} == {"group:default/team-a"}
