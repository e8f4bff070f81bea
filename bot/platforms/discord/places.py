"""The places where an answer can go: a channel, the response to a command, and one begun before a restart."""

from contextlib import nullcontext

import discord
from discord.utils import MISSING

from bot.conversation import Unfinished
from bot.platforms.discord.showing import Part, Place, Standing

# An answer of more messages than this is not looked for after a restart.
_MOST_MESSAGES = 20


def reply_in(
    channel: discord.abc.Messageable, channel_id: int, question: str, standing: tuple[Standing, ...] = ()
) -> Place:
    """Answer a message of a channel: the first message replies to it, and further ones to the first.

    A message that is gone, and the id of a command that never was one, is answered without a reply.
    """

    async def post(part: Part) -> Standing:
        message = await channel.send(
            part.text,
            view=part.buttons or MISSING,
            reference=discord.MessageReference(
                message_id=part.first or int(question), channel_id=channel_id, fail_if_not_exists=False
            ),
            mention_author=False,
            suppress_embeds=True,
            # The same for a repeated attempt, by which Discord knows that it has this message.
            nonce=f"{question}-{part.serial}",
        )
        return _standing(message)

    return Place(post, channel.typing, standing)


def response_to(interaction: discord.Interaction) -> Place:
    """Answer a deferred command: the first message takes the place of Discord's own "thinking"."""

    async def post(part: Part) -> Standing:
        buttons = part.buttons or MISSING
        message = await interaction.followup.send(part.text, view=buttons, suppress_embeds=True, wait=True)
        return Standing(message, message.content)

    async def hush(why: str) -> None:
        await interaction.followup.send(why, suppress_embeds=True)

    return Place(post, nullcontext, hush=hush)


async def begun_at(channel: discord.PartialMessageable, me: int, unfinished: Unfinished) -> Place:
    """Go on where an earlier process stopped: its messages are edited, and what is missing is posted."""
    question, begun = unfinished.question.message_id, unfinished.reply_id
    standing = await _begun(channel, me, int(begun), question) if begun else ()
    return reply_in(channel, channel.id, question, standing)


async def _begun(channel: discord.PartialMessageable, me: int, first: int, question: str) -> tuple[Standing, ...]:
    """Find the messages that an earlier process wrote of an answer."""
    try:
        begun = await channel.fetch_message(first)
        after = [message async for message in channel.history(after=begun, limit=_MOST_MESSAGES)]
    except discord.NotFound:
        return ()
    except discord.Forbidden:
        # Writing without reading the history is possible: the first message is known even so.
        return (Standing(channel.get_partial_message(first), ""),)
    own = [message for message in after if message.author.id == me and _goes_on(message, first, question)]
    return tuple(_standing(message) for message in [begun, *own])


def _goes_on(message: discord.Message, first: int, question: str) -> bool:
    """Whether a message continues the answer that began with `first`."""
    to_first = message.reference is not None and message.reference.message_id == first
    command = message.interaction_metadata
    return to_first or (command is not None and str(command.id) == question)


def _standing(message: discord.Message) -> Standing:
    """Keep the text that Discord gave back: a repeated post returns the message that stands already.

    Edits go through a partial message, as those of a whole one would bring link previews back.
    """
    return Standing(discord.PartialMessage(channel=message.channel, id=message.id), message.content)
