"""The database: SQLite in a file of ours, or one schema `callboard` on a PostgreSQL server.

Statements belong to the stores; what differs between the two databases stands here: where it is (`address`), opening it
(`sqlite`, `postgresql`), whether it answers (`database`), what its failures are in plain words (`failures`), column types that
hold the same on both (`columns`), and bringing tables from version to version (`migrations`). It must never touch a table that
Callboard did not make, show a statement or a value, or wait without a deadline. The stores use all of it; `app` opens it.

Adding a store:

1. a package in the room that owns it, e.g. `history/store`, with its tables in `schema.py`: their names begin with the store's,
   every text is a `columns.text`, every time a `columns.UtcTime`;
2. beside it `migrations/v0001_first.py` with `revision`, `down_revision`, `upgrade()` and `downgrade()`, in Alembic's words.
   Each further change is a file of its own, goes forward on both databases, and goes back one step;
3. `CHAIN = Chain("history", Path(__file__).parent / "migrations")`, and `await migrate(database, CHAIN)` when it starts;
4. statements within `database.reading()` and `database.writing()`: what fails comes out as `Unavailable` in plain words, as
   `DatabaseAway` where the server does not answer; methods are wrapped in `to_its_end`;
5. the chain's name in `app/tables.py`, for `callboard database`; the package in the database's fence in `pyproject.toml`;
   tests that run on both (`tests/support/databases.py`).
"""

from callboard.base.database.address import MEMORY, DatabaseAddress, address_of
from callboard.base.database.among import among
from callboard.base.database.columns import UtcTime, text
from callboard.base.database.database import Database
from callboard.base.database.ending import to_its_end
from callboard.base.database.failures import DatabaseAway
from callboard.base.database.migrations import Chain, SchemaState, migrate, standing, step_back
from callboard.base.database.opening import open_database

__all__ = [
    "MEMORY",
    "Chain",
    "Database",
    "DatabaseAddress",
    "DatabaseAway",
    "SchemaState",
    "UtcTime",
    "address_of",
    "among",
    "migrate",
    "open_database",
    "standing",
    "step_back",
    "text",
    "to_its_end",
]
