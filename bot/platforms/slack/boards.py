"""The message of a channel that tells how a run goes on; its picture is replaced, not added to."""

from contextlib import suppress

import structlog

from bot.admin.board import Board, ShowError
from bot.admin.replies import Report
from bot.platforms.slack.api import Api, RefusedError
from bot.platforms.slack.blocks import buttons, picture, written
from bot.platforms.slack.files import Files
from bot.platforms.slack.incoming import Me
from bot.platforms.slack.text import escaped, neutral, split
from bot.platforms.slack.wire import Json, string, table, tables

# By this the message about a run is found again.
RUN = "run"
CHART = "The losses of the run"
# Slack refuses a message with a picture that it has not looked at yet: so often, until it goes without.
_PATIENCE = 5
_NEWEST = 200
_GONE = {"message_not_found", "cant_update_message", "edit_window_closed"}


class RunBoard:
    """One channel for one run."""

    def __init__(self, api: Api, files: Files, me: Me, channel: str) -> None:
        self._api = api
        self._files = files
        self._me = me
        self._channel = channel
        self._content: bytes = b""
        self._file = ""
        self._shown = ""
        self._refusals = 0
        self.is_closed = False
        """Whether the channel turned out to be closed to her."""

    def board(self) -> Board:
        """Return it as commands know it."""
        return Board("slack", self._me.team, self._channel, self._post, self._edit, self._find)

    async def _post(self, report: Report, run: str) -> str:
        try:
            said = await self._said(report)
            metadata = {"event_type": RUN, "event_payload": {"run": run}}
            posted = await self._api.call(
                "chat.postMessage", **said, metadata=metadata, unfurl_links=False, unfurl_media=False
            )
        except RefusedError as error:
            raise self._not_shown(error) from None
        self._shown = self._file
        return string(posted, "ts")

    async def _edit(self, message_id: str, report: Report) -> bool:
        try:
            await self._api.call("chat.update", ts=message_id, **await self._said(report))
        except RefusedError as error:
            if str(error) in _GONE:
                return False
            raise self._not_shown(error) from None
        await self._shows(self._file)
        return True

    async def _find(self, run: str) -> str:
        try:
            found = await self._api.look(
                "conversations.history", channel=self._channel, include_all_metadata=True, limit=_NEWEST
            )
        except RefusedError as error:
            raise self._not_shown(error) from None
        for message in tables(found, "messages"):
            metadata = table(message, "metadata")
            tells = string(metadata, "event_type") == RUN and string(table(metadata, "event_payload"), "run") == run
            if tells and string(message, "user") == self._me.user:
                return string(message, "ts")
        return ""

    async def _said(self, report: Report) -> Json:
        """Return a message's content."""
        text = split(neutral(report.text))[0]
        image = await self._image(report)
        return {
            "channel": self._channel,
            "text": escaped(text),
            "blocks": [*written(text), *(picture(image, CHART) if image else ()), *buttons(report.buttons)],
        }

    async def _shows(self, file: str) -> None:
        """Remove the picture that was shown before: no message needs it any more."""
        before, self._shown = self._shown, file
        if before not in {"", file}:
            with suppress(RefusedError):
                await self._api.call("files.delete", file=before)

    async def _image(self, report: Report) -> str:
        """Return the newest picture's id; a report without one leaves the one that is there."""
        if report.picture and report.picture.content != self._content:
            try:
                self._file = await self._files.send(report.picture)
            except RefusedError as error:
                # The message tells of the run without a picture, too.
                structlog.get_logger().warning("slack.picture_not_sent", error=str(error))
            else:
                self._content, self._refusals = report.picture.content, 0
        return self._file if self._refusals < _PATIENCE else ""

    def _not_shown(self, error: RefusedError) -> ShowError:
        if str(error) == "invalid_blocks" and self._file and self._refusals < _PATIENCE:
            self._refusals += 1
            return ShowError("Slack has not looked at the picture yet", lasting=False)
        self.is_closed = not error.transient
        return ShowError(f"Slack refused ({error})", lasting=not error.transient)
