"""Datasets, runs, models, promotions, the audit log and permissions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _create_datasets()
    _create_runs()
    _create_measurements()
    _create_models()
    _create_records()


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=False)


def _create_datasets() -> None:
    op.create_table(
        "datasets",
        sa.Column("id", sa.String, primary_key=True),
        _text("name"),
        sa.Column("examples", sa.BigInteger, nullable=False),
        sa.Column("train", sa.BigInteger, nullable=False),
        sa.Column("validation", sa.BigInteger, nullable=False),
        _text("by"),
        sa.Column("at", sa.Double, nullable=False),
    )


def _create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("seq", sa.Integer, primary_key=True),
        _text("id"),
        sa.Column("dataset", sa.String, sa.ForeignKey("datasets.id"), nullable=False),
        *map(_text, ("provider", "base", "base_url", "method")),
        sa.Column("hyperparameters", sa.JSON, nullable=False),
        _text("suffix"),
        sa.Column("seed", sa.BigInteger),
        sa.Column("spending_limit_usd", sa.Double, nullable=False),
        *map(_text, ("state", "step", "job", "reason")),
        sa.Column("cost_usd", sa.Double, nullable=False),
        sa.Column("trained_tokens", sa.BigInteger, nullable=False),
        *(
            sa.Column(name, sa.Double, nullable=False)
            for name in ("created_at", "started_at", "ended_at", "finishes_at")
        ),
        _text("by"),
        sa.Column("cancel_wanted", sa.Boolean, nullable=False),
        _text("wanted"),
        sa.UniqueConstraint("id", name="runs_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("runs_by_dataset", "runs", ["dataset"])


def _create_measurements() -> None:
    op.create_table(
        "events",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("run", sa.String, sa.ForeignKey("runs.id"), nullable=False),
        _text("key"),
        sa.Column("at", sa.Double, nullable=False),
        *map(_text, ("level", "text")),
        sa.UniqueConstraint("run", "key", name="events_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("events_by_run", "events", ["run", "seq"])
    op.create_table(
        "metrics",
        sa.Column("run", sa.String, sa.ForeignKey("runs.id"), primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("step", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("value", sa.Double),
    )


def _create_models() -> None:
    op.create_table(
        "models",
        sa.Column("seq", sa.Integer, primary_key=True),
        _text("id"),
        sa.Column("run", sa.String, sa.ForeignKey("runs.id"), nullable=False),
        *map(_text, ("served_as", "folder", "stop")),
        sa.Column("hyperparameters", sa.JSON, nullable=False),
        sa.Column("parent", sa.String, sa.ForeignKey("models.id")),
        _text("code_version"),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.UniqueConstraint("id", name="models_id"),
        sa.UniqueConstraint("run", name="models_run"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "promotions",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("model", sa.String, sa.ForeignKey("models.id")),
        sa.Column("at", sa.Double, nullable=False),
        *map(_text, ("by", "action", "reason")),
        sa.Column("forced", sa.Boolean, nullable=False),
        sqlite_autoincrement=True,
    )


def _create_records() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("at", sa.Double, nullable=False),
        *map(_text, ("by", "action", "subject", "detail")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "permissions",
        sa.Column("seq", sa.Integer, primary_key=True),
        *map(_text, ("id", "platform", "workspace", "reference", "granted_by", "recorded_by")),
        sa.Column("recorded_at", sa.Double, nullable=False),
        sa.Column("until", sa.Double),
        sa.Column("withdrawn_at", sa.Double),
        sa.UniqueConstraint("id", name="permissions_id"),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """Drop the tables."""
    for name in ("permissions", "audit", "promotions", "models", "metrics", "events", "runs", "datasets"):
        op.drop_table(name)
