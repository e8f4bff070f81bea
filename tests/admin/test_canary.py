"""`canary`: started, watched, stopped, and taken back before many customers meet a bad model."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.admin.board import Notice, ShowError
from bot.conversation import Conversation, Rating
from tests.admin.kit import answered, audited, marked, open_small, rows, until
from tests.admin.test_model import models
from tests.admin_kit import MEMBER, OWNER, SECOND, SUPPORT, Scene, Wall
from tests.kit import ScriptedModel

QUESTION = "Which bulb does lamps number 3 take?"


def thread(number: int) -> Conversation:
    """Return a conversation of its own."""
    return Conversation("discord", "100", "300", f"t{number}")


def line(text: str, name: str) -> list[str]:
    """Return what a line of the figures tells of the candidate and of the others."""
    [found] = [one for one in text.splitlines() if one.startswith(name)]
    return [cell.strip() for cell in found.removeprefix(name).split("  ") if cell.strip()]


async def test_where_none_was_started_the_way_to_one_is_told(home: Path) -> None:
    async with open_small(home) as scene:
        assert "`canary start`" in (await scene.give("canary show")).text
        assert "No canary runs" in (await scene.give("canary stop")).text


async def test_a_canary_is_started_shown_and_stopped_and_the_log_tells_by_whom(home: Path) -> None:
    async with open_small(home, ScriptedModel(name="base")) as scene:
        older, _ = models(scene)
        began = await scene.give("canary start", OWNER, model=older.removeprefix("model-")[:6], share=100)
        assert began.public
        assert began.text.startswith(f"**{older}** has 100 % of the conversations since ")
        assert "5% of its answers fail (judged from 20 on)" in began.text
        assert "20% of its ratings are thumbs-down (judged from 10 on)" in began.text
        assert await model_of(scene) == older
        shown = await scene.press(began, "Figures")
        assert [button.label for button in shown.buttons] == ["Promote", "Stop"]
        assert dict(shown.buttons[0].given) == {"model": older, "over": "base"}
        ended = await scene.press(shown, "Stop", SECOND)
        assert ended.public
        assert ended.text.startswith("**base** answers everybody again")
        assert await model_of(scene) == "base"
        assert f"by {SECOND.who}: stopped" in (await scene.press(ended, "Figures")).text
        assert audited(scene)[:2] == [(SECOND.who, "stop canary"), (OWNER.who, "start canary")]


async def model_of(scene: Scene, where: Conversation | None = None) -> str:
    """Return who answers a customer."""
    ended = await answered(scene, QUESTION, "3", where or thread(0))
    assert ended
    return ended.model


async def test_the_bounds_are_those_of_the_settings(home: Path) -> None:
    async with open_small(home, sarah_canary_errors=0.5, sarah_canary_down=0.75) as scene:
        text = (await scene.give("canary start", model=models(scene)[0])).text
        assert "more than 50% of its answers fail (judged from 20 on) or 75% of its ratings" in text


async def test_the_figures_of_the_candidate_stand_beside_those_of_the_others(home: Path) -> None:
    async with open_small(home, ScriptedModel(name="base"), sarah_per_minute=0) as scene:
        await scene.give("canary start", model=models(scene)[0], share=50)
        running = scene.store.canaries.running
        assert running
        sides = {running.model: 0, "base": 0}
        for number in range(12):
            rating: Rating = "down" if number % 2 else "up"
            turn = await marked(scene, QUESTION, thread(number), rating, author=f"u{number}")
            kept = await scene.store.people.turn(turn)
            assert kept
            sides[kept.model] += 1
        text = (await scene.give("canary show")).text
        assert [int(cell) for cell in line(text, "answers")] == list(sides.values())
        assert [cell.split(" ")[0] for cell in line(text, "failed")] == ["0", "0"]
        assert sum(int(cell) for cell in line(text, "thumbs up")) == 6
        assert sum(int(cell.split(" ")[0]) for cell in line(text, "thumbs down")) == 6
        assert len(line(text, "median answer")) == 2
        assert "% to " in text


async def test_started_again_it_has_another_share(home: Path) -> None:
    async with open_small(home) as scene:
        older, newer = models(scene)
        await scene.give("canary start", model=older)
        assert "has 25 % of the conversations" in (await scene.give("canary start", model=older, share=25)).text
        refused = await scene.give("canary start", model=newer)
        assert refused.text == f"{older} has its share already: `canary stop` ends that."


@pytest.mark.parametrize("given", [{"model": "model-nobody"}, {"share": 0}, {"share": 101}, {"model": "base"}])
async def test_what_cannot_be_started_is_said_and_changes_nothing(home: Path, given: dict[str, object]) -> None:
    async with open_small(home) as scene:
        before = rows(home)
        reply = await scene.give("canary start", **{"model": models(scene)[0], **given})  # pyright: ignore[reportArgumentType] - fields, by name
        assert not reply.public
        assert "the fault is ours" not in reply.text
        assert rows(home) == before


async def test_a_model_whose_files_are_gone_is_given_no_share(home: Path) -> None:
    async with open_small(home) as scene:
        older, _ = models(scene)
        for path in (home / scene.registry.model(older).folder).iterdir():
            path.unlink()
        reply = await scene.give("canary start", model=older)
        assert reply.text.startswith(f"{older} cannot be made ready: ")
        assert scene.store.canaries.running is None


async def test_promoted_it_answers_everybody_and_is_no_canary_any_more(home: Path) -> None:
    async with open_small(home, ScriptedModel(name="base")) as scene:
        older, _ = models(scene)
        await scene.give("canary start", model=older, share=0.1)
        scene.registry.promote(older, "tests", 1.0)
        text = (await scene.give("canary show")).text
        assert "by sarah: It was promoted" in text
        assert await model_of(scene) == older


async def test_a_bad_candidate_is_taken_back_and_people_are_told_who_was_hurt_by_it_and_how(home: Path) -> None:
    wall = Wall()
    async with open_small(home, ScriptedModel(name="base")) as scene:
        scene.admin.serve("discord", wall.notice)
        older, _ = models(scene)
        await scene.give("canary start", model=older, share=100)
        for number in range(10):
            assert scene.store.canaries.running
            await marked(scene, QUESTION, thread(number), "down", author=f"u{number}")
        assert scene.store.canaries.running is None
        assert await model_of(scene) == "base"
        await until(lambda: wall.notices)
        [(channel, notice)] = wall.notices
        assert channel == SUPPORT
        assert notice.text == (
            f"**{older}** answers no share of the conversations any more. 10 of its 10 ratings were thumbs-down"
            " (100%, and the champion had none), which is surely more than 20%."
        )
        assert notice.is_open()
        assert audited(scene)[0] == ("sarah", "end canary")
        shown = await scene.give("canary show")
        assert "by sarah: 10 of its 10 ratings" in shown.text
        assert shown.buttons == ()
        await scene.give("canary start", model=older)
        assert not notice.is_open()


async def test_where_nobody_can_be_told_the_log_of_changes_tells_it(home: Path) -> None:
    async def post(_: str, __: Notice) -> str:
        raise ShowError("closed to us", lasting=True)

    async with open_small(home) as scene:
        scene.admin.serve("discord", post)
        older, newer = models(scene)
        await scene.give("canary start", model=older)
        scene.registry.promote(newer, "tests", 1.0)
        await scene.give("canary show")
        await until(lambda: ("sarah", "end canary") in audited(scene))
    async with open_small(home) as scene:
        assert f"{newer} answers instead of scripted" in (await scene.give("canary show")).text


async def test_a_customer_learns_nothing_of_it(home: Path) -> None:
    async with open_small(home) as scene:
        await scene.give("canary start", model=models(scene)[0])
        for title in ("canary show", "canary stop"):
            assert "Only people who may" in (await scene.give(title, MEMBER)).text
        away = replace(OWNER, workspace="200")
        assert "belong to the home workspaces" in (await scene.give("canary show", away)).text
        assert scene.store.canaries.running
