"""What admins say of channels, hand-offs to people, messages about runs, limits, and an index of authors."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, and let an author's turns be found."""
    op.create_index("turns_by_author", "turns", ["author"])
    _create_channels()
    _create_handoffs()
    op.create_table(
        "progress",
        sa.Column("run", sa.String, primary_key=True),
        sa.Column("platform", sa.String, primary_key=True),
        sa.Column("channel", sa.String, primary_key=True),
        sa.Column("workspace", sa.String, nullable=False),
        sa.Column("message_id", sa.String, nullable=False),
        sa.Column("is_over", sa.Boolean, nullable=False),
    )
    op.create_table(
        "limits",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("value", sa.Float, nullable=False),
        sa.Column("changed_by", sa.String, nullable=False),
        sa.Column("changed_at", sa.Float, nullable=False),
    )


def _create_channels() -> None:
    op.create_table(
        "channels",
        sa.Column("platform", sa.String, primary_key=True),
        sa.Column("workspace", sa.String, primary_key=True),
        sa.Column("channel", sa.String, primary_key=True),
        sa.Column("is_on", sa.Boolean, nullable=False),
        sa.Column("instructions", sa.Text, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("follows_threads", sa.Boolean, nullable=False),
        sa.Column("changed_by", sa.String, nullable=False),
        sa.Column("changed_at", sa.Float, nullable=False),
    )


def _create_handoffs() -> None:
    op.create_table(
        "handoffs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("platform", sa.String, nullable=False),
        sa.Column("workspace", sa.String, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("thread", sa.String, nullable=False),
        sa.Column("asked_by", sa.String, nullable=False),
        sa.Column("asked_at", sa.Float, nullable=False),
        sa.Column("link", sa.String, nullable=False),
        sa.Column("notice", sa.String, nullable=False, server_default=""),
        sa.Column("ended_by", sa.String, nullable=False, server_default=""),
        sa.Column("ended_at", sa.Float, nullable=False, server_default="0"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "handoffs_open",
        "handoffs",
        ["platform", "workspace", "channel", "thread"],
        unique=True,
        sqlite_where=sa.text("ended_at = 0"),
    )


def downgrade() -> None:
    """Drop the tables and the index."""
    for table in ("limits", "progress", "handoffs", "channels"):
        op.drop_table(table)
    op.drop_index("turns_by_author", "turns")
