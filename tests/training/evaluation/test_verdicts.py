"""Verdicts belong to the judge that gave them."""

from dataclasses import replace

from tests.training.evaluation.kit import card, given, result
from training.evaluation import verdicts
from training.evaluation.scorecard import Scorecard, Trial
from training.evaluation.trials import JudgedBy

WISE, OTHER = JudgedBy("wise", "http://127.0.0.1:1/v1"), JudgedBy("other", "http://127.0.0.1:1/v1")


def said(made: Scorecard) -> list[bool | None]:
    """Return the verdicts, trial by trial."""
    return [trial.judged for result in made.results for trial in result.trials]


def test_a_verdict_stands_in_its_own_trial() -> None:
    made = verdicts.given(verdicts.of_judge(card("m", ["+-", "-+"]), WISE), {("s-0", 1): True, ("s-1", 0): False})
    assert (said(made), made.judge) == ([None, True, False, None], WISE)
    more = verdicts.given(made, {("s-0", 0): False})
    assert said(more) == [False, True, False, None]
    assert verdicts.given(made, {}) == made


def test_verdicts_of_another_judge_and_of_nobody_known_are_forgotten() -> None:
    made = verdicts.given(verdicts.of_judge(card("m", "++"), WISE), {("s-0", 0): True})
    assert verdicts.of_judge(made, WISE) == made
    assert verdicts.of_judge(made, OTHER) == replace(card("m", "++"), judge=OTHER)
    assert verdicts.of_judge(made, replace(WISE, url="http://127.0.0.1:2/v1")).judge != WISE
    assert verdicts.of_judge(made, None) == card("m", "++")
    assert said(verdicts.of_judge(replace(made, judge=None), WISE)) == [None, None]


def test_what_is_missing_is_each_trial_that_has_all_its_answers_and_no_verdict() -> None:
    whole, cut = (
        Trial((given("It is."),), (), 1, 1, None),
        Trial((), ("turn 1: there is no answer (down)",), 1, 0, None),
    )
    one = replace(result("s-0", "+"), trials=(replace(whole, judged=False), whole, cut))
    assert verdicts.missing(replace(card("m", "+"), results=(one,))) == {("s-0", 1): (("Is it?", "It is."),)}
