"""The first table: last verdicts."""

import sqlalchemy as sa
from alembic import op

from callboard.base.database import UtcTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table and its index."""
    op.create_table(
        "history_verdicts",
        sa.Column("ref", sa.String(300), primary_key=True),
        sa.Column("visibility", sa.String(64), primary_key=True),
        sa.Column("health", sa.String(16), nullable=False),
        sa.Column("sentence", sa.Text, nullable=False),
        sa.Column("since", UtcTime, nullable=False),
        sa.Column("as_of", UtcTime, nullable=False),
    )
    op.create_index("history_verdicts_as_of", "history_verdicts", ["as_of"])


def downgrade() -> None:
    """Take the table away."""
    op.drop_table("history_verdicts")
