"""Everything that is kept of conversations: queries over SQLite."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.event import listen
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.conversation import Conversation, PastTurn, Question, Rating, Unfinished
from bot.tables import conversations, feedback, turns

State = Literal["answered", "declined", "failed"]


class StoreError(Exception):
    """The database could not do it; the cause says why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a turn ended."""

    state: State
    answer: str
    model: str
    on_topic: bool = True


class Store:
    """Conversations in one SQLite file, over one connection: SQLite writes one at a time anyway."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StoreError(str(error)) from error

    async def take(self, question: Question, reference: str, asked_at: float) -> int | None:
        """Record a question and return its turn, or None when this message was taken before."""
        async with self._transaction() as connection:
            conversation = (await connection.execute(_own(question.conversation))).scalar_one_or_none()
            if conversation is None:
                added = await connection.execute(insert(conversations).values(**asdict(question.conversation)))
                conversation = added.inserted_primary_key[0]
            taken = await connection.execute(
                insert(turns)
                .values(
                    conversation_id=conversation,
                    message_id=question.message_id,
                    author=question.author,
                    reference=reference,
                    question=question.text,
                    attachments=question.attachments,
                    state="asked",
                    asked_at=asked_at,
                )
                .on_conflict_do_nothing()
                .returning(turns.c.id)
            )
            return taken.scalar_one_or_none()

    async def finish(self, turn: int, outcome: Outcome, latency_ms: int) -> None:
        """Record how a turn ended, unless its question was deleted meanwhile."""
        async with self._transaction() as connection:
            await connection.execute(
                turns.update()
                .where(turns.c.id == turn, turns.c.state == "asked")
                .values(**asdict(outcome), latency_ms=latency_ms)
            )

    async def before(self, turn: int, limit: int) -> list[PastTurn]:
        """Return the newest answered turns of this turn's conversation that precede it, oldest first."""
        own = sa.select(turns.c.conversation_id).where(turns.c.id == turn).scalar_subquery()
        return await self._answered(sa.and_(turns.c.conversation_id == own, turns.c.id < turn), limit)

    async def history(self, conversation: Conversation, limit: int) -> list[PastTurn]:
        """Return the newest answered turns of a conversation, oldest first."""
        return await self._answered(turns.c.conversation_id == _own_id(conversation), limit)

    async def _answered(self, which: sa.ColumnElement[bool], limit: int) -> list[PastTurn]:
        query = (
            sa.select(turns.c.id, turns.c.question, turns.c.answer, turns.c.on_topic)
            .where(which, turns.c.state == "answered")
            .order_by(turns.c.id.desc())
            .limit(limit)
        )
        async with self._transaction() as connection:
            rows = (await connection.execute(query)).all()
        return [PastTurn(*row) for row in reversed(rows)]

    async def unfinished(self, platform: str) -> list[Unfinished]:
        """Return the turns of a platform that were asked and never finished, oldest first."""
        query = (
            sa.select(turns, conversations)
            .join(conversations, conversations.c.id == turns.c.conversation_id)
            .where(turns.c.state == "asked", conversations.c.platform == platform)
            .order_by(turns.c.id)
        )
        async with self._transaction() as connection:
            rows = (await connection.execute(query)).all()
        return [_unfinished(row) for row in rows]

    async def knows(self, conversation: Conversation) -> bool:
        """Whether there is a turn of this conversation."""
        query = sa.select(sa.exists().where(turns.c.conversation_id == _own_id(conversation)))
        async with self._transaction() as connection:
            return bool((await connection.execute(query)).scalar_one())

    async def replying(self, turn: int, reply_id: str) -> None:
        """Remember in which of the platform's messages a turn is being answered."""
        async with self._transaction() as connection:
            await connection.execute(turns.update().where(turns.c.id == turn).values(reply_id=reply_id))

    async def edit(self, conversation: Conversation, message_id: str, text: str) -> None:
        """Replace the question of a turn."""
        await self._change(
            sa.and_(turns.c.conversation_id == _own_id(conversation), turns.c.message_id == message_id), question=text
        )

    async def delete(self, conversation: Conversation, message_id: str) -> None:
        """Take the turn out whose question or reply was this message."""
        asked = turns.c.message_id == message_id
        replied = turns.c.reply_id == message_id
        own = turns.c.conversation_id == _own_id(conversation)
        await self._erase(sa.and_(own, sa.or_(asked, replied)))

    async def reset(self, conversation: Conversation) -> None:
        """Take every turn of a conversation out."""
        await self._erase(turns.c.conversation_id == _own_id(conversation))

    async def _erase(self, which: sa.ColumnElement[bool]) -> None:
        """Leave a tombstone without text, by which a late redelivery is still recognised."""
        gone = sa.select(turns.c.id).where(which)
        async with self._transaction() as connection:
            await connection.execute(feedback.delete().where(feedback.c.turn_id.in_(gone)))
        await self._change(which, state="deleted", question="", answer="")

    async def _change(self, which: sa.ColumnElement[bool], **values: str) -> None:
        async with self._transaction() as connection:
            await connection.execute(turns.update().where(which, turns.c.state != "deleted").values(**values))

    async def rate(self, turn: int, author: str, rating: Rating, rated_at: float) -> bool:
        """Keep an author's newest verdict on a turn; False when the turn is gone."""
        async with self._transaction() as connection:
            present = sa.select(turns.c.id).where(turns.c.id == turn, turns.c.state == "answered")
            if (await connection.execute(present)).scalar_one_or_none() is None:
                return False
            verdict = insert(feedback).values(turn_id=turn, author=author, rating=rating, rated_at=rated_at)
            await connection.execute(
                verdict.on_conflict_do_update(
                    index_elements=["turn_id", "author"], set_={"rating": rating, "rated_at": rated_at}
                )
            )
        return True


def _own(conversation: Conversation) -> sa.Select[int]:
    matches = (conversations.c[part] == value for part, value in asdict(conversation).items())
    return sa.select(conversations.c.id).where(*matches)


def _own_id(conversation: Conversation) -> sa.ScalarSelect[int]:
    return _own(conversation).scalar_subquery()


def _unfinished(row: sa.Row[tuple[object, ...]]) -> Unfinished:
    of = row._mapping  # noqa: SLF001 - SQLAlchemy's documented name
    conversation = Conversation(of["platform"], of["workspace"], of["channel"], of["thread"])
    question = Question(conversation, of["author"], of["message_id"], of["question"], of["attachments"])
    return Unfinished(of[turns.c.id], question, of["reply_id"], of["reference"])


@asynccontextmanager
async def open_store(path: Path) -> AsyncIterator[Store]:
    """Open the database file, bring its tables to the newest shape, and close it at the end."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", pool_size=1, max_overflow=0)
    listen(engine.sync_engine, "connect", _prepare)
    try:
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
        yield Store(engine)
    finally:
        await engine.dispose()


def _prepare(connection: sa.engine.interfaces.DBAPIConnection, _: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON"):
        connection.cursor().execute(f"PRAGMA {pragma}")


def _upgrade(connection: sa.Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
