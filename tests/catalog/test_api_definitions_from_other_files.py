"""`$text`, `$json` and `$yaml`: what they give, where they may read, and that the other file is watched too."""

import json
from pathlib import Path

import pytest

from callboard.base.clock import FakeClock
from callboard.base.errors import NotAllowed
from callboard.base.settings import CatalogReadingSettings
from callboard.catalog import Fetched, validate_paths
from support.catalog import ME, entity, get, has, opened, settings, write


async def test_the_three_forms(tmp_path: Path) -> None:
    write(tmp_path / "specs" / "a.txt", "openapi: 3.1.0\n")
    write(tmp_path / "specs" / "a.json", '{"openapi": "3.1.0"}')
    write(tmp_path / "specs" / "a.yaml", "openapi: 3.1.0\non: off\n")
    write(
        tmp_path / "info.yaml",
        entity("API", "text", definition={"$text": "./specs/a.txt"}),
        entity("API", "json", definition={"$json": "specs/a.json"}),
        entity("API", "yaml", definition={"$yaml": "specs/a.yaml"}),
    )
    async with opened(tmp_path, settings("info.yaml")) as catalog:
        assert (await catalog.refresh()).problems == 0
        assert (await get(catalog, "api:text")).spec_text("definition") == "openapi: 3.1.0\n"
        assert json.loads((await get(catalog, "api:json")).spec_text("definition")) == {"openapi": "3.1.0"}
        yaml = json.loads((await get(catalog, "api:yaml")).spec_text("definition"))
        assert yaml == {"openapi": "3.1.0", "on": "off"}


@pytest.mark.parametrize(
    "target",
    [
        "../outside.txt",
        "/etc/hostname",
        "link.txt",
        "file:///etc/hostname",
        "ftp://x.example/a",
        "a\0b",
    ],
)
async def test_a_file_that_is_not_beside_the_one_that_names_it_is_not_read(
    tmp_path: Path, target: str
) -> None:
    write(tmp_path / "outside.txt", "secret")
    write(tmp_path / "in" / "info.yaml", entity("API", "a", definition={"$text": target}))
    (tmp_path / "in" / "link.txt").symlink_to(tmp_path / "outside.txt")
    async with opened(tmp_path, settings("in/info.yaml")) as catalog:
        await catalog.refresh()
        assert not await has(catalog, "api:a")
        (problem,) = await catalog.problems(ME)
        assert (problem.path, problem.line) == ("spec.definition", 2)
        assert "may not read from there" in problem.message


async def test_an_operator_may_widen_what_is_read(tmp_path: Path) -> None:
    write(tmp_path / "shared" / "a.txt", "shared")
    write(tmp_path / "in" / "info.yaml", entity("API", "a", definition={"$text": "../shared/a.txt"}))
    widened = CatalogReadingSettings(folders=("shared",))
    async with opened(tmp_path, settings("in/info.yaml"), reading=widened) as catalog:
        assert (await catalog.refresh()).problems == 0
        assert (await get(catalog, "api:a")).spec_text("definition") == "shared"


async def test_a_local_file_may_name_an_address_that_is_asked_again_when_due(tmp_path: Path) -> None:
    asked: list[str] = []

    async def fetch(url: str, etag: str = "") -> Fetched:
        asked.append(url)
        if "forbidden" in url:
            raise NotAllowed("reading from there is not allowed", code="url-not-allowed")
        return Fetched(body=f"number {len(asked)}".encode())

    file = write(
        tmp_path / "info.yaml",
        entity("API", "a", definition={"$text": "https://api.example.org/openapi.yaml"}),
        entity("API", "b", definition={"$text": "https://forbidden.example.org/openapi.yaml"}),
        entity("Component", "c"),
    )
    clock = FakeClock()
    async with opened(tmp_path, settings("info.yaml", interval=100.0), fetch=fetch, clock=clock) as catalog:
        await catalog.refresh()
        assert (await get(catalog, "api:a")).spec_text("definition").startswith("number")
        assert await has(catalog, "component:c")
        (problem,) = await catalog.problems(ME)
        assert (problem.where, problem.line, problem.path) == (str(file), 4, "spec.definition")
        assert (
            problem.message == "https://forbidden.example.org/openapi.yaml: reading from there is not allowed"
        )
        assert len(asked) == 2
        await catalog.refresh()
        assert len(asked) == 2
        clock.advance(151)
        await catalog.refresh()
        assert len(asked) == 4
    assert validate_paths([str(file)]).problems == ()  # which fetches nothing


OPENAPI = "openapi: 3.1.0\npaths: {/a: {$ref: '#/components/a'}}\n# kept\n"


@pytest.mark.parametrize("form", ["$openapi", "$asyncapi"])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (OPENAPI, ""),
        ('{"openapi": "3.1.0"}', ""),
        ("paths: {/a: {$ref: './a.yaml#/x'}}", "refers to another file"),
        ("paths: [{$ref: 'https://x.example/a?token=canary'}]", "refers to another file"),
        ("paths: [{$ref: ../../etc/passwd}]", "refers to another file"),
        ("- a", "is no definition"),
        ("a: [", "flow"),
        ("a: 1\n---\nb: 1\n", "not one document"),
    ],
)
async def test_a_definition_that_backstage_would_resolve_is_read_whole_or_told(
    tmp_path: Path, form: str, text: str, words: str
) -> None:
    write(tmp_path / "spec.yaml", text)
    write(tmp_path / "info.yaml", entity("API", "a", definition={form: "./spec.yaml"}))
    async with opened(tmp_path, settings("info.yaml")) as catalog:
        await catalog.refresh()
        problems = await catalog.problems(ME)
        if not words:
            assert problems == ()
            assert (await get(catalog, "api:a")).spec_text("definition") == text
        else:
            (problem,) = problems
            assert words in problem.message
            assert "canary" not in str(problem)


@pytest.mark.parametrize(
    ("form", "text"), [("$json", "{"), ("$yaml", "a: [b"), ("$yaml", "a: 1\n---\nb: 2\n"), ("$text", None)]
)
def test_a_file_that_is_missing_or_no_such_thing_is_told_at_the_placeholder(
    tmp_path: Path, form: str, text: str | None
) -> None:
    if text is not None:
        write(tmp_path / "a.txt", text)
    file = write(tmp_path / "info.yaml", entity("API", "a", definition={form: "./a.txt"}))
    (problem,) = validate_paths([str(file)]).problems
    assert (problem.where, problem.line, problem.path) == (str(file), 2, "spec.definition")
    assert "a.txt" in problem.message


async def test_a_change_of_the_other_file_is_noticed(tmp_path: Path) -> None:
    other = write(tmp_path / "a.txt", "one")
    write(tmp_path / "info.yaml", entity("API", "a", definition={"$text": "./a.txt"}))
    async with opened(tmp_path, settings("info.yaml")) as catalog:
        await catalog.refresh()
        assert (await catalog.refresh()).read == 0
        other.write_text("two")
        assert (await catalog.refresh()).written == 1
        assert (await get(catalog, "api:a")).spec_text("definition") == "two"
        other.unlink()
        await catalog.refresh()
        kept = await get(catalog, "api:a")
        assert kept.spec_text("definition") == "two"
        assert "does not exist" in kept.status[0].message
