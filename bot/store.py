"""Everything that is kept of conversations: queries over SQLite."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypeVar

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.event import listen
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import StaticPool

from bot.conversation import Conversation, PastTurn, Question, Rating, StartupError, Unfinished
from bot.migrations import NewerDatabase, upgrade
from bot.tables import HAS_REPLY, IS_ANSWERED, IS_ASKED, conversations, feedback, turns

State = Literal["answered", "declined", "failed"]
T = TypeVar("T")
Values = Mapping[str, object]


class StoreError(Exception):
    """The database could not do it; the text says why and holds nothing of what a customer wrote."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a turn ended."""

    state: State
    answer: str
    model: str
    on_topic: bool = True


_PARTS = [part.name for part in fields(Conversation)]

# The statements of every turn are built once: building one takes longer than running it.
_CONVERSATION = (
    sa.select(conversations.c.id)
    .where(*(conversations.c[part] == bindparam(part) for part in _PARTS))
    .scalar_subquery()
)
_MEET = insert(conversations).on_conflict_do_nothing()
_TAKE = (
    insert(turns).values(conversation_id=_CONVERSATION, state="asked").on_conflict_do_nothing().returning(turns.c.id)
)
_FINISH = turns.update().where(turns.c.id == bindparam("turn"), IS_ASKED)
_ANSWERED = (
    sa.select(turns.c.id, turns.c.question, turns.c.answer, turns.c.on_topic)
    .where(IS_ANSWERED)
    .order_by(turns.c.id.desc())
    .limit(bindparam("most"))
)
_IS_OF_CONVERSATION = turns.c.conversation_id == _CONVERSATION
_HISTORY = _ANSWERED.where(_IS_OF_CONVERSATION)
_BEFORE = _ANSWERED.where(
    turns.c.conversation_id
    == sa.select(turns.c.conversation_id).where(turns.c.id == bindparam("turn")).scalar_subquery(),
    turns.c.id < bindparam("turn"),
)
# Without the platform, by which SQLite would rather search through all of its conversations.
_UNFINISHED = (
    sa.select(turns, *(conversations.c[part] for part in _PARTS))
    .join(conversations)
    .where(IS_ASKED)
    .order_by(turns.c.id)
)
_KNOWS = sa.select(turns.c.id).where(_IS_OF_CONVERSATION).limit(1)


