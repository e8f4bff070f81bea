"""What people do with commands in mind, as Slack tells of it: they type, press a button, or fill in a form."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from bot.admin.buttons import decoded
from bot.conversation import Conversation
from bot.platforms.slack.incoming import Me, is_direct
from bot.platforms.slack.wire import Json, string, table, tables

ELEMENT = "value"
_OWN = "command "


@dataclass(frozen=True, slots=True)
class Act:
    """Who did something and where, and what Slack gave for an answer to it."""

    id: str
    """The same when it is delivered again."""
    user: str
    name: str
    conversation: Conversation
    thread: str = ""
    """The thread in which everybody sees what is said to everybody, or "" for the channel itself."""
    message: str = ""
    """The message that it was done with: one with a button, or with a file."""
    trigger: str = ""
    """Opens a form, within three seconds."""
    url: str = ""
    """Shows something to whoever acted, five times in half an hour."""

    @property
    def channel(self) -> str:
        """The channel, or the direct message."""
        return self.conversation.channel


@dataclass(frozen=True, slots=True)
class Wanted:
    """A command, and what is given with it: texts, and files by their ids."""

    command: str
    given: Mapping[str, str]
    files: Mapping[str, str]


def own_conversation(me: Me, channel: str, user: str) -> Conversation:
    """Return the conversation that somebody has by the slash command, which nobody else sees."""
    return Conversation("slack", me.team, channel, f"{_OWN}{user}")


def is_own(conversation: Conversation) -> bool:
    """Whether this conversation is had by the slash command."""
    return conversation.thread.startswith(_OWN)


def typed(command: Json, me: Me) -> Act:
    """Read a slash command: in a direct message it is about that, elsewhere about what is asked by the command."""
    user, channel = string(command, "user_id"), string(command, "channel_id")
    direct = Conversation("slack", me.team, channel)
    trigger = string(command, "trigger_id")
    return Act(
        trigger,
        user,
        string(command, "user_name"),
        direct if is_direct(channel) else own_conversation(me, channel, user),
        trigger=trigger,
        url=string(command, "response_url"),
    )


def pressed(click: Json, me: Me) -> tuple[Act, Wanted] | None:
    """Read a press of a button with a command; None where there is none on it."""
    found = next(filter(None, (decoded(string(action, "value")) for action in tables(click, "actions"))), None)
    user, container = table(click, "user"), table(click, "container")
    channel = string(table(click, "channel"), "id") or string(container, "channel_id")
    if not (found and channel and string(user, "id")):
        return None
    ts = string(container, "message_ts")
    thread = string(container, "thread_ts") or string(table(click, "message"), "thread_ts")
    trigger = string(click, "trigger_id")
    act = Act(
        trigger,
        string(user, "id"),
        string(user, "name") or string(user, "username"),
        _pressed_in(me, channel, string(user, "id"), "" if container.get("is_ephemeral") is True else thread or ts),
        thread=thread,
        message="" if container.get("is_ephemeral") is True else ts,
        trigger=trigger,
        url=string(click, "response_url"),
    )
    return act, Wanted(*found, {})


def _pressed_in(me: Me, channel: str, user: str, root: str) -> Conversation:
    """Return the conversation in which a button is: what only one person sees belongs to that person's own."""
    if is_direct(channel):
        return Conversation("slack", me.team, channel)
    return Conversation("slack", me.team, channel, root) if root else own_conversation(me, channel, user)


def kept(act: Act, command: str, given: Mapping[str, str]) -> str:
    """Write down, for a form's way to somebody and back, which command it is for and where it was given."""
    where = {"channel": act.channel, "conversation": act.conversation.thread, "thread": act.thread}
    return json.dumps({"command": command, "given": dict(given), **where, "message": act.message})


def submitted(body: Json, me: Me) -> tuple[Act, Wanted] | None:
    """Read a form that somebody has filled in; None where it is none of ours."""
    view, user = table(body, "view"), table(body, "user")
    try:
        back = cast("object", json.loads(string(view, "private_metadata")))
    except ValueError:
        return None
    if not isinstance(back, Mapping):
        return None
    brought = cast("Json", back)
    act = Act(
        string(view, "id"),
        string(user, "id"),
        string(user, "name") or string(user, "username"),
        Conversation("slack", me.team, string(brought, "channel"), string(brought, "conversation")),
        thread=string(brought, "thread"),
        message=string(brought, "message"),
    )
    texts, files = _filled(table(table(view, "state"), "values"))
    carried = {name: value for name, value in table(brought, "given").items() if isinstance(value, str)}
    return act, Wanted(string(brought, "command"), {**carried, **texts}, files)


def _filled(values: Json) -> tuple[dict[str, str], dict[str, str]]:
    """Return what stands in a form's fields, and which files do; what was left empty is left out."""
    texts: dict[str, str] = {}
    files: dict[str, str] = {}
    for name in values:
        # One element stands in each block, and is called as we call it.
        element = table(table(values, name), ELEMENT)
        if text := string(element, "value") or string(table(element, "selected_option"), "value"):
            texts[name] = text
        if sent := tables(element, "files"):
            files[name] = string(sent[0], "id")
    return texts, files
