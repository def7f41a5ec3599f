"""Whoever asks for an entity that is not there is told which file, line and why, or which name was meant."""

from pathlib import Path

import pytest

from callboard.base.settings import CatalogRule, RuleAllow
from callboard.catalog import Catalog
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from support.catalog import ME, entity, opened, settings, write

COMPONENTS = (CatalogRule(allow=(RuleAllow(kind="Component"),)),)


async def said(catalog: Catalog, ref: str, caller: Caller = ME) -> str:
    parsed = EntityRef.parse(ref, default_kind="component")
    return (await catalog.absence(parsed, caller)).sentence(parsed)


@pytest.fixture
def trouble(tmp_path: Path) -> Path:
    write(tmp_path / "broken.yaml", "kind: Component\nmetadata:\n  name: shop\n\tx: 1\n")
    write(tmp_path / "api.yaml", entity("Resource", "shopdb"))
    write(tmp_path / "invalid.yaml", entity("Component", "cart", owner=None))
    write(tmp_path / "good.yaml", entity("Component", "payments"), entity("Component", "web"))
    return tmp_path


async def test_file_line_and_why_are_told(trouble: Path) -> None:
    configured = settings(
        "broken.yaml", "api.yaml", "invalid.yaml", "good.yaml", "gone.yaml", rules=COMPONENTS
    )
    async with opened(trouble, configured) as catalog:
        await catalog.refresh()
        cart = await said(catalog, "cart")
        assert cart == (
            "There is no component:default/cart in the catalog. It is written down and cannot be used: "
            f"{trouble}/invalid.yaml:2: spec.owner: is missing; expected a non-empty string."
        )
        shop = await said(catalog, "shop")
        assert f"A file with this name in it cannot be used: {trouble}/broken.yaml:4: " in shop
        assert "tab" in shop or "character" in shop
        shopdb = await said(catalog, "resource:shopdb")
        assert f"{trouble}/api.yaml:2: resource:default/shopdb is not of an allowed kind" in shopdb
        assert "catalog.rules" in shopdb
        other = await said(catalog, "checkout")
        assert "It may be where the catalog cannot be read: " in other
        assert f"{trouble}/broken.yaml:4: " in other
        assert "gone.yaml does not exist" in other
        assert "invalid.yaml" not in other


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("paymnets", "component:default/payments"),
        ("payment", "component:default/payments"),
        ("Payments", None),
        ("api:payments", "component:default/payments"),
        ("component:other/payments", "component:default/payments"),
        ("wbe", "component:default/web"),
        ("nothing-like-it", None),
        ("x" * 63, None),
    ],
)
async def test_the_nearest_name_is_told(trouble: Path, asked: str, meant: str | None) -> None:
    async with opened(trouble, settings("good.yaml")) as catalog:
        await catalog.refresh()
        sentence = await said(catalog, asked)
        if meant:
            assert sentence.endswith(f"Did you mean {meant}?")
        elif asked != "Payments":
            assert sentence.endswith("in the catalog.")


@pytest.mark.parametrize("asked", ["carts", "crat", "Carrt", "api:cart", "component:other/cart"])
async def test_the_name_that_was_meant_may_be_one_that_cannot_be_used(trouble: Path, asked: str) -> None:
    async with opened(trouble, settings("good.yaml", "invalid.yaml")) as catalog:
        await catalog.refresh()
        sentence = await said(catalog, asked)
    assert sentence.endswith(
        "Did you mean component:default/cart? That is written down and cannot be used: "
        f"{trouble}/invalid.yaml:2: spec.owner: is missing; expected a non-empty string."
    )


async def test_what_was_mended_is_told_no_longer(trouble: Path) -> None:
    async with opened(trouble, settings("invalid.yaml")) as catalog:
        await catalog.refresh()
        assert "is missing" in await said(catalog, "cart")
        write(trouble / "invalid.yaml", entity("Component", "other"))
        await catalog.refresh()
        assert await said(catalog, "cart") == "There is no component:default/cart in the catalog."


async def test_before_the_first_look_nothing_is_known(trouble: Path) -> None:
    async with opened(trouble, settings("invalid.yaml")) as catalog:
        assert await said(catalog, "cart") == "There is no component:default/cart in the catalog."


async def test_much_trouble_is_told_by_its_number(tmp_path: Path) -> None:
    async with opened(tmp_path, settings(*(f"gone-{n}.yaml" for n in range(50)))) as catalog:
        await catalog.refresh()
        sentence = await said(catalog, "cart")
        assert "and 47 more" in sentence
        assert len(sentence) < 3000
