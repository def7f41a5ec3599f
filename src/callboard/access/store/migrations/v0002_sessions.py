"""Sessions of browsers."""

import sqlalchemy as sa
from alembic import op

from callboard.base.database import UtcTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "access_sessions",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("place", sa.String(300), nullable=False),
        sa.Column("host", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(300), nullable=False),
        sa.Column("began", UtcTime, nullable=False),
        sa.Column("seen", UtcTime, nullable=False),
        sa.Column("ends", UtcTime, nullable=False),
    )
    op.create_index("access_sessions_id", "access_sessions", ["id"])


def downgrade() -> None:
    """Take the table away: whoever is signed in has to sign in again."""
    op.drop_table("access_sessions")
