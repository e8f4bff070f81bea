"""Models are told apart on the same scenarios, and only where chance does not explain it."""

import random
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.evaluation.kit import card, paired
from training.evaluation.comparison import Comparison, Pair, compared, gate_bound
from training.evaluation.scorecard import Scorecard
from training.evaluation.statistics import detectable_difference, holm, mcnemar, sign_flips, wilson
from training.examples import DataError


def pair(first: Scorecard, second: Scorecard) -> Pair:
    """Return what sets two models apart."""
    (made,) = compared([first, second]).pairs
    return made


@pytest.mark.parametrize(
    ("counts", "verdict", "points"),
    [
        ((59, 6, 16, 80), "not distinguishable", 100 * 10 / 161),
        ((794, 150, 86, 570), "worse", -100 * 64 / 1600),
        ((794, 86, 150, 570), "better", 100 * 64 / 1600),
        ((10, 0, 5, 10), "not distinguishable", 20),
        ((10, 0, 6, 9), "better", 24),
        ((5, 0, 0, 5), "not distinguishable", 0),
    ],
)
def test_a_verdict_is_passed_where_chance_is_less_than_one_in_twenty(
    counts: tuple[int, int, int, int], verdict: str, points: float
) -> None:
    made = pair(*paired(*counts))
    assert made.verdict == verdict
    assert made.difference == pytest.approx(points)
    assert made.p_value == made.adjusted == mcnemar(*counts[1:3])
    assert (len(made.only_baseline), len(made.only_candidate)) == counts[1:3]
    assert made.low < made.difference < made.high


def test_a_pair_names_both_by_their_labels_and_the_scenarios_that_only_one_passes() -> None:
    made = pair(replace(card("m-1", "++--"), label="champion"), card("new", "+-+-"))
    assert (made.baseline, made.candidate) == ("champion", "new")
    assert (made.only_baseline, made.only_candidate, made.p_value) == (("s-1",), ("s-2",), 1.0)


def test_results_are_paired_by_their_ids() -> None:
    first, second = card("old", "+-+"), card("new", "+-+")
    assert pair(first, replace(second, results=second.results[::-1])).only_candidate == ()


def test_scorecards_of_other_scenarios_are_not_compared() -> None:
    message = r"^'old' and 'new' had other scenarios: evaluate both again\.$"
    for other in (card("new", "+++"), replace(card("new", "++"), scenarios="0" * 64)):
        with pytest.raises(DataError, match=message):
            compared([card("old", "++"), other])
        with pytest.raises(DataError, match=message):
            gate_bound(card("old", "++"), other)


def test_nothing_is_not_compared_and_one_alone_has_its_categories() -> None:
    with pytest.raises(DataError, match=r"^There is no model to compare: name at least one\.$"):
        compared([])
    alone = card("old", "+-+-", ("locks", "air"))
    made = compared([alone])
    assert (made.cards, made.pairs) == ((alone,), ())
    assert [(row.name, row.total, row.adjusted, row.verdicts) for row in made.categories] == [
        ("air", 2, (), ()),
        ("locks", 2, (), ()),
    ]
    assert made.categories[0].passed == ((0.0, *wilson(0, 2)),)


def test_the_more_models_are_tried_the_more_must_set_one_apart() -> None:
    first, second = paired(10, 0, 6, 9)
    same = [replace(first, model=f"copy {at}") for at in range(3)]
    alone, *_ = compared([first, second]).pairs
    among, *_ = compared([first, second, *same]).pairs
    assert (alone.p_value, alone.adjusted, alone.verdict) == (0.03125, 0.03125, "better")
    assert (among.p_value, among.adjusted, among.verdict) == (0.03125, 0.125, "not distinguishable")
    assert alone.detectable == 100 * detectable_difference(6 / 25, 25)
    assert among.detectable == 100 * detectable_difference(6 / 25, 25, 0.05 / 4)


def test_categories_are_a_family_for_each_candidate() -> None:
    first = card("old", "-" * 24, ("air", "locks"))
    second = card("new", "+-" * 8 + "-" * 8, ("air", "locks"))
    third = card("newer", "+-" * 12, ("air", "locks"))
    air, locks = compared([first, second, third]).categories
    assert air.adjusted == pytest.approx([holm([mcnemar(0, 8), 1])[0], holm([mcnemar(0, 12), 1])[0]])
    assert air.verdicts == ("better", "better")
    assert (locks.adjusted, locks.verdicts) == ((1.0, 1.0), ("not distinguishable", "not distinguishable"))
    assert air.passed[1] == (8 / 12, *wilson(8, 12))


