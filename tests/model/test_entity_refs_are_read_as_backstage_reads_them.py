"""References are read as Backstage's parseEntityRef reads them, and compared in small letters."""

import pytest

from callboard.base.errors import UsageError
from callboard.model.entity import Entity, EntityMeta, EntityRef, Relation

WRITTEN = {
    "component:default/dice": ("component", "default", "dice"),
    "Component:Default/Dice": ("component", "default", "dice"),
    "  api:shop/orders ": ("api", "shop", "orders"),
    "system:payments": ("system", "default", "payments"),
    "api:a/b:c": ("api", "a", "b:c"),
    "api:a/b/c": ("api", "a", "b/c"),
    "api:b:c": ("api", "default", "b:c"),
}


@pytest.mark.parametrize("text", WRITTEN)
def test_a_whole_reference(text: str) -> None:
    assert EntityRef.parse(text) == EntityRef(*WRITTEN[text])


def test_what_is_left_out_is_what_the_place_says() -> None:
    def parse(text: str) -> str:
        return str(EntityRef.parse(text, default_kind="Group", default_namespace="Shop"))

    assert parse("team-a") == "group:shop/team-a"
    assert parse("other/team-a") == "group:other/team-a"
    assert parse("user:jo") == "user:shop/jo"
    assert parse("a/b:c") == "group:a/b:c", "a colon after the slash is part of the name"


@pytest.mark.parametrize(
    "text", ["", "name", "default/name", ":default/name", "kind:/name", "kind:default/", "kind:"]
)
def test_what_is_none_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        EntityRef.parse(text)
    assert refused.value.code == "bad-entity-ref"
    assert refused.value.message == (
        f"{text!r} is not an entity reference; write kind:namespace/name, for example component:default/dice-roller"
    )


def test_parts_of_any_case_make_the_same_reference() -> None:
    assert str(EntityRef.of("Component", "Shop", "Cart")) == "component:shop/cart"


def entity(**more: object) -> Entity:
    return Entity(api_version="v1", kind="Component", metadata=EntityMeta(name="cart"), **more)  # type: ignore[arg-type]


def test_a_text_of_the_spec_is_a_text() -> None:
    found = entity(spec={"owner": "team-a", "replicas": 3})
    assert (found.spec_text("owner"), found.spec_text("replicas"), found.spec_text("none")) == (
        "team-a",
        "",
        "",
    )


def test_relations_are_told_by_their_type() -> None:
    found = entity(relations=(Relation("ownedBy", "group:default/a"), Relation("partOf", "system:default/b")))
    assert found.related("ownedBy") == (EntityRef("group", "default", "a"),)
    assert found.related("dependsOn") == ()
