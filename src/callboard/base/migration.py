"""What Alembic does for `database`: a module of its own, because it takes as long to import as all of SQLAlchemy that we use."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

__all__ = ["upgrade_tables"]


def upgrade_tables(connection: Connection, scripts: Path, version_table: str) -> None:
    """Run the revisions in `scripts` that the database has not seen, on this connection."""
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["version_table"] = version_table
    command.upgrade(config, "head")
