"""The tables of the registry. Times are seconds since 1970, UTC; 0 where they have not come yet."""

import sqlalchemy as sa

metadata = sa.MetaData()


class Plain(sa.TypeDecorator[str]):
    """Text that any database takes: half a character or a NUL, which others may send, becomes a question mark."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """Return the text as it is stored."""
        del dialect
        return None if value is None else value.encode("utf-8", "replace").decode().replace("\0", "?")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, Plain, nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _time(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double, nullable=False)


datasets = sa.Table(
    "datasets",
    metadata,
    sa.Column("id", Plain, primary_key=True),
    _text("name"),
    _number("examples"),
    _number("train"),
    _number("validation"),
    _text("by"),
    _time("at"),
)

runs = sa.Table(
    "runs",
    metadata,
    # Counts in the order of starting, which two runs of one moment keep.
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("id", Plain, nullable=False),
    sa.Column("dataset", Plain, sa.ForeignKey("datasets.id"), nullable=False),
    _text("provider"),
    _text("base"),
    _text("base_url"),
    _text("method"),
    sa.Column("hyperparameters", sa.JSON, nullable=False),
    _text("suffix"),
    sa.Column("seed", sa.BigInteger),
    sa.Column("spending_limit_usd", sa.Double, nullable=False),
    # queued, running, paused; then for good succeeded, failed or cancelled
    _text("state"),
    _text("step"),
    _text("job"),
    _text("reason"),
    sa.Column("cost_usd", sa.Double, nullable=False),
    _number("trained_tokens"),
    _time("created_at"),
    _time("started_at"),
    _time("ended_at"),
    _time("finishes_at"),
    _text("by"),
    sa.Column("cancel_wanted", sa.Boolean, nullable=False),
    # "", pause or resume
    _text("wanted"),
    sa.UniqueConstraint("id", name="runs_id"),
    sqlite_autoincrement=True,
)
sa.Index("runs_by_dataset", runs.c.dataset)

events = sa.Table(
    "events",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("run", Plain, sa.ForeignKey("runs.id"), nullable=False),
    _text("key"),
    _time("at"),
    _text("level"),
    _text("text"),
    sa.UniqueConstraint("run", "key", name="events_key"),
    sqlite_autoincrement=True,
)
sa.Index("events_by_run", events.c.run, events.c.seq)

metrics = sa.Table(
    "metrics",
    metadata,
    sa.Column("run", Plain, sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("name", Plain, primary_key=True),
    sa.Column("step", sa.BigInteger, primary_key=True, autoincrement=False),
    # Absent where it is not a number, which SQLite cannot store.
    sa.Column("value", sa.Double),
)

models = sa.Table(
    "models",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("id", Plain, nullable=False),
    sa.Column("run", Plain, sa.ForeignKey("runs.id"), nullable=False),
    _text("served_as"),
    _text("folder"),
    _text("stop"),
    sa.Column("hyperparameters", sa.JSON, nullable=False),
    sa.Column("parent", Plain, sa.ForeignKey("models.id")),
    _text("code_version"),
    _time("created_at"),
    sa.Column("topic", Plain, nullable=False, server_default=""),
    sa.UniqueConstraint("id", name="models_id"),
    sa.UniqueConstraint("run", name="models_run"),
    sqlite_autoincrement=True,
)

promotions = sa.Table(
    "promotions",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True),
    # Absent where the models that the bot is set up with answer.
    sa.Column("model", Plain, sa.ForeignKey("models.id")),
    _time("at"),
    _text("by"),
    _text("action"),
    _text("reason"),
    sa.Column("forced", sa.Boolean, nullable=False),
    sqlite_autoincrement=True,
)

proposals = sa.Table(
    "proposals",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True),
    _text("id"),
    # No foreign key: a dataset may go while a run with it is only proposed.
    _text("dataset"),
    _text("provider"),
    _text("base"),
    _text("base_url"),
    _text("method"),
    sa.Column("hyperparameters", sa.JSON, nullable=False),
    _text("suffix"),
    sa.Column("seed", sa.BigInteger),
    sa.Column("spending_limit_usd", sa.Double, nullable=False),
    # Absent where nobody knows.
    sa.Column("cost_usd", sa.Double),
    sa.Column("needs_second", sa.Boolean, nullable=False),
    _text("by"),
    _time("at"),
    _time("agreed_at"),
    _text("approved_by"),
    # Absent until it is started.
    sa.Column("run", Plain, sa.ForeignKey("runs.id")),
    sa.UniqueConstraint("id", name="proposals_id"),
    sqlite_autoincrement=True,
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True),
    _time("at"),
    _text("by"),
    _text("action"),
    _text("subject"),
    _text("detail"),
    sqlite_autoincrement=True,
)

permissions = sa.Table(
    "permissions",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("id", Plain, nullable=False),
    _text("platform"),
    _text("workspace"),
    _text("reference"),
    _text("granted_by"),
    _text("recorded_by"),
    _time("recorded_at"),
    sa.Column("until", sa.Double),
    sa.Column("withdrawn_at", sa.Double),
    sa.UniqueConstraint("id", name="permissions_id"),
    sqlite_autoincrement=True,
)
