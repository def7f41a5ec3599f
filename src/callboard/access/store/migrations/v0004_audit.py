"""Who did what."""

import sqlalchemy as sa
from alembic import op

from callboard.base.database import UtcTime, text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "access_audit",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("deed", text(16), nullable=False),
        sa.Column("outcome", text(16), nullable=False),
        sa.Column("who", text(300, ordered=True), nullable=False),
        sa.Column("kind", text(16), nullable=False),
        sa.Column("through", text(100), nullable=False),
        sa.Column("action", text(64), nullable=False),
        sa.Column("what", text(600, ordered=True), nullable=False),
        sa.Column("code", text(64), nullable=False),
        sa.Column("request", text(64), nullable=False),
        sa.Column("address", text(64), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("access_audit_at", "access_audit", ["at"])
    op.create_index("access_audit_who", "access_audit", ["who", "number"])


def downgrade() -> None:
    """Take it away, with what is in it."""
    op.drop_table("access_audit")
