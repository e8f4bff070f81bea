"""`model`: compared, promoted, rolled back, and tried where no customer hears it."""

import asyncio
import re
from pathlib import Path

import pytest

from bot.admin.buttons import decoded, encoded
from bot.admin.calls import Call
from bot.models import ModelError
from tests.admin.kit import answered, audited, forced, open_lamps, open_small, rows, until
from tests.admin_kit import HERE, OWNER, SECOND, Scene
from tests.champions import served
from tests.kit import ScriptedModel
from training.evaluation.gate import MOST_NAMED


def models(scene: Scene) -> tuple[str, str]:
    """Return the two models of the prepared home, the older one first."""
    newer, older = (model.id for model in scene.registry.models())
    return older, newer


async def test_what_is_worked_out_is_given_up_at_the_stop(tmp_path: Path) -> None:
    never = asyncio.Event()
    model = ScriptedModel(["Yes.", never])
    async with open_small(tmp_path, model) as scene:
        comparing = asyncio.create_task(scene.give("model compare", model="base"))
        await until(lambda: model.prompts)
        await scene.office.rehearsal.close()
        with pytest.raises(asyncio.CancelledError):
            await comparing


async def test_models_are_listed_with_a_star_at_the_champion(home: Path) -> None:
    async with open_small(home) as scene:
        older, newer = models(scene)
        text = (await scene.give("model list")).text
        assert text.index(newer) < text.index(older)
        assert "What the settings name answers customers." in text
        await forced(scene, older)
        assert f"*  {older}" in (await scene.give("model list")).text


