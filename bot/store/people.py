"""What is kept of one person, and what people thought of answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from bot.conversation import Conversation
from bot.store.database import Database
from bot.store.erasing import erase
from bot.store.handoffs import Handoffs
from bot.tables import conversations, feedback, turns

Verdict = Literal["up", "down", ""]
# Platforms and workspaces.
Workspaces = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question of a person's, its answer, and what the person thought of that, or ""."""

    asked_at: float
    platform: str
    workspace: str
    channel: str
    thread: str
    question: str
    answer: str
    rating: Verdict


@dataclass(frozen=True, slots=True)
class Marked:
    """A turn, when a verdict was last given on it (0.0 where none was), and how many there are of each kind."""

    turn: int
    rated_at: float
    conversation: Conversation
    question: str
    answer: str
    model: str
    ups: int
    downs: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How many verdicts there are of each kind."""

    ups: int
    downs: int


_IS_THERE = turns.c.state != "deleted"
_PLACE = (conversations.c.platform, conversations.c.workspace)


def _ratings(rating: str) -> sa.ColumnElement[int]:
    return sa.func.count(sa.case((feedback.c.rating == rating, 1)))


class People:
    """Queries over everything that was said, which no turn waits for the result of."""

    def __init__(self, database: Database, handoffs: Handoffs) -> None:
        self._database = database
        self._handoffs = handoffs

    async def forget(self, platform: str, workspace: str | None, author: str) -> int:
        """Erase what is kept of a person in a workspace, in the file itself; returns how many turns were theirs.

        None is every workspace, for platforms on which a person is the same everywhere.
        """
        # By the second form admins are told of.
        names = (author, f"{platform}:{author}")
        # Asked of each turn, so that SQLite begins with the author and not with all that the workspace said.
        there = _is_in(platform, workspace)
        theirs = sa.and_(turns.c.author == author, _IS_THERE, there)
        rated = sa.select(turns.c.id).where(turns.c.id == feedback.c.turn_id, there).exists()

        def work(connection: sa.Connection) -> int:
            self._handoffs.forget(connection, platform, workspace, names)
            connection.execute(feedback.delete().where(feedback.c.author == author, rated))
            return erase(connection, theirs, {})

        gone = await self._database.do(work, lambda _: self._handoffs.forgotten(platform, workspace, names))
        await self._database.checkpoint()
        return gone

    async def export(self, platform: str, workspace: str | None, author: str) -> list[Exchange]:
        """Return all that a person asked in a workspace (None: in every one), oldest first."""
        parts = (conversations.c[part] for part in ("platform", "workspace", "channel", "thread"))
        own = sa.and_(feedback.c.turn_id == turns.c.id, feedback.c.author == author)
        rating = sa.func.coalesce(feedback.c.rating, "")
        query = (
            sa.select(turns.c.asked_at, *parts, turns.c.question, turns.c.answer, rating)
            .select_from(turns.join(conversations).outerjoin(feedback, own))
            .where(turns.c.author == author, _IS_THERE, _is_in(platform, workspace))
            .order_by(turns.c.id)
        )
        return [Exchange(*row) for row in await self._database.rows(query)]

    async def feedback(
        self, limit: int, before: tuple[float, int] | None = None, workspaces: Workspaces | None = None
    ) -> list[Marked]:
        """Return the turns that people gave a verdict on, the newest verdict first.

        `before` is the time of the verdict, and the turn, of the last one that was returned.
        """
        verdicts = _verdicts()
        query = _marked(verdicts).join(verdicts, verdicts.c.turn_id == turns.c.id).where(_among(workspaces))
        newest_first = (verdicts.c.rated_at, turns.c.id)
        if before:
            query = query.where(sa.tuple_(*newest_first) < sa.tuple_(*before))
        query = query.order_by(*(column.desc() for column in newest_first)).limit(limit)
        return [_mark(row) for row in await self._database.rows(query)]

    async def turn(self, turn: int) -> Marked | None:
        """Return one turn, rated or not, unless it is gone."""
        verdicts = _verdicts(feedback.c.turn_id == turn)
        query = _marked(verdicts).outerjoin(verdicts, sa.true()).where(turns.c.id == turn)
        rows = await self._database.rows(query)
        return _mark(rows[0]) if rows else None

    async def counts(self) -> Counts:
        """Count the verdicts of all time, but for those on turns that are gone."""
        query = sa.select(_ratings("up"), _ratings("down")).select_from(feedback.join(turns).join(conversations))
        (row,) = await self._database.rows(query)
        return Counts(*row)


def _is_in(platform: str, workspace: str | None) -> sa.ColumnElement[bool]:
    """Whether a turn was said in this workspace, as a question to each turn."""
    there = sa.true() if workspace is None else conversations.c.workspace == workspace
    place = sa.and_(conversations.c.platform == platform, there)
    its = sa.select(conversations.c.id).where(conversations.c.id == turns.c.conversation_id, place)
    return its.correlate(turns).exists()


def _among(workspaces: Workspaces | None) -> sa.ColumnElement[bool]:
    return sa.true() if workspaces is None else sa.tuple_(*_PLACE).in_(workspaces)


def _verdicts(*which: sa.ColumnElement[bool]) -> sa.Subquery:
    newest = sa.func.max(feedback.c.rated_at).label("rated_at")
    query = sa.select(feedback.c.turn_id, newest, _ratings("up").label("ups"), _ratings("down").label("downs"))
    return query.where(*which).group_by(feedback.c.turn_id).subquery()


def _marked(verdicts: sa.Subquery) -> sa.Select[Any]:
    turn = (turns.c[name] for name in ("id", "question", "answer", "model"))
    place = (conversations.c[part] for part in ("platform", "workspace", "channel", "thread"))
    verdict = (verdicts.c[name] for name in ("rated_at", "ups", "downs"))
    return sa.select(*turn, *place, *verdict).select_from(turns.join(conversations)).where(_IS_THERE)


def _mark(row: sa.Row[Any]) -> Marked:
    return Marked(
        turn=row.id,
        rated_at=row.rated_at or 0.0,
        conversation=Conversation(row.platform, row.workspace, row.channel, row.thread),
        question=row.question,
        answer=row.answer,
        model=row.model,
        ups=row.ups or 0,
        downs=row.downs or 0,
    )
