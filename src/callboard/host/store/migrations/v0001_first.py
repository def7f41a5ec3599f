"""The first tables: extensions that are switched off, and routes that were written on their page."""

import sqlalchemy as sa
from alembic import op

from callboard.base.database import UtcTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "extension_switches",
        sa.Column("extension", sa.String(100), primary_key=True),
        sa.Column("by", sa.String(300), nullable=False),
        sa.Column("at", UtcTime, nullable=False),
    )
    op.create_table(
        "extension_routes",
        sa.Column("path", sa.String(300), primary_key=True),
        sa.Column("declared", sa.Text, nullable=False),
        sa.Column("by", sa.String(300), nullable=False),
        sa.Column("at", UtcTime, nullable=False),
    )


def downgrade() -> None:
    """Take the tables away."""
    op.drop_table("extension_routes")
    op.drop_table("extension_switches")