def test_several_trials_are_compared_by_how_often_each_scenario_passes() -> None:
    first = card("old", ["---"] * 4 + ["+++"] * 4 + ["++-"] * 2)
    second = card("new", ["++-"] * 4 + ["+++"] * 4 + ["---"] * 2)
    made = pair(first, second)
    assert made.p_value == sign_flips([2] * 4 + [0] * 4 + [-2] * 2)
    assert made.difference == pytest.approx(100 * (2 / 3 * 2) / 10)
    # Neither passes in every trial.
    assert (made.only_baseline, made.only_candidate) == ((), ())


def test_a_model_that_is_asked_once_is_compared_with_one_that_is_asked_three_times() -> None:
    made = pair(card("old", "+-" * 10), card("new", ["+++", "++-"] * 10))
    assert made.p_value == sign_flips([0, 2] * 10)
    assert made.verdict == "better"
    assert made.difference == pytest.approx(100 * 2 / 3 / 2)


def test_scores_are_compared_too() -> None:
    made = pair(*paired(20, 0, 40, 20))
    # A failed scenario of the kit meets three of four.
    assert made.score_difference == pytest.approx(100 * 0.25 * 40 / 80)
    assert 0 < made.score_low < made.score_difference < made.score_high


def test_the_gates_bound_is_below_zero_for_equals_and_rises_with_what_a_candidate_wins() -> None:
    equal, ahead = gate_bound(*paired(133, 0, 0, 133)), gate_bound(*paired(133, 0, 30, 103))
    assert equal == pytest.approx(-1.01 - 0.19, abs=0.01)
    assert ahead > 0
    assert gate_bound(*paired(133, 20, 12, 101)) < -3


def test_a_comparison_of_many_scenarios_and_trials_takes_a_moment() -> None:
    outcomes = [random.Random(at).choice(["+++", "++-", "---"]) for at in range(266)]  # noqa: S311 - no secret
    cards = [card(f"m-{at}", outcomes[at:] + outcomes[:at], [f"c-{n}" for n in range(14)]) for at in range(3)]
    compared(cards)
    begun = time.process_time()
    compared(cards)
    # Far more than it takes, for a machine that has other things to do.
    assert time.process_time() - begun < 3


# Whatever the outcomes.

outcomes = st.integers(1, 3).flatmap(
    lambda trials: st.lists(st.tuples(*[st.text("+-", min_size=trials, max_size=trials)] * 2), min_size=1, max_size=40)
)
CATEGORIES = ("air", "locks", "doors")


def both(drawn: list[tuple[str, str]]) -> list[Scorecard]:
    """Return the scorecards of two models."""
    return [card(name, [each[at] for each in drawn], CATEGORIES) for at, name in enumerate(("old", "new"))]


def figures(made: Comparison) -> tuple[object, ...]:
    """Return what a comparison says but for the order of ids."""
    sorted_ids = [
        replace(one, only_baseline=tuple(sorted(one.only_baseline)), only_candidate=tuple(sorted(one.only_candidate)))
        for one in made.pairs
    ]
    return sorted_ids, made.categories


@settings(max_examples=12, deadline=None)
@given(outcomes, st.randoms(use_true_random=False))
def test_the_order_of_scenarios_does_not_matter(drawn: list[tuple[str, str]], shuffling: random.Random) -> None:
    cards = both(drawn)
    mixed = [replace(one, results=tuple(shuffling.sample(one.results, len(one.results)))) for one in cards]
    assert figures(compared(mixed)) == figures(compared(cards))
    assert gate_bound(*mixed) == gate_bound(*cards)


@settings(max_examples=12, deadline=None)
@given(outcomes)
def test_models_that_change_places_change_the_sign(drawn: list[tuple[str, str]]) -> None:
    first, second = both(drawn)
    made, turned = pair(first, second), pair(second, first)
    assert (turned.difference, turned.low, turned.high) == (-made.difference, -made.high, -made.low)
    assert (turned.score_low, turned.score_high) == pytest.approx((-made.score_high, -made.score_low))
    assert (turned.p_value, turned.adjusted, turned.detectable) == (made.p_value, made.adjusted, made.detectable)
    assert (turned.only_baseline, turned.only_candidate) == (made.only_candidate, made.only_baseline)
    other = {"better": "worse", "worse": "better", "not distinguishable": "not distinguishable"}
    assert turned.verdict == other[made.verdict]


@settings(max_examples=12, deadline=None)
@given(outcomes)
def test_identical_models_are_never_told_apart(drawn: list[tuple[str, str]]) -> None:
    first, _ = both(drawn)
    made = compared([first, replace(first, model="copy"), replace(first, model="another")])
    assert {(one.verdict, one.p_value, one.difference) for one in made.pairs} == {("not distinguishable", 1.0, 0.0)}
    assert {verdict for row in made.categories for verdict in row.verdicts} == {"not distinguishable"}
    assert all(one.low < 0 < one.high for one in made.pairs)
