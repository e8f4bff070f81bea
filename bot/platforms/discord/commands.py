"""The slash commands, and telling Discord about them when they changed."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import discord
import structlog
from discord import app_commands

from bot.persona import Persona
from bot.platforms.discord.rendering import LONGEST, Described
from bot.platforms.discord.showing import TROUBLE, log_trouble

Ask = Callable[[discord.Interaction, str], Awaitable[None]]


class CommandTree(app_commands.CommandTree[discord.Client]):
    """The commands, with one line in the log and a kind sentence where one fails."""

    def __init__(self, client: discord.Client, sorry: str) -> None:
        super().__init__(
            client,
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=False),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        )
        self._sorry = sorry

    async def on_error(self, interaction: discord.Interaction, error: app_commands.AppCommandError, /) -> None:
        """Log what failed and tell the customer."""
        cause = error.__cause__ or error
        command = interaction.command.qualified_name if interaction.command else ""
        structlog.get_logger().error("discord.command_failed", command=command, error=type(cause).__name__)
        await whisper(interaction, self._sorry)


async def whisper(interaction: discord.Interaction, text: str) -> None:
    """Answer an interaction so that only the one who made it sees it."""
    try:
        if interaction.response.is_done():
            await interaction.followup.send(text, ephemeral=True)
        else:
            await interaction.response.send_message(text, ephemeral=True)
    except TROUBLE as error:
        log_trouble("discord.response_failed", error)


def add_commands(tree: CommandTree, persona: Persona, ask: Ask, others: Iterable[Described]) -> None:
    """Add the commands; those that customers know best are described in the company's own words."""

    @app_commands.describe(question=f"What you would like to know from {persona.name}"[:LONGEST])
    async def asked(interaction: discord.Interaction, question: str) -> None:
        await ask(interaction, question)

    about = f"Ask {persona.name} of {persona.company} a question"[:LONGEST]
    tree.add_command(app_commands.Command(name="ask", description=about, callback=asked))
    for other in others:
        if other.name == "reset":
            other.description = f"Let {persona.name} forget what was said here"[:LONGEST]
        # An answer is shown while it is written, which no other command's is.
        if other.name != "ask":
            tree.add_command(other)


async def sync_when_changed(tree: CommandTree, application: int, file: Path) -> None:
    """Send the commands to Discord unless `file` says that this application has exactly these."""
    payload = [command.to_dict(tree) for command in tree.get_commands()]
    digest = hashlib.sha256(json.dumps([application, payload], sort_keys=True).encode()).hexdigest()
    try:
        if await asyncio.to_thread(_read, file) != digest:
            await tree.sync()
            await asyncio.to_thread(_write, file, digest)
    except TROUBLE as error:
        log_trouble("discord.sync_failed", error)


def _read(file: Path) -> str:
    return file.read_text("utf-8") if file.is_file() else ""


def _write(file: Path, digest: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(digest, "utf-8")
