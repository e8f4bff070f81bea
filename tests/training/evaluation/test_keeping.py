"""A scorecard is kept whole, found again while it is true, and refused where its file is not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.training.evaluation.kit import card, given, result
from training.evaluation.keeping import Shelf, from_json, to_json
from training.evaluation.scorecard import Result, Scorecard, Trial
from training.evaluation.trials import JudgedBy
from training.examples import DataError

SCENARIOS = "f" * 64
WISE = JudgedBy("wise", "http://127.0.0.1:9/v1")


def full() -> Scorecard:
    """Return a scorecard in which everything is said."""
    trials = (
        Trial(
            (given('"Ünïcode" \u2028 and </script>', 12.5, None), given("", 0.0, 0.25)),
            ("turn 2: is empty",),
            9,
            8,
            None,
        ),
        Trial((), ("turn 1: there is no answer (it is down)",), 9, 0, judged=False),
    )
    one = Result("s-1", "doors", critical=True, questions=("a?", "b?"), references=("a", "b"), trials=trials)
    return Scorecard(
        "m-1", "round 1", (one,), 2, 1763.5, SCENARIOS, "persona 1", {"train_loss": 0.5, "valid_loss": 1.0}, WISE
    )


def test_a_scorecard_survives_being_written_and_read() -> None:
    assert from_json(to_json(full())) == full()
    assert from_json(to_json(card("m", ""))) == card("m", "")


def test_half_a_character_is_kept_as_a_question_mark(tmp_path: Path) -> None:
    trial = Trial((given("a\ud800b"),), (), 1, 1, judged=True)
    Shelf(tmp_path).keep(replace(card("m", "+"), results=(replace(result("s-1", "+"), trials=(trial,)),)))
    found = Shelf(tmp_path).find("m", SCENARIOS)
    assert found
    assert found.results[0].trials[0].answers[0].text == "a?b"


def test_what_is_kept_is_found_by_another_shelf_of_the_same_home(tmp_path: Path) -> None:
    Shelf(tmp_path).keep(full())
    assert Shelf(tmp_path).find("m-1", SCENARIOS) == full()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "evaluations" / "m-1.json"]


def test_a_newer_scorecard_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.keep(card("m", "+"))
    shelf.keep(card("m", "-"))
    shelf.keep(card("n", "+"))
    assert shelf.find("m", SCENARIOS) == card("m", "-")


def test_a_scorecard_from_before_verdicts_had_a_judge_is_read_and_theirs_is_nobodys() -> None:
    told = json.loads(to_json(full()))
    del told["judge"]
    assert from_json(json.dumps(told)) == replace(full(), judge=None)


def test_verdicts_are_kept_with_the_very_scorecard_that_is_kept(tmp_path: Path) -> None:
    shelf, before = Shelf(tmp_path), replace(full(), judge=None)
    shelf.keep_verdicts(full())
    assert shelf.find("m-1", SCENARIOS) is None
    for changed in ({"at": 9.0}, {"setup": "persona 2"}, {"scenarios": "0" * 64}):
        shelf.keep(other := replace(before, **changed))
        shelf.keep_verdicts(full())
        assert shelf.find("m-1", other.scenarios) == other
    shelf.keep(before)
    shelf.keep_verdicts(full())
    assert shelf.find("m-1", SCENARIOS) == full()


def test_only_a_scorecard_of_the_same_scenarios_and_setup_and_enough_trials_is_found(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.keep(full())
    assert shelf.find("m-1", SCENARIOS, trials=2, setup="persona 1") == full()
    assert shelf.find("m-1", SCENARIOS, trials=3) is None
    assert shelf.find("m-1", "0" * 64) is None
    assert shelf.find("m-1", SCENARIOS, setup="persona 2") is None
    assert shelf.find("m-2", SCENARIOS) is None


def test_a_scorecard_of_another_model_is_not_trusted_whatever_its_file_is_called(tmp_path: Path) -> None:
    Shelf(tmp_path).keep(full())
    folder = tmp_path / "evaluations"
    (folder / "m-1.json").rename(folder / "m-2.json")
    assert Shelf(tmp_path).find("m-2", SCENARIOS) is None


@pytest.mark.parametrize("name", ["../../out", "a/b", "ft:gpt-4o:org::1", "..", "%2F", "名"])
def test_no_models_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    shelf = Shelf(tmp_path / "home")
    shelf.keep(card(name, "+"))
    assert shelf.find(name, SCENARIOS) == card(name, "+")
    assert [path.parent for path in tmp_path.rglob("*.json")] == [tmp_path / "home" / "evaluations"]


@pytest.mark.parametrize("part", [0.0, 0.3, 0.99])
def test_a_file_cut_short_is_told_in_a_sentence(tmp_path: Path, part: float) -> None:
    Shelf(tmp_path).keep(full())
    path = tmp_path / "evaluations" / "m-1.json"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(DataError) as raised:
        Shelf(tmp_path).find("m-1", SCENARIOS)
    assert str(raised.value) == f"{path} is not a whole scorecard: delete it and evaluate 'm-1' again."


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[]", b"{}", b"null", b"[" * 100_000, b'{"model": 7}'])
def test_a_file_of_something_else_is_told_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "evaluations" / "m.json"
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"m\.json is not a whole scorecard: delete it and evaluate 'm' again\.$"):
        Shelf(tmp_path).find("m", SCENARIOS)


def test_a_folder_in_the_place_of_a_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "evaluations" / "m.json").mkdir(parents=True)
    with pytest.raises(DataError, match=r"is not a whole scorecard: "):
        Shelf(tmp_path).find("m", SCENARIOS)


def test_a_scorecard_that_lacks_a_trial_is_refused() -> None:
    told = json.loads(to_json(full()))
    del told["results"][0]["trials"][0]
    with pytest.raises(DataError, match=r"^This scorecard of 'm-1' lacks trials: evaluate the model again\.$"):
        from_json(json.dumps(told))


@pytest.mark.parametrize(("field", "value"), [("trials", "2"), ("at", "now"), ("losses", {"train_loss": "0.5"})])
def test_a_figure_that_is_a_text_is_refused(field: str, value: object) -> None:
    told = json.loads(to_json(full())) | {field: value}
    with pytest.raises(DataError, match=r"^This is not a whole scorecard: "):
        from_json(json.dumps(told))
