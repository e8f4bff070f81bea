"""What happens in Discord, turned into calls of the assistant."""

import asyncio
import sys
import traceback
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from itertools import groupby
from pathlib import Path

import aiohttp
import discord
import structlog

from bot.admin.admin import Admin
from bot.conversation import Answers, Conversation, Event, Question, Rating, Unfinished
from bot.persona import Persona
from bot.platforms.discord.boards import Boards
from bot.platforms.discord.buttons import CommandButton
from bot.platforms.discord.callers import conversation_of
from bot.platforms.discord.clerk import Clerk
from bot.platforms.discord.commands import CommandTree, add_commands, sync_when_changed, whisper
from bot.platforms.discord.feedback import GONE, THANKS, RatingButton
from bot.platforms.discord.places import begun_at, reply_in, response_to
from bot.platforms.discord.reading import (
    PLATFORM,
    conversation_at,
    is_for,
    is_for_others,
    is_from_a_person,
    question_in,
    readable,
    text_of,
)
from bot.platforms.discord.rendering import rendered
from bot.platforms.discord.showing import TROUBLE, Place, deliver, log_trouble
from bot.platforms.discord.uploads import HOSTS, Uploads
from bot.platforms.discord.whereabouts import whereabouts
from bot.platforms.discord.work import Work

# Discord takes about five edits in five seconds from one bot in one channel.
EDIT_EVERY = 1.0


