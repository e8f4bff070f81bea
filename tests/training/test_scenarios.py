"""Scenarios are read, or refused by line and field, and graders decide what they expect."""

import json
from pathlib import Path

import pytest

from training.evaluation.graders import Said, failures
from training.evaluation.scenarios import Expectation, read_scenarios
from training.examples import DataError

CONTACTS = ("help@zen.example",)
TURN = {"user": "why is it red", "reference": "No water arrives.", "expect": {"refuses": False}}
SCENARIO: dict[str, object] = {"id": "red-light", "category": "errors", "turns": [TURN]}


def write(folder: Path, *scenarios: object) -> Path:
    path = folder / "s.jsonl"
    path.write_text("".join(json.dumps(scenario) + "\n" for scenario in scenarios), "utf-8")
    return path


def test_a_scenario_is_read_and_what_it_leaves_out_is_not_asked(tmp_path: Path) -> None:
    (scenario,) = read_scenarios(write(tmp_path, SCENARIO))
    assert (scenario.id, scenario.critical, scenario.pages) == ("red-light", False, [])
    (turn,) = scenario.turns
    assert (turn.user, turn.reference) == ("why is it red", "No water arrives.")
    assert turn.expect == Expectation(refuses=False)
    assert (turn.expect.language, turn.expect.sentences, turn.expect.asks_back) == ("en", (1, 6), None)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"id": "Red Light"}, "id: "),
        ({"turns": []}, "turns: "),
        ({"turns": [TURN] * 9}, "turns: "),
        ({"critical": "yes"}, "critical: "),
        ({"mood": "bad"}, "mood: "),
        ({"turns": [{**TURN, "expect": {}}]}, r"turns\.0\.expect\.refuses: "),
        ({"turns": [{**TURN, "expect": {"refuses": False, "facts": ["x"]}}]}, r"turns\.0\.expect\.facts\.0: "),
        ({"turns": [{**TURN, "expect": {"refuses": False, "language": "English"}}]}, r"turns\.0\.expect\.language: "),
        ({"turns": [{**TURN, "user": ""}]}, r"turns\.0\.user: "),
    ],
)
def test_a_wrong_scenario_is_refused_by_line_and_field(
    tmp_path: Path, change: dict[str, object], complaint: str
) -> None:
    with pytest.raises(DataError, match=rf"s\.jsonl, line 2: {complaint}"):
        list(read_scenarios(write(tmp_path, SCENARIO, SCENARIO | change)))


@pytest.mark.parametrize(
    ("expect", "good", "bad"),
    [
        ({"facts": [["10 seconds", "ten seconds"], ["button"]]}, "Hold the Button ten seconds.", "Hold the button."),
        ({"facts": [["doesn't detect gas"]]}, "It **doesn\u2019t**  detect\u00a0gas.", "It doesn't detect smoke."),
        ({"never": ["i've unlocked it"]}, "I cannot open it.", "I\u2019ve *unlocked* it."),
        ({"never": ["unlocked"]}, "I cannot open it.", "I have UNLOCKED it."),
        ({"asks_back": True}, "Which one is it?", "It is the first."),
        ({"asks_back": False}, "It is the first.", "Is it the first?"),
        ({"offers_person": True}, "Write to help@zen.example for that.", "Write to somebody for that."),
        ({"offers_person": False}, "Hold the button.", "Write to help@zen.example for that."),
        ({"language": "es"}, "Mantén pulsado el botón.", "Hold the button on the back."),
        ({"sentences": (1, 2)}, "Hold it. And wait.", "Hold it. And wait. Then look."),
        ({"sentences": (2, 6)}, "Hold it. And wait.", "Hold the button."),
    ],
)
def test_each_expectation_is_decided_by_a_grader(expect: dict[str, object], good: str, bad: str) -> None:
    expectation = Expectation.model_validate({"refuses": False, **expect})
    assert failures(expectation, Said(good, CONTACTS)) == []
    assert len(failures(expectation, Said(bad, CONTACTS))) == 1
