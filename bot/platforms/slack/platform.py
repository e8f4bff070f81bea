"""Slack: connects, listens, resumes what an earlier process left, and stops in order."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from itertools import groupby

import structlog
from aiohttp import web

from bot.admin.admin import Admin
from bot.conversation import Answers, Unfinished
from bot.persona import Persona
from bot.platforms.slack import connection
from bot.platforms.slack.acts import is_own
from bot.platforms.slack.answering import Answering
from bot.platforms.slack.api import Api, open_api
from bot.platforms.slack.callers import Callers
from bot.platforms.slack.commands import Commands
from bot.platforms.slack.connection import SlackTokens
from bot.platforms.slack.desk import Desk
from bot.platforms.slack.door import Door
from bot.platforms.slack.files import ORIGINS, Files
from bot.platforms.slack.incoming import Me
from bot.platforms.slack.listeners import Staff, bolt, listen
from bot.platforms.slack.reception import Reception
from bot.platforms.slack.reply import Pace
from bot.platforms.slack.uploads import Uploads
from bot.platforms.slack.work import Work

PATH = "/slack/events"
# Seconds: between two appends to streams (100 a minute are allowed), and for answers in progress at the end.
EVERY = 0.7
PATIENCE = 5.0


class SlackPlatform:
    """Satisfies bot.conversation.Platform."""

    name = "slack"

    def __init__(  # noqa: PLR0913 - built once, in sight
        self,
        assistant: Answers,
        persona: Persona,
        tokens: SlackTokens,
        admin: Admin,
        *,
        base_url: str = "https://slack.com/api/",
        clock: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE,
        file_origins: frozenset[str] = ORIGINS,
    ) -> None:
        self._assistant = assistant
        self._persona = persona
        self._tokens = tokens
        self._admin = admin
        self._base_url = base_url
        self._clock = clock
        self._patience = patience
        self._file_origins = file_origins
        self._door = Door(tokens.signing_secret, time.time)

    def routes(self) -> list[web.RouteDef]:
        """Return the address at which Slack delivers over HTTP; none without a signing secret."""
        return [web.post(PATH, self._door.handle)] if self._tokens.signing_secret else []

    async def run(self, ready: Callable[[str], None]) -> None:
        """Serve until cancelled; raises StartupError when Slack does not accept the settings."""
        connection.check(self._tokens)
        async with open_api(self._tokens.bot_token, self._base_url) as api:
            me = await connection.who_am_i(api)
            work, following = Work(), Work()
            staff = self._staff(api, me, following)
            try:
                await self._serve(api, staff, work, ready)
            finally:
                self._admin.leave(self.name)
                # The door and the socket are closed by now: what is in progress is all there is.
                await work.finish(self._patience)
                # The next start goes on showing these.
                await following.finish(0)

    def _staff(self, api: Api, me: Me, following: Work) -> Staff:
        admin, assistant = self._admin, self._assistant
        callers = Callers(api, me)
        files = Files(api, self._file_origins, admin.largest_upload)
        desk = Desk(api, me, admin, callers=callers, files=files, following=following)
        return Staff(
            me,
            Answering(api, assistant, me, Pace(EVERY, self._clock)),
            Commands(api, assistant, self._persona, me, admin=admin, callers=callers, desk=desk),
            Reception(api, assistant, self._persona),
            desk,
            Uploads(api, admin, callers, desk),
        )

    async def _serve(self, api: Api, staff: Staff, work: Work, ready: Callable[[str], None]) -> None:
        app = bolt(api.client, self._tokens.signing_secret)
        listen(app, staff, work.start)
        # Asked before anything new arrives, which would be unfinished too.
        left = await self._assistant.unfinished(self.name)
        async with AsyncExitStack() as open_ways:
            if self._tokens.app_token:
                await open_ways.enter_async_context(connection.open_socket(app, api, self._tokens.app_token))
            if self._tokens.signing_secret:
                self._door.app = app
                open_ways.callback(self._door.close)
            ready("Slack, as an app to write to or mention, and by its slash command")
            resume(left, staff, work)
            self._admin.serve(self.name, staff.desk.post)
            await staff.desk.follow_again()
            await asyncio.Event().wait()


def resume(left: Sequence[Unfinished], staff: Staff, work: Work) -> None:
    """Finish the turns of an earlier process: conversations side by side, each in its order."""
    claimed = {turn.reply_id for turn in left if turn.reply_id}

    async def in_order(turns: list[Unfinished]) -> None:
        for turn in turns:
            if is_own(turn.question.conversation):
                await staff.commands.resume(turn)
            else:
                await staff.answering.resume(turn, claimed)

    if left:
        structlog.get_logger().info("slack.resuming", turns=len(left))
    by_conversation = sorted(left, key=lambda turn: repr(turn.question.conversation))
    for _, turns in groupby(by_conversation, key=lambda turn: turn.question.conversation):
        work.start(in_order(list(turns)))