class Store:
    """Conversations in one SQLite file, over one connection: SQLite writes one at a time anyway.

    Transactions run one after the other, in the order in which they were asked for; one that was begun ends even when
    its caller was cancelled.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._turn = asyncio.Lock()
        self._begun: set[asyncio.Future[Any]] = set()

    async def _do(self, work: Callable[[sa.Connection], T]) -> T:
        """Run one transaction."""
        transaction = asyncio.ensure_future(self._transaction(work))
        self._begun.add(transaction)
        transaction.add_done_callback(self._begun.discard)
        return await asyncio.shield(transaction)

    async def _transaction(self, work: Callable[[sa.Connection], T]) -> T:
        try:
            async with self._turn, self._engine.begin() as connection:
                return await connection.run_sync(work)
        except (SQLAlchemyError, UnicodeError, OverflowError) as error:
            raise StoreError(_why(error)) from error

    async def finish_begun(self) -> None:
        """Wait for the transactions whose callers have gone."""
        await asyncio.gather(*self._begun, return_exceptions=True)

    async def _execute(self, statement: sa.Executable, values: Values | None = None) -> None:
        await self._do(lambda connection: connection.execute(statement, values).close())

    async def _rows(self, statement: sa.Executable, values: Values | None = None) -> Sequence[sa.Row[Any]]:
        return await self._do(lambda connection: connection.execute(statement, values).all())

    async def take(self, question: Question, reference: str, asked_at: float) -> int | None:
        """Record a question and return its turn, or None when this message was taken before."""
        conversation = asdict(question.conversation)
        turn = {
            "message_id": question.message_id,
            "author": question.author,
            "reference": reference,
            "question": question.text,
            "attachments": question.attachments,
            "asked_at": asked_at,
        }

        def work(connection: sa.Connection) -> int | None:
            connection.execute(_MEET, conversation)
            return connection.execute(_TAKE, conversation | turn).scalar_one_or_none()

        return await self._do(work)

    async def finish(self, turn: int, outcome: Outcome, latency_ms: int) -> None:
        """Record how a turn ended, unless its question was deleted meanwhile."""
        await self._execute(_FINISH, {"turn": turn, "latency_ms": latency_ms, **asdict(outcome)})

    async def before(self, turn: int, limit: int) -> list[PastTurn]:
        """Return the newest answered turns of this turn's conversation that precede it, oldest first."""
        return await self._answered(_BEFORE, {"turn": turn, "most": limit})

    async def history(self, conversation: Conversation, limit: int) -> list[PastTurn]:
        """Return the newest answered turns of a conversation, oldest first."""
        return await self._answered(_HISTORY, {"most": limit, **asdict(conversation)})

    async def _answered(self, query: sa.Executable, values: Values) -> list[PastTurn]:
        rows = await self._rows(query, values)
        return [PastTurn(*row) for row in reversed(rows)]

    async def unfinished(self, platform: str) -> list[Unfinished]:
        """Return the turns of a platform that were asked and never finished, oldest first."""
        rows = await self._rows(_UNFINISHED)
        return [_unfinished(row) for row in rows if row.platform == platform]

    async def knows(self, conversation: Conversation) -> bool:
        """Whether there is a turn of this conversation."""
        return bool(await self._rows(_KNOWS, asdict(conversation)))

    async def replying(self, turn: int, reply_id: str) -> None:
        """Remember in which of the platform's messages a turn is being answered."""
        await self._execute(turns.update().where(turns.c.id == turn).values(reply_id=reply_id))

    async def edit(self, conversation: Conversation, message_id: str, text: str) -> None:
        """Replace the question of a turn."""
        edited = turns.update().where(_IS_OF_CONVERSATION, turns.c.message_id == message_id, turns.c.state != "deleted")
        await self._execute(edited.values(question=text), asdict(conversation))

    async def delete(self, conversation: Conversation, message_id: str) -> None:
        """Take the turn out whose question or reply was this message."""
        # Two searches: SQLite would answer one "or" by reading the whole conversation.
        await self._erase(conversation, turns.c.message_id == message_id)
        await self._erase(conversation, turns.c.reply_id == message_id, HAS_REPLY)

    async def reset(self, conversation: Conversation) -> None:
        """Take every turn of a conversation out."""
        await self._erase(conversation)

    async def _erase(self, conversation: Conversation, *which: sa.ColumnElement[bool]) -> None:
        """Leave a tombstone without text or author, by which a late redelivery is still recognised."""
        values = asdict(conversation)
        gone = sa.select(turns.c.id).where(_IS_OF_CONVERSATION, *which)
        tombstone = turns.update().where(_IS_OF_CONVERSATION, *which)

        def work(connection: sa.Connection) -> None:
            connection.execute(feedback.delete().where(feedback.c.turn_id.in_(gone)), values)
            connection.execute(tombstone.values(state="deleted", question="", answer="", author=""), values)

        await self._do(work)

    async def rate(self, turn: int, author: str, rating: Rating, rated_at: float) -> bool:
        """Keep an author's newest verdict on a turn; False when the turn is gone."""
        present = sa.select(turns.c.id).where(turns.c.id == turn, IS_ANSWERED)
        newest = {"rating": rating, "rated_at": rated_at}
        verdict = (
            insert(feedback)
            .values(turn_id=turn, author=author, **newest)
            .on_conflict_do_update(index_elements=["turn_id", "author"], set_=newest)
        )

        def work(connection: sa.Connection) -> bool:
            if connection.execute(present).scalar_one_or_none() is None:
                return False
            connection.execute(verdict)
            return True

        return await self._do(work)


def _unfinished(row: sa.Row[Any]) -> Unfinished:
    conversation = Conversation(row.platform, row.workspace, row.channel, row.thread)
    question = Question(conversation, row.author, row.message_id, row.question, row.attachments)
    return Unfinished(row.id, question, row.reply_id, row.reference)


def _why(error: Exception) -> str:
    """Tell the database's own reason: SQLAlchemy's text would add the statement."""
    return str(error.orig) if isinstance(error, DBAPIError) else str(error)


@asynccontextmanager
async def open_store(path: Path) -> AsyncGenerator[Store]:
    """Open the database file, bring its tables to the newest shape, and close it at the end; raises StartupError."""
    url = sa.URL.create("sqlite+aiosqlite", database=str(path))
    engine = create_async_engine(url, poolclass=StaticPool, pool_reset_on_return=None, hide_parameters=True)
    listen(engine.sync_engine, "connect", _prepare)
    try:
        await _open(engine, path)
        store = Store(engine)
        try:
            yield store
        finally:
            await store.finish_begun()
    finally:
        await engine.dispose()


async def _open(engine: AsyncEngine, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        async with engine.begin() as connection:
            await connection.run_sync(upgrade)
    except NewerDatabase as newer:
        raise StartupError(
            f"{str(path)!r} was written by a newer version of this program (its tables are at {newer}):"
            " start that version, or point SARAH_HOME at another folder."
        ) from newer
    except (OSError, SQLAlchemyError) as error:
        raise StartupError(
            f"Conversations cannot be kept in {str(path)!r} ({_why(error)}):"
            " mend that, or point SARAH_HOME at a folder that can be written to."
        ) from error


def _prepare(connection: sa.engine.interfaces.DBAPIConnection, _: object) -> None:
    # What a customer had deleted is overwritten, not only unlinked.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON", "secure_delete=ON"):
        connection.cursor().execute(f"PRAGMA {pragma}")
