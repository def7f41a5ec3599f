"""Reading files: globs, nested Locations, rings, what is too much, and noticing changes."""

import asyncio
import os
from pathlib import Path

from callboard.base.settings import CatalogLocation, CatalogReadingSettings
from support.catalog import ME, dump, entity, get, has, opened, settings, write


async def test_a_file_of_several_documents_is_read_with_defaults_and_annotations(tmp_path: Path) -> None:
    file = write(
        tmp_path / "catalog-info.yaml",
        entity("Component", "Dice"),
        entity("System", "games", metadata={"namespace": "fun"}),
    )
    async with opened(tmp_path, settings("./catalog-info.yaml")) as catalog:
        refreshed = await catalog.refresh()
        assert (refreshed.written, refreshed.read, refreshed.problems) == (3, 1, 0)
        dice = await get(catalog, "component:dice")
        assert dice.metadata.name == "Dice"
        assert dice.metadata.namespace == "default"
        assert dice.annotation("backstage.io/managed-by-location") == f"file:{file}"
        assert dice.annotation("backstage.io/managed-by-origin-location") == f"file:{file}"
        assert dice.metadata.uid
        assert dice.metadata.etag
        assert await has(catalog, "system:fun/games")


async def test_what_the_file_says_about_its_place_wins(tmp_path: Path) -> None:
    own = {"backstage.io/source-location": "url:https://git.example.org/dice/"}
    script = {"backstage.io/view-url": " java\nscript:alert(1)"}
    write(
        tmp_path / "a.yaml",
        entity("Component", "dice", metadata={"annotations": own | script, "uid": "u", "etag": "e"}),
    )
    async with opened(tmp_path, settings("a.yaml")) as catalog:
        await catalog.refresh()
        dice = await get(catalog, "component:dice")
        assert dice.annotation("backstage.io/source-location") == "url:https://git.example.org/dice/"
        assert dice.annotation("backstage.io/view-url").startswith("https://backstage.io/")
        assert dice.metadata.uid != "u"
        assert dice.metadata.etag != "e"


