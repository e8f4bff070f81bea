"""Models that are given a share of the conversations, and the turns by which they are judged."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "canaries",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("champion", sa.String, nullable=False),
        sa.Column("share", sa.Float, nullable=False),
        sa.Column("started_by", sa.String, nullable=False),
        sa.Column("started_at", sa.Float, nullable=False),
        sa.Column("ended_by", sa.String, nullable=False, server_default=""),
        sa.Column("ended_at", sa.Float, nullable=False, server_default="0"),
        sa.Column("why", sa.Text, nullable=False, server_default=""),
        sqlite_autoincrement=True,
    )
    op.create_index("canaries_running", "canaries", ["ended_at"], unique=True, sqlite_where=sa.text("ended_at = 0"))
    op.create_table(
        "canary_turns",
        sa.Column("turn_id", sa.Integer, sa.ForeignKey("turns.id"), primary_key=True),
        sa.Column("canary_id", sa.Integer, sa.ForeignKey("canaries.id"), nullable=False),
        sa.Column("is_candidate", sa.Boolean, nullable=False),
    )
    op.create_index("canary_turns_by_arm", "canary_turns", ["canary_id", "is_candidate"])


def downgrade() -> None:
    """Drop the tables."""
    for table in ("canary_turns", "canaries"):
        op.drop_table(table)
