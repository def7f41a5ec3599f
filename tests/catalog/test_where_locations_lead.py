"""Where a relative target of the configuration leads, and what is told where it leads nowhere."""

from pathlib import Path

import pytest

from support.catalog import ME, entity, has, opened, settings, write


@pytest.mark.parametrize("with_backend", [True, False])
async def test_a_scaffolded_path_counts_from_where_backstages_backend_runs(
    tmp_path: Path, with_backend: bool
) -> None:
    if with_backend:
        (tmp_path / "app" / "packages" / "backend").mkdir(parents=True)
    write(tmp_path / "app" / "examples" / "entities.yaml", entity("Component", "shop"))
    write(tmp_path / "app" / "examples" / "template" / "template.yaml", entity("Template", "new"))
    write(tmp_path / "app" / "teams" / "a.yaml", entity("Group", "a"))
    configured = settings(
        "../../examples/entities.yaml", "../../examples/template/template.yaml", "../../teams/*.yaml"
    )
    async with opened(tmp_path / "app", configured) as catalog:
        assert (await catalog.refresh()).problems == 0
        for ref in ("component:shop", "template:new", "group:a"):
            assert await has(catalog, ref)


async def test_a_path_that_leads_somewhere_from_here_means_that(tmp_path: Path) -> None:
    here = tmp_path / "a" / "b" / "app"
    write(tmp_path / "a" / "examples" / "e.yaml", entity("Component", "above"))
    write(here / "examples" / "e.yaml", entity("Component", "scaffolded"))
    async with opened(here, settings("../../examples/e.yaml")) as catalog:
        await catalog.refresh()
        assert await has(catalog, "component:above")
        assert not await has(catalog, "component:scaffolded")


async def test_a_location_that_leads_nowhere_says_where_was_looked(tmp_path: Path) -> None:
    here = tmp_path / "a" / "b"
    here.mkdir(parents=True)
    async with opened(here, settings("../../x/e.yaml", "./y.yaml", "/z/*.yaml")) as catalog:
        await catalog.refresh()
        climbing, beside, absolute = await catalog.problems(ME)
        assert climbing.found == f"nothing at {tmp_path}/x/e.yaml and {here}/x/e.yaml"
        assert "packages/backend" in climbing.hint
        assert beside.found == f"nothing at {here}/y.yaml"
        assert absolute.message == "file:/z/*.yaml does not exist"
        write(here / "x" / "e.yaml", entity("Component", "late"))  # and it is found once it is there
        await catalog.refresh()
        assert await has(catalog, "component:late")
