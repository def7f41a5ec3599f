"""Opening the database that an address names."""

from callboard.base.database.address import MEMORY, DatabaseAddress, shown_file
from callboard.base.database.database import Database

__all__ = ["open_database"]


def open_database(address: DatabaseAddress | str) -> Database:
    """Blocks, for as long as opening a file takes; of a server nothing is asked yet. A text is an SQLite file. Raises NotOurs
    for a file that cannot be used, BadInput for an address that is none."""
    file = address if isinstance(address, str) else address.file
    if file or isinstance(address, str):
        from callboard.base.database.sqlite import sqlite_engine

        return Database(sqlite_engine(file), "in memory" if file == MEMORY else shown_file(file))
    from callboard.base.database.postgresql import postgresql_engine

    return Database(*postgresql_engine(address))
