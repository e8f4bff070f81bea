"""Which of Slack's events, clicks and commands lead where; each is acknowledged before any work."""

import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.slack.answering import Answering
from bot.platforms.slack.blocks import FEEDBACK
from bot.platforms.slack.commands import Commands
from bot.platforms.slack.incoming import Me, read
from bot.platforms.slack.reception import Reception
from bot.platforms.slack.wire import Json


@dataclass(frozen=True, slots=True)
class Staff:
    """Who takes what arrives."""

    me: Me
    answering: Answering
    commands: Commands
    reception: Reception


Start = Callable[[Coroutine[object, object, None]], None]

ANY_COMMAND = re.compile("/.+")
EVENTS = ("app_home_opened", "app_mention", "app_uninstalled", "message", "tokens_revoked")


def bolt(client: AsyncWebClient, signing_secret: str) -> AsyncApp:
    """Return an app without listeners."""
    return AsyncApp(
        name="slack",
        client=client,
        signing_secret=signing_secret,
        logger=client.logger,
        # Bolt would hide from us that one of our own messages was deleted.
        ignoring_self_events_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )


def listen(app: AsyncApp, staff: Staff, start: Start) -> None:
    """Connect what arrives with who takes it; `start` runs work that outlives the acknowledgement."""

    async def said(event: Json) -> None:
        if message := read(event, staff.me):
            start(staff.answering.take(message))

    async def opened(event: Json) -> None:
        start(staff.reception.opened(event))

    async def removed(event: Json) -> None:
        start(staff.reception.removed(event))

    async def commanded(ack: AsyncAck, command: Json) -> None:
        await ack()
        start(staff.commands.take(command))

    async def clicked(ack: AsyncAck, body: Json) -> None:
        await ack()
        start(staff.reception.rated(body))

    for kind, listener in zip(EVENTS, (opened, said, removed, said, removed), strict=True):
        app.event(kind)(listener)  # pyright: ignore[reportUnknownMemberType]
    # Whatever the company calls its command: its manifest has only one.
    app.command(ANY_COMMAND)(commanded)  # pyright: ignore[reportUnknownMemberType]
    app.action(FEEDBACK)(clicked)  # pyright: ignore[reportUnknownMemberType]
