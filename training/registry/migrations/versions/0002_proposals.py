"""Proposals: runs that somebody wants, until somebody agrees."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of proposals."""
    op.create_table(
        "proposals",
        sa.Column("seq", sa.Integer, primary_key=True),
        *map(_text, ("id", "dataset", "provider", "base", "base_url", "method")),
        sa.Column("hyperparameters", sa.JSON, nullable=False),
        _text("suffix"),
        sa.Column("seed", sa.BigInteger),
        sa.Column("spending_limit_usd", sa.Double, nullable=False),
        sa.Column("cost_usd", sa.Double),
        sa.Column("needs_second", sa.Boolean, nullable=False),
        _text("by"),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("agreed_at", sa.Double, nullable=False),
        _text("approved_by"),
        sa.Column("run", sa.String, sa.ForeignKey("runs.id")),
        sa.UniqueConstraint("id", name="proposals_id"),
        sqlite_autoincrement=True,
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=False)


def downgrade() -> None:
    """Drop the table of proposals."""
    op.drop_table("proposals")
