"""Each library is fenced to its rooms: the contract names every other room, so a new room cannot slip past."""

import tomllib

import pytest

from support.checkout import ROOT

ROOMS = {path.parent.name for path in (ROOT / "src" / "callboard").glob("*/__init__.py")}
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
ALLOWED = {  # library to the rooms that may import it; the stores' own exceptions stand in the contract
    "aiohttp": {"kube", "outbound", "simulator"},
    "sqlalchemy": set[str](),
    "alembic": set[str](),
    "aiosqlite": set[str](),
    "psycopg": set[str](),
    "jinja2": {"web"},
    "markupsafe": {"web"},
    "starlette": {"http", "web", "api", "app"},
    "uvicorn": {"http"},
    "h11": {"http"},
    "click": {"cli", "app"},
    "joserfc": {"access"},
    "cedarpy": {"access"},
    "callboard.simulator": {"cli", "app", "simulator"},
}


@pytest.mark.parametrize("library", sorted(ALLOWED))
def test_a_fence_names_every_room_but_those_allowed(library: str) -> None:
    fences = [contract for contract in CONTRACTS if library in contract.get("forbidden_modules", [])]
    assert len(fences) == 1
    assert set(fences[0]["source_modules"]) == {f"callboard.{room}" for room in ROOMS - ALLOWED[library]}


def test_every_room_has_its_layer() -> None:
    layers = next(contract for contract in CONTRACTS if contract["type"] == "layers")["layers"]
    placed = {room.strip() for layer in layers for room in layer.split("|")}
    assert placed | {"simulator"} == ROOMS


def test_the_simulator_knows_base_only() -> None:
    contract = next(each for each in CONTRACTS if each.get("source_modules") == ["callboard.simulator"])
    assert set(contract["forbidden_modules"]) == {
        f"callboard.{room}" for room in ROOMS - {"simulator", "base"}
    }


def test_only_the_stores_the_database_room_and_the_kit_for_tests_are_excepted() -> None:
    excepted = {
        line.partition(" ->")[0] for contract in CONTRACTS for line in contract.get("ignore_imports", [])
    }
    stores = {"callboard.base.database", "callboard.base.database.**"}
    kit = {"callboard.extend.testing.**", "callboard.app.references.*"}  # that, and what describes it
    assert {
        name
        for name in excepted
        if not name.startswith(
            (
                "callboard.access.store",
                "callboard.catalog.store",
                "callboard.history.store",
                "callboard.host.store",
            )
        )
    } <= stores | kit
