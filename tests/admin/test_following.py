"""One message tells how a run goes on, from its beginning to its end, whatever becomes of the message or of us."""

import asyncio
import contextlib
import re
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.admin.board import Board, ShowError
from bot.admin.following import ATTEMPTS, Following, Unfinished
from bot.admin.records import Records
from bot.admin.rehearsal import GONE
from bot.admin.replies import Report
from tests.admin.kit import PATIENCE, QUICK, idle, nobody, open_small, started, until
from tests.admin_kit import CHANNEL, HERE, HOME, OWNER, Scene, Wall, open_office
from tests.kit import OTHER_DATA, ScriptedModel, broken
from training.providers import Event, Metric
from training.registry import Registry, RegistryError, Tuned

LOSS = Metric(10, "train_loss", 0.5)


@asynccontextmanager
async def following(
    scene: Scene, run: str, board: Board, message: str = "", *, again: bool = False
) -> AsyncGenerator[asyncio.Task[None]]:
    """Follow a run until it has ended, or the test has."""
    follower = Following(scene.office, QUICK, QUICK)
    task = asyncio.create_task(follower.follow(run, board, message, again=again))
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def succeed(scene: Scene, run: str) -> str:
    """End a run with a model that is served somewhere, and return its id."""
    return scene.registry.register(Tuned(run, served_as="ft:1"), "worker", scene.office.clock()).id


async def test_one_message_tells_state_step_loss_cost_and_time_and_then_the_end(home: Path) -> None:
    wall = Wall()
    async with idle(home) as scene:
        run = await started(scene, "lamps")
        async with following(scene, run, wall.board()) as told:
            await until(lambda: wall.posted)
            assert "queued" in wall.posted[0].text
            assert [button.command for button in wall.posted[0].buttons] == ["train cancel"]
            scene.registry.update_run(run, state="running", step="watch", cost_usd=1.5)
            await until(lambda: "step watch (6 of 8)" in wall.shown["m1"].text)
            assert "cost about $1.50" in wall.shown["m1"].text
            assert wall.shown["m1"].picture is None
            scene.registry.add_metrics(run, [LOSS])
            scene.registry.add_events(run, [Event("e1", 1.0, "info", "Step 10")])
            await until(lambda: "training loss 0.5000 at step 10" in wall.shown["m1"].text and wall.shown["m1"].picture)
            await until(lambda: "> Step 10" in wall.shown["m1"].text)
            scene.registry.update_run(run, state="failed", reason="The provider refused it: choose another.")
            await asyncio.wait_for(told, PATIENCE)
        assert list(wall.shown) == ["m1"]
        last = wall.shown["m1"]
        assert last.is_last
        assert "failed" in last.text
        assert last.text.endswith("The provider refused it: choose another.")
        assert last.buttons == ()
        assert last.picture
        assert last.picture.content.startswith(b"\x89PNG")


async def test_speed_memory_and_time_left_are_told_and_no_time_where_the_run_is_held(home: Path) -> None:
    wall = Wall()
    async with idle(home) as scene:
        run = await started(scene, "lamps")
        finishes = scene.office.clock() + 3600
        scene.registry.update_run(run, state="running", step="watch", finishes_at=finishes)
        measured = [("tokens_per_second", 5.26), ("memory_gb", 1.04), ("tokens_per_second", 12345.6)]
        scene.registry.add_metrics(run, [LOSS, *(Metric(step, *each) for step, each in enumerate(measured, 1))])
        async with following(scene, run, wall.board()):
            await until(lambda: wall.posted)
            assert "at step 10 · 12,346 tokens a second · 1.0 GB of memory · cost" in wall.shown["m1"].text
            assert re.search(r"about (1 h 0|59) min.* left", wall.shown["m1"].text)
            scene.registry.update_run(run, state="paused")
            await until(lambda: "paused" in wall.shown["m1"].text)
            assert "left" not in wall.shown["m1"].text


