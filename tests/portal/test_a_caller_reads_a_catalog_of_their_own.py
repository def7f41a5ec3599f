"""What policies keep from a caller is not there: lists, counts, searches, relations are those of a catalog without it."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.access.policies.engine import PolicyEngine
from callboard.access.policies.policies import Policies
from callboard.catalog import Catalog
from callboard.catalog.search import SearchQuery
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.model.permission import Action
from callboard.portal.listing.readable import ReadableCatalog
from support import catalog as files
from support.policies import person, policies, ready, service

EVERYTHING = "permit (principal, action, resource);"
COMPONENTS = ("shop", "pay", "books", "till")
GROUPS = ("web", "money")
QUERIES = (
    SearchQuery(),
    SearchQuery(text="shop"),
    SearchQuery(kind=("component",), limit=1, offset=1),
    SearchQuery(owner=("web", "money"), sort="name"),
    SearchQuery(tag=("public",)),
    SearchQuery(text="t", system=("trade",), limit=2),
)


async def told(catalog: Catalog, found: Policies, who: Caller, refs: Sequence[EntityRef]) -> dict[str, Any]:
    """All that somebody is told of the catalog, by every road, but for what another catalog cannot have alike (uid, etag)."""
    readable = ReadableCatalog(catalog, PolicyEngine(found, lambda: catalog.company))
    entities = {}
    for ref, entity in zip(refs, await readable.entities(refs, who), strict=True):
        if entity is not None:
            metadata = msgspec.structs.replace(entity.metadata, uid="", etag="", annotations={})
            entities[str(ref)] = (
                metadata,
                entity.spec,
                set(entity.relations),
                [s.message for s in entity.status],
            )
    return {
        "entities": entities,
        "one by one": [await readable.entity(ref, who) is not None for ref in refs],
        "absent": [
            (await readable.absence(ref, who)).sentence(ref) for ref in refs if str(ref) not in entities
        ],
        "refs": [await readable.refs(query, who) for query in QUERIES],
        "pages": [
            ([e.ref for e in page.entities], page.total)
            for page in [await readable.search(query, who) for query in QUERIES]
        ],
        "facets": [await readable.facets(query, who) for query in QUERIES[1:6:4]],
    }


async def compared(directory: Path, entities: list[dict[str, Any]], found: Policies, who: Caller) -> int:
    """Compares, and gives how many entities were kept back."""
    target = files.settings(str(directory / "all.yaml"))
    files.write(directory / "all.yaml", *entities)
    async with files.opened(directory, target) as whole:
        await whole.refresh()
        refs = [ref for query in (SearchQuery(),) for ref in await whole.refs(query, files.ME)]
        refs.append(EntityRef.parse("component:default/there-is-none"))
        seen = await told(whole, found, who, refs)
        readable = ReadableCatalog(whole, PolicyEngine(found, lambda: whole.company))
        may = await readable.allowed(who)
    if may is None:
        return 0
    left = [e for e in entities if EntityRef.of(e["kind"], "default", e["metadata"]["name"]) in may.refs]
    # where nobody is told why something is not there, and there is something else that is hidden
    other = files.entity("Resource", "zzz-other", metadata={"labels": {"hidden": "yes"}})
    all_but_other = policies(
        EVERYTHING + 'forbid (principal, action == Action::"catalog.entity.read", resource)'
        ' when { resource.hasTag("hidden") || resource.kind == "location" };'
    )
    files.write(directory / "all.yaml", *left, other)
    async with files.opened(directory, target) as smaller:
        await smaller.refresh()
        expected = await told(smaller, all_but_other, person("anna"), refs)
    assert seen == expected
    return len(entities) - len(left)


def some(of: Sequence[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(of), max_size=2, unique=True)


@st.composite
def companies(draw: st.DrawFn) -> list[dict[str, Any]]:
    pick = st.sampled_from
    found = [files.entity("Group", name, children=draw(some(GROUPS))) for name in GROUPS]
    found.append(files.entity("System", "trade", owner=draw(pick(GROUPS))))
    found.append(files.entity("API", "ledger", owner=draw(pick(GROUPS))))
    for name in COMPONENTS:
        found.append(
            files.entity(
                "Component",
                name,
                owner=draw(pick([*GROUPS, "user:anna"])),
                system=draw(pick(["trade", None])),
                dependsOn=[f"component:{n}" for n in draw(some(COMPONENTS)) if n != name],
                providesApis=draw(some(["ledger"])),
                consumesApis=draw(some(["ledger", "gone"])),
                metadata={"tags": draw(some(["public", "old"])), "title": f"The {name}"},
            )
        )
    return found


RULES = st.sampled_from(
    [
        "principal in resource.owners",
        "principal in resource.dependents",
        'resource.kind == "group"',
        'resource.kind == "api"',
        'resource.tags.contains("public")',
        'resource.system == "system:default/trade"',
        'resource.name == "shop"',
    ]
)


@settings(max_examples=8, deadline=None)
@given(companies(), st.lists(st.tuples(st.sampled_from(["permit", "permit", "forbid"]), RULES), max_size=4))
def test_what_may_not_be_read_might_as_well_not_exist(
    company: list[dict[str, Any]], rules: list[tuple[str, str]]
) -> None:
    texts = [
        f'{effect} (principal, action == Action::"catalog.entity.read", resource) when {{ {rule} }};'
        for effect, rule in rules
    ]
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(compared(Path(directory), company, policies(*texts), person("anna", "web")))


@pytest.mark.usefixtures("place")  # on each database
async def test_the_list_of_owners_on_each_database(tmp_path: Path) -> None:
    company = [
        files.entity("Component", "shop", owner="web", dependsOn=["component:pay", "component:books"]),
        files.entity("Component", "pay", owner="money"),
        files.entity("Component", "books", owner="accounts", dependsOn=["component:shop"]),
        files.entity("Component", "till", owner="accounts", metadata={"title": "it's \"100 %\" ' -- ü"}),
    ]
    for who in (person("anna", "web"), person("ben", "accounts"), person("x")):
        assert await compared(tmp_path, company, ready("by-owner"), who) > 0


async def test_who_may_read_follows_policies_and_owners_at_once(tmp_path: Path) -> None:
    files.write(tmp_path / "all.yaml", files.entity("Component", "shop", owner="web"))
    ref, anna = EntityRef.parse("component:default/shop"), person("anna", "web")
    async with files.opened(tmp_path, files.settings(str(tmp_path / "all.yaml"))) as catalog:
        await catalog.refresh()
        engine = PolicyEngine(ready("by-owner"), lambda: catalog.company)
        readable = ReadableCatalog(catalog, engine)
        assert await readable.entity(ref, anna) is not None
        assert await readable.entity(ref, person("x")) is None
        before = readable.revision
        files.write(tmp_path / "all.yaml", files.entity("Component", "shop", owner="somebody-else"))
        await catalog.refresh(force=True)
        assert readable.revision != before
        assert await readable.entity(ref, anna) is None
        before = readable.revision
        engine.use(ready("open-inside"))
        assert readable.revision != before
        assert await readable.entity(ref, anna) is not None
        assert await readable.problems(person("x")) == await readable.problems(files.ME)


async def test_nobody_is_told_of_files_who_may_not_read_all_that_is_in_them(tmp_path: Path) -> None:
    files.write(
        tmp_path / "all.yaml", files.entity("Component", "shop", owner="web"), "---\n{kind: Secret-project}\n"
    )
    async with files.opened(tmp_path, files.settings(str(tmp_path / "all.yaml"))) as catalog:
        await catalog.refresh()
        readable = ReadableCatalog(catalog, PolicyEngine(ready("by-owner"), lambda: catalog.company))
        assert await readable.problems(files.ME)
        assert await readable.problems(person("x")) == ()
        assert await readable.refs(SearchQuery(), service(Action.LOGS_READ)) == ()
