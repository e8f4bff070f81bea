"""What sets models apart on the same scenarios, and what of it is more than chance."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from training.evaluation.scorecard import Result, Scorecard
from training.evaluation.statistics import (
    Counts,
    detectable_difference,
    holm,
    lower_bounds,
    mcnemar,
    mean,
    paired_bootstrap,
    score_bounds,
    share_interval,
    sign_flips,
)
from training.examples import DataError

Verdict = Literal["better", "worse", "not distinguishable"]

# Two models are told apart when chance alone would set them so far apart less often than that.
SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class Pair:
    """What sets one model, the candidate, apart from the first, the baseline."""

    baseline: str
    candidate: str
    difference: float
    """Percentage points by which the candidate's share is higher; less than 0 where it is lower."""
    low: float
    """The 95 % interval of the difference, in points (score interval, Tango 1998)."""
    high: float
    p_value: float
    """How likely chance alone sets equal models so far apart: exact McNemar, with several trials all sign flips."""
    adjusted: float
    """The same, with regard to how many models are held against the baseline (Holm 1979)."""
    verdict: Verdict
    detectable: float
    """Points: the smallest true difference that would have been seen with 80 % power (Connor 1987).

    At the level of Holm's first step, 0.05 shared by all pairs.
    """
    score_difference: float
    """Points by which the candidate meets more expectations."""
    score_low: float
    """The 95 % interval of that (paired bootstrap)."""
    score_high: float
    only_baseline: tuple[str, ...]
    """Ids of the scenarios that only the baseline passes, in every trial."""
    only_candidate: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Category:
    """One row of the table."""

    name: str
    total: int
    passed: tuple[tuple[float, float, float], ...]
    """For each model its share and the 95 % interval of it, 0 to 1."""
    adjusted: tuple[float, ...]
    """For each model but the first the p-value against it, with regard to how many categories there are (Holm 1979)."""
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Scorecards side by side; the first is what the others are held against."""

    cards: tuple[Scorecard, ...]
    pairs: tuple[Pair, ...]
    categories: tuple[Category, ...]


@dataclass(frozen=True, slots=True)
class _Paired:
    """Two models' results of the same scenarios, in one order."""

    results: tuple[tuple[Result, Result], ...]
    steps: int
    """In how many steps a rate goes from 0 to 1, for both models."""

    @property
    def differences(self) -> list[int]:
        """By how many steps the candidate's rate is higher, scenario by scenario."""
        return [round((after.rate - before.rate) * self.steps) for before, after in self.results]

    @property
    def counts(self) -> Counts:
        """How many scenarios differ by -1, ..., 0, ..., 1, in steps."""
        return np.bincount(np.array(self.differences, dtype=np.int64) + self.steps, minlength=2 * self.steps + 1)

    @property
    def scores(self) -> list[float]:
        """By how much the candidate's score is higher, scenario by scenario."""
        return [after.score - before.score for before, after in self.results]

    @property
    def discordance(self) -> float:
        """The mean square of the differences of rates."""
        return mean([(step / self.steps) ** 2 for step in self.differences])

    @property
    def p_value(self) -> float:
        """How likely chance alone sets equal models so far apart."""
        if self.steps > 1:
            return sign_flips(self.differences)
        return mcnemar(self.differences.count(-1), self.differences.count(1))

    def of(self, category: str) -> "_Paired":
        """Return the results of one category."""
        return replace(self, results=tuple(both for both in self.results if both[0].category == category))


def compared(cards: Sequence[Scorecard]) -> Comparison:
    """Set models against the first; raises DataError when there is none, or they were not asked the same scenarios."""
    if not cards:
        raise DataError("There is no model to compare: name at least one.")
    paired = [_paired(cards[0], card) for card in cards[1:]]
    adjusted = holm([one.p_value for one in paired])
    alpha = SIGNIFICANT / max(len(paired), 1)
    pairs = (_pair(cards[0], *of, alpha) for of in zip(cards[1:], paired, adjusted, strict=True))
    return Comparison(tuple(cards), tuple(pairs), _categories(cards, paired))


def gate_bound(baseline: Scorecard, candidate: Scorecard) -> float:
    """Return how many points better the candidate is at least: the lower one-sided 95 % bound of the difference.

    Below 0 where it may be worse. Raises DataError when they were not asked the same scenarios.
    """
    return 100 * float(lower_bounds(_paired(baseline, candidate).counts)[0])


def _paired(baseline: Scorecard, candidate: Scorecard) -> _Paired:
    after = {result.id: result for result in candidate.results}
    same = {result.id for result in baseline.results} == after.keys()
    if not same or baseline.scenarios != candidate.scenarios:
        raise DataError(f"{baseline.model!r} and {candidate.model!r} had other scenarios: evaluate both again.")
    results = tuple((before, after[before.id]) for before in baseline.results)
    steps = math.lcm(*{len(result.trials) for both in results for result in both})
    return _Paired(results, steps)


def _pair(baseline: Scorecard, candidate: Scorecard, paired: _Paired, adjusted: float, alpha: float) -> Pair:
    low, high = score_bounds(paired.counts)
    score_low, score_high, _ = paired_bootstrap(paired.scores)
    difference = candidate.share - baseline.share
    return Pair(
        baseline=baseline.label,
        candidate=candidate.label,
        difference=100 * difference,
        low=100 * float(low[0]),
        high=100 * float(high[0]),
        p_value=paired.p_value,
        adjusted=adjusted,
        verdict=_verdict(difference, adjusted),
        detectable=100 * detectable_difference(paired.discordance, len(paired.results), alpha),
        score_difference=100 * (candidate.score - baseline.score),
        score_low=100 * score_low,
        score_high=100 * score_high,
        only_baseline=tuple(before.id for before, after in paired.results if before.passed and not after.passed),
        only_candidate=tuple(after.id for before, after in paired.results if after.passed and not before.passed),
    )


def _verdict(difference: float, adjusted: float) -> Verdict:
    if adjusted >= SIGNIFICANT:
        return "not distinguishable"
    return "better" if difference > 0 else "worse"


def _categories(cards: Sequence[Scorecard], paired: Sequence[_Paired]) -> tuple[Category, ...]:
    """Return the rows of the table; each candidate's categories are a family of tests of their own."""
    names = list(cards[0].by_category)
    families = [holm([one.of(name).p_value for name in names]) for one in paired]
    return tuple(_category(cards, name, [family[at] for family in families]) for at, name in enumerate(names))


def _category(cards: Sequence[Scorecard], name: str, adjusted: Sequence[float]) -> Category:
    rates = [[result.rate for result in card.results if result.category == name] for card in cards]
    shares = [mean(each) for each in rates]
    return Category(
        name=name,
        total=len(rates[0]),
        passed=tuple(
            (share, *share_interval(each, card.trials)) for card, share, each in zip(cards, shares, rates, strict=True)
        ),
        adjusted=tuple(adjusted),
        verdicts=tuple(_verdict(share - shares[0], p) for share, p in zip(shares[1:], adjusted, strict=True)),
    )
