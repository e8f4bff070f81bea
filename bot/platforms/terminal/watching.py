"""How runs go on, shown in one place of the terminal for as long as somebody watches."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from bot.admin.admin import Admin
from bot.admin.board import Board
from bot.admin.following import Unfinished
from bot.admin.replies import Button, Report
from bot.platforms.terminal.files import written
from bot.platforms.terminal.keyboard import unless_interrupted, unseen
from bot.platforms.terminal.pipe import NAME
from bot.platforms.terminal.said import said

HERE = "terminal"
LEAVE = "Ctrl-C stops watching; the run goes on."


class Watching:
    """Shows runs."""

    def __init__(self, admin: Admin, keep: Path, console: Console) -> None:
        self._admin = admin
        self._keep = keep
        self._console = console

    async def follow(self, run: str) -> tuple[Button, ...]:
        """Show a run until it is over or Ctrl-C, and return the buttons of what was shown last."""
        last: list[Report] = []
        with Live(console=self._console, transient=True, refresh_per_second=4) as live:

            def shown(report: Report) -> None:
                _renew(last, report)
                live.update(Group(self._told(last[0], run), Text(LEAVE, "dim")))

            with unseen():
                ended = await unless_interrupted(self._admin.follow(run, _board(shown)))
        for report in last:
            self._console.print(self._told(report, run))
        if not ended:
            self._console.print(Text(f"The run goes on: /train status run={run} says where it stands.", "dim"))
        return last[0].buttons if last else ()

    async def glance(self) -> AsyncIterator[tuple[Button, ...]]:
        """Say where runs stand that were being shown when an earlier process ended, and yield the buttons of each."""
        for left in await self._admin.following.unfinished(NAME):
            newest: list[Report] = []
            with unseen():
                ended = await unless_interrupted(self._glimpse(left, newest))
            for report in newest:
                self._console.print(self._told(report, left.run))
            if not ended:
                self._console.print(Text(f"Stopped: the next start says again what became of {left.run}.", "dim"))
            yield newest[0].buttons if newest else ()

    async def _glimpse(self, left: Unfinished, newest: list[Report]) -> None:
        """Learn where a run stands; of one that has ended, what came of it."""
        seen = asyncio.Event()

        def shown(report: Report) -> None:
            _renew(newest, report)
            # What has ended has no buttons until it has been compared: that is worth waiting for.
            if report.buttons and not report.is_last:
                seen.set()

        following = self._admin.following.follow(left.run, _board(shown), left.message_id, again=True)
        end, glimpse = asyncio.create_task(following), asyncio.create_task(seen.wait())
        try:
            with self._console.status("…"):
                await asyncio.wait((end, glimpse), return_when=asyncio.FIRST_COMPLETED)
        finally:
            # A run that goes on is told of again at the next start.
            end.cancel()
            glimpse.cancel()
            await asyncio.gather(end, glimpse, return_exceptions=True)

    def _told(self, report: Report, run: str) -> RenderableType:
        parts: list[RenderableType] = [said(report.text)]
        if report.picture:
            line = written("Drawn in", self._keep, f"{run}-{report.picture.name}", report.picture, anew=False)
            parts.append(Text(line, "dim"))
        return Group(*parts)


def _renew(newest: list[Report], report: Report) -> None:
    """Keep the newest report; one without a picture leaves the one before standing, as an edited message does."""
    picture = report.picture or (newest[0].picture if newest else None)
    newest[:] = [replace(report, picture=picture)]


def _board(show: Callable[[Report], None]) -> Board:
    async def post(report: Report, run: str) -> str:
        show(report)
        return run

    async def edit(_: str, report: Report) -> bool:
        show(report)
        return True

    async def find(run: str) -> str:
        return run

    return Board(NAME, "", HERE, post, edit, find)
