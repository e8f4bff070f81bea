"""Figures are those of published examples, of scipy, and of simulations."""

import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as untyped

from training.evaluation.statistics import (
    Counts,
    detectable_difference,
    holm,
    lower_bounds,
    mcnemar,
    paired_bootstrap,
    pass_hat_k,
    percentile,
    score_bounds,
    share_interval,
    sign_flips,
    wilson,
)

# scipy says nothing of its types.
scipy = cast("Any", untyped)


@pytest.mark.parametrize(
    ("passed", "total", "low", "high"),
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_intervals_are_those_of_newcombes_table(passed: int, total: int, low: float, high: float) -> None:
    assert wilson(passed, total) == pytest.approx((low, high), abs=0.00005)


@given(st.integers(1, 500), st.sampled_from([0.8, 0.95, 0.998]), st.data())
def test_intervals_of_every_level_are_those_of_scipy(total: int, level: float, data: st.DataObject) -> None:
    passed = data.draw(st.integers(0, total))
    theirs = scipy.binomtest(passed, total).proportion_ci(level, method="wilson")
    assert wilson(passed, total, level) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_of_nothing_everything_is_possible() -> None:
    assert wilson(0, 0) == share_interval([], 3) == (0.0, 1.0)
    assert percentile([], 50) is None
    assert detectable_difference(0.2, 0) == 1.0
    assert paired_bootstrap([]) == (0.0, 0.0, 1.0)


def test_with_one_trial_a_share_has_wilsons_interval() -> None:
    assert share_interval([1.0] * 81 + [0.0] * 182, 1) == pytest.approx(wilson(81, 263))


def test_trials_that_all_agree_tell_no_more_than_one() -> None:
    assert share_interval([1.0] * 30 + [0.0] * 10, 5) == pytest.approx(wilson(30, 40))
    assert share_interval([1.0] * 40, 5) == wilson(40, 40)


def test_trials_that_differ_at_random_count_each_and_never_more() -> None:
    rates = np.random.default_rng(4).binomial(5, 0.7, 2_000) / 5
    ours, all_count = share_interval(rates.tolist(), 5), wilson(rates.sum() * 5, 10_000)
    assert ours == pytest.approx(all_count, abs=0.001)
    for alike in ([0.6] * 40, [0.4, 0.8] * 20):
        assert share_interval(alike, 5) == pytest.approx(wilson(120, 200))


def test_passing_in_a_row_is_counted_without_bias() -> None:
    assert [pass_hat_k(3, 4, k) for k in (1, 2, 3, 4)] == [3 / 4, 3 / 6, 1 / 4, 0.0]
    # The mean over all that four throws may show is the chance of k in a row.
    for k, chance in ((1, 0.7), (2, 0.49), (3, 0.343)):
        shown = (math.comb(4, c) * 0.7**c * 0.3 ** (4 - c) * pass_hat_k(c, 4, k) for c in range(5))
        assert sum(shown) == pytest.approx(chance)


@pytest.mark.parametrize("k", [0, 4])
def test_more_in_a_row_than_there_were_trials_is_refused(k: int) -> None:
    with pytest.raises(ValueError, match=rf"^{k} passes in a row cannot be told from 3 trials"):
        pass_hat_k(3, 3, k)


@pytest.mark.parametrize(
    ("only_first", "only_second", "p_value"),
    [
        (150, 86, 3.716e-05),  # Agresti 1990, approval of the prime minister, as in Fay's "Exact McNemar's test"
        (6, 16, 0.0525),  # the second example of Wikipedia's "McNemar's test", whose exact value is 0.053
        (0, 5, 0.0625),  # 2 * 0.5 ** 5
        (0, 6, 0.03125),
        (3, 3, 1.0),
        (0, 0, 1.0),
    ],
)
def test_chance_is_that_of_published_mcnemar_tests(only_first: int, only_second: int, p_value: float) -> None:
    assert mcnemar(only_first, only_second) == pytest.approx(p_value, rel=1e-3)
    assert mcnemar(only_second, only_first) == mcnemar(only_first, only_second)


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
def test_sign_flips_of_single_steps_are_mcnemars_test(only_first: int, only_second: int, neither: int) -> None:
    differences = [-1] * only_first + [1] * only_second + [0] * neither
    assert sign_flips(differences) == pytest.approx(mcnemar(only_first, only_second), abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(-3, 3), min_size=2, max_size=11))
