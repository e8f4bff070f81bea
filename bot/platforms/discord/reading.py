"""From Discord's messages to the assistant's words: reading only, nothing is sent."""

import re
from collections.abc import Collection, Mapping

import discord

from bot.conversation import Conversation, Question

PLATFORM = "discord"
DIRECT = "dm"

_MENTION = re.compile(r"<(?:@[!&]?|#)(\d+)>|<a?(:\w+:)\d+>|<(/[^:<>]+):\d+>")
_WRITTEN_BY_PEOPLE = (discord.MessageType.default, discord.MessageType.reply)


def conversation_at(guild: int | None, channel: int, parent: int | None) -> Conversation:
    """Name the conversation of a channel; `parent` is the channel above when it is a thread."""
    workspace = DIRECT if guild is None else str(guild)
    if parent is None:
        return Conversation(PLATFORM, workspace, str(channel))
    return Conversation(PLATFORM, workspace, str(parent), str(channel))


def is_from_a_person(message: discord.Message) -> bool:
    """Whether a human wrote this, rather than a bot, a webhook or Discord itself."""
    return not message.author.bot and message.webhook_id is None and message.type in _WRITTEN_BY_PEOPLE


def is_for(me: int, message: discord.Message) -> bool:
    """Whether a message mentions the bot, by its name or its own role, or replies to it."""
    named = any(user.id == me for user in message.mentions)
    return named or bool(_own_roles(me, message)) or _replied_to(message) == me


def is_for_others(me: int, message: discord.Message) -> bool:
    """Whether a message mentions, or replies to, other people."""
    mentioned = any(user.id != me for user in message.mentions) or bool(message.role_mentions)
    return mentioned or message.mention_everyone or _replied_to(message) not in {None, me, message.author.id}


def question_in(message: discord.Message, me: int, conversation: Conversation) -> Question:
    """Read what a customer asks in a message."""
    return Question(
        conversation=conversation,
        author=str(message.author.id),
        message_id=str(message.id),
        text=text_of(message, me),
        attachments=len(message.attachments) + len(message.stickers),
    )


def text_of(message: discord.Message, me: int) -> str:
    """Return a message as people read it, without the mention of the bot."""
    names = {user.id: user.display_name for user in message.mentions}
    names |= {role.id: role.name for role in message.role_mentions}
    names |= {channel.id: f"#{channel.name}" for channel in message.channel_mentions}
    return readable(message.content, names, {me, *_own_roles(me, message)})


def readable(content: str, names: Mapping[int, str], own: Collection[int]) -> str:
    """Take the mentions of `own` ids out of a text, and write other mentions as the names people see."""
    mention = rf"<@[!&]?(?:{'|'.join(map(str, own)) or '-'})>"
    spoken = re.sub(rf"\A\s*(?:{mention}[\s,:]*)+", "", content)
    spoken = re.sub(rf" ?{mention}", "", spoken)

    def shown(match: re.Match[str]) -> str:
        return names.get(int(match[1]), "someone") if match[1] else match[2] or match[3]

    return _MENTION.sub(shown, spoken).strip()


def _own_roles(me: int, message: discord.Message) -> set[int]:
    """Return the mentioned roles that Discord made for the bot itself: people pick them by mistake."""
    return {role.id for role in message.role_mentions if role.tags is not None and role.tags.bot_id == me}


def _replied_to(message: discord.Message) -> int | None:
    """Return the author of the message that this one replies to."""
    replied = message.reference.resolved if message.reference else None
    return replied.author.id if isinstance(replied, discord.Message) else None
