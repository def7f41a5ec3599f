"""The files of `examples/`: valid, loaded by their own configuration, and about the same clusters."""

from pathlib import Path

from callboard.base.config import load
from callboard.base.settings import ConfigLocator
from callboard.catalog import validate_paths
from support.catalog import ME, get, opened

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
TOKENS = {
    f"{name}_TOKEN": "example" for name in ("EU_WEST_PRODUCTION", "US_EAST_PRODUCTION", "EU_WEST_STAGING")
}


def test_the_catalog_file_is_valid() -> None:
    found = validate_paths([str(EXAMPLES / "catalog-info.yaml")])
    assert found.problems == ()
    assert found.entities == found.documents == 11


async def test_the_configuration_loads_the_catalog_and_both_name_the_same_clusters() -> None:
    loaded = load([EXAMPLES / "app-config.yaml"], TOKENS)
    settings = loaded.settings
    assert settings.kubernetes is not None
    (locator,) = settings.kubernetes.cluster_locator_methods
    assert isinstance(locator, ConfigLocator)
    names = {cluster.name for cluster in locator.clusters}
    assert names == set(settings.callboard.clusters.by_name)
    async with opened(EXAMPLES, settings.catalog) as catalog:
        await catalog.refresh()
        assert await catalog.problems(ME) == ()
        dice = await get(catalog, "component:dice-roller")
        clusters = [ref for ref in dice.related("dependsOn") if ref.namespace == "clusters"]
        assert {ref.name for ref in clusters} == names
        for ref in clusters:
            assert (await get(catalog, str(ref))).spec_text("type") == "kubernetes-cluster"
        for ref in (*dice.related("ownedBy"), *dice.related("partOf"), *dice.related("providesApi")):
            await get(catalog, str(ref))
