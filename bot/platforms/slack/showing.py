"""Showing what a command answers: to whoever gave it, or to everybody in the channel."""

from collections.abc import Sequence

import structlog

from bot.admin.replies import Attachment, Reply
from bot.platforms.slack.acts import Act
from bot.platforms.slack.api import Api, RefusedError
from bot.platforms.slack.blocks import buttons, written
from bot.platforms.slack.files import Files
from bot.platforms.slack.incoming import is_direct
from bot.platforms.slack.text import escaped, neutral, split
from bot.platforms.slack.wire import Json, string, table

DONE = "Done."


class Showing:
    """Answers acts."""

    def __init__(self, api: Api, files: Files) -> None:
        self._api = api
        self._files = files

    async def show(self, act: Act, reply: Reply) -> None:
        """Show a reply, and where that cannot be done in the channel, to whoever acted."""
        if not (reply.public and await self._publicly(act, reply)):
            await self._privately(act, reply)

    async def say(self, act: Act, text: str, extra: Sequence[Json] = ()) -> None:
        """Say something to whoever acted, alone: where they are, or else in a direct message."""
        parts = split(neutral(text)) if text.strip() else [DONE]
        for number, part in enumerate(parts, 1):
            blocks = [*written(part), *(extra if number == len(parts) else ())]
            try:
                await self._to_caller(act, part, blocks)
            except RefusedError as error:
                structlog.get_logger().info("slack.response_not_shown", error=str(error))
                await self._directly(act, part, blocks)

    async def direct(self, user: str) -> str:
        """Return the direct message with somebody; raises RefusedError."""
        opened = await self._api.call("conversations.open", users=user)
        return string(table(opened, "channel"), "id")

    async def post(self, channel: str, text: str, blocks: Sequence[Json], thread: str = "") -> str:
        """Post an ordinary message and return its ts; raises RefusedError."""
        posted = await self._api.call(
            "chat.postMessage",
            channel=channel,
            thread_ts=thread or None,
            text=escaped(text),
            blocks=list(blocks),
            unfurl_links=False,
            unfurl_media=False,
        )
        return string(posted, "ts")

    async def _to_caller(self, act: Act, text: str, blocks: Sequence[Json]) -> None:
        if act.url:
            await self._api.respond(act.url, escaped(text), blocks)
        elif is_direct(act.channel):
            await self.post(act.channel, text, blocks, act.thread)
        else:
            await self._api.call(
                "chat.postEphemeral",
                channel=act.channel,
                user=act.user,
                thread_ts=act.thread or None,
                text=escaped(text),
                blocks=list(blocks),
            )

    async def _directly(self, act: Act, text: str, blocks: Sequence[Json]) -> None:
        try:
            await self.post(await self.direct(act.user), text, blocks)
        except RefusedError as error:
            structlog.get_logger().warning("slack.reply_not_shown", error=str(error))

    async def _publicly(self, act: Act, reply: Reply) -> bool:
        """Show a reply to everybody; False where the channel does not let her."""
        parts = split(neutral(reply.text)) if reply.text.strip() else [DONE]
        try:
            for number, part in enumerate(parts, 1):
                extra = buttons(reply.buttons) if number == len(parts) else []
                await self.post(act.channel, part, [*written(part), *extra], act.thread)
        except RefusedError as error:
            structlog.get_logger().warning("slack.reply_not_public", error=str(error))
            return False
        await self._send(reply.attachments, act.channel, act.thread)
        return True

    async def _privately(self, act: Act, reply: Reply) -> None:
        note = ""
        if reply.attachments:
            note = await self._handed_over(act, reply.attachments)
        await self.say(act, f"{reply.text}{note}", buttons(reply.buttons))

    async def _handed_over(self, act: Act, attachments: Sequence[Attachment]) -> str:
        """Send files to whoever acted, alone, and return what to say of them."""
        names = ", ".join(f"`{attachment.name}`" for attachment in attachments)
        try:
            channel = act.channel if is_direct(act.channel) else await self.direct(act.user)
        except RefusedError as error:
            structlog.get_logger().warning("slack.file_not_sent", error=str(error))
            return f"\n\n{names} could not be sent: give the command again in a direct message to me."
        thread = act.thread if channel == act.channel else ""
        if not await self._send(attachments, channel, thread):
            return f"\n\n{names} could not be sent: try again later."
        return "" if channel == act.channel else f"\n\nYou find {names} in our direct message."

    async def _send(self, attachments: Sequence[Attachment], channel: str, thread: str) -> bool:
        try:
            for attachment in attachments:
                await self._files.send(attachment, channel, thread)
        except RefusedError as error:
            structlog.get_logger().warning("slack.file_not_sent", error=str(error))
            return False
        return True
