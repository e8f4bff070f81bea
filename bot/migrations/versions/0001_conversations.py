"""Conversations, turns and feedback."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "conversations",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("platform", sa.String, nullable=False),
        sa.Column("workspace", sa.String, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("thread", sa.String, nullable=False),
        sa.UniqueConstraint("platform", "workspace", "channel", "thread", name="conversations_key"),
    )
    op.create_table(
        "turns",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("conversation_id", sa.Integer, sa.ForeignKey("conversations.id"), nullable=False),
        sa.Column("message_id", sa.String, nullable=False),
        sa.Column("author", sa.String, nullable=False),
        sa.Column("reference", sa.String, nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("attachments", sa.Integer, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("answer", sa.Text, nullable=False, server_default=""),
        sa.Column("model", sa.String, nullable=False, server_default=""),
        sa.Column("on_topic", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("latency_ms", sa.Integer, nullable=False, server_default="0"),
        sa.Column("reply_id", sa.String, nullable=False, server_default=""),
        sa.Column("asked_at", sa.Float, nullable=False),
        sa.UniqueConstraint("conversation_id", "message_id", name="turns_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("turns_by_conversation", "turns", ["conversation_id", "id"])
    op.create_index("turns_by_reply", "turns", ["conversation_id", "reply_id"])
    op.create_index("turns_by_state", "turns", ["state"], sqlite_where=sa.text("state = 'asked'"))
    op.create_table(
        "feedback",
        sa.Column("turn_id", sa.Integer, sa.ForeignKey("turns.id"), primary_key=True),
        sa.Column("author", sa.String, primary_key=True),
        sa.Column("rating", sa.String, nullable=False),
        sa.Column("rated_at", sa.Float, nullable=False),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("feedback")
    op.drop_table("turns")
    op.drop_table("conversations")