async def test_a_cancelled_run_ends_with_a_sentence_and_no_button(home: Path) -> None:
    wall = Wall()
    async with idle(home) as scene:
        run = await started(scene, "lamps")
        async with following(scene, run, wall.board()) as told:
            await until(lambda: wall.posted)
            await scene.press(wall.posted[0], "Cancel")
            await until(lambda: "It is to be cancelled." in wall.shown["m1"].text)
            scene.registry.update_run(run, state="cancelled")
            await asyncio.wait_for(told, PATIENCE)
        assert wall.shown["m1"].text.endswith("It was cancelled: nothing was registered.")
        assert wall.shown["m1"].buttons == ()


async def test_a_run_that_succeeded_ends_with_a_scorecard_and_buttons(home: Path) -> None:
    wall = Wall()
    async with open_small(home) as scene:
        run = await started(scene, "lamps")
        await Following(scene.office, QUICK, QUICK).follow(run, wall.board())
        model = scene.registry.run(run).model
    last = wall.shown["m1"]
    assert last.is_last
    assert f"It made **{model}**." in last.text
    assert f"**{model}** passes" in last.text
    assert "**base** passes" in last.text
    assert [(button.command, dict(button.given)) for button in last.buttons] == [
        ("model promote", {"model": model, "over": "base"}),
        ("model compare", {"model": model}),
    ]
    assert last.picture


async def test_a_model_that_cannot_be_asked_is_told_as_such_and_may_still_be_promoted(home: Path) -> None:
    wall = Wall()
    async with idle(home) as scene:
        run = await started(scene, "lamps")
        succeed(scene, run)
        async with following(scene, run, wall.board()) as told:
            await asyncio.wait_for(told, PATIENCE)
    assert "It could not be compared: manifest" in wall.shown["m1"].text
    assert " passes 0 of" not in wall.shown["m1"].text
    assert "model promote" in [button.command for button in wall.shown["m1"].buttons]


async def test_a_company_without_scenarios_is_told_that_it_has_none(home: Path, tmp_path: Path) -> None:
    wall = Wall()
    folder = shutil.copytree(OTHER_DATA, tmp_path / "company", ignore=shutil.ignore_patterns("scenarios"))
    async with open_office(home, data=folder) as opened:
        scene = replace(opened, office=replace(opened.office, start_work=nobody))
        run = await started(scene, "lamps")
        succeed(scene, run)
        async with following(scene, run, wall.board()) as told:
            await asyncio.wait_for(told, PATIENCE)
    assert wall.shown["m1"].is_last
    assert "There are no scenarios" in wall.shown["m1"].text


async def test_a_base_that_is_out_of_reach_for_a_moment_is_asked_again(home: Path) -> None:
    model = ScriptedModel(*[broken()] * (GONE + 1))
    async with idle(home, model) as scene:
        tried = scene.registry.models()[0].id
        assert "it is down" in (await scene.give("model compare", model=tried)).text
        # Nobody waits for hundreds of attempts.
        assert len(model.prompts) == GONE + 1
        assert "**base** passes" in (await scene.give("model compare", model=tried)).text


async def test_a_scorecard_that_lacks_an_answer_is_made_anew_and_a_whole_one_is_kept(home: Path) -> None:
    model = ScriptedModel(broken())
    async with idle(home, model) as scene:
        asked: list[int] = []
        for _ in range(3):
            await scene.give("model compare", model="base")
            asked.append(len(model.prompts))
    assert asked[0] < asked[1] == asked[2]


async def test_a_message_that_is_deleted_is_posted_anew_and_goes_on(home: Path) -> None:
    wall = Wall()
    async with idle(home) as scene:
        run = await started(scene, "lamps")
        async with following(scene, run, wall.board()) as told:
            await until(lambda: wall.posted)
            wall.gone.add("m1")
            scene.registry.update_run(run, state="running", step="check")
            await until(lambda: len(wall.posted) == 2)
            assert "step check" in wall.shown["m2"].text
            left = [Unfinished(run, HOME, CHANNEL, "m2")]
            async with asyncio.timeout(PATIENCE):
                while await scene.admin.following.unfinished("discord") != left:  # noqa: ASYNC110 - a store gives no sign
                    await asyncio.sleep(QUICK / 4)
            scene.registry.update_run(run, state="cancelled")
            await asyncio.wait_for(told, PATIENCE)
        assert wall.shown["m2"].is_last
        assert len(wall.posted) == 2


