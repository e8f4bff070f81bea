"""What Slack's message events mean: a question, a change, a deletion, or nothing for us."""

import re
from dataclasses import dataclass

from bot.conversation import Conversation, Question
from bot.platforms.slack.text import plain
from bot.platforms.slack.wire import Json, string, table, tables

# A reply that is sent to the channel too, and "/me", are what customers write as well.
_WRITTEN = {"", "file_share", "thread_broadcast", "me_message"}
_MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^<>]*)?>")


@dataclass(frozen=True, slots=True)
class Me:
    """Who the app is in the workspace."""

    team: str
    user: str
    url: str = ""
    """The workspace's own address, which ends in a slash."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A file that came with a message."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer is shown, and to whom; "" for a user that is not known any more."""

    channel: str
    thread: str
    team: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """A customer's message: addressed to her, or perhaps part of a thread that she takes part in."""

    question: Question
    place: Place
    addressed: bool
    to_others: bool
    files: tuple[Shared, ...] = ()


@dataclass(frozen=True, slots=True)
class Changed:
    """A customer changed the text of a message."""

    conversation: Conversation
    message_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Deleted:
    """A message was deleted: a customer's, or hers."""

    conversation: Conversation
    message_id: str


def read(event: Json, me: Me) -> Heard | Changed | Deleted | None:
    """Read a `message` or `app_mention` event."""
    match string(event, "subtype"):
        case "message_changed":
            return _changed(event, me)
        case "message_deleted":
            return _deleted(event, string(event, "deleted_ts"), me)
        case subtype if subtype in _WRITTEN:
            return _heard(event, me)
        case _:
            return None


def conversation_of(channel: str, message: Json, me: Me) -> Conversation:
    """Return the conversation of a message: a thread, or everything that one customer writes directly.

    A direct message is shown in a thread of its own, whether or not its author thinks in threads, so
    there the channel is the conversation: it goes on above and inside these threads.
    """
    root = string(message, "thread_ts") or string(message, "ts")
    return Conversation("slack", me.team, channel, "" if is_direct(channel) else root)


def is_direct(channel: str) -> bool:
    """Whether this channel is a direct message between one person and the app."""
    return channel.startswith("D")


def _by_machine(message: Json, me: Me) -> bool:
    return bool(string(message, "bot_id")) or string(message, "user") in {"", me.user, "USLACKBOT"}


def _heard(event: Json, me: Me) -> Heard | None:
    channel, ts = string(event, "channel"), string(event, "ts")
    if _by_machine(event, me) or not (channel and ts):
        return None
    text, user = string(event, "text"), string(event, "user")
    mentioned = set(_MENTION.findall(text))
    files = tuple(Shared(string(file, "id"), string(file, "name")) for file in tables(event, "files"))
    return Heard(
        question=Question(conversation_of(channel, event, me), user, ts, plain(text, me.user), len(files)),
        place=Place(channel, string(event, "thread_ts") or ts, string(event, "user_team") or me.team, user),
        addressed=is_direct(channel) or me.user in mentioned or string(event, "type") == "app_mention",
        to_others=bool(mentioned - {me.user}),
        files=files,
    )


def _changed(event: Json, me: Me) -> Changed | Deleted | None:
    channel, message = string(event, "channel"), table(event, "message")
    if string(message, "subtype") == "tombstone":
        return _deleted(event, string(message, "ts"), me)
    # A preview of a link, or a new reply, changes a message without changing its text.
    same = string(message, "text") == string(table(event, "previous_message"), "text")
    if same or _by_machine(message, me):
        return None
    return Changed(
        conversation_of(channel, message, me), string(message, "ts"), plain(string(message, "text"), me.user)
    )


def _deleted(event: Json, ts: str, me: Me) -> Deleted | None:
    before = {"ts": ts, **table(event, "previous_message")}
    return Deleted(conversation_of(string(event, "channel"), before, me), ts) if ts else None
