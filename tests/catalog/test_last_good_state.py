"""An entity whose file broke keeps its last good state and shows the error, also over a restart."""

from pathlib import Path

import pytest

from support.catalog import ME, dump, entity, get, has, opened, settings, write

pytestmark = pytest.mark.usefixtures("place")  # on each database


async def test_a_document_that_broke_keeps_its_entity_and_says_why(tmp_path: Path) -> None:
    one, two = entity("Component", "one"), entity("Component", "two")
    file = write(tmp_path / "a.yaml", one, two)
    async with opened(tmp_path, settings("a.yaml")) as catalog:
        await catalog.refresh()
        write(file, entity("Component", "one", owner=7), entity("Component", "two", lifecycle="new"))
        await catalog.refresh()
        broken = await get(catalog, "component:one")
        assert broken.spec_text("owner") == "team-a"
        assert [(s.type, s.level) for s in broken.status] == [("backstage.io/catalog-processing", "error")]
        assert f"{file}:2: spec.owner: is malformed; found 7" in broken.status[0].message
        two_now = await get(catalog, "component:two")
        assert (two_now.spec_text("lifecycle"), two_now.status) == ("new", ())
        write(file, one, two)
        await catalog.refresh()
        assert (await get(catalog, "component:one")).status == ()


async def test_a_file_that_is_no_yaml_any_more_keeps_everything_it_held(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", entity("Component", "one"), entity("Component", "two"))
    async with opened(tmp_path, settings("a.yaml")) as catalog:
        await catalog.refresh()
        file.write_text(dump(entity("Component", "one", lifecycle="new")) + "---\n{[\n")
        await catalog.refresh()
        assert (await get(catalog, "component:one")).spec_text("lifecycle") == "new"
        assert (await get(catalog, "component:two")).status


async def test_what_was_taken_out_of_a_file_goes_although_another_document_is_broken(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", entity("Component", "one"), entity("Component", "two"))
    async with opened(tmp_path, settings("a.yaml")) as catalog:
        await catalog.refresh()
        write(file, entity("Component", "one", type=None))
        await catalog.refresh()
        assert await has(catalog, "component:one")
        assert not await has(catalog, "component:two")


async def test_entities_behind_a_location_that_broke_stay(tmp_path: Path) -> None:
    parent = write(tmp_path / "all.yaml", entity("Location", "all", target="b/*.yaml"))
    child = write(tmp_path / "b" / "x.yaml", entity("Component", "one"))
    async with opened(tmp_path, settings("all.yaml")) as catalog:
        await catalog.refresh()
        parent.write_text("}")
        await catalog.refresh()
        assert (await get(catalog, "location:all")).status
        assert (await get(catalog, "component:one")).status == ()
        write(child, entity("Component", "one", lifecycle="new"))
        await catalog.refresh()
        assert (await get(catalog, "component:one")).spec_text("lifecycle") == "new"


async def test_a_directory_that_vanished_takes_no_entity_with_it(tmp_path: Path) -> None:
    write(
        tmp_path / "mount" / "x.yaml", entity("Component", "one"), entity("Location", "more", target="y.yaml")
    )
    write(tmp_path / "mount" / "y.yaml", entity("Component", "two"))
    async with opened(tmp_path, settings("mount/x*.yaml")) as catalog:
        await catalog.refresh()
        (tmp_path / "mount").rename(tmp_path / "elsewhere")
        refreshed = await catalog.refresh()
        assert refreshed.removed == 0
        assert "does not exist" in (await get(catalog, "component:one")).status[0].message
        assert "does not exist" in (await get(catalog, "component:two")).status[0].message
        (tmp_path / "elsewhere").rename(tmp_path / "mount")
        await catalog.refresh()
        assert (await get(catalog, "component:two")).status == ()
        assert await catalog.problems(ME) == ()


async def test_the_last_good_state_outlives_a_restart(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", entity("Component", "one", owner="team-b"), entity("Group", "team-b"))
    database = str(tmp_path / "data" / "callboard.sqlite")
    async with opened(tmp_path, settings("a.yaml"), file=database) as catalog:
        await catalog.refresh()
        before = await get(catalog, "component:one")
    file.write_text("{")
    async with opened(tmp_path, settings("a.yaml"), file=database) as catalog:
        assert await get(catalog, "component:one") == before
        await catalog.refresh()
        after = await get(catalog, "component:one")
        assert after.status
        assert (after.spec, after.relations, after.metadata.uid) == (
            before.spec,
            before.relations,
            before.metadata.uid,
        )
        assert ("ownerOf", "component:default/one") in [
            (r.type, r.target_ref) for r in (await get(catalog, "group:team-b")).relations
        ]


async def test_a_restart_with_the_same_files_writes_nothing(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", entity("Component", "one"), entity("Group", "team-a"))
    database = str(tmp_path / "callboard.sqlite")
    async with opened(tmp_path, settings("a.yaml"), file=database) as catalog:
        assert (await catalog.refresh()).written == 3
    async with opened(tmp_path, settings("a.yaml"), file=database) as catalog:
        again = await catalog.refresh()
        assert (again.written, again.removed, again.unchanged) == (0, 0, 3)