async def test_a_message_that_is_posted_anew_shows_the_chart_that_the_deleted_one_showed(home: Path) -> None:
    wall = Wall()
    async with idle(home) as scene:
        run = await started(scene, "lamps")
        async with following(scene, run, wall.board()):
            scene.registry.add_metrics(run, [LOSS])
            await until(lambda: wall.shown and wall.shown["m1"].picture)
            wall.gone.add("m1")
            scene.registry.update_run(run, state="running", step="check")
            await until(lambda: len(wall.posted) == 2)
    assert wall.posted[1].picture == wall.shown["m1"].picture


async def test_a_chart_that_could_not_be_shown_goes_with_the_next_report(home: Path) -> None:
    wall, refusals = Wall(), [0]
    board = wall.board()

    async def edit(message: str, report: Report) -> bool:
        if report.picture and not refusals[0]:
            refusals[0] += 1
            scene.registry.update_run(run, state="running", step="check")
            raise ShowError("busy", lasting=False)
        return await board.edit(message, report)

    async with idle(home) as scene:
        run = await started(scene, "lamps")
        async with following(scene, run, replace(board, edit=edit)):
            await until(lambda: wall.posted)
            scene.registry.add_metrics(run, [LOSS])
            await until(lambda: "step check" in wall.shown["m1"].text)
    assert wall.shown["m1"].picture


async def test_a_run_that_succeeded_says_so_before_its_model_is_compared(home: Path) -> None:
    wall = Wall()
    async with open_small(home) as scene:
        run = await started(scene, "lamps")
        told: list[str] = []
        board = wall.board()

        async def edit(message: str, report: Report) -> bool:
            told.append(report.text)
            return await board.edit(message, report)

        await Following(scene.office, QUICK, QUICK).follow(run, replace(board, edit=edit))
    assert told[-2].endswith("It is being compared.")
    assert "It made" in told[-1]


async def test_a_channel_that_is_gone_is_given_up_and_the_run_goes_on(home: Path) -> None:
    async def post(_: Report, __: str) -> str:
        raise ShowError("the channel is gone", lasting=True)

    async with open_small(home) as scene:
        run = await started(scene, "lamps")
        board = replace(Wall().board(), post=post)
        await asyncio.wait_for(Following(scene.office, QUICK, QUICK).follow(run, board), PATIENCE)
        assert await scene.admin.following.unfinished("discord") == []
        await until(lambda: scene.registry.run(run).ended)
        assert scene.registry.run(run).state == "succeeded"


async def test_a_platform_that_fails_for_a_while_is_tried_again_and_nothing_is_lost(home: Path) -> None:
    wall, failures = Wall(), [0]
    board = wall.board()

    async def post(report: Report, run: str) -> str:
        failures[0] += 1
        if failures[0] < ATTEMPTS:
            raise ShowError("busy", lasting=False)
        return await board.post(report, run)

    async with idle(home) as scene:
        run = await started(scene, "lamps")
        async with following(scene, run, replace(board, post=post)) as told:
            await until(lambda: wall.posted)
            scene.registry.update_run(run, state="cancelled")
            await asyncio.wait_for(told, PATIENCE)
    assert wall.shown["m1"].is_last


class Stumbling(Records):
    """Cannot be opened for a moment."""

    failures = 0

    def open(self) -> Registry:
        """Return the registry, or not."""
        if self.failures:
            self.failures -= 1
            raise RegistryError("The registry is locked: try again.")
        return super().open()


async def test_a_registry_that_is_locked_for_a_moment_ends_no_telling(home: Path) -> None:
    wall = Wall()
    async with idle(home) as scene:
        run = await started(scene, "lamps")
        with Stumbling(home) as records:
            stumbling = replace(scene, office=replace(scene.office, records=records))
            async with following(stumbling, run, wall.board()) as told:
                await until(lambda: wall.posted)
                records.failures = ATTEMPTS - 1
                await until(lambda: not records.failures)
                scene.registry.update_run(run, state="cancelled")
                await asyncio.wait_for(told, PATIENCE)
    assert wall.shown["m1"].is_last