def test_sign_flips_are_those_of_scipys_permutation_test(differences: list[int]) -> None:
    theirs = scipy.permutation_test(
        (np.array(differences),), np.sum, permutation_type="samples", n_resamples=math.inf
    ).pvalue
    # Two-sided, scipy doubles the smaller tail.
    assert sign_flips(differences) == pytest.approx(min(1.0, theirs))


def test_equal_models_are_rarely_told_apart_by_sign_flips() -> None:
    random = np.random.default_rng(8)
    chances = random.beta(0.7, 0.3, (1_000, 60))
    differences = random.binomial(3, chances) - random.binomial(3, chances)
    found = np.mean([sign_flips(row.tolist()) < 0.05 for row in differences])
    assert 0.03 < found <= 0.06


def test_p_values_are_adjusted_as_in_holms_procedure() -> None:
    # The example of Wikipedia's "Holm-Bonferroni method": at 0.05 the first and the last are rejected.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    # Two families worked out by R: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm").
    assert holm([0.01, 0.02, 0.03, 0.04, 0.05]) == pytest.approx((0.05, 0.08, 0.09, 0.09, 0.09))
    assert (holm([]), holm([0.2]), holm([0.7, 0.9])) == ((), (0.2,), (1.0, 1.0))


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        # Bentur et al. 2009, 21 children, in Fagerland, Lydersen and Laake 2014, "Recommended tests and confidence
        # intervals for paired binomial proportions", table VII.
        ((7, 13, 1), -0.517, -0.026),
        # None of 44 differs: z**2 / (44 + z**2) to either side.
        ((0, 44, 0), -0.0803, 0.0803),
    ],
)
def test_intervals_of_paired_differences_are_tangos(counts: Sequence[int], low: float, high: float) -> None:
    ours = score_bounds(np.array(counts))
    assert (float(ours[0][0]), float(ours[1][0])) == pytest.approx((low, high), abs=0.0005)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 200))
def test_a_bound_with_one_trial_solves_tangos_equation(worse: int, better: int, same: int) -> None:
    low = float(score_bounds(np.array([worse, same, better]))[0][0])
    total = worse + better + same
    # Tango 1998, Statistics in Medicine 17, 891-908, equations 20 to 24, for the difference better - worse.
    b = -better - worse + (2 * total - better + worse) * low
    c = -worse * low * (1 - low)
    q21 = (math.sqrt(b * b - 8 * total * c) - b) / (4 * total)
    statistic = (better - worse - total * low) / math.sqrt(total * (2 * q21 + low * (1 - low)))
    assert statistic == pytest.approx(1.959964, abs=0.001)


def test_bounds_of_several_trials_are_no_wider_than_the_worst_of_one_and_close_around_the_mean() -> None:
    one, three = np.array([20, 226, 20]), np.array([20, 0, 0, 226, 0, 0, 20])
    assert np.allclose(score_bounds(one), score_bounds(three), atol=1e-6)
    # Where rates differ by thirds only, less is in doubt.
    assert score_bounds(np.array([0, 0, 20, 226, 20, 0, 0]))[0] > score_bounds(one)[0] / 2
    with_a_bound = np.hstack(score_bounds(np.array([5, 9, 30, 150, 40, 12, 20])))
    middle = (20 - 5 + (12 - 9) * 2 / 3 + (40 - 30) / 3) / 266
    assert with_a_bound[0] < middle < with_a_bound[1]


@pytest.mark.parametrize("steps", [1, 3])
def test_no_difference_that_was_seen_still_leaves_room_for_one(steps: int) -> None:
    counts = np.zeros(2 * steps + 1, dtype=np.int64)
    counts[steps] = 266
    low, high = score_bounds(counts)
    assert low[0] == pytest.approx(-0.0142, abs=0.0001)
    assert high[0] == -low[0]
    assert lower_bounds(counts)[0] == pytest.approx(-0.0101 - 0.5 / steps / 266, abs=0.0001)


