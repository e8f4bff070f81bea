"""The messages of a channel that tell how a run goes on, and notices to people of the company."""

import hashlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import discord
from discord.utils import MISSING

from bot.admin.board import Board, Notice, ShowError
from bot.admin.replies import Report
from bot.platforms.discord.buttons import command_buttons
from bot.platforms.discord.reading import PLATFORM
from bot.platforms.discord.replies import files
from bot.platforms.discord.showing import TROUBLE, may_pass
from bot.platforms.discord.splitting import LIMIT, split

# How far back a message is looked for that a crash left unrecorded.
_LOOKED_THROUGH = 50
_LONGEST_EMBED = 4096
# What Discord answers for a message that is gone, or that stands where nothing can be changed any more.
_GONE = frozenset({10008, 50083})
# Discord's limit of characters in a nonce.
_LONGEST_NONCE = 25


_HINT = "\n-# There is more to see where this bot may Attach Files and Embed Links in the channel."


@dataclass(frozen=True, slots=True)
class _Body:
    """A text as one message has room for it: as its content, or in embeds, which hold more."""

    content: str | None
    embeds: list[discord.Embed]


def _body(text: str) -> _Body:
    if len(text) <= LIMIT:
        return _Body(text, [])
    return _Body(None, [discord.Embed(description=part) for part in split(text, _LONGEST_EMBED)])


def _plain(report: Report) -> Report:
    """Return as much of a report as may be shown everywhere."""
    text, *_ = split(report.text, LIMIT - len(_HINT))
    return replace(report, text=text + _HINT, picture=None)


class Boards:
    """Makes boards of channels, and posts notices there."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    def board(self, workspace: str, channel: str) -> Board:
        """Return the board of a channel."""
        return self.place(workspace, channel).board()

    def place(self, workspace: str, channel: str) -> "Place":
        """Return a channel as a run is shown there; a direct message is in no workspace."""
        return Place(self._client, workspace, channel)

    async def notify(self, channel: str, notice: Notice) -> str:
        """Post a notice and return the message's id; raises ShowError."""
        with _told():
            *first, last = split(notice.text)
            where = _reach(self._client, channel)
            for part in first:
                await where.send(part, suppress_embeds=True)
            buttons = command_buttons(notice.buttons) or MISSING
            return str((await where.send(last, view=buttons, suppress_embeds=True)).id)


class Place:
    """A channel as a board uses it."""

    def __init__(self, client: discord.Client, workspace: str, channel: str) -> None:
        self._client = client
        self._workspace = workspace
        self._channel = channel
        # What is posted in place of a message that is gone is another message to Discord.
        self._gone = ""
        self.is_closed = False
        """Whether the channel turned out to be closed to her."""

    def board(self) -> Board:
        """Return it as commands know it."""
        return Board(PLATFORM, self._workspace, self._channel, self.post, self.edit, self.find)

    async def post(self, report: Report, run: str) -> str:
        """Post a report and return the message's id; raises ShowError."""
        with self._told():
            try:
                return await self._post(report, run)
            except discord.Forbidden:
                return await self._post(_plain(report), run)

    def _useful(self, report: Report) -> Report:
        """Return a report without buttons that do nothing here: what becomes of a run is decided in a server."""
        return report if self._workspace else replace(report, buttons=())

    @contextmanager
    def _told(self) -> Generator[None]:
        with _told():
            try:
                yield
            except (discord.Forbidden, discord.NotFound):
                self.is_closed = True
                raise

    async def _post(self, report: Report, run: str) -> str:
        report = self._useful(report)
        body = _body(report.text)
        key = f"{run} {self._channel} {self._gone}"
        message = await _reach(self._client, self._channel).send(
            body.content,
            embeds=body.embeds,
            files=files([report.picture] if report.picture else []),
            view=command_buttons(report.buttons) or MISSING,
            nonce=hashlib.sha256(key.encode()).hexdigest()[:_LONGEST_NONCE],
        )
        return str(message.id)

    async def edit(self, message_id: str, report: Report) -> bool:
        """Change a message; False where it is gone, and raises ShowError."""
        with self._told():
            try:
                await self._edit(message_id, report)
            except discord.Forbidden:
                await self._edit(message_id, _plain(report))
            except discord.HTTPException as error:
                if error.code not in _GONE:
                    raise
                self._gone = message_id
                return False
        return True

    async def _edit(self, message_id: str, report: Report) -> None:
        report = self._useful(report)
        body = _body(report.text)
        await (
            _reach(self._client, self._channel)
            .get_partial_message(int(message_id))
            .edit(
                content=body.content,
                embeds=body.embeds,
                # The picture replaces the one that stands there; without a new one that one stays.
                attachments=files([report.picture]) if report.picture else MISSING,
                view=command_buttons(report.buttons),
            )
        )

    async def find(self, run: str) -> str:
        """Return the message about a run that nobody recorded, or ""; raises ShowError."""
        me = self._client.user.id if self._client.user else 0
        with self._told():
            try:
                async for message in _reach(self._client, self._channel).history(limit=_LOOKED_THROUGH):
                    if message.author.id == me and _begins_with(message, run):
                        return str(message.id)
            except discord.Forbidden:
                # Writing without reading the history is possible: then the message is posted anew.
                return ""
        return ""


def _begins_with(message: discord.Message, run: str) -> bool:
    """Whether the first line of a message names a run, as that of every report does."""
    text = message.content or "".join(embed.description or "" for embed in message.embeds)
    return run in text.partition("\n")[0]


def _reach(client: discord.Client, channel: str) -> discord.PartialMessageable:
    if not channel.isdecimal():
        raise ShowError(f"{channel!r} is no channel of Discord: its number is wanted.", lasting=True)
    return client.get_partial_messageable(int(channel))


@contextmanager
def _told() -> Generator[None]:
    """Turn what Discord answers into a ShowError, told by its numbers alone."""
    try:
        yield
    except TROUBLE as error:
        why = f"{error.status} {error.code}" if isinstance(error, discord.HTTPException) else type(error).__name__
        raise ShowError(f"Discord did not take a message ({why}).", lasting=not may_pass(error)) from None
