"""What Alembic does for `migrations`: a module of its own, as it takes as long to import as all of SQLAlchemy that we use."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

__all__ = ["move_tables"]

ENVIRONMENT = Path(__file__).parent / "environment"


def move_tables(connection: Connection, scripts: Path, version_table: str, to: str) -> None:
    """Run the revisions in `scripts` that lead to `to` ("head", "-1") on this connection, which is in a transaction."""
    config = Config()
    config.set_main_option("script_location", str(ENVIRONMENT).replace("%", "%%"))
    config.set_main_option("version_locations", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    config.attributes["version_table"] = version_table
    (command.downgrade if to.startswith("-") else command.upgrade)(config, to)
