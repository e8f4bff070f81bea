"""What is kept of conversations, and queries over it."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.dialects.sqlite import insert

from bot.conversation import Conversation, PastTurn, Question, Rating, Unfinished
from bot.store.canaries import Canaries
from bot.store.channels import Channels
from bot.store.database import Database, Values
from bot.store.erasing import erase
from bot.store.handoffs import Handoffs
from bot.store.limits import LimitsSaid
from bot.store.people import People
from bot.store.progress import Progress
from bot.tables import HAS_REPLY, IS_ANSWERED, IS_ASKED, conversations, feedback, turns

State = Literal["answered", "declined", "failed"]


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
    """Conversations, their turns, and beside them what else is kept in their file.

    `channels`, `handoffs`, `limits` and the canary that runs are in memory too, for each turn looks at them: nobody
    else may write the file.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.channels = Channels(database)
        self.handoffs = Handoffs(database)
        self.progress = Progress(database)
        self.limits = LimitsSaid(database)
        self.people = People(database, self.handoffs)
        self.canaries = Canaries(database)

    async def read(self) -> None:
        """Read what is in memory."""
        await self.channels.read()
        await self.handoffs.read()
        await self.limits.read()
        await self.canaries.read()

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

        return await self._database.do(work)

    async def finish(self, turn: int, outcome: Outcome, latency_ms: int) -> None:
        """Record how a turn ended, unless its question was deleted meanwhile."""
        await self._database.execute(_FINISH, {"turn": turn, "latency_ms": latency_ms, **asdict(outcome)})

    async def before(self, turn: int, limit: int) -> list[PastTurn]:
        """Return the newest answered turns of this turn's conversation that precede it, oldest first."""
        return await self._answered(_BEFORE, {"turn": turn, "most": limit})

    async def history(self, conversation: Conversation, limit: int) -> list[PastTurn]:
        """Return the newest answered turns of a conversation, oldest first."""
        return await self._answered(_HISTORY, {"most": limit, **asdict(conversation)})

    async def _answered(self, query: sa.Executable, values: Values) -> list[PastTurn]:
        rows = await self._database.rows(query, values)
        return [PastTurn(*row) for row in reversed(rows)]

    async def unfinished(self, platform: str) -> list[Unfinished]:
        """Return the turns of a platform that were asked and never finished, oldest first."""
        rows = await self._database.rows(_UNFINISHED)
        return [_unfinished(row) for row in rows if row.platform == platform]

    async def knows(self, conversation: Conversation) -> bool:
        """Whether there is a turn of this conversation."""
        return bool(await self._database.rows(_KNOWS, asdict(conversation)))

    async def replying(self, turn: int, reply_id: str) -> None:
        """Remember in which of the platform's messages a turn is being answered."""
        await self._database.execute(turns.update().where(turns.c.id == turn).values(reply_id=reply_id))

    async def edit(self, conversation: Conversation, message_id: str, text: str) -> None:
        """Replace the question of a turn."""
        edited = turns.update().where(_IS_OF_CONVERSATION, turns.c.message_id == message_id, turns.c.state != "deleted")
        await self._database.execute(edited.values(question=text), asdict(conversation))

    async def delete(self, conversation: Conversation, message_id: str) -> None:
        """Take the turn out whose question or reply was this message."""
        # Two searches: SQLite would answer one "or" by reading the whole conversation.
        await self._erase(conversation, turns.c.message_id == message_id)
        await self._erase(conversation, turns.c.reply_id == message_id, HAS_REPLY)

    async def reset(self, conversation: Conversation) -> None:
        """Take every turn of a conversation out."""
        await self._erase(conversation)

    async def _erase(self, conversation: Conversation, *which: sa.ColumnElement[bool]) -> None:
        values = asdict(conversation)
        await self._database.do(lambda connection: erase(connection, sa.and_(_IS_OF_CONVERSATION, *which), values))

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

        return await self._database.do(work)


def _unfinished(row: sa.Row[Any]) -> Unfinished:
    conversation = Conversation(row.platform, row.workspace, row.channel, row.thread)
    question = Question(conversation, row.author, row.message_id, row.question, row.attachments)
    return Unfinished(row.id, question, row.reply_id, row.reference)
