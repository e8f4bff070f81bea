"""One message that tells how a run goes on: begun, changed as the run does, ended, and found again after a restart."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import structlog

from bot.admin.board import Board, ShowError
from bot.admin.office import Office
from bot.admin.progress import State, report
from bot.admin.replies import Attachment, Report
from bot.store import Shown, StoreError
from training.registry import RegistryError

# Seconds between two looks at a run, and between two changes of its message.
LOOK = 1.0
CHANGE = 2.0
# Seconds after which a worker that has died is started again.
REVIVE = 10.0
# Attempts at showing something, after which the message is given up; the run goes on.
ATTEMPTS = 20

# How the id of a proposal begins, which stands for its run until that is told of.
PROPOSED = "prop-"

# Writes down which message there is.
Stands = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A message about a run that has not told its end; `message_id` is "" where it was not recorded."""

    run: str
    workspace: str
    channel: str
    message_id: str


class Following:
    """Shows runs on the boards of platforms."""

    def __init__(self, office: Office, look: float = LOOK, change: float = CHANGE) -> None:
        self._office = office
        self._look = look
        self._change = change
        # A channel needs no second message about a run of which it is being told.
        self._told: set[tuple[str, str, str]] = set()

    async def unfinished(self, platform: str) -> list[Unfinished]:
        """Return the messages of a platform that an earlier process left before the end."""
        kept = self._office.store.progress
        await self._settle(platform, begun_only=False)
        left = [one for one in await kept.unfinished(platform) if not one.run.startswith(PROPOSED)]
        return [Unfinished(one.run, one.workspace, one.channel, one.message_id) for one in left]

    async def _settle(self, platform: str, *, begun_only: bool) -> None:
        """Let the runs of a platform stand for the proposals that they came from."""
        for one in await self._office.store.progress.unfinished(platform):
            if one.run.startswith(PROPOSED):
                await self._take_up(platform, one, begun_only=begun_only)

    async def _take_up(self, platform: str, agreed: Shown, *, begun_only: bool) -> None:
        """Let a channel in which somebody agreed to a run be told of it, unless one is; or of nothing if none began."""
        kept, office = self._office.store.progress, self._office
        try:
            run = (await office.apart(lambda: office.registry.proposal(agreed.run))).run
        except RegistryError as error:
            # Customers are answered all the same; the next start asks again.
            structlog.get_logger().error("progress.not_taken_up", proposal=agreed.run, why=str(error))
            return
        if begun_only and not run:
            return
        if run and not await kept.knows(run):
            await kept.begin(run, platform, agreed.workspace, agreed.channel)
        await kept.over(agreed.run, platform, agreed.channel)

    async def follow(self, run: str, board: Board, message_id: str = "", *, again: bool = False) -> None:
        """Show a run from now to its end; `again` where an earlier process has begun to.

        Nothing where this channel is being told of that run already.
        """
        here = (run, board.platform, board.channel)
        if here in self._told:
            return
        self._told.add(here)
        try:
            await self._follow(run, board, message_id, again=again)
        finally:
            self._told.discard(here)

    async def _follow(self, run: str, board: Board, message_id: str, *, again: bool) -> None:
        kept = self._office.store.progress
        try:
            if not again:
                await kept.begin(run, board.platform, board.workspace, board.channel)
                await self._settle(board.platform, begun_only=True)
            await self._to_the_end(run, _Shown(board, message_id, self._stands(run, board), may_be_there=again))
            await kept.over(run, board.platform, board.channel)
        except ShowError as error:
            structlog.get_logger().warning("progress.given_up", run=run, platform=board.platform, why=str(error))
            if error.lasting:
                await kept.over(run, board.platform, board.channel)
        except (RegistryError, StoreError, OSError) as error:
            structlog.get_logger().error("progress.broken", run=run, why=str(error))

    async def _to_the_end(self, run: str, shown: "_Shown") -> None:
        state, pending, waited, failed = State(), None, 0.0, 0
        while True:
            try:
                if not (pending and pending.is_last):
                    told, state = await report(self._office, run, state)
                    pending = told or pending
                pause = self._change if pending else self._look
                if pending and await shown.show(run, pending):
                    if pending.is_last:
                        return
                    pending = None
                failed = 0
            except (RegistryError, StoreError, OSError):
                # A database that is locked for a moment ends nothing.
                failed += 1
                if failed >= ATTEMPTS:
                    raise
                pause = self._change
            await asyncio.sleep(pause)
            waited += pause
            if waited >= REVIVE:
                waited = 0.0
                await self._office.apart(self._office.start_work)

    def _stands(self, run: str, board: Board) -> Stands:
        progress = self._office.store.progress
        return lambda message_id: progress.stands(run, board.platform, board.channel, message_id)


class _Shown:
    """The message that there is, and how often it failed to change."""

    def __init__(self, board: Board, message_id: str, stands: Stands, *, may_be_there: bool) -> None:
        """`may_be_there` tells that an earlier process may have posted a message that was not recorded."""
        self._board = board
        self._is_sought = may_be_there and not message_id
        self._message_id = message_id
        self._stands = stands
        self._failed = 0
        # The newest chart, and whether the message shows it.
        self._picture: Attachment | None = None
        self._is_drawn = True

    async def show(self, run: str, told: Report) -> bool:
        """Change the message, or post one where it is gone; False where that is to be tried again."""
        if told.picture:
            self._picture, self._is_drawn = told.picture, False
        whole = replace(told, picture=self._picture)
        try:
            if self._is_sought:
                self._message_id, self._is_sought = await self._board.find(run), False
            if not (self._message_id and await self._board.edit(self._message_id, told if self._is_drawn else whole)):
                self._message_id = await self._board.post(whole, run)
                await self._stands(self._message_id)
            self._is_drawn = True
        except ShowError as error:
            self._failed += 1
            if error.lasting or self._failed >= ATTEMPTS:
                raise
            return False
        self._failed = 0
        return True
