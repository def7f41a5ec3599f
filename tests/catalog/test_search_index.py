"""What the index holds of an entity: the same rows Backstage's catalog would have."""

from pathlib import Path

from sqlalchemy import select

from callboard.catalog import Catalog, Store
from callboard.catalog.store.schema import entities, search
from support.catalog import entity, settings, write
from support.databases import Place


async def test_leaves_are_flattened_lowered_and_bounded(tmp_path: Path, place: Place) -> None:
    write(
        tmp_path / "a.yaml",
        entity(
            "Component",
            "Dice",
            metadata={
                "annotations": {"backstage.io/kubernetes-id": "Dice", "example.org/long": "x" * 201},
                "tags": ["java"],
                "links": [{"url": "https://a.example"}, {"url": "https://b.example"}],
                "extra": {"flag": True, "number": 1.0, "none": None, "k" * 201: "dropped"},
            },
            owner="Team-A",
        ),
    )
    database = place.open()
    try:
        store = Store(database)
        await store.start()
        await Catalog(settings("a.yaml"), store, directory=tmp_path).refresh()
        async with database.engine.connect() as connection:
            rows = await connection.execute(
                select(search.c.key, search.c.value, search.c.original_value)
                .join(entities, entities.c.id == search.c.entity_id)
                .where(entities.c.name == "Dice")
            )
            found = sorted((row.key, row.value, row.original_value) for row in rows)
            uid = await connection.scalar(select(entities.c.uid).where(entities.c.name == "Dice"))
    finally:
        await database.close()
    where = f"file:{tmp_path / 'a.yaml'}"
    assert [
        row for row in found if not row[0].startswith("metadata.annotations.backstage.io/managed")
    ] == sorted(
        [
            ("apiversion", "backstage.io/v1alpha1", "backstage.io/v1alpha1"),
            ("kind", "component", "Component"),
            ("metadata.annotations.backstage.io/kubernetes-id", "dice", "Dice"),
            ("metadata.annotations.example.org/long", None, None),
            ("metadata.extra.flag", "true", "true"),
            ("metadata.extra.none", None, None),
            ("metadata.extra.number", "1", "1"),
            ("metadata.links.url", "https://a.example", "https://a.example"),
            ("metadata.links.url", "https://b.example", "https://b.example"),
            ("metadata.name", "dice", "Dice"),
            ("metadata.namespace", "default", "default"),
            ("metadata.tags", "java", "java"),
            ("metadata.tags.java", "true", "true"),
            ("metadata.uid", uid, uid),
            ("relations.ownedby", "group:default/team-a", "group:default/team-a"),
            ("spec.lifecycle", "production", "production"),
            ("spec.owner", "team-a", "Team-A"),
            ("spec.type", "service", "service"),
        ]
    )
    assert ("metadata.annotations.backstage.io/managed-by-location", where.lower(), where) in found
