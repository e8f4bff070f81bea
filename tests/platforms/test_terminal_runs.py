"""Runs in a terminal: watched to their end, told of at the next start, and gone on with by their buttons."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.admin.following import Following
from tests.admin.kit import QUICK, idle, started, uploaded
from tests.admin_kit import Scene as Desk
from tests.admin_kit import Wall, open_office
from tests.kit import ScriptedModel
from tests.platforms.terminal_scene import LINES, Sitting
from training.providers import Metric
from training.registry import Tuned


class Interrupted(ScriptedModel):
    """Somebody presses Ctrl-C as soon as it pauses."""

    async def wait(self, event: asyncio.Event) -> None:
        """Press it, and pause."""
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGINT)
        await super().wait(event)


@asynccontextmanager
async def watched(home: Path, *models: ScriptedModel, runs: int = 1) -> AsyncGenerator[tuple[Desk, list[str]]]:
    """Open an office in which an earlier process watched runs that nobody works on, in the order of their ids."""
    async with idle(home, *models) as desk:
        desk.admin.following = Following(desk.office, QUICK, QUICK)
        begun = [await started(desk, await uploaded(desk, f"lamps{number}")) for number in range(runs)]
        for run in begun:
            await desk.store.progress.begin(run, "terminal", "", "terminal")
        yield desk, sorted(begun)


def succeed(desk: Desk, run: str) -> None:
    """End a run with a model that is served somewhere."""
    desk.registry.register(Tuned(run, served_as="ft:1"), "worker", desk.office.clock())


async def test_a_run_is_shown_in_its_place_to_its_end_with_its_buttons_and_its_chart(tmp_path: Path) -> None:
    file = tmp_path / "lamps.jsonl"
    file.write_text(LINES)
    async with open_office(tmp_path) as desk:
        shown = await Sitting(desk, tmp_path).types(f"/data upload file={file}", "1", "1", "1", "1", "for a test")
        (run,) = desk.registry.runs()
        assert run.state == "succeeded"
        assert f"{run.id}: succeeded" in shown
        assert " 1 Promote" in shown
        assert f"{run.model} answers from the next message on." in shown
        (chart,) = set(re.findall(r"Drawn in (\S+)", shown))
        assert chart == str(tmp_path / "replies" / f"{run.id}-loss.png")
        assert (tmp_path / "replies" / f"{run.id}-loss.png").read_bytes().startswith(b"\x89PNG")
        assert await desk.admin.following.unfinished("terminal") == []


async def test_a_run_that_was_watched_is_told_of_at_the_next_start_until_it_has_ended(tmp_path: Path) -> None:
    file = tmp_path / "lamps.jsonl"
    file.write_text(LINES)
    async with open_office(tmp_path) as desk:
        await Sitting(desk, tmp_path).types(f"/data upload file={file}", "1")
        plan = desk.registry.datasets()[0]
        started = await desk.give("train start", dataset=plan.id)
        proposal = str(started.buttons[0].given["proposal"])
        begun = await asyncio.to_thread(desk.registry.agree, proposal, "terminal:olga", 1.0)
        await desk.store.progress.begin(begun.run, "terminal", "", "terminal")
        for _ in range(2):
            shown = await Sitting(desk, tmp_path).types()
            assert begun.run in shown
            assert "succeeded" not in shown
        desk.office.start_work()
        await desk.admin.follow(begun.run, Wall().board())
        assert "succeeded" in await Sitting(desk, tmp_path).types()
        assert begun.run not in await Sitting(desk, tmp_path).types()


async def test_a_run_that_ended_unwatched_is_gone_on_with_by_its_buttons(tmp_path: Path) -> None:
    async with watched(tmp_path) as (desk, [run]):
        succeed(desk, run)
        shown = await Sitting(desk, tmp_path).types("2")
        model = desk.registry.run(run).model
    told, _, pressed = shown.partition(" 1 Promote\n 2 Compare\n")
    assert f"It made {model}." in told
    assert pressed.strip()
    assert "Yes." not in pressed


async def test_buttons_of_several_runs_are_numbered_on(tmp_path: Path) -> None:
    async with watched(tmp_path, runs=2) as (desk, [first, second]):
        shown = await Sitting(desk, tmp_path).types("2")
        wanted = [desk.registry.run(run).cancel_wanted for run in (first, second)]
    assert shown.index(first) < shown.index(" 1 Cancel") < shown.index(second) < shown.index(" 2 Cancel")
    assert wanted == [False, True]


async def test_ctrl_c_while_a_model_is_compared_shows_what_is_known_and_the_next_start_the_rest(
    tmp_path: Path,
) -> None:
    go_on = asyncio.Event()
    async with watched(tmp_path, Interrupted([go_on, "Yes."])) as (desk, [run]):
        succeed(desk, run)
        shown = await Sitting(desk, tmp_path).types("hello")
        assert f"{run}: succeeded" in shown
        assert "It is being compared." in shown
        assert f"Stopped: the next start says again what became of {run}." in shown
        assert "Yes." in shown
        assert "Promote" not in shown
        go_on.set()
        assert " 1 Promote" in await Sitting(desk, tmp_path).types()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is full")
async def test_a_chart_for_which_there_is_no_room_is_said_and_the_buttons_stand(tmp_path: Path) -> None:
    async with watched(tmp_path) as (desk, [run]):
        desk.registry.add_metrics(run, [Metric(10, "train_loss", 0.5)])
        succeed(desk, run)
        chart = tmp_path / "replies" / f"{run}-loss.png"
        chart.parent.mkdir()
        chart.symlink_to("/dev/full")
        shown = await Sitting(desk, tmp_path).types()
        assert not chart.is_symlink()
    assert f"{run}-loss.png could not be written (No space left on device)" in shown
    assert " 1 Promote" in shown
