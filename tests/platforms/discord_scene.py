"""A simulated Discord with a customer in it, in front of a real assistant with a scripted model."""

import asyncio
import json
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast

import aiosqlite
import discord
import simcord
from simcord.actors import MemberActor
from simcord.backend import serializers
from simcord.backend.models import AllowedMentions
from simcord.builders import ChannelHandle, GuildHandle, RoleHandle
from simcord.env import Env
from simcord.results import InteractionResult, ResponseMessage

from bot.admin.admin import Admin
from bot.admin.following import Following
from bot.admin.forms import Command
from bot.assistant import Assistant
from bot.conversation import Conversation, Question, Started
from bot.platforms.discord import SupportClient, create_client
from tests.admin_kit import HOME, file, open_office
from tests.admin_kit import Scene as Office
from tests.kit import PERSONA, ScriptedModel, Step
from tests.platforms.discord_files import Cdn

# Far beyond what a test lasts, so that only the simulated clock can bring the next edit.
EDIT_EVERY = 60.0
RARELY = 60.0


class PatientModel(ScriptedModel):
    """A scripted model whose waits the simulated Discord knows of, so that it does not wait with it."""

    env: Env | None = None

    async def wait(self, event: asyncio.Event) -> None:
        """Pause until the test lets it go on."""
        waiting = event.wait()
        await (self.env.external_wait(waiting, reason="the model is thinking") if self.env else waiting)


@dataclass
class Scene:
    """Everything that a story needs at hand."""

    home: Path
    env: Env
    office: Office
    client: SupportClient
    model: PatientModel
    guild: GuildHandle
    channel: ChannelHandle
    alice: MemberActor

    @property
    def assistant(self) -> Assistant:
        """Who answers."""
        return self.office.assistant

    @property
    def me(self) -> str:
        """How customers mention the assistant."""
        return f"<@{self.env.backend.bot_user.id}>"

    def thread(self, name: str = "Help") -> ChannelHandle:
        """Start a thread in the channel."""
        thread = self.env.backend.create_thread(self.channel.id, name, self.alice.id)
        return ChannelHandle(self.env, self.guild, thread)

    def anew(self) -> SupportClient:
        """Return a client as the next process would build it."""
        return create_client(self.assistant, PERSONA, self.office.admin, self.home, edit_every=EDIT_EVERY)

    def payload(self, message: discord.Message) -> dict[str, object]:
        """Return a message as Discord tells bots of it."""
        stored = self.env.backend.get_message(message.channel.id, message.id)
        return dict(serializers.message_payload(self.env.backend, stored))

    def question(self, message_id: str) -> Question:
        """Return a question in the channel, as if a message of this id had asked it."""
        return Question(self.conversation(), str(self.alice.id), message_id, "how do I reset my lamp?")

    async def leave_unfinished(self, question: Question, reply_id: str = "") -> None:
        """Let a process take a question, begin a reply of this id, and die before it is answered."""
        events = self.assistant.answer(question)
        started = await anext(events)
        if reply_id and isinstance(started, Started):
            await self.assistant.replying(started.turn, reply_id)

    async def reply_quietly(self, channel: ChannelHandle, content: str, to: discord.Message) -> None:
        """Let Alice reply to a message without pinging its author."""
        self.env.backend.create_message(
            channel.id,
            self.alice.id,
            content,
            reference={"channel_id": str(channel.id), "message_id": str(to.id)},
            allowed_mentions=AllowedMentions(replied_user=False),
        )
        await self.env.settle()

    def let_slip(self, thread: ChannelHandle) -> None:
        """Make the bot unaware of a thread that exists."""
        gone = {"id": str(thread.id), "guild_id": str(self.guild.id), "parent_id": str(self.channel.id), "type": 11}
        self.env.backend.emit("THREAD_DELETE", gone)

    def own_role(self) -> RoleHandle:
        """Make the role that Discord gives to a bot, of the bot's own name."""
        role = self.guild.create_role("Juno")
        tagged = serializers.role_payload(self.env.backend.get_guild(self.guild.id).roles[role.id])
        tags = {"bot_id": str(self.env.backend.bot_user.id)}
        self.env.backend.emit(
            "GUILD_ROLE_UPDATE", {"guild_id": str(self.guild.id), "role": dict(tagged) | {"tags": tags}}
        )
        return role

    def someone(self, name: str) -> MemberActor:
        """Let another person join."""
        return self.guild.add_member(self.env.create_user(name))

    def boss(self, name: str = "olga") -> MemberActor:
        """Let somebody join who may manage the server."""
        role = self.guild.create_role("Boss", permissions=discord.Permissions(manage_guild=True))
        return self.guild.add_member(self.env.create_user(name), roles=[role])

    def support(self) -> ChannelHandle:
        """Make the channel in which people of the company are told."""
        channel = self.guild.create_text_channel("people")
        cast("dict[str, str]", self.office.office.support)["discord"] = str(channel.id)
        return channel

    async def keep_dataset(self, name: str = "lamps") -> str:
        """Keep a small dataset and return its id."""
        reply = await self.office.give("data upload", file=file(f"{name}.jsonl", examples()))
        return next(button.given["dataset"] for button in reply.buttons if "dataset" in button.given)

    async def history(self, channel: ChannelHandle | None = None, thread: str = "") -> list[tuple[str, str]]:
        """Return the questions and answers that are kept of a conversation."""
        kept = await self.assistant.history(self.conversation(channel, thread), 10)
        return [(turn.question, turn.answer) for turn in kept]

    async def ratings(self) -> list[tuple[str, str, str]]:
        """Return the turns, authors and verdicts that the database file holds."""
        async with aiosqlite.connect(self.home / "sarah.db") as database:
            rows = await database.execute_fetchall("SELECT turn_id, author, rating FROM feedback ORDER BY author")
        return [(str(turn), str(author), str(rating)) for turn, author, rating in rows]

    def said(self, channel: ChannelHandle | None = None) -> list[str]:
        """Return what the assistant's messages in a channel show now, oldest first."""
        return [message.content for message in self.written(channel)]

    def written(self, channel: ChannelHandle | None = None) -> list[discord.Message]:
        """Return the assistant's messages in a channel, oldest first."""
        own = self.env.backend.bot_user.id
        return [message for message in (channel or self.channel).history() if message.author.id == own]

    def requests(self, method: str, ending: str = "") -> list[dict[str, object]]:
        """Return the bodies of what was asked of Discord, in order."""
        return [
            cast("dict[str, object]", entry.json or {})
            for entry in self.env.http_requests
            if entry.method == method and entry.path.endswith(ending)
        ]

    def conversation(self, channel: ChannelHandle | None = None, thread: str = "") -> Conversation:
        """Name a channel's conversation."""
        return Conversation("discord", str(self.guild.id), str((channel or self.channel).id), thread)