async def test_a_configured_location_is_an_entity_of_its_own_as_in_backstage(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", entity("Component", "dice"))
    async with opened(Path("/srv/portal"), settings("/srv/portal/none.yaml")) as catalog:
        await catalog.refresh()
        # The SHA-1 of file:/srv/portal/none.yaml, by sha1sum.
        found = await get(catalog, "location:generated-1f624501007e6426a624d53dcf56fd8d6da48815")
        assert found.spec == {"type": "file", "target": "/srv/portal/none.yaml"}
        assert "does not exist" in found.status[0].message


async def test_globs_find_files_and_a_file_that_comes_or_goes(tmp_path: Path) -> None:
    write(tmp_path / "a" / "one.yaml", entity("Component", "one"))
    two = write(tmp_path / "b" / "c" / "two.yaml", entity("Component", "two"))
    async with opened(tmp_path, settings("**/*.yaml")) as catalog:
        await catalog.refresh()
        assert await has(catalog, "component:one")
        assert await has(catalog, "component:two")
        two.unlink()
        write(tmp_path / "a" / "three.yaml", entity("Component", "three"))
        refreshed = await catalog.refresh()
        assert (refreshed.written, refreshed.removed, refreshed.read) == (1, 1, 1)
        assert not await has(catalog, "component:two")
        assert await has(catalog, "component:three")


async def test_nested_locations_are_relative_to_the_file_that_names_them(tmp_path: Path) -> None:
    write(tmp_path / "all.yaml", entity("Location", "all", targets=["teams/a.yaml", "./teams/b/*.yaml"]))
    write(
        tmp_path / "teams" / "a.yaml",
        entity("Component", "one"),
        entity("Location", "up", target="../top.yaml"),
    )
    write(tmp_path / "teams" / "b" / "x.yaml", entity("Component", "two"))
    write(tmp_path / "top.yaml", entity("Component", "three"))
    async with opened(tmp_path, settings("all.yaml")) as catalog:
        assert (await catalog.refresh()).problems == 0
        for name in ("one", "two", "three"):
            found = await get(catalog, f"component:{name}")
            origin = found.annotation("backstage.io/managed-by-origin-location")
            assert origin == f"file:{tmp_path / 'all.yaml'}"


async def test_a_ring_of_locations_ends(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", entity("Location", "a", target="b.yaml"), entity("Component", "one"))
    write(tmp_path / "b.yaml", entity("Location", "b", target="./x/../a.yaml"), entity("Component", "two"))
    async with opened(tmp_path, settings("a.yaml")) as catalog:
        refreshed = await catalog.refresh()
        assert (refreshed.read, refreshed.problems) == (2, 0)


async def test_locations_that_nest_without_end_are_cut_and_told(tmp_path: Path) -> None:
    for depth in range(15):
        write(tmp_path / f"{depth}.yaml", entity("Location", f"l{depth}", target=f"{depth + 1}.yaml"))
    async with opened(tmp_path, settings("0.yaml")) as catalog:
        refreshed = await catalog.refresh()
        assert refreshed.read == 10
        (problem,) = await catalog.problems(ME)
        assert problem.message == "Locations nest too deep"


async def test_a_missing_target_is_told_and_an_optional_one_is_not(tmp_path: Path) -> None:
    write(
        tmp_path / "a.yaml",
        entity("Location", "needed", target="gone.yaml"),
        entity("Location", "extra", target="gone-too.yaml", presence="optional"),
    )
    async with opened(tmp_path, settings("a.yaml")) as catalog:
        await catalog.refresh()
        (problem,) = await catalog.problems(ME)
        assert "gone.yaml does not exist" in str(problem)
        assert "gone.yaml" in (await get(catalog, "location:needed")).status[0].message
        assert (await get(catalog, "location:extra")).status == ()


async def test_a_directory_a_pipe_and_a_file_that_is_too_large_are_told(tmp_path: Path) -> None:
    (tmp_path / "dir").mkdir()
    os.mkfifo(tmp_path / "pipe")
    write(tmp_path / "large.yaml", "#" * 2000)
    limits = CatalogReadingSettings(max_file_bytes=1000)
    async with opened(tmp_path, settings("dir", "pipe", "large.yaml"), reading=limits) as catalog:
        async with asyncio.timeout(10):
            await catalog.refresh()
        assert [p.message for p in await catalog.problems(ME)] == [
            "is a directory",
            "is not a regular file",
            "is too large",
        ]


async def test_a_location_that_leads_to_too_much_is_cut_and_told(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", *[entity("Component", f"c{n}") for n in range(30)])
    limits = CatalogReadingSettings(max_entities_per_location=10)
    async with opened(tmp_path, settings("a.yaml"), reading=limits) as catalog:
        assert (await catalog.refresh()).written == 11
        assert "too many" in (await catalog.problems(ME))[0].message


async def test_a_location_type_that_nobody_reads_is_told(tmp_path: Path) -> None:
    async with opened(
        tmp_path, settings(CatalogLocation(type="github-discovery", target="https://x"))
    ) as catalog:
        assert (await catalog.refresh()).problems == 1
        (problem,) = await catalog.problems(ME)
        assert (problem.path, problem.found) == ("catalog.locations[0]", "github-discovery")


async def test_nothing_is_read_or_written_while_nothing_changes(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", entity("Component", "one"), entity("Component", "two"))
    async with opened(tmp_path, settings("a.yaml")) as catalog:
        await catalog.refresh()
        again = await catalog.refresh()
        assert (again.read, again.written, again.removed, again.unchanged) == (0, 0, 0, 3)


async def test_a_changed_file_rewrites_what_changed_and_no_more(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", entity("Component", "one"), entity("Component", "two"))
    async with opened(tmp_path, settings("a.yaml")) as catalog:
        await catalog.refresh()
        before = await get(catalog, "component:one")
        write(
            tmp_path / "a.yaml",
            entity("Component", "one", lifecycle="deprecated"),
            entity("Component", "two"),
        )
        again = await catalog.refresh()
        assert (again.read, again.written, again.unchanged) == (1, 1, 2)
        after = await get(catalog, "component:one")
        assert after.spec_text("lifecycle") == "deprecated"
        assert after.metadata.uid == before.metadata.uid
        assert after.metadata.etag != before.metadata.etag


async def test_running_it_notices_a_change_by_itself(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", entity("Component", "one"))
    async with opened(tmp_path, settings("a.yaml")) as catalog, asyncio.timeout(20):
        catalog._look_interval = 0.02
        async with asyncio.TaskGroup() as group:
            running = group.create_task(catalog.run())
            while not await has(catalog, "component:one"):  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.01)
            file.write_text(dump(entity("Component", "two")))
            while not await has(catalog, "component:two"):  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.01)
            assert not await has(catalog, "component:one")
            running.cancel()


async def test_entities_of_a_location_that_is_no_longer_configured_go(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", entity("Component", "one"))
    write(tmp_path / "b.yaml", entity("Component", "two"))
    async with opened(tmp_path, settings("a.yaml", "b.yaml")) as catalog:
        await catalog.refresh()
        await catalog.reconfigure(settings("b.yaml"))
        assert (await catalog.refresh()).removed == 2
        assert not await has(catalog, "component:one")
        assert await has(catalog, "component:two")


async def test_symbolic_links_are_followed_and_their_turning_is_noticed(tmp_path: Path) -> None:
    write(tmp_path / "v1" / "a.yaml", entity("Component", "one"))
    write(tmp_path / "v2" / "a.yaml", entity("Component", "two"))
    (tmp_path / "data").symlink_to("v1")
    async with opened(tmp_path, settings("data/a.yaml")) as catalog:
        await catalog.refresh()
        assert await has(catalog, "component:one")
        (tmp_path / "next").symlink_to("v2")
        (tmp_path / "next").rename(tmp_path / "data")
        await catalog.refresh()
        assert await has(catalog, "component:two")
