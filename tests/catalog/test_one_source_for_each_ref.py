"""Two sources that define one entity: the one that had it keeps it, and the problem names both."""

from pathlib import Path

from support.catalog import ME, entity, get, opened, settings, write


async def test_the_first_source_keeps_it_and_the_second_is_told_with_both_places(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", entity("Component", "dice", owner="team-a"))
    write(tmp_path / "b.yaml", entity("Component", "other"), entity("Component", "Dice", owner="team-b"))
    async with opened(tmp_path, settings("a.yaml", "b.yaml")) as catalog:
        await catalog.refresh()
        (problem,) = await catalog.problems(ME)
        assert (problem.where, problem.line) == (str(tmp_path / "b.yaml"), 4)
        assert f"{tmp_path / 'a.yaml'}:2" in problem.found
        assert (await get(catalog, "component:dice")).spec_text("owner") == "team-a"


async def test_a_newcomer_named_earlier_cannot_take_an_entity_over(tmp_path: Path) -> None:
    write(tmp_path / "z.yaml", entity("Component", "dice", owner="team-a"))
    async with opened(tmp_path, settings("*.yaml")) as catalog:
        await catalog.refresh()
        write(tmp_path / "a.yaml", entity("Component", "dice", owner="thief"))
        await catalog.refresh()
        assert (await get(catalog, "component:dice")).spec_text("owner") == "team-a"
        assert [p.where for p in await catalog.problems(ME)] == [str(tmp_path / "a.yaml")]
        (tmp_path / "z.yaml").write_text("{")
        await catalog.refresh()
        assert (await get(catalog, "component:dice")).spec_text("owner") == "team-a"
        (tmp_path / "z.yaml").unlink()
        await catalog.refresh()
        assert (await get(catalog, "component:dice")).spec_text("owner") == "thief"


async def test_twice_in_one_file_is_told_with_both_lines(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", entity("Component", "dice"), entity("Component", "dice"))
    async with opened(tmp_path, settings("a.yaml")) as catalog:
        await catalog.refresh()
        (problem,) = await catalog.problems(ME)
        assert problem.line == 4
        assert problem.found.endswith("a.yaml:2")


async def test_a_file_named_twice_is_read_once_and_no_conflict(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", entity("Component", "dice"))
    async with opened(tmp_path, settings("a.yaml", "*.yaml", "./x/../a.yaml")) as catalog:
        refreshed = await catalog.refresh()
        assert (refreshed.read, refreshed.problems) == (1, 0)
