"""The example wheel is found by its entry point and brings its parts through the public door alone."""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from callboard.app.installed import installed as found_by_entry_point
from callboard.app.plugins import Plugins
from callboard.base.clock import SystemClock
from callboard.base.config import load
from callboard.base.errors import BadInputs
from callboard.base.secret import Secret
from callboard.base.settings import KubernetesSettings, Opaque, OtherLocator, ServiceLocatorMethod, Settings
from callboard.extend import Caller, Entity, EntityRef, ProxyRequest
from callboard.fleet.plugin import FleetPlugin
from callboard.fleet.wiring.registry import Registry
from callboard.fleet.wiring.wiring import WiredFleet, wire
from support.checkout import ROOT
from support.fake_fleet import CALLER, FakeFetcher, cluster, entity

WHEEL = ROOT / "examples" / "extensions"
SOURCE = WHEEL / "src"

INVENTORY = """
[[cluster]]
name = "eu-1"
url = "https://eu-1.example.com:6443"
region = "eu-west-1"
token_file = "eu-1.token"
ca_file = "eu-1.pem"

[[cluster]]
name = "us-1"
url = "https://us-1.example.com:6443"
token_file = "us-1.token"
"""
PLACEMENT = """
everywhere = ["component:default/ingress"]
[services]
"component:default/dice-roller" = ["us-1", "mars"]
"""


class NoEntities:
    async def entity(self, ref: EntityRef, caller: Caller) -> Entity | None:
        return None


class NoProxy:
    def open(self, cluster: object, credential: object, request: ProxyRequest) -> object:
        raise NotImplementedError


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The wheel's metadata as an installer writes it, beside its source, on the path."""
    project = tomllib.loads((WHEEL / "pyproject.toml").read_text())["project"]
    info = tmp_path / "site" / "callboard_inventory-1.0.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    lines = [f"{name} = {target}" for name, target in project["entry-points"]["callboard"].items()]
    (info / "entry_points.txt").write_text("[callboard]\n" + "\n".join(lines) + "\n")
    monkeypatch.syspath_prepend(str(info.parent))
    monkeypatch.syspath_prepend(str(SOURCE))
    files = tmp_path / "files"
    files.mkdir()
    (files / "inventory.toml").write_text(INVENTORY)
    (files / "placement.toml").write_text(PLACEMENT)
    (files / "eu-1.token").write_text("one\n")
    (files / "us-1.token").write_text("two\n")
    yield files
    for name in [n for n in sys.modules if n.split(".")[0] == "callboard_inventory"]:
        del sys.modules[name]


def wired(base_dir: Path, *, supplier: str = "inventory", file: str = "inventory.toml") -> WiredFleet:
    settings = Settings(
        kubernetes=KubernetesSettings(
            cluster_locator_methods=(OtherLocator(type=supplier, options=Opaque({"file": file})),),
            service_locator_method=ServiceLocatorMethod(
                type="placement", options=Opaque({"file": "placement.toml"})
            ),
        )
    )
    return wired_by(settings, base_dir)


def wired_by(settings: Settings, base_dir: Path) -> WiredFleet:
    ours = FleetPlugin(settings, fetcher=FakeFetcher(), proxy=NoProxy(), clock=SystemClock(), environ={})  # type: ignore[arg-type]
    registry = Registry.of(Plugins([("callboard.fleet", ours), *found_by_entry_point()]))
    return wire(registry, settings, clock=SystemClock(), entities=NoEntities(), base_dir=str(base_dir))


async def test_clusters_come_from_the_inventory_and_are_asked_with_our_own_strategy(installed: Path) -> None:
    fleet = wired(installed)
    supplied = await fleet.parts.clusters.supplied(CALLER)
    assert [(c.name, c.labels) for c in supplied.clusters] == [
        ("eu-1", {"region": "eu-west-1"}),
        ("us-1", {}),
    ]
    assert supplied.clusters[0].trust.ca_file == str(installed / "eu-1.pem")
    assert (await fleet.parts.auth.credential(supplied.clusters[0], CALLER)).token == Secret("one")


