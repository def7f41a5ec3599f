"""Services that people have starred."""

import sqlalchemy as sa
from alembic import op

from callboard.base.database import UtcTime, text

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "access_stars",
        sa.Column("subject", text(300), primary_key=True),
        sa.Column("ref", text(300), primary_key=True),
        sa.Column("at", UtcTime, nullable=False),
    )


def downgrade() -> None:
    """Take it away, with what is in it."""
    op.drop_table("access_stars")
