"""A model judges beside the graders: asked once about each trial, priced beforehand, and deciding nothing."""

import asyncio
import json
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from bot.admin.costs import Served
from bot.admin.judging import SILENT, ModelJudge, judge_of
from bot.admin.rehearsal import SAMPLED
from bot.models import ModelError
from bot.settings import Settings
from tests.admin.kit import PATIENCE, open_lamps, open_small, until
from tests.admin_kit import Scene, Wall, settings_for
from tests.kit import OTHER_DATA, ScriptedModel
from tests.servers.tuning import KEY, TuningServer, tuning_server
from training.evaluation.judge import prompt
from training.evaluation.keeping import Shelf
from training.evaluation.scenarios import Scenario
from training.evaluation.scorecard import Scorecard, fingerprint, read_all
from training.evaluation.trials import JudgedBy
from training.examples import DataError
from training.pricing import read_prices
from training.settings import OPENAI
from training.tokens import PER_MESSAGE, counter

SCENARIOS = read_all(OTHER_DATA / "scenarios")
WISE = JudgedBy("wise", "http://127.0.0.1:9/v1")


class Judge:
    """Says the same of everything, counts what it is asked, and may wait after so many."""

    def __init__(self, says: bool | None = True, who: JudgedBy = WISE, waits_after: int = 1_000) -> None:  # noqa: FBT001, FBT002 - a verdict
        self.asked = 0
        self._says = says
        self._who = who
        self._waits_after = waits_after

    async def _judged(self, scenario: Scenario, said: Sequence[tuple[str, str]]) -> bool | None:
        assert len(scenario.turns) == len(said)
        self.asked += 1
        if self.asked > self._waits_after:
            await asyncio.Event().wait()
        return self._says

    def hired(self) -> ModelJudge:
        """Return it as evaluations are handed one."""
        return ModelJudge(self._judged, self._who, Served(self._who.url, self._who.model))


def named(model: str, **changes: object) -> Settings:
    """Return settings that name a judge."""
    return settings_for(Path(), OTHER_DATA, sarah_judge_model=model, **changes)


def by(server: TuningServer, model: str = "wise") -> dict[str, object]:
    """Return the settings that name a judge at a server."""
    return {"sarah_judge_model": model, "sarah_judge_model_url": server.url, "sarah_judge_model_key": KEY}


def said(card: Scorecard) -> list[bool | None]:
    """Return the verdicts, trial by trial."""
    return [trial.judged for result in card.results for trial in result.trials]


async def judged(scene: Scene, judge: Judge, *models: str, trials: int | None = None) -> list[Scorecard]:
    """Return the scorecards of models with what a judge says."""
    return await scene.office.rehearsal.cards(models, trials, judge=judge.hired())


# What is kept.