class SupportClient(discord.Client):
    """A connection to Discord that hands questions to the assistant and shows its answers."""

    def __init__(  # noqa: PLR0913 - built once, in sight
        self,
        assistant: Answers,
        persona: Persona,
        admin: Admin,
        home: Path,
        *,
        ready: Callable[[str], None],
        edit_every: float,
        file_hosts: frozenset[str],
        connector: aiohttp.BaseConnector | None,
    ) -> None:
        # She never speaks: nothing is missing for that.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        super().__init__(
            intents=discord.Intents(guilds=True, messages=True, message_content=True),
            allowed_mentions=discord.AllowedMentions.none(),
            # Nothing is looked up among old messages: edits and deletions are taken raw.
            max_messages=None,
            connector=connector,
        )
        self.tree = CommandTree(self, persona.sentences.failed)
        self._work = Work()
        self._clerk = Clerk(admin, Boards(self), Uploads(file_hosts, admin.largest_upload), self._work)
        add_commands(self.tree, persona, self._ask, rendered(admin.commands, self._clerk))
        self._assistant = assistant
        self._sorry = persona.sentences.failed
        self._home = home
        self._tell_ready = ready
        self._edit_every = edit_every
        self._unfinished: list[Unfinished] = []
        self._is_ready = False

    async def setup_hook(self) -> None:
        """Prepare what must be known before the first event arrives."""
        self.add_dynamic_items(RatingButton, CommandButton)
        # Read before connecting: later, this process has unfinished turns of its own.
        self._unfinished = await self._assistant.unfinished(PLATFORM)
        await self._clerk.prepare()
        file = self._home / "discord-commands.sha256"
        self._work.keep_doing("sync", sync_when_changed(self.tree, self.application_id or 0, file))

    async def on_ready(self) -> None:
        """Say where customers find the assistant, and answer what was left; once, not at every reconnection."""
        if self._is_ready:
            return
        self._is_ready = True
        self._clerk.open()
        self._tell_ready(whereabouts(self))
        by_conversation = sorted(self._unfinished, key=lambda each: (_key(each), each.turn))
        async with asyncio.TaskGroup() as group:
            for _, turns in groupby(by_conversation, _key):
                group.create_task(self._resume(list(turns)))

    async def _resume(self, turns: Iterable[Unfinished]) -> None:
        for each in turns:
            try:
                await self._go_on(each)
            except Exception as error:  # noqa: BLE001 - whatever broke, the turns after it are answered
                log_trouble("discord.not_resumed", error, turn=each.turn)

    async def _go_on(self, left: Unfinished) -> None:
        where = left.question.conversation
        try:
            channel = await self._reach(int(where.thread or where.channel))
            place = await begun_at(channel, self._me, left)
        except discord.NotFound as error:
            log_trouble("discord.channel_gone", error, turn=left.turn)
            await self._assistant.delete(where, left.question.message_id)
        else:
            await self._show(self._assistant.resume(left), place)

    async def _reach(self, channel_id: int) -> discord.PartialMessageable:
        channel = self.get_channel(channel_id) or await self.fetch_channel(channel_id)
        return self.get_partial_messageable(channel.id)

    async def on_message(self, message: discord.Message) -> None:
        """Answer a customer who speaks to the assistant."""
        if not is_from_a_person(message):
            return
        conversation = await self._conversation(message.guild and message.guild.id, message.channel.id)
        if await self._is_addressed(message, conversation):
            question = question_in(message, self._me, conversation)
            place = reply_in(message.channel, message.channel.id, question.message_id)
            await self._show(self._assistant.answer(question), place)

    async def _is_addressed(self, message: discord.Message, conversation: Conversation) -> bool:
        if message.guild is None or is_for(self._me, message):
            return True
        follows = bool(conversation.thread) and not is_for_others(self._me, message)
        return follows and await self._assistant.knows(conversation)

    async def _ask(self, interaction: discord.Interaction, question: str) -> None:
        conversation = conversation_of(interaction)
        if silence := self._assistant.silence(conversation):
            await whisper(interaction, silence)
            return
        try:
            # Discord waits three seconds, a model may think longer.
            await interaction.response.defer(thinking=True)
        except TROUBLE as error:
            log_trouble("discord.response_failed", error)
            return
        asked = Question(
            conversation=conversation,
            author=str(interaction.user.id),
            message_id=str(interaction.id),
            text=readable(question, {}, {self._me}),
        )
        await self._show(self._assistant.answer(asked), response_to(interaction))

    async def on_pressed(self, interaction: discord.Interaction, title: str, given: Mapping[str, str]) -> None:
        """Do the command of a button."""
        await self._clerk.pressed(interaction, title, given)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Do the command of a submitted form, which may have been shown before a restart."""
        await self._clerk.submitted(interaction)

    async def on_rating(self, interaction: discord.Interaction, turn: int, rating: Rating) -> None:
        """Keep a customer's verdict and say thanks."""
        kept = await self._assistant.rate(turn, str(interaction.user.id), rating)
        await whisper(interaction, THANKS if kept else GONE)

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        """Change the history with an edited message; a link that gained its preview is not an edit."""
        if event.message.edited_at is None or "content" not in event.data or not is_from_a_person(event.message):
            return
        conversation = await self._conversation(event.guild_id, event.channel_id)
        await self._assistant.edit(conversation, str(event.message_id), text_of(event.message, self._me))

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        """Take a deleted message out of the history."""
        await self._forget(event.guild_id, event.channel_id, {event.message_id})

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        """Take messages that were deleted at once out of the history."""
        await self._forget(event.guild_id, event.channel_id, event.message_ids)

    async def _forget(self, guild: int | None, channel: int, messages: Iterable[int]) -> None:
        conversation = await self._conversation(guild, channel)
        for message in messages:
            await self._assistant.delete(conversation, str(message))

    async def on_error(self, event_method: str, /, *args: object, **_kwargs: object) -> None:
        """Log what a handler did not expect; the error's own text may quote a customer and stays out."""
        error = sys.exc_info()[1]
        where = "".join(traceback.format_tb(error.__traceback__)) if error else ""
        structlog.get_logger().error("discord.event_failed", handler=event_method, error=type(error).__name__, at=where)
        if args and isinstance(args[0], discord.Interaction):
            await whisper(args[0], self._sorry)  # pyright: ignore[reportUnknownArgumentType] - of whichever client

    async def _conversation(self, guild: int | None, channel_id: int) -> Conversation:
        if guild is None:
            return conversation_at(None, channel_id, None)
        channel = self.get_channel(channel_id)
        if channel is None:
            # A thread that slept since before the start is not among those that Discord announced.
            try:
                channel = await self.fetch_channel(channel_id)
            except TROUBLE as error:
                log_trouble("discord.channel_unknown", error)
        return conversation_at(guild, channel_id, channel.parent_id if isinstance(channel, discord.Thread) else None)

    async def _show(self, events: AsyncIterator[Event], place: Place) -> None:
        await self._work.do(deliver(events, place, self._assistant, self._edit_every))

    async def finish(self, seconds: float) -> None:
        """Let answers in progress end, and break off those that need longer: the next start resumes them."""
        self._clerk.close()
        await self._work.finish(seconds)

    @property
    def _me(self) -> int:
        return self.user.id if self.user else 0


def _key(unfinished: Unfinished) -> tuple[str, str, str]:
    conversation = unfinished.question.conversation
    return conversation.workspace, conversation.channel, conversation.thread


def create_client(  # noqa: PLR0913 - built once, in sight
    assistant: Answers,
    persona: Persona,
    admin: Admin,
    home: Path,
    *,
    ready: Callable[[str], None] = lambda _: None,
    edit_every: float = EDIT_EVERY,
    file_hosts: frozenset[str] = HOSTS,
    connector: aiohttp.BaseConnector | None = None,
) -> SupportClient:
    """Build a client that is not connected yet; `edit_every` is in seconds."""
    return SupportClient(
        assistant,
        persona,
        admin,
        home,
        ready=ready,
        edit_every=edit_every,
        file_hosts=file_hosts,
        connector=connector,
    )
