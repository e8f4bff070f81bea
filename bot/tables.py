"""The tables in which conversations are kept, and what admins say of them."""

import sqlalchemy as sa

metadata = sa.MetaData()

conversations = sa.Table(
    "conversations",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("platform", sa.String, nullable=False),
    sa.Column("workspace", sa.String, nullable=False),
    sa.Column("channel", sa.String, nullable=False),
    sa.Column("thread", sa.String, nullable=False),
    sa.UniqueConstraint("platform", "workspace", "channel", "thread", name="conversations_key"),
)

turns = sa.Table(
    "turns",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("conversation_id", sa.Integer, sa.ForeignKey("conversations.id"), nullable=False),
    sa.Column("message_id", sa.String, nullable=False),
    sa.Column("author", sa.String, nullable=False),
    sa.Column("reference", sa.String, nullable=False),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("attachments", sa.Integer, nullable=False),
    # asked, answered, declined (not for the history), failed, deleted (a tombstone without text)
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

# SQLite uses a partial index only for a query that spells its condition out, hence no bound values here.
IS_ASKED = turns.c.state == sa.literal_column("'asked'")
IS_ANSWERED = turns.c.state == sa.literal_column("'answered'")
HAS_REPLY = turns.c.reply_id != sa.literal_column("''")

# Only what the window reads, so that no number of declined or deleted turns stands in its way.
sa.Index("turns_answered", turns.c.conversation_id, turns.c.id, sqlite_where=IS_ANSWERED)
sa.Index("turns_unfinished", turns.c.id, sqlite_where=IS_ASKED)
sa.Index("turns_by_reply", turns.c.conversation_id, turns.c.reply_id, sqlite_where=HAS_REPLY)
# So that whoever wants to see or erase what is kept of them keeps nobody else waiting.
sa.Index("turns_by_author", turns.c.author)

feedback = sa.Table(
    "feedback",
    metadata,
    sa.Column("turn_id", sa.Integer, sa.ForeignKey("turns.id"), primary_key=True),
    sa.Column("author", sa.String, primary_key=True),
    sa.Column("rating", sa.String, nullable=False),
    sa.Column("rated_at", sa.Float, nullable=False),
)

# What admins say of a channel; one without a row is on, and has nothing of its own.
channels = sa.Table(
    "channels",
    metadata,
    sa.Column("platform", sa.String, primary_key=True),
    sa.Column("workspace", sa.String, primary_key=True),
    sa.Column("channel", sa.String, primary_key=True),
    sa.Column("is_on", sa.Boolean, nullable=False),
    sa.Column("instructions", sa.Text, nullable=False),
    # a model of the registry, or ""
    sa.Column("model", sa.String, nullable=False),
    sa.Column("follows_threads", sa.Boolean, nullable=False),
    sa.Column("changed_by", sa.String, nullable=False),
    sa.Column("changed_at", sa.Float, nullable=False),
)

handoffs = sa.Table(
    "handoffs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("platform", sa.String, nullable=False),
    sa.Column("workspace", sa.String, nullable=False),
    sa.Column("channel", sa.String, nullable=False),
    sa.Column("thread", sa.String, nullable=False),
    sa.Column("asked_by", sa.String, nullable=False),
    sa.Column("asked_at", sa.Float, nullable=False),
    sa.Column("link", sa.String, nullable=False),
    # the platform's id of the post that called for a person, or ""
    sa.Column("notice", sa.String, nullable=False, server_default=""),
    sa.Column("ended_by", sa.String, nullable=False, server_default=""),
    # 0 while a person has the conversation
    sa.Column("ended_at", sa.Float, nullable=False, server_default="0"),
    # A button of an old hand-off must never end another.
    sqlite_autoincrement=True,
)

IS_OPEN = handoffs.c.ended_at == sa.literal_column("0")

sa.Index(
    "handoffs_open",
    *(handoffs.c[part] for part in ("platform", "workspace", "channel", "thread")),
    unique=True,
    sqlite_where=IS_OPEN,
)

# The one message of a channel that tells how a run is getting on.
progress = sa.Table(
    "progress",
    metadata,
    sa.Column("run", sa.String, primary_key=True),
    sa.Column("platform", sa.String, primary_key=True),
    sa.Column("channel", sa.String, primary_key=True),
    sa.Column("workspace", sa.String, nullable=False),
    sa.Column("message_id", sa.String, nullable=False),
    sa.Column("is_over", sa.Boolean, nullable=False),
)

# A model that is given a share of the conversations, beside the champion; one at a time.
canaries = sa.Table(
    "canaries",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    # a model of the registry
    sa.Column("model", sa.String, nullable=False),
    # the name of who answers the other conversations
    sa.Column("champion", sa.String, nullable=False),
    sa.Column("share", sa.Float, nullable=False),
    sa.Column("started_by", sa.String, nullable=False),
    sa.Column("started_at", sa.Float, nullable=False),
    sa.Column("ended_by", sa.String, nullable=False, server_default=""),
    # 0 while it runs
    sa.Column("ended_at", sa.Float, nullable=False, server_default="0"),
    sa.Column("why", sa.Text, nullable=False, server_default=""),
    # Which conversations it has is decided by its id, which must never come again.
    sqlite_autoincrement=True,
)

IS_RUNNING = canaries.c.ended_at == sa.literal_column("0")

sa.Index("canaries_running", canaries.c.ended_at, unique=True, sqlite_where=IS_RUNNING)

# The turns for which a model was asked while a canary ran, and whose they were.
canary_turns = sa.Table(
    "canary_turns",
    metadata,
    sa.Column("turn_id", sa.Integer, sa.ForeignKey("turns.id"), primary_key=True),
    sa.Column("canary_id", sa.Integer, sa.ForeignKey("canaries.id"), nullable=False),
    sa.Column("is_candidate", sa.Boolean, nullable=False),
)

sa.Index("canary_turns_by_arm", canary_turns.c.canary_id, canary_turns.c.is_candidate)

# Settings that an admin has overridden.
limits = sa.Table(
    "limits",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.Float, nullable=False),
    sa.Column("changed_by", sa.String, nullable=False),
    sa.Column("changed_at", sa.Float, nullable=False),
)