async def test_where_there_are_no_models_the_way_to_one_is_told(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        assert "`train start` makes one" in (await scene.give("model list")).text


async def test_a_model_is_shown_with_where_it_came_from(home: Path) -> None:
    async with open_small(home) as scene:
        older, _ = models(scene)
        model = scene.registry.model(older)
        reply = await scene.give("model show", model=older.removeprefix("model-")[:6])
        assert model.run in reply.text
        assert model.dataset in reply.text
        assert f"- discriminator: {Path(model.topic).name}, threshold 0." in reply.text
        assert [button.label for button in reply.buttons] == ["Promote", "Compare", "Try"]
        await forced(scene, older)
        assert [button.label for button in (await scene.give("model show", model=older)).buttons] == ["Compare", "Try"]


async def test_a_model_is_set_beside_the_base_while_there_is_no_champion(home: Path) -> None:
    async with open_small(home) as scene:
        older, _ = models(scene)
        reply = await scene.give("model compare", model=older)
        assert "**base** passes" in reply.text
        assert f"**{older}** passes" in reply.text
        assert "95% interval" in reply.text
        assert [dict(button.given) for button in reply.buttons] == [{"model": older, "over": "base"}]


async def test_a_model_is_set_beside_the_champion_and_a_third(home: Path) -> None:
    async with open_small(home) as scene:
        older, newer = models(scene)
        await forced(scene, older)
        reply = await scene.give("model compare", model=newer, also="base")
        places = [reply.text.index(f"**{name}** passes") for name in (older, "base", newer)]
        assert places == sorted(places)
        assert [dict(button.given) for button in reply.buttons] == [{"model": newer, "over": older}]


async def test_the_champion_is_set_beside_the_base_and_offers_no_promotion(home: Path) -> None:
    async with open_small(home) as scene:
        older, _ = models(scene)
        await forced(scene, older)
        reply = await scene.give("model compare", model=older)
        assert "**base** passes" in reply.text
        assert reply.buttons == ()


async def test_the_base_is_not_set_beside_itself(home: Path) -> None:
    async with open_small(home) as scene:
        reply = await scene.give("model compare", model="base")
        assert reply.text.count("**base** passes") == 1
        assert "not distinguishable" not in reply.text


async def test_a_promoted_model_answers_from_the_next_message_on_and_a_rollback_undoes_it(home: Path) -> None:
    async with open_lamps(home, ScriptedModel(name="base")) as scene:
        older, _ = models(scene)
        before = await answered(scene, "Which bulb does lamps number 3 take?")
        reply = await scene.give("model promote", SECOND, model=older, reason="It knows the bulbs.")
        during = await answered(scene, "Which bulb does lamps number 3 take?")
        back = await scene.press(reply, "Roll back")
        after = await answered(scene, "Which bulb does lamps number 3 take?")
        assert before
        assert during
        assert after
        assert [ended.model for ended in (before, during, after)] == ["base", older, "base"]
        assert reply.public
        assert back.public
        assert (SECOND.who, "promote") in audited(scene)
        assert audited(scene)[0] == (OWNER.who, "rollback")


# What its scorecard says of a model that is to be promoted.


async def test_a_model_is_evaluated_first_and_refused_with_reasons_scenarios_and_a_way_out(home: Path) -> None:
    async with open_small(home) as scene:
        older, _ = models(scene)
        reply = await scene.give("model promote", model=older)
        assert reply.text.startswith(f"**{older}** is not promoted:\n- It fails ")
        assert "critical scenarios, of which none may fail." in reply.text
        rests_on = reply.text.splitlines()[-1]
        assert "smoke-while-frothing" in rests_on
        assert rests_on.count(", ") < MOST_NAMED
        assert [button.label for button in reply.buttons] == ["Promote anyway", "Compare"]
        assert not reply.public
        assert scene.registry.champion() is None
        assert {"base", older} <= {path.stem for path in (home / "evaluations").iterdir()}


async def test_promote_anyway_asks_for_a_reason_and_is_written_down_with_what_spoke_against_it(home: Path) -> None:
    async with open_small(home) as scene:
        older, _ = models(scene)
        refused = await scene.give("model promote", model=older)
        anyway = refused.buttons[0]
        assert decoded(encoded(anyway.command, anyway.given)) == (anyway.command, anyway.given)
        form = await scene.admin.form(Call(OWNER, anyway.command, HERE, anyway.given))
        assert form
        assert [(field.name, field.required) for field in form.fields] == [("reason", True)]
        assert form.carried == {"model": older, "force": "yes", "over": "base"}
        reply = await scene.give("model promote", OWNER, HERE, **form.carried, reason="The other one is down.")
        assert "answers from the next message on" in reply.text
        line = scene.registry.audit_log()[0]
        assert (line.by, line.action, line.subject) == (OWNER.who, "promote, forced", older)
        assert line.detail.startswith("The other one is down. (in spite of: It fails ")


async def test_a_reason_is_asked_for_where_a_promotion_is_by_force_and_nowhere_else(home: Path) -> None:
    async with open_small(home) as scene:
        older, _ = models(scene)
        assert await scene.admin.form(scene.call("model promote", model=older, force="no")) is None
        assert await scene.admin.form(scene.call("model promote", model=older)) is None
        assert await scene.admin.form(scene.call("model promote", model=older, force=True))
        assert await scene.admin.form(scene.call("model promote", model=older, force="yes", reason="I know.")) is None


async def test_a_twin_of_the_champion_is_refused_where_few_scenarios_tell_little(home: Path) -> None:
    async with open_lamps(home) as scene:
        older, newer = models(scene)
        await scene.give("model promote", model=older)
        reply = await scene.give("model promote", model=newer)
        told = r"passes 100.0% and the champion 100.0% of 8 scenarios, by which it may be \d\d\.\d points worse"
        assert re.search(told, reply.text)
        assert reply.buttons[0].given["over"] == older


async def test_a_model_that_cannot_be_asked_is_refused_and_can_be_promoted_all_the_same(home: Path) -> None:
    async with open_lamps(home) as scene:
        model = served(home, "http://127.0.0.1:9/v1").id
        reply = await scene.give("model promote", model=model)
        assert reply.text.startswith(f"**{model}** is not promoted:\n- It cannot be evaluated: ")
        assert reply.text.endswith(".")
        assert "answers from the next message on" in (await forced(scene, model)).text


async def test_a_company_without_scenarios_promotes_by_force_only(home: Path) -> None:
    async with open_lamps(home) as scene:
        older, _ = models(scene)
        (home.parent / "company" / "scenarios" / "lamps.jsonl").unlink()
        assert "There are no scenarios in" in (await scene.give("model promote", model=older)).text
        assert scene.registry.champion() is None
        assert (await forced(scene, older)).public


async def test_a_model_of_which_an_answer_was_missed_is_refused_with_the_command_that_asks_again(home: Path) -> None:
    base = ScriptedModel([ModelError("it is down")], name="base")
    async with open_lamps(home, base) as scene:
        older, _ = models(scene)
        reply = await scene.give("model promote", model=older)
        assert "base has not been evaluated on the scenarios of today: `model compare base` does that." in reply.text
        assert (await scene.give("model promote", model=older)).public


async def test_an_answer_that_has_begun_ends_with_the_model_that_began_it(home: Path) -> None:
    go_on = asyncio.Event()
    model = ScriptedModel(["It is ", go_on, "the old one."], name="base")
    async with open_small(home, model) as scene:
        older, _ = models(scene)
        first = asyncio.create_task(answered(scene, "Which bulb does lamps number 3 take?"))
        await until(lambda: model.prompts)
        await forced(scene, older)
        go_on.set()
        begun, next_one = await first, await answered(scene, "Which bulb does lamps number 3 take?")
        assert begun
        assert next_one
        assert (begun.model, begun.text) == ("base", "It is the old one.")
        assert next_one.model == older


async def test_of_two_who_promote_at_the_same_time_the_second_is_told_who_was_first(home: Path) -> None:
    async with open_lamps(home) as scene:
        older, newer = models(scene)
        mine, theirs = await scene.give("model show", model=older), await scene.give("model show", model=newer)
        replies = await asyncio.gather(scene.press(mine, "Promote", OWNER), scene.press(theirs, "Promote", SECOND))
        champion = scene.registry.champion()
        assert champion
        [late] = [reply for reply in replies if not reply.public]
        assert f"{champion.id} was promoted meanwhile by {scene.registry.promotions()[0].by}" in late.text
        assert len(scene.registry.promotions()) == 1


async def test_a_rollback_of_what_is_no_champion_any_more_does_nothing(home: Path) -> None:
    async with open_small(home) as scene:
        older, newer = models(scene)
        promoted = await forced(scene, older)
        await forced(scene, newer, SECOND)
        refused = await scene.press(promoted, "Roll back")
        assert "was promoted meanwhile" in refused.text
        champion = scene.registry.champion()
        assert champion
        assert champion.id == newer


async def test_a_rollback_where_nothing_was_promoted_says_so(home: Path) -> None:
    async with open_small(home) as scene:
        reply = await scene.give("model rollback")
        assert "No model has been promoted" in reply.text
        assert not reply.public


@pytest.mark.parametrize("given", [{"model": "model-nobody"}, {"force": "yes"}, {"model": "base"}])
async def test_what_cannot_be_promoted_is_said_and_changes_nothing(home: Path, given: dict[str, object]) -> None:
    async with open_small(home) as scene:
        before = rows(home)
        reply = await scene.give("model promote", OWNER, HERE, **{"model": models(scene)[0], **given})
        assert not reply.public
        assert reply.text.endswith((".", "?"))
        assert rows(home) == before


async def test_a_model_whose_files_were_changed_is_not_promoted(home: Path) -> None:
    async with open_small(home) as scene:
        older, _ = models(scene)
        folder = home / scene.registry.model(older).folder
        for path in folder.iterdir():
            path.write_bytes(b"{}")
        reply = await scene.give("model promote", model=older)
        assert not reply.public
        assert "the fault is ours" not in reply.text
        assert scene.registry.champion() is None


async def test_a_model_is_tried_and_nothing_of_it_is_kept(home: Path) -> None:
    async with open_small(home) as scene:
        older, _ = models(scene)
        before = rows(home)
        reply = await scene.give("model try", model=older, question="Which bulb does lamps number 3 take?")
        assert "> Take bulb 3" in reply.text
        assert not reply.public
        assert rows(home) == before
        base = await scene.give("model try", model="base", question="Which bulb?")
        assert "> Yes." in base.text


async def test_a_channel_that_wants_a_model_has_it_whoever_is_champion(home: Path) -> None:
    async with open_small(home, ScriptedModel(name="base")) as scene:
        older, _ = models(scene)
        reply = await scene.give("sarah channel", model=older)
        assert f"model: {older}" in reply.text
        ended = await answered(scene, "Which bulb does lamps number 3 take?", "3", HERE)
        assert ended
        assert ended.model == older
        assert "model: the champion" in (await scene.give("sarah channel", model="-")).text
