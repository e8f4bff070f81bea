"""A question and its growing answer, which goes on whether or not the browser is still there."""

import asyncio
import contextlib
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator

from bot.conversation import (
    Answered,
    Answers,
    Conversation,
    Event,
    Hushed,
    PastTurn,
    Piece,
    Question,
    Retracted,
    Started,
)


class Bell:
    """Rings when something has changed."""

    def __init__(self) -> None:
        self.rings = 0
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake whoever waits."""
        self.rings += 1
        self._rung.set()
        self._rung = asyncio.Event()

    async def after(self, rings: int, patience: float) -> None:
        """Wait until it has rung more than so many times, for so many seconds at most."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while self.rings == rings:
                    await self._rung.wait()


class Exchange:
    """One question and its answer as pages show them; `bells` ring when it changes."""

    def __init__(self, question: str, past: PastTurn | None = None) -> None:
        self.question = question
        self.answer = past.answer if past else ""
        self.turn = past.turn if past else None
        self.over = past is not None
        self.bells: list[Bell] = []

    def take(self, event: Event) -> None:
        """Let an event of the assistant change what is shown."""
        match event:
            case Started(turn=turn):
                self.turn = turn
            case Piece(text=text):
                self.answer += text
            case Retracted():
                self.answer = ""
            case Answered(turn=turn, text=text):
                self.turn, self.answer = turn, text
            case Hushed(why=why):
                self.answer = why
        self._ring()

    def end(self) -> None:
        """Nothing more comes."""
        self.over = True
        self._ring()

    def _ring(self) -> None:
        for bell in self.bells:
            bell.ring()


class Exchanges:
    """Every answer that is being written, by conversation."""

    def __init__(self, assistant: Answers) -> None:
        self._assistant = assistant
        self._open: defaultdict[Conversation, dict[Exchange, asyncio.Task[None]]] = defaultdict(dict)

    def ask(self, conversation: Conversation, text: str) -> Exchange:
        """Start answering what a customer wrote."""
        message_id = secrets.token_urlsafe(16)
        question = Question(conversation, author=conversation.channel, message_id=message_id, text=text)
        return self._begin(question, self._assistant.answer(question))

    async def resume(self, platform: str) -> None:
        """Start answering what an earlier process left unfinished."""
        for unfinished in await self._assistant.unfinished(platform):
            self._begin(unfinished.question, self._assistant.resume(unfinished))

    def open(self, conversation: Conversation) -> list[Exchange]:
        """Return the exchanges of a conversation that are still being written, oldest first."""
        return list(self._open.get(conversation, ()))

    async def drop(self, conversation: Conversation) -> None:
        """Stop answering in a conversation."""
        await _cancelled(list(self._open.get(conversation, {}).values()))

    async def stop(self) -> None:
        """Stop answering; the turns stay unfinished, for the next start."""
        await _cancelled([task for tasks in self._open.values() for task in tasks.values()])

    def _begin(self, question: Question, events: AsyncIterator[Event]) -> Exchange:
        exchange = Exchange(question.text)
        conversation = question.conversation
        task = asyncio.create_task(_written(exchange, events))
        self._open[conversation][exchange] = task
        task.add_done_callback(lambda _: self._close(conversation, exchange))
        return exchange

    def _close(self, conversation: Conversation, exchange: Exchange) -> None:
        exchange.end()
        del self._open[conversation][exchange]
        if not self._open[conversation]:
            del self._open[conversation]


async def _written(exchange: Exchange, events: AsyncIterator[Event]) -> None:
    async for event in events:
        exchange.take(event)


async def _cancelled(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
