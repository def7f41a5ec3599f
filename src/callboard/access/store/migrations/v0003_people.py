"""Sessions of people who signed in with a provider."""

import sqlalchemy as sa
from alembic import op

from callboard.base.database import UtcTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns; sessions there are were begun by a link."""
    for name, kind in (("way", 100), ("issuer", 300), ("account", 255)):
        op.add_column("access_sessions", sa.Column(name, sa.String(kind), nullable=False, server_default=""))
    op.add_column("access_sessions", sa.Column("claims", sa.Text, nullable=False, server_default="{}"))
    op.add_column("access_sessions", sa.Column("sealed", sa.Text, nullable=False, server_default=""))
    op.add_column("access_sessions", sa.Column("confirm", UtcTime))
    op.add_column("access_sessions", sa.Column("asked", UtcTime))
    op.create_index("access_sessions_subject", "access_sessions", ["subject"])


def downgrade() -> None:
    """End the sessions that the version before cannot tell from its own, and take the columns away."""
    op.execute("DELETE FROM access_sessions WHERE way <> ''")
    op.drop_index("access_sessions_subject", "access_sessions")
    for name in ("way", "issuer", "account", "claims", "sealed", "confirm", "asked"):
        op.drop_column("access_sessions", name)
