"""Who gives a command, and where, as Discord describes them at this very moment."""

import discord

from bot.admin.calls import Call, Caller, Given
from bot.conversation import Conversation
from bot.platforms.discord.reading import PLATFORM, conversation_at


def caller_of(interaction: discord.Interaction) -> Caller:
    """Describe whoever made an interaction, with the rights that Discord sent along with it."""
    user, rights, at_home = interaction.user, interaction.permissions, interaction.guild_id is not None
    return Caller(
        platform=PLATFORM,
        workspace=str(interaction.guild_id or ""),
        user=str(user.id),
        name=user.display_name,
        manages=at_home and (rights.manage_guild or rights.administrator),
        # A direct message is nobody's but theirs.
        moderates=not at_home or rights.manage_messages or rights.administrator,
        is_guest=isinstance(user, discord.Member) and (user.flags.guest or user.pending),
        is_bot=user.bot,
    )


def conversation_of(interaction: discord.Interaction) -> Conversation:
    """Name the conversation in which an interaction was made, without asking Discord for anything."""
    channel = interaction.channel
    parent = channel.parent_id if isinstance(channel, discord.Thread) else None
    return conversation_at(interaction.guild_id, interaction.channel_id or 0, parent)


def call_of(interaction: discord.Interaction, title: str, given: Given) -> Call:
    """Return what somebody asks for."""
    guild, user = interaction.guild_id, interaction.user.id
    # Nobody else can open a direct message, but everybody can write to that person.
    where = f"channels/{guild}/{interaction.channel_id}" if guild else f"users/{user}"
    return Call(
        caller=caller_of(interaction),
        command=title,
        conversation=conversation_of(interaction),
        given=given,
        link=f"https://discord.com/{where}",
        place=str(interaction.channel_id or ""),
        message_id=str(interaction.id),
    )