async def test_a_changed_inventory_is_read_again_and_a_broken_one_is_told(installed: Path) -> None:
    fleet = wired(installed)
    assert len((await fleet.parts.clusters.supplied(CALLER)).clusters) == 2
    (installed / "inventory.toml").write_text(INVENTORY.split('[[cluster]]\nname = "us-1"')[0])
    assert [c.name for c in (await fleet.parts.clusters.supplied(CALLER)).clusters] == ["eu-1"]
    (installed / "inventory.toml").write_text("[[cluster")
    broken = await fleet.parts.clusters.supplied(CALLER)
    assert [c.name for c in broken.clusters] == ["eu-1"]
    assert [n.code for n in broken.notices] == ["cluster-supplier-failed"]
    assert "inventory.toml" in broken.notices[0].message


async def test_services_are_placed_without_the_catalog(installed: Path) -> None:
    fleet = wired(installed)
    fleet_clusters = [cluster("eu-1"), cluster("us-1")]
    located = await fleet.parts.locator.locate(entity("dice-roller"), fleet_clusters, CALLER)
    assert [c.name for c in located.clusters] == ["us-1"]
    assert [n.code for n in located.notices] == ["unknown-cluster"]
    assert len((await fleet.parts.locator.locate(entity("ingress"), fleet_clusters, CALLER)).clusters) == 2
    nowhere = await fleet.parts.locator.locate(entity("other"), fleet_clusters, CALLER)
    assert (nowhere.clusters, [n.code for n in nowhere.notices]) == ((), ["not-placed"])


def test_a_misspelt_type_names_ours_and_the_extensions(installed: Path) -> None:
    with pytest.raises(BadInputs) as raised:
        wired(installed, supplier="inventroy")
    for part in (
        "kubernetes.clusterLocatorMethods[0].type",
        "config, inCluster, inventory",
        "did you mean inventory?",
    ):
        assert part in raised.value.message


def test_a_section_without_its_file_is_told_with_its_place(installed: Path) -> None:
    with pytest.raises(BadInputs, match=r"kubernetes\.clusterLocatorMethods\[0\]: file"):
        wired(installed, file="")


def test_an_extension_that_cannot_be_loaded_is_named(installed: Path) -> None:
    info = next((installed.parent / "site").glob("*.dist-info"))
    (info / "entry_points.txt").write_text("[callboard]\ninventory = callboard_inventory.nothing\n")
    (found,) = found_by_entry_point()
    assert (found.name, found.offers) == ("inventory", {})
    assert "extension inventory: it cannot be loaded from callboard_inventory.nothing" in found.problems[0]
    fleet = wired(installed)
    assert "inventory" in fleet.problems[0]


async def test_the_configuration_beside_it_wires_it(installed: Path) -> None:
    for name in ("app-config.yaml", "inventory.toml", "placement.toml"):
        shutil.copy(WHEEL / name, installed)
    fleet = wired_by(load([installed / "app-config.yaml"], {}).settings, installed)
    supplied = await fleet.parts.clusters.supplied(CALLER)
    assert [c.name for c in supplied.clusters] == ["eu-1", "us-1"]
    located = await fleet.parts.locator.locate(entity("dice-roller"), supplied.clusters, CALLER)
    assert ([c.name for c in located.clusters], located.notices) == (["us-1"], ())


def test_its_own_tests_pass() -> None:
    environ = {"PYTHONPATH": str(ROOT / "src"), "PATH": os.environ["PATH"]}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"],
        cwd=WHEEL, env=environ, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert "3 passed" in run.stdout


def test_it_imports_nothing_of_callboard_but_the_public_door() -> None:
    for path in [*SOURCE.rglob("*.py"), *(WHEEL / "tests").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            names = (
                [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            ours = {n for n in names if n.split(".")[0] == "callboard"}
            assert ours <= {"callboard.extend"}, f"{path.name} imports {ours}"


def test_importing_it_needs_no_room_above_the_door() -> None:
    script = (
        "import sys, callboard_inventory; "
        "rooms = {n.split('.')[1] for n in sys.modules if n.startswith('callboard.')}; "
        "assert rooms <= {'extend', 'model', 'base'}, rooms"
    )
    subprocess.run(
        [sys.executable, "-c", script], check=True, env={"PYTHONPATH": f"{ROOT / 'src'}:{SOURCE}"}, timeout=60
    )
