"""How runs go on, as their pages show it: the newest report of each, in memory."""

import asyncio
from collections import OrderedDict

import structlog

from bot.admin.admin import Admin
from bot.admin.board import Board
from bot.admin.replies import Report

CHANNEL = "admin"
# Runs whose newest report is kept.
MOST = 50


class Boards:
    """Follows runs for the platform, for as long as it serves."""

    def __init__(self, admin: Admin) -> None:
        self._admin = admin
        self._reports: OrderedDict[str, Report] = OrderedDict()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def report(self, run: str) -> Report | None:
        """Return where a run stands, if it is known here."""
        return self._reports.get(run)

    def is_followed(self, run: str) -> bool:
        """Whether more is to be told of a run."""
        return run in self._tasks

    def follow(self, run: str) -> None:
        """Show a run from now to its end."""
        if run not in self._tasks:
            self._begin(run, asyncio.create_task(self._admin.follow(run, self._board())))

    async def resume(self) -> None:
        """Go on with what an earlier process left unfinished."""
        following = self._admin.following
        for left in await following.unfinished("web"):
            again = following.follow(left.run, self._board(), left.message_id, again=True)
            self._begin(left.run, asyncio.create_task(again))

    async def stop(self) -> None:
        """Leave what is not over to the next start."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, run: str, task: asyncio.Task[None]) -> None:
        self._tasks[run] = task
        task.add_done_callback(lambda done: self._ended(run, done))

    def _ended(self, run: str, task: asyncio.Task[None]) -> None:
        self._tasks.pop(run, None)
        if not task.cancelled() and (error := task.exception()):
            structlog.get_logger().error("web.task_failed", run=run, error=type(error).__name__)

    def _board(self) -> Board:
        return Board("web", "", CHANNEL, post=self._post, edit=self._edit, find=self._find)

    async def _post(self, report: Report, run: str) -> str:
        await self._edit(run, report)
        return run

    async def _edit(self, run: str, report: Report) -> bool:
        # A report without a picture leaves the one before standing, as an edited message does.
        before = self._reports.pop(run, None)
        picture = report.picture or (before.picture if before else None)
        self._reports[run] = Report(report.text, picture, report.buttons, report.is_last)
        while len(self._reports) > MOST:
            self._reports.popitem(last=False)
        return True

    async def _find(self, run: str) -> str:
        """Return the page of a run: it has one always."""
        return run
