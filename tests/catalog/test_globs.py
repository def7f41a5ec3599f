"""What a glob matches is what Python's own gives, and no folder is so made that looking does not end."""

import glob
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as settings_
from hypothesis import strategies as st

from callboard.base.errors import BadInput
from callboard.catalog.sources import globs
from callboard.catalog.sources.globs import matching
from support.catalog import entity, has, opened, settings, write

NAMES = ("a", "b", "ab", ".h", "a.yaml", "b.yml", ".h.yaml", "[x]")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    for one in ("", "a", "ab", ".h", "[x]"):
        for two in ("", "a", "b", ".h"):
            folder = root / one / two
            folder.mkdir(parents=True, exist_ok=True)
            for name in ("a.yaml", "b.yml", ".h.yaml"):
                (folder / name).touch()
    return root


part = st.sampled_from(
    (
        "*",
        "**",
        "?",
        "a",
        "a*",
        "*.yaml",
        "*.y*ml",
        ".*",
        "[ab]",
        "[!a]*",
        "[[]x]",
        "[",
        "*b",
        ".h",
        "a.yaml",
        "nothing",
    )
)


@settings_(max_examples=60, deadline=None)
@given(st.lists(part, min_size=1, max_size=4))
def test_it_is_what_pythons_own_glob_gives(tree: Path, parts: list[str]) -> None:
    pattern = f"{tree}/{'/'.join(parts)}"
    wanted = {os.path.normpath(m) for m in glob.glob(pattern, recursive=True) if Path(m).is_file()}  # noqa: PTH207
    assert set(matching(pattern)) == wanted


def test_a_relative_pattern_starts_here(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    assert matching("*.yaml") == ["a.yaml"]
    assert matching("a/*.yaml") == ["a/a.yaml"]
    assert "a/b/a.yaml" in matching("**/*.yaml")


async def test_links_to_ones_own_folder_are_no_maze(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write(folder / "deep" / "a.yaml", entity("Component", "found"))
    for name in "abcdefgh":
        (folder / name).symlink_to(folder)
        (folder / "deep" / name).symlink_to("..")
    targets = ["**/a.yaml", "**/**/**/**/**/*.yml", "*/*/*/*/*/*/*/*/*/*.yml"]
    write(folder / "all.yaml", entity("Location", "all", targets=targets), entity("Component", "good"))
    async with opened(tmp_path, settings("in/all.yaml")) as catalog:
        await catalog.refresh()
        assert await has(catalog, "component:good")
        assert await has(catalog, "component:found")
        await catalog.refresh()


def test_a_glob_that_looks_at_too_much_is_refused(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(globs, "MOST_LOOKED_AT", 10)
    with pytest.raises(BadInput) as caught:
        matching(f"{tree}/**/*.yaml")
    assert caught.value.problem.message == "names too much"
