"""The parts are plain objects: make one, ask it."""

from pathlib import Path

import pytest

from callboard.extend import BadInput, Caller, Cluster, Entity, EntityMeta, Secret, Unavailable
from callboard_inventory.locator import PlacementLocator
from callboard_inventory.supplier import InventorySupplier
from callboard_inventory.toml_file import TomlFile

ME = Caller.loopback()
INVENTORY = """
[[cluster]]
name = "eu-1"
url = "https://eu-1.example.com:6443"
region = "eu-west-1"
token_file = "eu-1.token"
"""
PLACEMENT = """
[services]
"component:default/dice-roller" = ["eu-1", "mars"]
"""


async def test_a_cluster_of_the_inventory_is_asked_with_the_token_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "inventory.toml").write_text(INVENTORY)
    (tmp_path / "eu-1.token").write_text("let-me-in\n")
    (cluster,) = await InventorySupplier(TomlFile(tmp_path / "inventory.toml")).clusters(ME)
    assert cluster.name == "eu-1"
    assert cluster.labels == {"region": "eu-west-1"}
    assert cluster.auth_metadata["serviceAccountToken"] == Secret("let-me-in")
    assert "let-me-in" not in repr(cluster)


async def test_what_cannot_be_read_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    supplier = InventorySupplier(TomlFile(tmp_path / "inventory.toml"))
    with pytest.raises(Unavailable, match=r"inventory\.toml cannot be read"):
        await supplier.clusters(ME)
    (tmp_path / "inventory.toml").write_text("[[cluster]]\nname = 'eu-1'\n")
    with pytest.raises(BadInput, match=r"cluster\[0\]: url"):
        await supplier.clusters(ME)


async def test_a_service_runs_where_the_file_places_it_and_a_name_that_is_no_cluster_is_told(
    tmp_path: Path,
) -> None:
    (tmp_path / "placement.toml").write_text(PLACEMENT)
    locator = PlacementLocator(TomlFile(tmp_path / "placement.toml"))
    clusters = [Cluster(name=name, url=f"https://{name}.example.com:6443") for name in ("eu-1", "us-1")]
    dice = Entity(
        api_version="backstage.io/v1alpha1", kind="Component", metadata=EntityMeta(name="dice-roller")
    )
    located = await locator.locate(dice, clusters, ME)
    assert [c.name for c in located.clusters] == ["eu-1"]
    assert [n.code for n in located.notices] == ["unknown-cluster"]
