"""Showing an answer in Discord while it is being written."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, closing, suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

import aiohttp
import discord
import structlog

from bot.conversation import Answered, Answers, Event, Hushed, Piece, Retracted, Started
from bot.platforms.discord.feedback import answer_buttons
from bot.platforms.discord.splitting import split

# What a request to Discord may end in, whoever is to blame.
TROUBLE = (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError)
# Trouble that the next request would meet again.
_LASTING = (discord.Forbidden, discord.NotFound)


@dataclass(frozen=True, slots=True)
class Part:
    """A message to post: the how-manieth of its answer (from 0), and the message that begins the answer."""

    text: str
    serial: int
    first: int | None
    buttons: discord.ui.View | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A message that stands in Discord with this text."""

    message: discord.PartialMessage | discord.WebhookMessage
    text: str


async def _nothing(_: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer goes: how to post there and to seem busy, and what stands there of it already.

    `hush` says why no answer comes, where somebody sees that one is awaited.
    """

    post: Callable[[Part], Awaitable[Standing]]
    busy: Callable[[], AbstractAsyncContextManager[None]]
    standing: tuple[Standing, ...] = ()
    hush: Callable[[str], Awaitable[None]] = _nothing


class Reply:
    """The messages in which one answer stands, the first of them reported as soon as it does."""

    def __init__(self, place: Place, begun: Callable[[str], Awaitable[None]]) -> None:
        self._post = place.post
        self.hush = place.hush
        self._begun = begun
        self._standing = list(place.standing)
        # Counts posts, not messages: what is deleted and posted anew is another message to Discord.
        self._serial = len(self._standing)

    async def show(self, text: str, buttons: discord.ui.View | None) -> None:
        """Make the messages show this text, and the buttons under the last; raises what Discord answers."""
        parts = split(text)
        for at, part in enumerate(parts):
            await self._place(at, part, buttons if at == len(parts) - 1 else None)
        for surplus in self._standing[len(parts) :]:
            with suppress(discord.NotFound):
                await surplus.message.delete()
        del self._standing[len(parts) :]

    async def _place(self, at: int, text: str, buttons: discord.ui.View | None) -> None:
        if at == len(self._standing):
            await self._add(text, buttons)
        elif buttons or self._standing[at].text != text:
            message = self._standing[at].message
            await message.edit(content=text, view=buttons)
            self._standing[at] = Standing(message, text)

    async def _add(self, text: str, buttons: discord.ui.View | None) -> None:
        first = self._standing[0].message.id if self._standing else None
        posted = await self._post(Part(text, self._serial, first, buttons))
        self._serial += 1
        self._standing.append(posted)
        if first is None:
            await self._begun(str(posted.message.id))


class Screen:
    """Shows a growing text, with at most one change every `every` seconds; the last shows it whole."""

    def __init__(self, reply: Reply, turn: int, every: float) -> None:
        self._reply = reply
        self._turn = turn
        self._every = every
        self._text = ""
        self._failed: Exception | None = None
        # Held while Discord is asked, so that nothing is cancelled half-way.
        self._asking = asyncio.Lock()
        self._ticker: asyncio.Task[None] | None = None

    def close(self) -> None:
        """Show nothing more."""
        if self._ticker:
            self._ticker.cancel()

    async def grow(self, text: str) -> None:
        """Show the beginning of a text at once, and what is added to it in time."""
        self._text = text
        if self._ticker is None and text.strip():
            await self._show(text, None)
            self._ticker = asyncio.create_task(self._keep_up())

    async def finish(self, text: str, buttons: discord.ui.View | None) -> bool:
        """Show the whole text; False where that failed and may work later."""
        self._text = text
        async with self._asking:
            return isinstance(self._failed, _LASTING) or await self._show(text, buttons)

    async def hush(self, why: str) -> None:
        """Say why no answer comes, where that is to be said."""
        try:
            await self._reply.hush(why)
        except TROUBLE as error:
            log_trouble("discord.send_failed", error, turn=self._turn)

    async def _keep_up(self) -> None:
        while not self._failed:
            await asyncio.sleep(self._every)
            async with self._asking:
                await self._show(self._text, None)

    async def _show(self, text: str, buttons: discord.ui.View | None) -> bool:
        """Whether the text stands there now, or never will."""
        try:
            await self._reply.show(text, buttons)
        except TROUBLE as error:
            if self._failed is None:
                log_trouble("discord.send_failed", error, turn=self._turn)
            self._failed = error
            return not may_pass(error)
        return True


async def deliver(events: AsyncIterator[Event], place: Place, answers: Answers, every: float) -> None:
    """Show an answer as it comes; a message that was answered before has no events, and nothing is shown."""
    first = await anext(events, None)
    if first is None:
        return
    # A turn that could not be recorded has no number, and nobody to tell of its message.
    turn = first.turn if isinstance(first, Started) else 0
    reply = Reply(place, partial(answers.replying, turn) if turn else _nothing)
    with closing(Screen(reply, turn, every)) as screen:
        async with _over(events), AsyncExitStack() as busy:
            with suppress(*TROUBLE):
                await busy.enter_async_context(place.busy())
            await _play(_from(first, events), screen, busy, answers)


@asynccontextmanager
async def _over(events: AsyncIterator[Event]) -> AsyncGenerator[None]:
    """Let the questions that wait behind this one go on in the end, whatever broke."""
    try:
        yield
    finally:
        if isinstance(events, AsyncGenerator):
            await events.aclose()


async def _from(first: Event, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
    yield first
    async for event in events:
        yield event


async def _play(events: AsyncIterator[Event], screen: Screen, busy: AsyncExitStack, answers: Answers) -> None:
    """Show every event; an answer that could not be shown now is postponed."""
    text = ""
    async for event in events:
        match event:
            case Piece():
                text += event.text
                await screen.grow(text)
                if text.strip():
                    await busy.aclose()
            case Retracted():
                text = ""
            case Answered():
                if not await screen.finish(event.text, answer_buttons(event)):
                    answers.postpone(event.turn)
            case Hushed():
                await screen.hush(event.why)
            case Started():
                pass


def may_pass(error: Exception) -> bool:
    """Whether the same request may work later: it was not looked at, or Discord itself failed."""
    if not isinstance(error, discord.HTTPException):
        return True
    return error.status == HTTPStatus.TOO_MANY_REQUESTS or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR


def log_trouble(what: str, error: Exception, **about: int) -> None:
    """Write one line about a request that failed; an answer of Discord's is told by its numbers alone."""
    if isinstance(error, discord.HTTPException):
        about |= {"status": error.status, "code": error.code}
    structlog.get_logger().warning(what, error=type(error).__name__, **about)
