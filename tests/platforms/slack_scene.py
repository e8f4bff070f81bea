"""An office at work in the local Slack, with one admin, and what they do there."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

from bot.admin.admin import Admin
from bot.admin.calls import Call
from bot.admin.catalogue import COMMANDS
from bot.admin.following import Following
from bot.admin.forms import Command, May, command
from bot.admin.office import Office
from bot.admin.replies import Reply
from bot.models import ChatModel
from bot.platforms.slack import SlackTokens
from tests.admin_kit import Scene
from tests.servers.slack import Slack
from tests.servers.slack_kit import SOCKET, at_work, company
from tests.servers.slack_workspace import Json, Message

# Seconds between two looks at a run.
SOON = 0.05
# Who manages the workspace, and who does not.
ADMIN, CUSTOMER = "U1", "U2"


def replying(reply: Reply, may: May = "home") -> Command:
    """Return a command, `say it`, that always answers the same."""

    async def it(call: Call, office: Office) -> Reply:
        """Answer what a test wants."""
        assert (call.command, bool(office)) == ("say it", True)
        return reply

    return command("say", may=may)(it)


@asynccontextmanager
async def office(
    slack: Slack,
    home: Path,
    *models: ChatModel,
    tokens: SlackTokens = SOCKET,
    more: tuple[Command, ...] = (),
    **changes: object,
) -> AsyncGenerator[Scene]:
    """Open an office, with more commands than the real ones, and serve the workspace with it."""
    slack.workspace.people.setdefault(ADMIN, {"is_admin": True})
    async with company(home, *models, **changes) as scene:
        admin = Admin(scene.office, [*COMMANDS, *more])
        admin.following = Following(scene.office, SOON, SOON)
        async with at_work(slack, scene.assistant, admin=admin, tokens=tokens):
            yield scene


async def shown(slack: Slack, response: str, count: int = 1) -> str:
    """Wait until something was shown to whoever acted, and return it."""
    await slack.until(lambda: len(slack.workspace.responses.get(response, [])) >= count)
    blocks = [cast("list[Json]", body["blocks"]) for body in slack.workspace.responses[response]]
    return "\n".join(str(one[0]["text"]) for one in blocks)


async def give(slack: Slack, text: str, user: str = ADMIN, channel: str = "C1") -> str:
    """Type a command and return what is shown to whoever typed it."""
    response, _ = await slack.command(user, channel, text)
    return await shown(slack, response)


async def told(slack: Slack, user: str, channel: str) -> str:
    """Wait until somebody is told something alone without an act's own address, and return it."""

    def found() -> list[Message]:
        direct = channel.startswith("D")
        return [m for m in slack.workspace.messages if m.channel == channel and (direct or m.only_for == user)]

    await slack.until(lambda: [message for message in found() if message.shown and message.user != user])
    return "\n".join(message.shown for message in found() if message.user != user)
