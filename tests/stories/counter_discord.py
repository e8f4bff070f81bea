"""A channel of a simulated Discord, with an admin and a customer in it."""

import asyncio
import math
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import discord
import pytest
import simcord
from simcord.builders import ChannelHandle
from simcord.env import Env
from simcord.results import InteractionResult

from bot.admin import following
from bot.platforms.discord import SupportClient, create_client
from bot.platforms.discord.platform import GRACE
from bot.settings import Settings
from tests.admin_kit import HOME
from tests.browser import Profiles
from tests.platforms.discord_files import Cdn, open_cdn
from tests.platforms.discord_scene import buttons, press
from tests.servers.tuning import TuningServer
from tests.stories.desks import PATIENCE, desk, settings
from tests.stories.processes import with_runs

# Seconds of the simulated clock, longer than the simulated Discord waits for anything: only a test makes them pass.
RARELY = 600.0
# Seconds between two looks at a run, of which nobody tells: another process works on it.
PAUSE = 0.1


class DiscordCounter:
    """An admin and a customer in one channel; the customer asks each question in a thread of its own."""

    def __init__(self, env: Env, configured: Settings, files: Cdn, process: AsyncExitStack) -> None:
        self.env = env
        self._settings = configured
        self._files = files
        self._process = process
        guild = env.create_guild("Customers", id=int(HOME))
        boss = guild.create_role("Boss", permissions=discord.Permissions(manage_guild=True))
        self.channel = guild.create_text_channel("support")
        self.olga = guild.add_member(env.create_user("olga"), roles=[boss])
        self.ann = guild.add_member(env.create_user("ann"))

    async def upload(self, name: str, content: bytes) -> str:
        """Fill the form of `/data upload` in, and send it."""
        form = await self.olga.slash(self.channel, "data upload")
        return self._told(await self.olga.submit_modal(form, {"file": (name, content)}))

    async def start(self, dataset: str, provider: str) -> str:
        """Give `/train start` with its options."""
        return self._told(await self.olga.slash(self.channel, "train start", dataset=dataset, provider=provider))

    async def press(self, label: str) -> str:
        """Press a button, and read what comes of it."""
        message = next(one for one in reversed(self.seen()) if any(name.startswith(label) for name in buttons(one)))
        return self._told(await press(self.olga, message, label))

    async def progress(self) -> str:
        """Read the newest message about a run, which may be too long for anything but embeds."""
        return text_of(self.runs[-1]) if self.runs else ""

    async def messages(self) -> int:
        """Count the messages about runs."""
        return len(self.runs)

    async def has_chart(self) -> bool:
        """Whether a picture stands in the newest one that Discord has."""
        return bool(charts := self.charts(self.runs[-1])) and all(chart.startswith(b"\x89PNG") for chart in charts)

    def charts(self, message: discord.Message) -> list[bytes]:
        """Return the pictures in a message."""
        return [
            self.env.backend.cdn.get(one.url) or b"" for one in message.attachments if one.filename.endswith(".png")
        ]

    async def give(self, text: str) -> str:
        """Give a slash command."""
        return self._told(await self.olga.slash(self.channel, text))

    async def ask(self, question: str) -> str:
        """Mention her in a new thread."""
        backend = self.env.backend
        thread = ChannelHandle(
            self.env, self.channel.guild, backend.create_thread(self.channel.id, "Help", self.ann.id)
        )
        await self.ann.send(thread, f"<@{backend.bot_user.id}> {question}")
        return self._written(thread)[-1].content

    async def restart(self) -> None:
        """End the process, and attach the next one's client to the same Discord."""
        await self._process.aclose()
        await self.env.restart_bot(await begun(self._process, self._settings, self._files))

    async def until(self, words: str) -> str:
        """Let the simulated time pass until the message shows the words."""
        end = time.monotonic() + PATIENCE
        while words not in (shown := await self.progress()):
            if time.monotonic() > end:
                raise TimeoutError(f"{words!r} does not stand in {shown!r}")
            await asyncio.sleep(PAUSE)
            await self.env.advance_time(RARELY)
        return shown

    def _told(self, done: InteractionResult) -> str:
        """Return what the admin alone sees of an act, or what everybody does where it was said to everybody."""
        alone = [message.content for message in (done.response, *done.followups) if message]
        return "\n".join(filter(None, alone)) or self._written(self.channel)[-1].content

    def seen(self) -> list[discord.Message]:
        """Return everything that the admin sees in the channel, oldest first."""
        return self.channel.history(viewer=self.olga)

    def _written(self, channel: ChannelHandle) -> list[discord.Message]:
        """Return what she wrote to everybody in a channel, oldest first."""
        me = self.env.backend.bot_user.id
        return [one for one in channel.history() if one.author.id == me and not one.flags.ephemeral]

    @property
    def runs(self) -> list[discord.Message]:
        """The messages about runs, oldest first."""
        return [one for one in self._written(self.channel) if text_of(one).startswith("**run-")]


def text_of(message: discord.Message) -> str:
    """Return the words of a message, wherever they stand in it."""
    return message.content or "".join(embed.description or "" for embed in message.embeds)


async def begun(process: AsyncExitStack, configured: Settings, files: Cdn) -> SupportClient:
    """Begin a process, which ends in order as the platform does, and return its client."""
    opened = await process.enter_async_context(desk(configured, RARELY))
    client = create_client(
        opened.assistant,
        opened.persona,
        opened.admin,
        configured.sarah_home,
        edit_every=RARELY,
        file_hosts=frozenset({files.origin}),
    )
    process.push_async_callback(client.finish, GRACE)
    opened.start_work()
    return client


@asynccontextmanager
async def in_discord(
    home: Path, data: Path, server: TuningServer, _: Profiles, **changes: str
) -> AsyncGenerator[DiscordCounter]:
    """Open a channel, and a process that answers there."""
    with (
        settings(home, data, server, f"discord:{HOME}", **changes) as configured,
        pytest.MonkeyPatch.context() as patch,
    ):
        # The simulated clock runs far ahead of whoever works on runs, and who would be taken for dead.
        patch.setattr(following, "REVIVE", math.inf)
        async with with_runs(home), open_cdn() as files, AsyncExitStack() as process:
            client = await begun(process, configured, files)
            async with simcord.run(client, settle_timeout=PATIENCE) as env:
                files.give = env.backend.cdn.get
                counter = DiscordCounter(env, configured, files, process)
                await env.settle()
                yield counter
                await process.aclose()
