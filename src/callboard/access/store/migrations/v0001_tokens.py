"""Tokens for services."""

import sqlalchemy as sa
from alembic import op

from callboard.base.database import UtcTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "access_tokens",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("service", sa.String(100), nullable=False),
        sa.Column("may", sa.String(1000), nullable=False),
        sa.Column("made", UtcTime, nullable=False),
        sa.Column("ends", UtcTime, nullable=False),
        sa.Column("used", UtcTime),
        sa.Column("revoked", UtcTime),
    )


def downgrade() -> None:
    """Take the table away."""
    op.drop_table("access_tokens")
