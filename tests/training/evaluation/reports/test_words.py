"""Figures and verdicts are said the same everywhere, and what nobody knows is called unknown."""

from dataclasses import replace

import pytest

from tests.training.evaluation.reports.kit import card, comparison, result, trial
from training.evaluation.reports import words


@pytest.mark.parametrize(
    ("cost", "told"),
    [(None, "unknown"), (0.0, "free"), (0.00123, "$0.0012"), (0.01, "$0.01"), (1234.5, "$1,234.50")],
)
def test_an_unknown_price_is_not_free(cost: float | None, told: str) -> None:
    assert words.dollars(cost) == told


@pytest.mark.parametrize(
    ("value", "told"), [(None, "unknown"), (float("nan"), "unknown"), (7.4, "7 ms"), (999, "999 ms"), (1250, "1.2 s")]
)
def test_a_latency_is_told_in_the_unit_that_people_would_say(value: float | None, told: str) -> None:
    assert words.milliseconds(value) == told


def test_a_difference_has_its_sign_and_nothing_is_not_negative() -> None:
    assert [words.points(value) for value in (3.25, -3.26, -0.01, 0)] == ["+3.2", "-3.3", "+0.0", "+0.0"]


def test_a_difference_that_may_be_chance_is_told_with_what_would_have_been_seen() -> None:
    pair = replace(comparison("+" * 20 + "-" * 20, "+" * 21 + "-" * 19).pairs[0], detectable=9.04)
    told = words.verdict(pair)
    assert told.startswith("one is not distinguishable from base: the difference may be chance (+2.5 points, 95% ")
    assert told.endswith("; a true difference of 9.0 points or more would have been seen four times in five.")


@pytest.mark.parametrize("nothing", [float("inf"), float("nan"), 250.0])
def test_too_few_scenarios_are_told(nothing: float) -> None:
    pair = replace(comparison("+-", "++").pairs[0], detectable=nothing)
    assert words.verdict(pair).endswith("; so few scenarios would hardly have shown any difference.")


def test_a_difference_beyond_chance_is_told_without_doubt() -> None:
    worse = words.verdict(comparison("+" * 40, "+" * 20 + "-" * 20).pairs[0])
    assert worse.startswith("one is worse than base, by more than chance (-50.0 points, 95% interval -")
    assert worse.endswith(", p < 0.001).")
    assert words.verdict(comparison("-" * 40, "+" * 40).pairs[0]).startswith("one is better than base, ")


def test_the_verdict_is_said_with_the_p_value_that_it_rests_on() -> None:
    pair = replace(comparison("+" * 20, "-" + "+" * 19).pairs[0], p_value=0.021, adjusted=0.063)
    assert "p = 0.063" in words.verdict(pair)


def test_a_model_is_called_by_its_label_and_its_id_is_told_where_it_is_another() -> None:
    results = [result("s", trial("a"))]
    assert words.names(card("round 1", results, model="embedded-1a2b")) == "round 1 (embedded-1a2b)"
    assert words.names(card("base", results)) == "base"
