"""The tables of all stores, for the operator's command."""

import os
from pathlib import Path
from typing import Final

from callboard.access.store import CHAIN as ACCESS
from callboard.app.configuration import read_configuration
from callboard.base.database import Chain, Database, address_of, migrate, open_database, standing, step_back
from callboard.base.errors import NotFound
from callboard.base.settings import Settings
from callboard.catalog.store import CHAIN as CATALOG
from callboard.cli.wiring import StoreTables
from callboard.history.store import CHAIN as HISTORY
from callboard.host.store import CHAIN as HOST

__all__ = ["CHAINS", "move", "opened"]

CHAINS: Final[tuple[Chain, ...]] = (ACCESS, CATALOG, HISTORY, HOST)
"""Every store that keeps tables."""


def opened(settings: Settings) -> Database:
    """The database of the configuration. Raises BadInput where it cannot be used."""
    return open_database(
        address_of(
            settings.backend.database,
            settings.callboard.data_directory,
            connections=settings.callboard.database.connections,
        )
    )


async def move(configs: tuple[Path, ...], *, forward: bool, back: str) -> tuple[StoreTables, ...]:
    """Bring the tables of all stores `forward`, or those of one store `back` by a version, or neither; then how they stand."""
    database = opened(read_configuration(configs, os.environ, Path.cwd()).settings)
    try:
        if forward:
            for chain in CHAINS:
                await migrate(database, chain)
        if back:
            await step_back(database, _named(back))
        return tuple([await _standing(database, chain) for chain in CHAINS])
    finally:
        await database.close()


async def _standing(database: Database, chain: Chain) -> StoreTables:
    found = await standing(database, chain)
    return StoreTables(
        store=chain.name, version=found.version, newest=found.newest, known=found.version in chain.known, place=database.place
    )  # fmt: skip


def _named(name: str) -> Chain:
    for chain in CHAINS:
        if chain.name == name:
            return chain
    raise NotFound(
        f"There is no store {name!r}; there are {', '.join(chain.name for chain in CHAINS)}.",
        code="no-such-store",
    )
