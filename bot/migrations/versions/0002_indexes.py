"""Indexes that hold only what is looked for."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let the window, a restart and a deletion each read an index of their own."""
    for name in ("turns_by_conversation", "turns_by_reply", "turns_by_state"):
        op.drop_index(name, "turns")
    op.create_index("turns_answered", "turns", ["conversation_id", "id"], sqlite_where=sa.text("state = 'answered'"))
    op.create_index("turns_unfinished", "turns", ["id"], sqlite_where=sa.text("state = 'asked'"))
    op.create_index("turns_by_reply", "turns", ["conversation_id", "reply_id"], sqlite_where=sa.text("reply_id != ''"))


def downgrade() -> None:
    """Index every turn again."""
    for name in ("turns_answered", "turns_unfinished", "turns_by_reply"):
        op.drop_index(name, "turns")
    op.create_index("turns_by_conversation", "turns", ["conversation_id", "id"])
    op.create_index("turns_by_reply", "turns", ["conversation_id", "reply_id"])
    op.create_index("turns_by_state", "turns", ["state"], sqlite_where=sa.text("state = 'asked'"))
