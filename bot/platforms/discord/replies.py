"""Showing what a command answers: to its caller alone, to the channel, or in a direct message when it is late."""

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import discord
from discord.utils import MISSING

from bot.admin.replies import Attachment, Button, Reply
from bot.platforms.discord.buttons import command_buttons
from bot.platforms.discord.showing import TROUBLE, log_trouble
from bot.platforms.discord.splitting import split

# An interaction that is unknown by now, its webhook, and its token: a quarter of an hour has passed.
EXPIRED = frozenset({10062, 10015, 50027})
_DONE = "Done."


@dataclass(frozen=True, slots=True)
class Sheet:
    """One message of a reply."""

    text: str
    attachments: tuple[Attachment, ...] = ()
    buttons: tuple[Button, ...] = ()


def sheets(reply: Reply, largest: int) -> list[Sheet]:
    """Cut a reply into messages; files of at most `largest` bytes, and the buttons, stand under the last."""
    fitting = tuple(each for each in reply.attachments if len(each.content) <= largest)
    left_out = [each.name for each in reply.attachments if each not in fitting]
    text = "\n\n".join([reply.text, *(f"`{name}` is larger than Discord takes here." for name in left_out)])
    *first, last = split(text) or ["" if fitting else _DONE]
    return [*(Sheet(part) for part in first), Sheet(last, fitting, reply.buttons)]


def files(attachments: Iterable[Attachment]) -> list[discord.File]:
    """Return attachments as they are sent; each can be sent once."""
    return [discord.File(io.BytesIO(each.content), each.name) for each in attachments]


async def show(reply: Reply, interaction: discord.Interaction, offered: Callable[[Button], bool]) -> None:
    """Show a reply to a deferred interaction; `offered` tells which buttons do anything in a direct message."""
    if reply.public and await _announced(reply, interaction):
        return
    left = sheets(reply, interaction.filesize_limit)
    try:
        while left:
            await _whisper(left[0], interaction)
            del left[0]
    except discord.HTTPException as error:
        log_trouble("discord.reply_failed", error)
        if is_expired(error):
            await _write_to(interaction, left, offered)
    except TROUBLE as error:
        log_trouble("discord.reply_failed", error)


def is_expired(error: Exception) -> bool:
    """Whether an interaction came too late to be answered."""
    return isinstance(error, discord.HTTPException) and error.code in EXPIRED


async def _whisper(sheet: Sheet, interaction: discord.Interaction) -> None:
    await interaction.followup.send(
        sheet.text,
        files=files(sheet.attachments),
        view=command_buttons(sheet.buttons) or MISSING,
        ephemeral=True,
        suppress_embeds=True,
        wait=True,
    )


async def _announced(reply: Reply, interaction: discord.Interaction) -> bool:
    """Post a reply in the channel; False where that is not possible, and its caller is to see it all the same."""
    channel = interaction.client.get_partial_messageable(interaction.channel_id or 0)
    try:
        await _post(sheets(reply, interaction.filesize_limit), channel, interaction.id)
    except TROUBLE as error:
        log_trouble("discord.send_failed", error)
        return False
    try:
        await interaction.delete_original_response()
    except TROUBLE as error:
        log_trouble("discord.response_failed", error)
    return True


async def _write_to(interaction: discord.Interaction, left: list[Sheet], offered: Callable[[Button], bool]) -> None:
    """Send the rest of a reply to its caller, without the buttons that only a server has a use for."""
    useful = [replace(sheet, buttons=tuple(filter(offered, sheet.buttons))) for sheet in left]
    try:
        await _post(useful, interaction.user, interaction.id)
    except TROUBLE as error:
        log_trouble("discord.not_told", error)


async def tell(interaction: discord.Interaction, text: str) -> None:
    """Say something in a direct message to somebody whose interaction cannot be answered any more."""
    await _write_to(interaction, [Sheet(text)], lambda _: False)


async def _post(parts: Iterable[Sheet], where: discord.abc.Messageable, cause: int) -> None:
    for serial, sheet in enumerate(parts):
        await where.send(
            sheet.text,
            files=files(sheet.attachments),
            view=command_buttons(sheet.buttons) or MISSING,
            suppress_embeds=True,
            # The same for a repeated attempt, by which Discord knows that it has this message.
            nonce=f"{cause}-{serial}",
        )