def examples(count: int = 20) -> str:
    """Return a file of examples without a problem."""
    return "\n".join(
        json.dumps(
            {
                "messages": [
                    {"role": "user", "content": f"How do I reset lamp {number}?"},
                    {"role": "assistant", "content": f"Hold its button for {number} seconds."},
                ]
            }
        )
        for number in range(count)
    )


def shown(result: InteractionResult) -> str:
    """Return what somebody sees in answer to what they did, when nobody else does."""
    assert result.response
    assert result.response.ephemeral
    return "\n".join(message.content for message in [result.response, *result.followups])


def buttons(message: discord.Message | ResponseMessage) -> dict[str, str]:
    """Return the ids of the buttons under a message, by their labels."""
    whole = message.message if isinstance(message, ResponseMessage) else message
    items = [item for row in whole.components if isinstance(row, discord.ActionRow) for item in row.children]
    return {str(item.label): str(item.custom_id) for item in items if isinstance(item, discord.Button)}


async def press(who: MemberActor, message: discord.Message | ResponseMessage | None, label: str) -> InteractionResult:
    """Press the button whose label begins so."""
    assert message
    custom_id = next(custom_id for name, custom_id in buttons(message).items() if name.startswith(label))
    return await who.click(message, custom_id=custom_id)


@asynccontextmanager
async def open_scene(
    home: Path,
    *answers: Iterable[Step] | str,
    spare: PatientModel | None = None,
    files: Cdn | None = None,
    commands: tuple[Command, ...] = (),
    patience: float = 4.0,
) -> AsyncGenerator[Scene]:
    """Put a customer, a channel of a home and the assistant into a simulated Discord, where files may be sent."""
    models = [PatientModel(*answers), *([spare] if spare else [])]
    async with open_office(home, *models) as opened:
        office = replace(opened, admin=Admin(opened.office, [*opened.admin.commands, *commands]))
        office.admin.following = Following(office.office, RARELY, RARELY)
        hosts = frozenset({files.origin}) if files else frozenset[str]()
        client = create_client(office.assistant, PERSONA, office.admin, home, edit_every=EDIT_EVERY, file_hosts=hosts)
        async with simcord.run(client, settle_timeout=patience) as env:
            for model in models:
                model.env = env
            if files:
                files.give = env.backend.cdn.get
            guild = env.create_guild("Lumen's customers", id=int(HOME))
            channel = guild.create_text_channel("support")
            alice = guild.add_member(env.create_user("alice"))
            await env.settle()
            yield Scene(home, env, office, client, models[0], guild, channel, alice)


# For commands, which work in threads: a slow machine gets more time, where nobody stays typing.
open_patient_scene = partial(open_scene, patience=20.0)