async def test_a_judge_is_asked_once_about_a_trial_and_again_by_nobody_after_a_restart(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        [first] = await judged(scene, once := Judge(), "untrained")
    async with open_small(tmp_path) as scene:
        [second] = await judged(scene, again := Judge(says=False), "untrained")
    assert (once.asked, again.asked) == (len(SCENARIOS), 0)
    assert second == first
    assert (set(said(first)), first.judge) == ({True}, WISE)


@pytest.mark.parametrize("other", [JudgedBy("wiser", WISE.url), JudgedBy("wise", "http://127.0.0.1:8/v1")])
async def test_another_judge_is_asked_anew(tmp_path: Path, other: JudgedBy) -> None:
    async with open_small(tmp_path) as scene:
        await judged(scene, Judge(), "untrained")
        [card] = await judged(scene, judge := Judge(says=False, who=other), "untrained")
    assert (judge.asked, card.judge, set(said(card))) == (len(SCENARIOS), other, {False})


async def test_only_what_has_no_verdict_is_asked_again(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        stuck = Judge(waits_after=5)
        task = asyncio.create_task(judged(scene, stuck, "untrained"))
        await until(lambda: stuck.asked > 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        # What came until then was paid for, and is kept.
        [errand] = await scene.office.rehearsal.errands(["untrained"], judge=Judge().hired())
        assert errand.verdicts == len(SCENARIOS) - 5
        [card] = await judged(scene, judge := Judge(), "untrained")
    assert judge.asked == len(SCENARIOS) - 5
    assert set(said(card)) == {True}


async def test_a_judge_that_says_nothing_takes_no_other_judges_place(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        await judged(scene, Judge(), "untrained")
        [card] = await judged(scene, Judge(says=None, who=JudgedBy("mute", "")), "untrained")
        assert set(said(card)) == {None}
        await judged(scene, again := Judge(), "untrained")
    assert again.asked == 0


async def test_verdicts_are_shown_where_a_judge_is_asked_for_and_nowhere_else(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        [before] = await scene.office.rehearsal.cards(["untrained"])
        await judged(scene, Judge(), "untrained")
        assert await scene.office.rehearsal.cards(["untrained"]) == [before]
        assert "judge" not in (await scene.give("model compare", model="untrained")).text


async def test_two_who_let_the_same_be_judged_at_once_ask_once(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        judge = Judge()
        await asyncio.gather(*(judged(scene, judge, "untrained") for _ in range(3)))
    assert judge.asked == len(SCENARIOS)


async def test_what_is_not_kept_because_an_answer_was_missed_is_not_kept_for_its_verdicts(tmp_path: Path) -> None:
    async with open_small(tmp_path, ScriptedModel([ModelError("it is down")])) as scene:
        [card] = await judged(scene, judge := Judge(), "base", trials=1)
    assert judge.asked == len(SCENARIOS) - 1
    assert said(card).count(None) == 1
    assert Shelf(tmp_path).find("base", fingerprint(SCENARIOS)) is None


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://anna:secret@judge.example:8443/v1/?key=secret#secret", "https://judge.example:8443/v1"),
        ("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000/v1"),
    ],
)
def test_of_a_judges_address_no_secret_is_kept(url: str, kept: str) -> None:
    assert judge_of(named("wise", sarah_judge_model_url=url)).who == JudgedBy("wise", kept)


# What it costs.


async def test_what_a_judge_will_cost_is_told_beforehand_about_as_it_will_be(tmp_path: Path) -> None:
    judge = judge_of(named("gpt-4.1-mini", sarah_judge_model_url=OPENAI))
    async with open_small(tmp_path) as scene:
        [before] = await scene.office.rehearsal.errands(["untrained"], 2, judge)
        [card] = await scene.office.rehearsal.cards(["untrained"], 2)
        [after] = await scene.office.rehearsal.errands(["untrained"], 2, judge)
    rates, count = read_prices().answering("gpt-4.1-mini"), counter("o200k_base")
    assert rates
    known = {scenario.id: scenario for scenario in SCENARIOS}
    prompts = [
        prompt(known[result.id], [("", given.text) for given in trial.answers])
        for result in card.results
        for trial in result.trials
    ]
    exact = rates.cost(sum(PER_MESSAGE + count(text) for text in prompts), len(prompts) * count("PASS"))
    assert (before.verdicts, after.verdicts) == (2 * len(SCENARIOS), 2 * len(SCENARIOS))
    assert after.judging_usd == pytest.approx(exact)
    assert before.judging_usd == pytest.approx(exact, rel=0.2), "the references are longer than these answers"
    assert (before.judge, after.cost_usd) == ("gpt-4.1-mini", 0.0)


async def test_the_price_of_a_judge_of_ones_own_is_unknown_and_no_judge_is_free(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        [own] = await scene.office.rehearsal.errands(["untrained"], judge=Judge().hired())
        [none] = await scene.office.rehearsal.errands(["untrained"])
    assert (own.verdicts, own.judging_usd) == (len(SCENARIOS), None)
    assert (none.judge, none.verdicts, none.judging_usd) == ("", 0, 0.0)


async def test_judge_and_models_together_must_keep_the_spending_limit(tmp_path: Path) -> None:
    at_openai = {"sarah_model": "gpt-4.1", "sarah_model_url": OPENAI, "sarah_judge_model": "gpt-4.1"}
    async with open_small(tmp_path / "a", **at_openai) as scene:
        judge = judge_of(scene.settings)
        [errand] = await scene.office.rehearsal.errands(["base"], judge=judge)
    assert errand.cost_usd
    assert errand.judging_usd
    # Enough for either of them.
    limit = (max(errand.cost_usd, errand.judging_usd) + errand.cost_usd + errand.judging_usd) / 2
    limited = {**at_openai, "sarah_spending_limit": limit}
    async with open_small(tmp_path / "b", model := ScriptedModel(), **limited) as scene:
        with pytest.raises(DataError) as refused:
            await scene.office.rehearsal.cards(["base"], judge=judge_of(scene.settings))
        for command in ("model evaluate", "model compare"):
            reply = await scene.give(command, model="base", judge="yes")
            assert "more than the spending limit of" in reply.text
        assert model.prompts == []
    answers = SAMPLED * sum(len(scenario.turns) for scenario in SCENARIOS)
    assert str(refused.value).startswith(
        f"base's {answers} answers and gpt-4.1's {SAMPLED * len(SCENARIOS)} verdicts would cost about $"
    )
    assert str(refused.value).endswith(": raise SARAH_SPENDING_LIMIT, or ask for fewer trials.")


# The commands.


async def test_a_comparison_in_a_chat_is_judged_where_that_is_asked_for(home: Path) -> None:
    with tuning_server() as server:
        server.store.answer = "PASS"
        async with open_small(home, **by(server)) as scene:
            for _ in range(2):
                reply = await scene.give("model compare", model="untrained", to="base", trials=1, judge="yes")
                assert "The judge **wise** and the graders agree on " in reply.text
                assert f" of {2 * len(SCENARIOS)} trials" in reply.text
            assert len(server.asked("chat")) == 2 * len(SCENARIOS)
            page = await scene.give("model report", models="base, untrained", trials=1, judge=True)
            assert len(server.asked("chat")) == 2 * len(SCENARIOS)
    [told] = [json.loads(each.content) for each in page.attachments if each.name == "report.json"]
    assert told["judge"]["by"] == [{"model": "wise", "url": server.url}]


async def test_a_judge_that_gives_no_verdict_is_told(home: Path) -> None:
    with tuning_server() as server:
        server.store.answer = "Who knows?"
        async with open_small(home, **by(server)) as scene:
            assert (await scene.give("model compare", model="untrained", judge="yes")).text.endswith(SILENT)
            assert (await scene.give("model report", models="untrained", judge="yes")).text.endswith(SILENT)


async def test_where_no_judge_is_named_nothing_is_asked(tmp_path: Path) -> None:
    async with open_small(tmp_path, model := ScriptedModel()) as scene:
        for command in ("model evaluate", "model compare"):
            reply = await scene.give(command, model="base", judge="yes")
            assert reply.text.startswith("No judge is named: set SARAH_JUDGE_MODEL")
    assert model.prompts == []


async def test_a_model_is_evaluated_and_judged_in_the_background_once(home: Path) -> None:
    wall, gate = Wall(), threading.Event()
    with tuning_server() as server, ExitStack() as stack:
        stack.callback(gate.set)
        server.store.answer = "FAIL"
        server.on("chat", lambda _: held(gate))
        async with open_small(home, **by(server)) as scene:
            scene.admin.serve("discord", wall.notice)
            begun = await scene.give("model evaluate", model="untrained", judge="yes")
            turns = sum(len(scenario.turns) for scenario in SCENARIOS)
            assert begun.text == (
                f"**untrained** answers {turns} questions for nothing. "
                f"wise judges {len(SCENARIOS)} trials for an unknown price."
            )
            await until(lambda: server.asked("chat"))
            meanwhile = await scene.press(begun, "Show the scorecard")
            assert meanwhile.text == "**untrained** has answered, and wise judges its answers."
            gate.set()
            await until(lambda: wall.notices)
            assert "The judge **wise** and the graders agree" in wall.notices[0][1].text
            assert (await scene.press(begun, "Show the scorecard")).text == wall.notices[0][1].text
            assert len(wall.notices) == 1
            assert len(server.asked("chat")) == len(SCENARIOS)


def held(gate: threading.Event) -> None:
    """Keep a server from answering."""
    assert gate.wait(PATIENCE)


# The gate.


@pytest.mark.parametrize(("verdict", "better"), [("FAIL", True), ("PASS", False)])
async def test_no_verdict_lets_a_model_pass_or_keeps_it_out(home: Path, verdict: str, better: bool) -> None:  # noqa: FBT001 - of a table
    opened = open_lamps if better else open_small
    with tuning_server() as server:
        server.store.answer = verdict
        async with opened(home, **by(server)) as scene:
            model = scene.registry.models()[0].id
            judged_so = await scene.give("model compare", model=model, judge="yes")
            assert "The judge **wise**" in judged_so.text
            reply = await scene.give("model promote", model=model)
    assert ("answers from the next message on" in reply.text) is better
    assert "judge" not in reply.text