async def test_a_message_that_cannot_be_looked_for_now_is_looked_for_again(home: Path) -> None:
    wall, refused = Wall(), [0]
    board = wall.board()

    async def find(run: str) -> str:
        refused[0] += 1
        if refused[0] == 1:
            raise ShowError("busy", lasting=False)
        wall.shown["m0"] = Report(run)
        return "m0"

    async with idle(home) as scene:
        run = await started(scene, "lamps")
        async with following(scene, run, replace(board, find=find), again=True) as told:
            await until(lambda: "queued" in wall.shown.get("m0", Report("")).text)
            scene.registry.update_run(run, state="cancelled")
            await asyncio.wait_for(told, PATIENCE)
    assert wall.shown["m0"].is_last
    assert wall.posted == []


async def test_an_end_that_cannot_be_shown_now_is_worked_out_once(home: Path) -> None:
    wall, model = Wall(), ScriptedModel()
    board = wall.board()
    asked: list[int] = []

    async def edit(message: str, report: Report) -> bool:
        if report.is_last:
            asked.append(len(model.prompts))
            if len(asked) < 4:
                raise ShowError("busy", lasting=False)
        return await board.edit(message, report)

    async with open_small(home, model) as scene:
        run = await started(scene, "lamps")
        await Following(scene.office, QUICK, QUICK).follow(run, replace(board, edit=edit))
    assert len(asked) == 4
    assert len(set(asked)) == 1


