"""From what people choose, press and submit to what comes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import discord
from discord import ui

from bot.admin.admin import Admin
from bot.admin.board import UNSEEN
from bot.admin.calls import Call, Given, Upload
from bot.admin.replies import Button, Choice, Reply
from bot.platforms.discord.boards import Boards
from bot.platforms.discord.callers import call_of
from bot.platforms.discord.modals import modal_of, submitted
from bot.platforms.discord.reading import PLATFORM
from bot.platforms.discord.replies import is_expired, show, tell
from bot.platforms.discord.showing import TROUBLE, log_trouble
from bot.platforms.discord.uploads import Uploads
from bot.platforms.discord.work import Work

if TYPE_CHECKING:
    from bot.admin.following import Unfinished

# An option of a command as Discord gives it.
Chosen = str | int | float | bool | discord.Attachment | None

LATE = "Your form came too late, so nothing was done: give `{command}` again."


class Clerk:
    """Gives people's commands to the admin, asks for what is missing, and shows the replies and the runs."""

    def __init__(self, admin: Admin, boards: Boards, uploads: Uploads, work: Work) -> None:
        self._admin = admin
        self._boards = boards
        self._uploads = uploads
        self._work = work
        self._left: list[Unfinished] = []

    async def prepare(self) -> None:
        """Read which runs an earlier process was telling of; later, this one tells of runs of its own."""
        self._left = await self._admin.following.unfinished(PLATFORM)

    def open(self) -> None:
        """Post to people of the company from now on, and go on telling of runs."""
        self._admin.serve(PLATFORM, self._boards.notify)
        for left in self._left:
            board = self._boards.board(left.workspace, left.channel)
            going_on = self._admin.following.follow(left.run, board, left.message_id, again=True)
            self._work.keep_doing(_named(left.run, left.channel), going_on)
        self._left = []

    def close(self) -> None:
        """Post to nobody any more."""
        self._admin.leave(PLATFORM)

    async def chosen(self, interaction: discord.Interaction, title: str, options: Mapping[str, Chosen]) -> None:
        """Do a command with the options that somebody chose, by the names of its fields."""
        given = {name: self._taken(value) for name, value in options.items() if value is not None}
        await self.pressed(interaction, title, given)

    def _taken(self, value: str | float | discord.Attachment) -> str | float | Upload:
        return self._uploads.attached(value) if isinstance(value, discord.Attachment) else value

    async def pressed(self, interaction: discord.Interaction, title: str, given: Given) -> None:
        """Do a command, or show its form where something is missing."""
        call = call_of(interaction, title, given)
        if (modal := await self._modal(call)) is None:
            await self._do(interaction, call)
            return
        try:
            await interaction.response.send_modal(modal)
        except TROUBLE as error:
            log_trouble("discord.response_failed", error)

    async def _modal(self, call: Call) -> ui.Modal | None:
        """Return the form to be filled in; a file that is there already would not come back from one."""
        form = await self._admin.form(call)
        if form is None or any(isinstance(value, Upload) for value in call.given.values()):
            return None
        return modal_of(form)

    async def submitted(self, interaction: discord.Interaction) -> None:
        """Do the command whose form was submitted; a form that is none of ours is left alone."""
        if found := submitted(interaction, self._uploads):
            await self._do(interaction, call_of(interaction, *found))

    async def complete(self, interaction: discord.Interaction, title: str, field: str, typed: str) -> Sequence[Choice]:
        """Return what may complete what somebody typed."""
        return await self._admin.complete(call_of(interaction, title, {}), field, typed)

    async def _do(self, interaction: discord.Interaction, call: Call) -> None:
        try:
            # Discord waits three seconds, a command may take longer.
            await interaction.response.defer(ephemeral=True, thinking=True)
        except TROUBLE as error:
            log_trouble("discord.response_failed", error)
            if is_expired(error) and interaction.type is discord.InteractionType.modal_submit:
                # Of all else that comes too late Discord itself says that nobody answered.
                await tell(interaction, LATE.format(command=call.command))
            return
        await self._work.do(self._done(interaction, call))

    async def _done(self, interaction: discord.Interaction, call: Call) -> None:
        reply = await self._admin.do(call)
        if reply.run:
            # Before anything is shown: whatever stops that, somebody is told how the run ends.
            name = _named(reply.run, str(interaction.channel_id))
            self._work.keep_doing(name, self._follow(interaction, call, reply.run))
        await self._show(interaction, call, reply)

    async def _show(self, interaction: discord.Interaction, call: Call, reply: Reply) -> None:
        alone = replace(call.caller, workspace="", manages=False)

        def offered(button: Button) -> bool:
            return self._admin.may(alone, button.command)

        await show(reply, interaction, offered)

    async def _follow(self, interaction: discord.Interaction, call: Call, run: str) -> None:
        """Show a run in the channel, or in a direct message where the channel does not let her."""
        place = self._boards.place(call.caller.workspace, str(interaction.channel_id))
        await self._admin.follow(run, place.board())
        if place.is_closed:
            # Under a name of its own: the channel may be open to her by the time somebody asks there again.
            directly = self._follow_directly(interaction, call, run)
            self._work.keep_doing(f"{run} to {call.caller.user}", directly)

    async def _follow_directly(self, interaction: discord.Interaction, call: Call, run: str) -> None:
        if not await self._followed_directly(interaction, run):
            await self._show(interaction, call, Reply(UNSEEN.format(run=run)))

    async def _followed_directly(self, interaction: discord.Interaction, run: str) -> bool:
        """Show a run to its caller alone; False where that is not possible either."""
        try:
            direct = await interaction.user.create_dm()
        except TROUBLE as error:
            log_trouble("discord.not_told", error)
            return False
        place = self._boards.place("", str(direct.id))
        await self._admin.follow(run, place.board())
        return not place.is_closed


def _named(run: str, channel: str) -> str:
    return f"{run} in {channel}"
