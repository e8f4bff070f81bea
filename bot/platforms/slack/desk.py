"""Commands given in Slack: typed, pressed, filled in or sent with a file; each is done once and answered."""

import asyncio
from collections.abc import Mapping, Sequence

import structlog

from bot.admin.admin import Admin
from bot.admin.board import UNSEEN, Notice, ShowError
from bot.admin.calls import Call, Caller, Given, UploadError
from bot.admin.forms import Command, Form
from bot.admin.replies import Choice, Reply
from bot.platforms.slack.acts import Act, Wanted, is_own, kept
from bot.platforms.slack.api import Api, RefusedError
from bot.platforms.slack.blocks import buttons, written
from bot.platforms.slack.boards import RunBoard
from bot.platforms.slack.callers import Callers, UnknownCallerError
from bot.platforms.slack.files import Files
from bot.platforms.slack.forms import FormError, naming, view
from bot.platforms.slack.incoming import Me, is_direct
from bot.platforms.slack.showing import Showing
from bot.platforms.slack.text import neutral, split
from bot.platforms.slack.wire import string
from bot.platforms.slack.work import Work

TOO_LATE = "The form could not be opened in time: give the command again."
_LATE = {"expired_trigger_id", "exchanged_trigger_id", "trigger_expired"}
# Acts that are remembered, so that one that is delivered again is not done again.
_REMEMBERED = 1000


def is_customers(command: Command | None) -> bool:
    """Whether a command is there for customers, of whom nothing needs to be looked up."""
    return command is not None and command.may == "anyone" and not command.group


class Desk:
    """Does commands; `following` is the work of showing how runs go on."""

    def __init__(  # noqa: PLR0913 - built once, in sight
        self, api: Api, me: Me, admin: Admin, *, callers: Callers, files: Files, following: Work
    ) -> None:
        self._api = api
        self._me = me
        self._admin = admin
        self._callers = callers
        self._files = files
        self._following = following
        self._showing = Showing(api, files)
        self._seen: dict[str, None] = {}

    async def give(self, act: Act, wanted: Wanted) -> None:
        """Open a command's form where it needs one, and otherwise do it and show the reply."""
        if self._is_again(act):
            return
        try:
            call = await self._call(act, wanted)
            form = await self._admin.form(call) if act.trigger else None
            if form:
                await self._open(act, call, form)
            else:
                await self._do(act, call)
        except (UnknownCallerError, UploadError, FormError) as why:
            await self._showing.say(act, str(why))

    async def say(self, act: Act, text: str) -> None:
        """Say something to whoever acted, alone, and once."""
        if not self._is_again(act):
            await self._showing.say(act, text)

    async def post(self, channel: str, notice: Notice) -> str:
        """Tell people of the company in their channel, and return the message's ts; raises ShowError."""
        ts = ""
        parts = split(neutral(notice.text))
        try:
            for number, part in enumerate(parts, 1):
                extra = buttons(notice.buttons) if number == len(parts) else []
                ts = await self._showing.post(channel, part, [*written(part), *extra])
        except RefusedError as error:
            raise ShowError(f"Slack refused ({error})", lasting=not error.transient) from None
        return ts

    def _is_again(self, act: Act) -> bool:
        if act.id in self._seen:
            return True
        self._seen[act.id] = None
        if len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return False

    async def _call(self, act: Act, wanted: Wanted) -> Call:
        customers = is_customers(self._admin.command(wanted.command))
        caller = await self._caller(act, is_customers=customers)
        given: Given = {
            **wanted.given,
            **{name: await self._files.upload(file) for name, file in wanted.files.items()},
        }
        link = await self._link(act) if customers else ""
        return Call(caller, wanted.command, act.conversation, given, link=link, message_id=act.id)

    async def _caller(self, act: Act, *, is_customers: bool) -> Caller:
        return self._callers.customer(act.user, act.name) if is_customers else await self._callers.member(act.user)

    async def _link(self, act: Act) -> str:
        """Return the address of a thread; of what nobody else sees, that of the one whose conversation it is."""
        if not act.message or is_direct(act.channel) or is_own(act.conversation):
            return f"{self._me.url}team/{act.user}" if self._me.url else ""
        try:
            found = await self._api.look("chat.getPermalink", channel=act.channel, message_ts=act.message)
        except RefusedError:
            return ""
        return string(found, "permalink")

    async def _open(self, act: Act, call: Call, form: Form) -> None:
        names = await self._names(call, form)
        modal = view(form, names, kept(act, call.command, form.carried))
        try:
            await self._api.call("views.open", trigger_id=act.trigger, view=modal)
        except RefusedError as error:
            late = str(error) in _LATE
            await self._showing.say(act, TOO_LATE if late else f"Slack did not open the form ({error}): try again.")

    async def _names(self, call: Call, form: Form) -> Mapping[str, Sequence[Choice]]:
        """Return what can be chosen in the fields that name something; all are looked up at once, for time is short."""
        fields = naming(form)
        found = await asyncio.gather(*(self._admin.complete(call, field, "") for field in fields))
        return dict(zip(fields, found, strict=True))

    async def _do(self, act: Act, call: Call) -> None:
        reply = await self._admin.do(call)
        if is_own(act.conversation) and is_customers(self._admin.command(call.command)):
            # Nobody else has seen that conversation.
            reply = Reply(reply.text, reply.attachments, reply.buttons, run=reply.run)
        if reply.run:
            # Before anything is shown: whatever stops that, somebody is told how the run ends.
            self._following.start(self._follow(act, reply.run))
        await self._showing.show(act, reply)

    async def _follow(self, act: Act, run: str) -> None:
        """Show a run in the channel, or in a direct message where the channel does not let her."""
        there = RunBoard(self._api, self._files, self._me, act.channel)
        await self._admin.follow(run, there.board())
        if there.is_closed and (is_direct(act.channel) or not await self._followed_directly(act, run)):
            await self._showing.say(act, UNSEEN.format(run=run))

    async def _followed_directly(self, act: Act, run: str) -> bool:
        """Show a run to its caller alone; False where that is not possible either."""
        try:
            channel = await self._showing.direct(act.user)
        except RefusedError as error:
            structlog.get_logger().warning("slack.run_not_shown", run=run, error=str(error))
            return False
        there = RunBoard(self._api, self._files, self._me, channel)
        await self._admin.follow(run, there.board())
        return not there.is_closed

    async def follow_again(self) -> None:
        """Go on showing the runs whose end an earlier process did not show."""
        for left in await self._admin.following.unfinished("slack"):
            board = RunBoard(self._api, self._files, self._me, left.channel).board()
            self._following.start(self._admin.following.follow(left.run, board, left.message_id, again=True))