async def test_a_chart_that_cannot_be_drawn_holds_nothing_up(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bot.admin.progress.drawn", no_room)
    wall = Wall()
    async with idle(home) as scene:
        run = await started(scene, "lamps")
        scene.registry.add_metrics(run, [LOSS])
        async with following(scene, run, wall.board()) as told:
            await until(lambda: wall.posted)
            scene.registry.update_run(run, state="cancelled")
            await asyncio.wait_for(told, PATIENCE)
    assert wall.shown["m1"].is_last
    assert "training loss 0.5000" in wall.shown["m1"].text


async def test_a_platform_that_fails_for_long_is_given_up_until_the_next_start(home: Path) -> None:
    attempts: list[str] = []

    async def post(_: Report, run: str) -> str:
        attempts.append(run)
        raise ShowError("busy", lasting=False)

    async with idle(home) as scene:
        run = await started(scene, "lamps")
        async with following(scene, run, replace(Wall().board(), post=post)) as told:
            await asyncio.wait_for(told, PATIENCE)
        assert attempts == [run] * ATTEMPTS
        assert await scene.admin.following.unfinished("discord") == [Unfinished(run, HOME, CHANNEL, "")]
        assert not scene.registry.run(run).ended


async def test_after_a_restart_the_same_message_goes_on(home: Path) -> None:
    wall = Wall()
    async with idle(home) as scene:
        run = await started(scene, "lamps")
        async with following(scene, run, wall.board()):
            await until(lambda: wall.posted)
            scene.registry.update_run(run, state="running", step="check")
            await until(lambda: "step check" in wall.shown["m1"].text)
    async with idle(home) as scene:
        [left] = await scene.admin.following.unfinished("discord")
        assert left == Unfinished(run, HOME, CHANNEL, "m1")
        async with following(scene, run, wall.board(), left.message_id, again=True) as told:
            scene.registry.update_run(run, state="cancelled")
            await asyncio.wait_for(told, PATIENCE)
        assert await scene.admin.following.unfinished("discord") == []
    assert len(wall.posted) == 1
    assert wall.shown["m1"].is_last


async def test_a_message_whose_posting_was_not_recorded_is_found_again(home: Path) -> None:
    wall = Wall()
    async with idle(home) as scene:
        run = await started(scene, "lamps")
        await scene.store.progress.begin(run, "discord", HOME, CHANNEL)
    wall.shown["m0"] = Report("It was posted, and then the process died.")
    wall.unrecorded = {run: "m0"}
    async with idle(home) as scene:
        [left] = await scene.admin.following.unfinished("discord")
        assert left.message_id == ""
        scene.registry.update_run(run, state="cancelled")
        async with following(scene, run, wall.board(), left.message_id, again=True) as told:
            await asyncio.wait_for(told, PATIENCE)
    assert wall.posted == []
    assert wall.shown["m0"].is_last


async def test_a_channel_that_is_told_of_a_run_gets_no_second_message_about_it(home: Path) -> None:
    wall = Wall()
    async with idle(home) as scene:
        run = await started(scene, "lamps")
        follower = Following(scene.office, QUICK, QUICK)
        told = asyncio.create_task(follower.follow(run, wall.board()))
        await until(lambda: wall.posted)
        await asyncio.wait_for(follower.follow(run, wall.board()), PATIENCE)
        elsewhere = Wall(channel="301")
        second = asyncio.create_task(follower.follow(run, elsewhere.board()))
        await until(lambda: elsewhere.posted)
        scene.registry.update_run(run, state="cancelled")
        await asyncio.wait_for(asyncio.gather(told, second), PATIENCE)
    assert (len(wall.posted), len(elsewhere.posted)) == (1, 1)


async def test_a_worker_that_died_is_started_again_while_somebody_follows(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.admin.following.REVIVE", QUICK)
    async with idle(home) as scene:
        run = await started(scene, "lamps")
        started_again: list[str] = []

        def start_work() -> None:
            started_again.append(run)
            scene.registry.update_run(run, state="cancelled")

        revived = replace(scene, office=replace(scene.office, start_work=start_work))
        async with following(revived, run, Wall().board()) as told:
            await asyncio.wait_for(told, PATIENCE)
    assert started_again[0] == run


async def test_following_a_run_from_its_status_names_the_run(home: Path) -> None:
    async with idle(home) as scene:
        run = await started(scene, "lamps")
        status = await scene.give("train status", OWNER, HERE, run=run)
        assert status.run == ""
        assert (await scene.press(status, "Follow it here")).run == run


async def test_a_run_that_a_crash_kept_from_being_told_of_is_told_of_where_it_was_agreed_to(home: Path) -> None:
    async with idle(home) as scene:
        asked = await scene.give("train start", dataset="lamps")
        started_there = await scene.press(asked, "Start it")
        # Here the process ends, before anybody followed the run.
    async with idle(home) as scene:
        [left] = await scene.admin.following.unfinished("discord")
        assert left == Unfinished(started_there.run, HOME, CHANNEL, "")
        wall = Wall()
        async with following(scene, left.run, wall.board(), left.message_id, again=True) as told:
            await until(lambda: wall.posted)
            scene.registry.update_run(left.run, state="cancelled")
            await asyncio.wait_for(told, PATIENCE)
        assert await scene.admin.following.unfinished("discord") == []


async def test_a_run_that_was_told_of_to_its_end_is_not_taken_up_again(home: Path) -> None:
    wall = Wall()
    async with idle(home) as scene:
        run = await started(scene, "lamps")
        async with following(scene, run, wall.board()) as told:
            scene.registry.update_run(run, state="cancelled")
            await asyncio.wait_for(told, PATIENCE)
        assert await scene.admin.following.unfinished("discord") == []


async def test_a_run_that_another_platform_was_told_of_is_not_told_again_where_it_was_proposed(home: Path) -> None:
    async with idle(home) as scene:
        asked = await scene.give("train start", dataset="lamps")
        proposal = asked.buttons[0].given["proposal"]
        reply = await scene.press(asked, "Start")
        await scene.store.progress.begin(proposal, "slack", "T1", "C1")
        await scene.store.progress.begin(reply.run, "discord", HOME, CHANNEL)
        await scene.store.progress.over(reply.run, "discord", CHANNEL)
        assert await scene.admin.following.unfinished("slack") == []


async def test_what_was_proposed_and_never_started_leaves_nothing_to_be_told(home: Path) -> None:
    async with idle(
        home, sarah_approval_above=0.0, sarah_tuning_url="http://127.0.0.1:9/v1", sarah_tuning_key="k"
    ) as scene:
        asked = await scene.give("train start", dataset="lamps", provider="openai")
        assert (await scene.press(asked, "Start it")).public
        assert await scene.admin.following.unfinished("discord") == []


async def test_a_registry_that_cannot_be_read_at_the_start_keeps_no_platform_from_starting(home: Path) -> None:
    async with idle(home) as scene:
        asked = await scene.give("train start", dataset="lamps")
        run = (await scene.press(asked, "Start it")).run
        with Stumbling(home) as records:
            records.failures = 1
            stumbling = Following(replace(scene.office, records=records))
            assert await stumbling.unfinished("discord") == []
            assert [left.run for left in await stumbling.unfinished("discord")] == [run]
