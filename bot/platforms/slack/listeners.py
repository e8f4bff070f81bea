"""Which of Slack's events, clicks and commands lead where; each is acknowledged before any work."""

import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.slack.acts import pressed, submitted
from bot.platforms.slack.answering import Answering
from bot.platforms.slack.blocks import COMMAND, FEEDBACK
from bot.platforms.slack.commands import Commands
from bot.platforms.slack.desk import Desk
from bot.platforms.slack.forms import FORM
from bot.platforms.slack.incoming import Changed, Deleted, Heard, Me, read
from bot.platforms.slack.reception import Reception
from bot.platforms.slack.uploads import Uploads
from bot.platforms.slack.wire import Json


@dataclass(frozen=True, slots=True)
class Staff:
    """Who takes what arrives."""

    me: Me
    answering: Answering
    commands: Commands
    reception: Reception
    desk: Desk
    uploads: Uploads

    async def take(self, message: Heard | Changed | Deleted) -> None:
        """Take a message: a file of examples, or something for an answer."""
        if not (isinstance(message, Heard) and await self.uploads.takes(message)):
            await self.answering.take(message)


Start = Callable[[Coroutine[object, object, None]], None]

ANY_COMMAND = re.compile("/.+")
ANY_BUTTON = re.compile(f"{COMMAND}.+")
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
            start(staff.take(message))

    async def opened(event: Json) -> None:
        start(staff.reception.opened(event))

    async def removed(event: Json) -> None:
        start(staff.reception.removed(event))

    for kind, listener in zip(EVENTS, (opened, said, removed, said, removed), strict=True):
        app.event(kind)(listener)  # pyright: ignore[reportUnknownMemberType]
    _listen_to_acts(app, staff, start)


def _listen_to_acts(app: AsyncApp, staff: Staff, start: Start) -> None:
    """Connect commands, buttons and forms."""

    async def commanded(ack: AsyncAck, command: Json) -> None:
        await ack()
        start(staff.commands.take(command))

    async def clicked(ack: AsyncAck, body: Json) -> None:
        await ack()
        start(staff.reception.rated(body))

    async def gave(ack: AsyncAck, body: Json) -> None:
        await ack()
        if read_press := pressed(body, staff.me):
            start(staff.desk.give(*read_press))

    async def filled(ack: AsyncAck, body: Json) -> None:
        await ack(response_action="clear")
        if read_form := submitted(body, staff.me):
            start(staff.desk.give(*read_form))

    # Whatever the company calls its command: its manifest has only one.
    app.command(ANY_COMMAND)(commanded)  # pyright: ignore[reportUnknownMemberType]
    app.action(FEEDBACK)(clicked)  # pyright: ignore[reportUnknownMemberType]
    app.action(ANY_BUTTON)(gave)  # pyright: ignore[reportUnknownMemberType]
    app.view(FORM)(filled)  # pyright: ignore[reportUnknownMemberType]