def _promoted(counts: Counts) -> float:
    """Return how often the lower bound lies above 3 points less."""
    distinct, at = np.unique(counts, axis=0, return_inverse=True)
    return float(np.mean((lower_bounds(distinct) > -0.03)[at.ravel()]))


@pytest.mark.parametrize("discordance", [0.03, 0.035, 0.06, 0.1, 0.2, 0.4])
def test_a_lower_bound_keeps_its_level_with_few_differing_pairs_and_many(discordance: float) -> None:
    worse, better = (discordance + 0.03) / 2, (discordance - 0.03) / 2
    counts = np.random.default_rng(3).multinomial(266, [worse, 1 - discordance, better], 20_000)
    assert 0.025 < _promoted(counts) <= 0.05


@pytest.mark.parametrize("base", [0.5, 0.9, 0.98])
def test_a_lower_bound_of_three_trials_keeps_its_level(base: float) -> None:
    random = np.random.default_rng(5)
    before = random.beta(base, 1 - base, (3_000, 266))
    differences = random.binomial(3, before * (base - 0.03) / base) - random.binomial(3, before)
    counts = np.stack([(differences == step).sum(axis=1) for step in range(-3, 4)], axis=1)
    # Three thousand simulations may be off by 0.012.
    assert 0.02 < _promoted(counts) <= 0.05 + 0.012


def test_a_bootstrap_is_that_of_scipy() -> None:
    differences = np.random.default_rng(6).choice([-1, -0.5, 0, 0.25, 1], 266, p=[0.05, 0.1, 0.6, 0.15, 0.1])
    theirs = scipy.bootstrap((differences,), np.mean, method="percentile", rng=7).confidence_interval
    low, high, p_value = paired_bootstrap(differences.tolist())
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=0.004)
    spread = float(differences.std()) / math.sqrt(266)
    expected = 2 * scipy.norm.sf(abs(differences.mean()) / spread)
    assert p_value == pytest.approx(expected, abs=0.015)


def test_a_bootstrap_is_the_same_every_time_and_another_with_another_seed() -> None:
    differences = [0.1 * (at % 7) - 0.2 for at in range(60)]
    assert paired_bootstrap(differences) == paired_bootstrap(differences[::-1])
    assert paired_bootstrap(differences, seed=1) != paired_bootstrap(differences, seed=2)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([-1.0, -0.25, 0.0, 0.5, 1.0]), min_size=1, max_size=60))
def test_a_bootstrap_turned_round_has_the_other_sign(differences: list[float]) -> None:
    low, high, p_value = paired_bootstrap(differences)
    assert paired_bootstrap([-each for each in differences]) == (-high, -low, p_value)


@pytest.mark.parametrize(("discordance", "difference"), [(0.2, 0.08), (0.4, 0.1), (0.1, 0.05)])
def test_a_detectable_difference_solves_connors_equation(discordance: float, difference: float) -> None:
    z_alpha, z_beta = scipy.norm.isf(0.025), scipy.norm.isf(0.2)
    root = z_alpha * math.sqrt(discordance) + z_beta * math.sqrt(discordance - difference**2)
    pairs = round(root**2 / difference**2)
    assert detectable_difference(discordance, pairs) == pytest.approx(difference, rel=0.005)


@pytest.mark.parametrize("discordance", [0.0, 0.1, 0.3])
def test_a_detectable_difference_is_detected_four_times_of_five(discordance: float) -> None:
    difference = detectable_difference(discordance, 266)
    differing = max(discordance, difference)
    worse, better = (differing - difference) / 2, (differing + difference) / 2
    drawn = np.random.default_rng(9).multinomial(266, [worse, better, 1 - worse - better], 1_000).tolist()
    found = np.mean([mcnemar(only_first, only_second) < 0.05 for only_first, only_second, _ in drawn])
    # The formula is for the test without its correction; the exact one finds a little less.
    assert 0.72 < found < 0.84


def test_no_difference_seen_does_not_make_the_least_difference_detectable() -> None:
    assert detectable_difference(0.0, 266) == pytest.approx(0.0292, abs=0.0001)
    assert detectable_difference(0.2, 266, 0.05 / 4) > detectable_difference(0.2, 266)
    # Five pairs that all differ in one way have a p-value of 0.0625.
    assert detectable_difference(1.0, 5) == 1.0 > detectable_difference(0.5, 6)
