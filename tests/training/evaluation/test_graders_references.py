"""The graders agree with the scenarios' own references, and with nothing that merely looks like an answer."""

from itertools import cycle
from pathlib import Path

import pytest

from tests.kit import DATA, OTHER_DATA
from training.evaluation.declining import declines
from training.evaluation.graders import Said, failures
from training.evaluation.scenarios import Scenario
from training.evaluation.scorecard import read_all
from training.examples import read_examples
from training.facts import read_facts
from training.origins import read_origins

SCENARIOS = read_all(DATA / "scenarios")
CONTACTS = read_facts(DATA / "facts.toml").contacts
# What examples teach where an answer is all that is wanted.
TAUGHT_TO_ANSWER = {"contextual-understanding", "error-handling", "knowledge-base", "misspelt", "safety", "repair"}


def passes(scenario: Scenario, *answers: str) -> bool:
    turns = zip(scenario.turns, cycle(answers), strict=False)
    return not any(failures(turn.expect, Said(answer, CONTACTS)) for turn, answer in turns)


def references(scenario: Scenario) -> list[str]:
    return [turn.reference for turn in scenario.turns]


@pytest.mark.parametrize("folder", [DATA, OTHER_DATA], ids=["zennest", "brightwater"])
def test_every_reference_passes_every_grader(folder: Path) -> None:
    contacts = read_facts(folder / "facts.toml").contacts
    turns = [turn for scenario in read_all(folder / "scenarios") for turn in scenario.turns]
    assert [turn.user for turn in turns if failures(turn.expect, Said(turn.reference, contacts))] == []


@pytest.mark.parametrize("answer", ["", " \n", "...", "\u200b", "Hold. " * 500])
def test_an_answer_that_says_nothing_passes_no_scenario(answer: str) -> None:
    assert [scenario.id for scenario in SCENARIOS if passes(scenario, answer)] == []


def test_the_references_of_another_scenario_fail_ninety_five_times_in_a_hundred() -> None:
    shifts = range(1, len(SCENARIOS), 53)
    pairs = [
        (scenario, SCENARIOS[(at + shift) % len(SCENARIOS)])
        for at, scenario in enumerate(SCENARIOS)
        for shift in shifts
    ]
    passed = sum(passes(scenario, *references(other)) for scenario, other in pairs)
    print(f"{passed} of {len(pairs)} pass with another's references")  # noqa: T201 - a figure
    assert passed / len(pairs) <= 0.05


def test_no_reference_that_answers_is_taken_for_one_that_declines() -> None:
    answering = [turn.reference for scenario in SCENARIOS for turn in scenario.turns if not turn.expect.refuses]
    assert len(answering) > 500
    assert [answer for answer in answering if declines(answer)] == []


def test_hardly_an_example_that_answers_is_taken_for_one_that_declines() -> None:
    teaching = {
        (origin.file, origin.question)
        for origin in read_origins(DATA / "examples" / "origins.csv")
        if origin.category in TAUGHT_TO_ANSWER and origin.pages
    }
    answers = [
        message.content
        for path in sorted((DATA / "examples").glob("*.jsonl"))
        for example in read_examples(path)
        if (path.name, example.first_question) in teaching
        for message in example.messages
        if message.role == "assistant"
    ]
    assert len(answers) > 100
    assert sum(map(declines, answers)) <= 0.01 * len(answers)
