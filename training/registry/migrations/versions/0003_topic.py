"""Models have a discriminator of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; a model that was registered before has none."""
    op.add_column("models", sa.Column("topic", sa.String, nullable=False, server_default=""))


def downgrade() -> None:
    """Drop the column."""
    # In place, on both: a table that SQLite builds anew would lose its counter.
    op.drop_column("models", "topic")
