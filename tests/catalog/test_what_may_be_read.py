"""What a Location in a catalog file may lead to: files in the folder of its root, links followed; and nothing of any other file
is shown."""

from pathlib import Path

import pytest

from callboard.base.settings import CatalogReadingSettings
from callboard.catalog import validate_paths
from support.catalog import ME, entity, get, has, opened, settings, write

SHADOW = "root:$y$canary:20228:0:99999:7:::\ndaemon:*:20228:0:99999:7:::\n"


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    """The folder of a root, with much beside it that is none of its business."""
    folder = tmp_path / "in"
    folder.mkdir()
    write(tmp_path / "outside.yaml", entity("Component", "outside"))
    write(tmp_path / "beside" / "a.yaml", entity("Component", "beside"))
    write(tmp_path / "shadow", SHADOW)
    (folder / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    (folder / "linked").symlink_to(tmp_path / "beside")
    (folder / "again.yaml").symlink_to(folder / "link.yaml")
    return folder


@pytest.mark.parametrize(
    "target",
    [
        "../outside.yaml",
        "/etc/passwd",
        "/etc/shadow",
        "/dev/zero",
        "/proc/self/environ",
        "link.yaml",
        "again.yaml",
        "linked/a.yaml",
        "./x/../../outside.yaml",
        "../*/a.yaml",
        "../**/*.yaml",
        "/etc/*",
        "/**",
        "link*.yaml",
        "linked/*.yaml",
        "*/a.yaml",
        "**/a.yaml",
        "[l]inked/a.yaml",
        "../in-other/a.yaml",
    ],
)
async def test_what_lies_elsewhere_is_not_read(inside: Path, target: str) -> None:
    write(inside.parent / "in-other" / "a.yaml", entity("Component", "other"))
    file = write(inside / "all.yaml", entity("Location", "all", target=target), entity("Component", "good"))
    async with opened(inside.parent, settings("in/all.yaml")) as catalog:
        await catalog.refresh()
        assert await has(catalog, "component:good")
        for name in ("outside", "beside", "other"):
            assert not await has(catalog, f"component:{name}")
        problems = await catalog.problems(ME)
        assert problems
        for problem in problems:
            assert (problem.where, problem.line) == (str(file), 2)
            assert "canary" not in str(problem)
            assert "root:" not in str(problem)
        assert (await get(catalog, "location:all")).status


@pytest.mark.parametrize(
    "target", ["./a.yaml", "sub/a.yaml", "*.yml", "**/a.yaml", "sub/../a.yaml", "within.yaml"]
)
async def test_what_lies_in_the_folder_is_read(tmp_path: Path, target: str) -> None:
    for place in ("a.yaml", "sub/a.yaml", "a.yml"):
        write(tmp_path / "in" / place, entity("Component", "found"))
    (tmp_path / "in" / "within.yaml").symlink_to(tmp_path / "in" / "sub" / "a.yaml")
    write(tmp_path / "in" / "all.yaml", entity("Location", "all", target=target))
    async with opened(tmp_path, settings("in/all.yaml")) as catalog:
        await catalog.refresh()
        assert await has(catalog, "component:found")


async def test_the_folder_of_a_glob_is_where_it_begins(tmp_path: Path) -> None:
    write(tmp_path / "repos" / "a" / "catalog-info.yaml", entity("Location", "a", target="../b/more.yaml"))
    write(tmp_path / "repos" / "b" / "more.yaml", entity("Component", "more"))
    write(tmp_path / "repos" / "c" / "catalog-info.yaml", entity("Location", "c", target="../../out.yaml"))
    write(tmp_path / "out.yaml", entity("Component", "out"))
    async with opened(tmp_path, settings("repos/*/catalog-info.yaml")) as catalog:
        await catalog.refresh()
        assert await has(catalog, "component:more")
        assert not await has(catalog, "component:out")


async def test_a_chain_of_locations_stays_in_the_folder_of_its_root(tmp_path: Path) -> None:
    write(tmp_path / "in" / "all.yaml", entity("Location", "one", target="deep/er/two.yaml"))
    write(tmp_path / "in" / "deep" / "er" / "two.yaml", entity("Location", "two", target="../../three.yaml"))
    write(tmp_path / "in" / "three.yaml", entity("Location", "three", targets=["../four.yaml"]))
    write(tmp_path / "four.yaml", entity("Component", "four"))
    async with opened(tmp_path, settings("in/all.yaml")) as catalog:
        await catalog.refresh()
        assert await has(catalog, "location:three")
        assert not await has(catalog, "component:four")
        (problem,) = await catalog.problems(ME)
        assert "callboard.catalog.folders" in problem.hint


async def test_an_operator_may_widen_it_and_may_name_anything_themselves(inside: Path) -> None:
    write(inside / "all.yaml", entity("Location", "all", targets=["../beside/a.yaml", "../outside.yaml"]))
    widened = CatalogReadingSettings(folders=("beside",))
    async with opened(inside.parent, settings("in/all.yaml", "outside.yaml"), reading=widened) as catalog:
        await catalog.refresh()
        assert await has(catalog, "component:beside")
        assert await has(catalog, "component:outside")
        (problem,) = await catalog.problems(ME)
        assert "outside.yaml may not be read from there" in problem.message


async def test_a_link_that_turns_outside_while_it_runs_is_not_followed(inside: Path) -> None:
    turning = inside / "turning.yaml"
    write(inside / "real.yaml", entity("Component", "real"))
    turning.symlink_to(inside / "real.yaml")
    write(inside / "all.yaml", entity("Location", "all", target="turning.yaml"))
    async with opened(inside.parent, settings("in/all.yaml")) as catalog:
        await catalog.refresh()
        assert await has(catalog, "component:real")
        turning.unlink()
        turning.symlink_to(inside.parent / "outside.yaml")
        await catalog.refresh()
        assert not await has(catalog, "component:outside")
        assert await catalog.problems(ME)


@pytest.mark.parametrize(
    "text",
    [
        SHADOW,
        "canary",
        "- canary\n- canary: canary\n",
        "canary: canary\ncanary2: {canary: canary}\n",
        "name: canary\nname: canary\n",
        "[canary",
        "*canary",
        "&canary [*canary]",
        "a: !!int canary",
        "!canary {a: b",
        "%CANARY canary\n---\na: b",
        "a: 'canary",
        "canary canary: canary: canary",
        "TOKEN=canary\nOTHER=canary",
        "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n",
        '{"auths": {"canary": {"auth": "canary"}}}',
        "a: \x07canary",
        "? [canary]\n: canary",
        "127.0.0.1 canary\n::1 canary\n",
        "<canary/>",
        "\tcanary: x",
        "name: &canary\n  b: *canary2\n",
        "apiVersion: v1\nkind: Secret\nstringData: {password: canary}\nmetadata: {name: a}\n",
        "apiVersion: v1\nkind: Config\nusers: [{user: {token: canary}}]\nmetadata: {}\n",
    ],
)
def test_nothing_of_a_file_that_holds_no_entity_is_shown(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    problems = validate_paths([str(tmp_path / "a.yaml")]).problems
    assert problems
    assert "canary" not in " ".join(map(str, problems)).lower()
