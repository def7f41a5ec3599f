"""What a search finds, how it is filtered, sorted, paged and counted."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.base.errors import UsageError
from callboard.catalog import Catalog, FacetValue, SearchQuery
from callboard.catalog.search import words_of
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from support.catalog import ME, entity, opened, settings, write

CATALOG = (
    entity(
        "Component", "dice-roller", metadata={"title": "Würfel", "tags": ["python", "games"]}, system="games"
    ),
    entity(
        "Component", "diceHistory", metadata={"tags": ["java"]}, lifecycle="experimental", owner="user:alex"
    ),
    entity(
        "Component",
        "shop",
        metadata={"description": "Sells dice and cards", "namespace": "retail"},
        type="website",
    ),
    entity("API", "dice-api", system="games"),
    entity("System", "games"),
    entity("Group", "team-a"),
    entity("User", "alex"),
)

pytestmark = pytest.mark.usefixtures("place")  # on each database


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    write(tmp_path / "a.yaml", *CATALOG)
    async with opened(tmp_path, settings("a.yaml")) as opened_catalog:
        await opened_catalog.refresh()
        yield opened_catalog


async def found(catalog: Catalog, query: SearchQuery) -> list[str]:
    return [entity.metadata.name for entity in (await catalog.search(query, ME)).entities]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("dice", ["dice-api", "dice-roller", "diceHistory", "shop"]),
        ("DICE rol", ["dice-roller"]),
        ("dice-roller", ["dice-roller"]),
        ("history", ["diceHistory"]),
        ("würf", ["dice-roller"]),
        ("sells", ["shop"]),
        ("python", ["dice-roller"]),
        ("alex", ["alex", "diceHistory"]),
        ("oller", []),
        ("dice nothing", []),
        ("' OR 1=1 --", []),
    ],
)
async def test_text_finds_the_beginnings_of_words_everywhere(
    catalog: Catalog, text: str, names: list[str]
) -> None:
    assert sorted(await found(catalog, SearchQuery(text=text))) == sorted(names)


async def test_text_without_any_word_leaves_nothing_out(catalog: Catalog) -> None:
    assert len(await found(catalog, SearchQuery(text=" %_* "))) == len(CATALOG) + 1


async def test_names_that_begin_with_the_text_come_first(catalog: Catalog) -> None:
    assert (await found(catalog, SearchQuery(text="dice")))[-1] == "shop"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        (SearchQuery(kind=("component",)), ["diceHistory", "shop", "dice-roller"]),
        (SearchQuery(kind=("Component",), type=("SERVICE",)), ["diceHistory", "dice-roller"]),
        (SearchQuery(kind=("api", "system")), ["dice-api", "games"]),
        (SearchQuery(owner=("user:alex",)), ["diceHistory"]),
        (SearchQuery(owner=("team-a",), kind=("component",), namespace=("default",)), ["dice-roller"]),
        (
            SearchQuery(owner=("team-a", "user:default/Alex"), kind=("component",), namespace=("default",)),
            ["diceHistory", "dice-roller"],
        ),
        (SearchQuery(lifecycle=("experimental",)), ["diceHistory"]),
        (SearchQuery(tag=("java", "python")), ["diceHistory", "dice-roller"]),
        (SearchQuery(system=("games",)), ["dice-api", "dice-roller"]),
        (SearchQuery(namespace=("retail",)), ["shop"]),
        (SearchQuery(tag=("java",), owner=("team-a",)), []),
    ],
)
async def test_filters_are_joined_and_their_values_are_alternatives(
    catalog: Catalog, query: SearchQuery, names: list[str]
) -> None:
    assert await found(catalog, query) == names
    assert (await catalog.search(query, ME)).total == len(names)


@pytest.mark.parametrize(
    ("sort", "descending", "names"),
    [
        ("title", False, ["diceHistory", "shop", "dice-roller"]),
        ("title", True, ["dice-roller", "shop", "diceHistory"]),
        ("name", False, ["dice-roller", "diceHistory", "shop"]),
        ("type", False, ["diceHistory", "dice-roller", "shop"]),
        ("lifecycle", False, ["diceHistory", "shop", "dice-roller"]),
        ("owner", False, ["dice-roller", "shop", "diceHistory"]),
        ("namespace", True, ["shop", "dice-roller", "diceHistory"]),
    ],
)
async def test_sorting(catalog: Catalog, sort: str, descending: bool, names: list[str]) -> None:
    assert await found(catalog, SearchQuery(kind=("component",), sort=sort, descending=descending)) == names


async def test_pages_follow_one_another_and_tell_the_total(catalog: Catalog) -> None:
    everything = await found(catalog, SearchQuery())
    pages = [await found(catalog, SearchQuery(offset=offset, limit=3)) for offset in (0, 3, 6, 9)]
    assert [name for page in pages for name in page] == everything
    assert (await catalog.search(SearchQuery(limit=0), ME)).total == len(everything) == 8


async def test_a_facet_counts_under_all_filters_but_its_own(catalog: Catalog) -> None:
    facets = await catalog.facets(SearchQuery(text="dice", kind=("Component",)), ME)
    assert facets["kind"] == (FacetValue("Component", 3), FacetValue("API", 1))
    assert facets["type"] == (FacetValue("service", 2), FacetValue("website", 1))
    assert set(facets["owner"]) == {
        FacetValue("group:default/team-a", 1),
        FacetValue("group:retail/team-a", 1),
        FacetValue("user:default/alex", 1),
    }
    assert facets["lifecycle"] == (FacetValue("production", 2), FacetValue("experimental", 1))
    assert set(facets["tag"]) == {FacetValue("python", 1), FacetValue("games", 1), FacetValue("java", 1)}
    assert facets["system"] == (FacetValue("system:default/games", 1),)
    assert facets["namespace"] == (FacetValue("default", 2), FacetValue("retail", 1))


async def test_every_count_is_what_choosing_that_value_finds(catalog: Catalog) -> None:
    for name, values in (await catalog.facets(SearchQuery(), ME)).items():
        for value in values:
            chosen = SearchQuery(**{name: (value.value,)})  # type: ignore[arg-type]  # one filter by its name
            assert (await catalog.search(chosen, ME)).total == value.count, (name, value)


async def test_nothing_is_found_for_who_is_not_signed_in(catalog: Catalog) -> None:
    nobody = Caller.anonymous()
    ref = EntityRef.parse("component:dice-roller")
    assert await catalog.entity(ref, nobody) is None
    assert await catalog.document(ref, nobody) is None
    assert await catalog.entities([ref], nobody) == (None,)
    assert (await catalog.search(SearchQuery(), nobody)).total == 0
    assert not any((await catalog.facets(SearchQuery(), nobody)).values())
    assert await catalog.problems(nobody) == ()


async def test_several_entities_come_in_the_order_asked_for(catalog: Catalog) -> None:
    refs = [
        EntityRef.parse(text)
        for text in ("system:games", "component:none", "component:Shop", "component:retail/Shop")
    ]
    names = [e.metadata.name if e else None for e in await catalog.entities(refs, ME)]
    assert names == ["games", None, None, "shop"]


@pytest.mark.parametrize(
    "query",
    [
        SearchQuery(limit=-1),
        SearchQuery(limit=1001),
        SearchQuery(offset=-1),
        SearchQuery(sort="colour"),
        SearchQuery(owner=("group:",)),
    ],
)
async def test_a_query_out_of_bounds_is_the_askers_mistake(catalog: Catalog, query: SearchQuery) -> None:
    with pytest.raises(UsageError):
        await catalog.search(query, ME)


@given(st.text(max_size=200))
def test_any_text_that_has_words_finds_itself(text: str) -> None:
    terms = SearchQuery(text=text).terms
    words = words_of(text)
    assert all(any(word.startswith(term) for word in words) for term in terms)
    assert all(len(word) <= 64 and word for word in words)
