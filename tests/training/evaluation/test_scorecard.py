"""A model is asked every scenario, and a scorecard says which it passes, how often, and at what price."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.kit import DATA
from tests.training.evaluation.kit import card, given, result, scenario
from training.evaluation.scenarios import Scenario
from training.evaluation.scorecard import (
    Given,
    Result,
    Scorecard,
    Trial,
    Unanswered,
    fingerprint,
    read_all,
    scored,
)
from training.evaluation.statistics import wilson
from training.examples import DataError
from training.facts import read_facts

CONTACTS = ("help@zen.example",)
History = Sequence[tuple[str, str]]


# Asking.


async def test_every_turn_is_asked_with_what_was_said_before_it() -> None:
    asked: list[tuple[History, str]] = []

    async def answer(history: History, question: str) -> Given:
        asked.append((history, question))
        return given(f"It is the answer to {question}")

    await scored("m", answer, [scenario("a", "x", "y"), scenario("b", "z")], CONTACTS, at_once=1)
    first = ("a 1?", "It is the answer to a 1?")
    assert asked == [((), "a 1?"), ((first,), "a 2?"), ((), "b 1?")]


async def test_a_scenario_passes_when_every_turn_is_as_expected() -> None:
    async def answer(history: History, _: str) -> Given:
        return given("That is the red one." if not history else "This is the blue one.")

    scenarios = [scenario("good", "red", "blue"), scenario("half", "red", "green", category="doors", critical=True)]
    made = await scored("m", answer, scenarios, CONTACTS, label="round 1", clock=lambda: 7.0)
    answers = (given("That is the red one."), given("This is the blue one."))
    good, half = made.results
    checks = good.trials[0].checks
    assert good == Result(
        id="good",
        category="lights",
        critical=False,
        questions=("good 1?", "good 2?"),
        references=("red", "blue"),
        trials=(Trial(answers, (), checks, checks, None),),
    )
    assert half.trials == (Trial(answers, ("turn 2: says none of 'green'",), checks, checks - 1, None),)
    assert (made.model, made.label, made.at, made.trials) == ("m", "round 1", 7.0, 1)
    assert (made.passed, made.total, made.share) == (1, 2, 0.5)
    assert made.score == (1 + (checks - 1) / checks) / 2
    assert made.by_category == {"doors": (0, 1), "lights": (1, 1)}
    assert (made.critical, [one.id for one in made.critical_failures]) == (1, ["half"])


async def test_a_model_without_a_label_is_called_by_its_name() -> None:
    async def answer(_: History, __: str) -> Given:
        return given("It is x.")

    assert (await scored("m", answer, [scenario("a", "x")], CONTACTS)).label == "m"


async def test_contacts_are_what_offers_a_person() -> None:
    turn = {"user": "u", "reference": "r", "expect": {"refuses": False, "offers_person": True}}
    asked = Scenario.model_validate({"id": "person", "category": "c", "turns": [turn]})

    async def answer(_: History, __: str) -> Given:
        return given("Please write to help@zen.example about that.")

    assert (await scored("m", answer, [asked], CONTACTS)).passed == 1
    assert (await scored("m", answer, [asked], ("555-0100",))).passed == 0


async def test_no_answer_is_a_failure_with_its_reason_and_leaves_the_rest_unmet() -> None:
    async def answer(history: History, question: str) -> Given:
        if question.startswith("b") and history:
            raise Unanswered("the server is down")
        return given("It is x.")

    made = await scored("m", answer, [scenario("a", "x", "x", "x"), scenario("b", "x", "x", "x")], CONTACTS)
    (whole,), (broken,) = (one.trials for one in made.results)
    assert (whole.passed, broken.passed) == (True, False)
    assert broken.failures == ("turn 2: there is no answer (the server is down)",)
    assert broken.answers == (given("It is x."),)
    assert (broken.checks, 3 * broken.met) == (whole.checks, whole.checks)
    assert broken.score == pytest.approx(1 / 3)


async def test_a_model_that_fails_once_is_asked_again_in_the_next_trial() -> None:
    asked = 0

    async def answer(_: History, __: str) -> Given:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise Unanswered("busy")
        return given("It is x.")

    made = await scored("m", answer, [scenario("a", "x")], CONTACTS, trials=3)
    assert [trial.passed for trial in made.results[0].trials] == [False, True, True]
    assert (made.trials, made.passed, made.share) == (3, 0, pytest.approx(2 / 3))


async def test_any_other_exception_ends_it() -> None:
    async def answer(_: History, __: str) -> Given:
        raise KeyError

    with pytest.raises(ExceptionGroup) as raised:
        await scored("m", answer, [scenario("a", "x")], CONTACTS)
    assert raised.group_contains(KeyError)


@pytest.mark.parametrize("at_once", [1, 3])
async def test_so_many_are_asked_at_once_and_the_trials_of_each_in_turn(at_once: int) -> None:
    running: list[str] = []
    most = 0

    async def answer(_: History, question: str) -> Given:
        nonlocal most
        assert question not in running, "the trials of a scenario never overlap"
        running.append(question)
        most = max(most, len(running))
        # The first to ask is the last to be told.
        for _turn in range(20 - int(question[2])):
            await asyncio.sleep(0)
        running.remove(question)
        return given("It is x.")

    scenarios = [scenario(f"s-{number}", "x", "x") for number in range(10)]
    made = await scored("m", answer, scenarios, CONTACTS, trials=2, at_once=at_once)
    assert [one.id for one in made.results] == [one.id for one in scenarios]
    assert most == at_once


async def test_a_judge_is_shown_every_conversation_that_came_to_its_end_and_decides_nothing() -> None:
    shown: list[tuple[str, History]] = []

    async def judge(asked: Scenario, said: History) -> bool | None:
        shown.append((asked.id, said))
        return {"a": False, "b": True}.get(asked.id)

    async def answer(_: History, question: str) -> Given:
        if question.startswith("d"):
            raise Unanswered("down")
        return given("It is x.")

    scenarios = [scenario("a", "x"), scenario("b", "y"), scenario("c", "x"), scenario("d", "x")]
    made = await scored("m", answer, scenarios, CONTACTS, judge=judge, at_once=1)
    assert shown == [(name, ((f"{name} 1?", "It is x."),)) for name in "abc"]
    assert [one.trials[0].judged for one in made.results] == [False, True, None, None]
    assert [one.passed for one in made.results] == [True, False, True, False]


async def test_the_references_of_our_own_scenarios_pass() -> None:
    scenarios = read_all(DATA / "scenarios")
    references = {turn.user: turn.reference for one in scenarios for turn in one.turns}

    async def answer(_: History, question: str) -> Given:
        return given(references[question])

    made = await scored("references", answer, scenarios, read_facts(DATA / "facts.toml").contacts)
    assert (made.passed, made.critical_failures) == (len(scenarios), ())
    assert len(scenarios) > 200


# Reading.


def test_scenarios_are_read_by_file(tmp_path: Path) -> None:
    for name, ids in (("b", "yz"), ("a", "x")):
        told = (json.dumps(scenario(one, "f").model_dump()) for one in ids)
        (tmp_path / f"{name}.jsonl").write_text("\n".join(told), "utf-8")
    (tmp_path / "README.md").write_text("no scenarios", "utf-8")
    assert [one.id for one in read_all(tmp_path)] == ["x", "y", "z"]
    (tmp_path / "c.jsonl").write_text(json.dumps(scenario("x", "f").model_dump()), "utf-8")
    with pytest.raises(DataError, match=r"^The scenario 'x' stands in .* 2 times: "):
        read_all(tmp_path)


def test_a_folder_without_scenarios_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^There are no scenarios in .*none: "):
        read_all(tmp_path / "none")


def test_a_fingerprint_is_of_what_scenarios_ask_and_not_of_their_order() -> None:
    first, second = scenario("a", "x"), scenario("b", "y")
    made = fingerprint([first, second])
    assert made == fingerprint([second, first])
    assert len(bytes.fromhex(made)) == 32
    others = ([first], [first, scenario("b", "z")], [first, scenario("b", "y", critical=True)])
    assert len({made, *map(fingerprint, others)}) == 4


async def test_a_scorecard_bears_the_fingerprint_of_what_was_asked() -> None:
    async def answer(_: History, __: str) -> Given:
        return given("It is x.")

    scenarios = [scenario("a", "x"), scenario("b", "x")]
    assert (await scored("m", answer, scenarios, CONTACTS)).scenarios == fingerprint(scenarios)


# Figures.


def test_a_scenario_passes_when_all_its_trials_do_and_counts_by_how_many_do() -> None:
    made = card("m", ["+++", "++-", "---", "PPF"])
    assert [one.passed for one in made.results] == [True, False, False, False]
    assert [one.rate for one in made.results] == pytest.approx([1, 2 / 3, 0, 2 / 3])
    assert (made.passed, made.share) == (1, pytest.approx(7 / 12))
    assert [one.id for one in made.critical_failures] == ["s-3"]
    assert made.results[1].score == pytest.approx((1 + 1 + 0.75) / 3)


def test_passing_in_a_row_is_averaged_over_the_scenarios() -> None:
    made = card("m", ["+++", "++-", "---"])
    assert [made.pass_hat(k) for k in (1, 2, 3)] == pytest.approx([5 / 9, (1 + 1 / 3) / 3, 1 / 3])
    with pytest.raises(ValueError, match="run more trials"):
        made.pass_hat(4)


def test_an_interval_is_wilsons() -> None:
    assert card("m", "+" * 81 + "-" * 182).interval == pytest.approx(wilson(81, 263))
    assert card("m", ["+++"] * 81 + ["---"] * 182).interval == pytest.approx(wilson(81, 263))


def test_latencies_tokens_and_costs_are_those_of_all_answers() -> None:
    trial = replace(result("s-1", "+").trials[0], answers=tuple(given("x", at, 0.25) for at in range(101)))
    made = replace(card("m", "++"), results=(replace(result("s-1", "++"), trials=(trial, trial)),))
    assert (made.latency_p50, made.latency_p95) == (50, 95)
    assert made.tokens == (10 * 202, 4 * 202)
    assert made.cost == 0.25 * 202


def test_a_cost_of_which_a_part_is_unknown_is_unknown() -> None:
    def priced(*costs: float | None) -> Scorecard:
        trial = replace(result("s-1", "+").trials[0], answers=tuple(given("x", 1, cost) for cost in costs))
        return replace(card("m", "+"), results=(replace(result("s-1", "+"), trials=(trial,)),))

    assert priced(0.5, None).cost is None
    assert priced(0.0, 0.0).cost == 0


def test_nothing_has_no_figures() -> None:
    made = card("m", "")
    assert (made.total, made.share, made.score, made.interval) == (0, 0, 0, (0.0, 1.0))
    assert (made.latency_p50, made.latency_p95, made.cost) == (None, None, 0)
