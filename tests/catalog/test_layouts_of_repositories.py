"""Repositories as public ones are laid out, opened as a newcomer would: each entity is there, or a message tells the way."""

import re
import shutil
from pathlib import Path

import pytest

from callboard.app.configuration import read_configuration
from callboard.catalog import HttpFetch
from callboard.catalog.sources.hosting import git_hosts
from callboard.outbound import Outbound
from support.catalog import ME, entity, has, opened, write

LAYOUTS = Path(__file__).parent / "layouts"

EXPECTED: dict[str, tuple[list[str], list[str]]] = {
    "single": (["component:shop"], []),
    "yml-and-windows": (["component:shop"], []),
    "dot-backstage": (["component:cart", "component:cart-worker"], []),
    "monorepo": (["component:shop", "component:cart", "component:web"], []),
    "monorepo-with-locations": (
        ["component:deep-a", "api:dice", "group:team-a"],
        ["services/deep-b/catalog-info.yaml:5: spec.owner: is missing"],
    ),
    "several-files": (["component:shop", "component:cart", "system:selling"], []),
    "scaffolded": (
        ["system:examples", "component:example-website", "api:example-grpc-api", "user:guest", "group:guests",
         "template:example-nodejs-template"],
        [],
    ),
    "scaffolded-image": (
        ["group:guests", "component:shop"],
        ["gone.yaml does not exist; found nothing at .*gone.yaml and .*gone.yaml; .*packages/backend"],
    ),
    "templates": (["template:nodejs"], []),
    "apis": (
        ["api:text", "api:json", "api:bundled"],
        [
            r"catalog-info.yaml:42: .*refers to another file, which \$openapi does not follow here; found ./paths/a.yaml",
            "catalog-info.yaml:53: .*may not read from there; .*; callboard.catalog.folders allows",
            "catalog-info.yaml:64: .*api.example.org/openapi.yaml is not allowed; .*backend.reading.allow",
        ],
    ),
    "organisation": (
        ["group:team-a", "group:team-b", "user:user-a", "user:user-c", "component:shop"],
        ["shop.yaml:10: resource:default/shopdb is not of an allowed kind .*catalog.rules"],
    ),
    "json": (["component:shop"], []),
    "central": (
        ["component:own"],
        ["catalog-info.yaml:1: spec.targets: .*services/shop.yaml may not be read from there; .*callboard.catalog.folders"],
    ),
    "addresses": (
        [],
        [
            r"acme/shop: is not the address of a file; expected https://github.com/OWNER/REPOSITORY/blob/",
            "reading from git.example.org/.* is not allowed; add the host to backend.reading.allow",
            r"catalog.locations\[2\]: is not an address that can be read",
            r"catalog.locations\[3\]: nobody reads locations of this type; found github-discovery",
        ],
    ),
    "broken": (
        ["component:good"],
        [
            "broken/catalog-info.yaml:5: .*tab",
            "cart/catalog-info.yaml:5: spec.owner: is missing",
            r"page/catalog-info.yaml: is a web page \(HTML\)",
        ],
    ),
    "empty": ([], ["empty: holds no catalog file; expected one of catalog-info.*.backstage"]),
}  # fmt: skip


def test_every_layout_is_tried() -> None:
    assert {path.name for path in LAYOUTS.iterdir()} == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(EXPECTED))
async def test_a_layout_loads_or_says_why_not(tmp_path: Path, name: str) -> None:
    directory = tmp_path / name
    shutil.copytree(LAYOUTS / name, directory)
    write(directory / "node_modules" / "a" / "catalog-info.yaml", entity("Component", "of-somebody-else"))
    configuration = read_configuration((), {}, directory)
    settings = configuration.settings
    refs, words = EXPECTED[name]
    async with Outbound(environment={}) as way:
        fetch = HttpFetch(
            way,
            settings.backend.reading.allow,
            deadline=5,
            max_bytes=100_000,
            hosts=git_hosts(settings.integrations),
        )
        async with opened(
            directory, settings.catalog, fetch=fetch, assumed=configuration.assumed_catalog
        ) as catalog:
            await catalog.refresh()
            told = [str(problem) for problem in await catalog.problems(ME)]
            for ref in refs:
                assert await has(catalog, ref), told
            assert not await has(catalog, "component:of-somebody-else")
    for wanted in words:
        assert any(re.search(wanted, each) for each in told), (wanted, told)
    assert len(told) == len(words), told
