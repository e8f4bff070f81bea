"""What figures of a few hundred scenarios can tell, and what may be chance."""

import math
from collections.abc import Sequence
from functools import cache
from statistics import NormalDist
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

RESAMPLES = 10_000
_SEED = 1979
# Halvings, after which a bound is known to a millionth and the weights behind it to far less.
_OUTER, _INNER = 24, 40


def mean(values: Sequence[float]) -> float:
    """Return the mean; 0 of nothing."""
    return math.fsum(values) / len(values) if values else 0.0


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Return the value below which so many percent lie; None of nothing."""
    return float(np.percentile(values, percent)) if values else None


def wilson(passed: float, total: float, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of a share at a confidence level (Wilson 1927); of nothing, everything is possible.

    Both may be parts of a whole: where trials of one scenario resemble each other, they count for fewer.
    """
    if not total:
        return 0.0, 1.0
    z, share = _z(1 - level), passed / total
    middle = share + z**2 / (2 * total)
    reach = z * math.sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2)
    low, high = ((middle + sign * reach) / (1 + z**2 / total) for sign in (-1, 1))
    return (low if passed else 0.0), (high if passed < total else 1.0)


def share_interval(rates: Sequence[float], trials: int) -> tuple[float, float]:
    """Return the 95 % interval of the mean of scenarios' pass rates, each of so many trials.

    Wilson's, at the effective number of trials: what would have varied so much had all been independent (Kish 1965;
    for intervals Korn and Graubard 1998). With one trial it is Wilson's own; with several it lies between that
    and Wilson's for trials that have nothing to do with each other.
    """
    share, count = mean(rates), len(rates)
    between = mean([(rate - share) ** 2 for rate in rates])
    if not 0 < share < 1:
        effective = float(count)
    else:
        effective = min(count * trials, count * share * (1 - share) / between) if between else float(count * trials)
    return wilson(share * effective, effective)


def pass_hat_k(passes: int, trials: int, k: int) -> float:
    """Return the unbiased estimate that k trials in a row pass, C(passes, k) / C(trials, k).

    Yao et al. 2024, "tau-bench". Raises ValueError for more in a row than there were trials.
    """
    if not 1 <= k <= trials:
        raise ValueError(f"{k} passes in a row cannot be told from {trials} trials: run more trials.")
    return math.comb(passes, k) / math.comb(trials, k)


def mcnemar(only_first: int, only_second: int) -> float:
    """Return how likely equal models differ at least so much in what only one of them passes (McNemar 1947, exact)."""
    from scipy import stats  # noqa: PLC0415 - half a second, for figures only

    differing = only_first + only_second
    if not differing:
        return 1.0
    # scipy says nothing of its types.
    return float(cast("Any", stats).binomtest(only_first, differing).pvalue)


def sign_flips(differences: Sequence[int]) -> float:
    """Return how likely the sum of differences is at least so far from 0 when each had either sign by chance.

    Fisher's randomisation test (1935), two-sided, over all sign flips rather than a sample of them. Of differences
    of 1 it is the exact McNemar test; of rates over several trials, in whole steps, what that becomes. Preferred to
    the p-value of a bootstrap, which is too small where few scenarios differ.
    """
    sizes, times = np.unique(np.abs(np.asarray(differences, dtype=np.int64)), return_counts=True)
    chances = np.ones(1)
    for size, count in zip(sizes.tolist(), times.tolist(), strict=True):
        if size:
            # So many steps up of 0 to `count`, each two sizes apart: the sum of that many signs, from the lowest.
            spread = np.zeros(2 * size * count + 1)
            spread[:: 2 * size] = _coin(count)
            chances = np.convolve(chances, spread)
    sums = np.arange(len(chances)) - (len(chances) - 1) // 2
    return min(1.0, float(chances[np.abs(sums) >= abs(sum(differences))].sum()))


@cache
def _coin(tosses: int) -> Floats:
    """Return how likely so many tosses show heads 0, 1, ... times."""
    ways = 2**tosses
    return np.array([math.comb(tosses, heads) / ways for heads in range(tosses + 1)])


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return p-values adjusted for how many there are (Holm 1979), in their order."""
    adjusted, least = [0.0] * len(p_values), 0.0
    for rank, at in enumerate(sorted(range(len(p_values)), key=lambda at: p_values[at])):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[at]))
        adjusted[at] = least
    return tuple(adjusted)


def paired_bootstrap(differences: Sequence[float], seed: int = _SEED) -> tuple[float, float, float]:
    """Return the 95 % percentile interval of the mean of paired differences, and the p-value of none (Efron 1979).

    10,000 resamples of the scenarios. Where no pair differs the interval is a point: this tells of the scenarios
    asked, not of how rare a difference may be (`score_bounds` does).
    """
    if not differences:
        return 0.0, 0.0, 1.0
    # In one order and with one sign, so that neither the order of scenarios nor that of the models plays a part.
    values = sorted(differences)
    mirrored = sorted(-value for value in values)
    if mirrored > values:
        low, high, p_value = paired_bootstrap(mirrored, seed)
        return -high, -low, p_value
    distinct, times = np.unique(values, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(values), times / len(values), size=RESAMPLES)
    means = drawn @ distinct / len(values)
    low, high = np.quantile(means, [0.025, 0.975])
    beyond = min(int((means <= 0).sum()), int((means >= 0).sum()))
    return float(low), float(high), min(1.0, 2 * (beyond + 1) / (RESAMPLES + 1))


def score_bounds(counts: Counts, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return the bounds of the mean of paired differences from -1 to 1, for each row of counts.

    A row says how many pairs differ by -1, ..., 0, ..., 1 in equal steps; `level` is that of the two-sided interval.
    The score interval: every mean is in it that the observed one does not speak against, by the variance which is most
    likely if it were true. With one trial it is Tango's interval for paired proportions (1998), and with
    several the same over their rates. It stays open where no pair differs.
    """
    z, rows = _z(1 - level), np.atleast_2d(counts).astype(np.float64)
    above, below = np.split(_upper_bound(np.vstack([rows, rows[:, ::-1]]), z), 2)
    return -below, above


def lower_bounds(counts: Counts) -> Floats:
    """Return the lower one-sided 95 % bound of the same mean, for each row of counts.

    Half a step below the score bound (a continuity correction): means come in steps, and with few differing pairs a
    bound without it is crossed a little more often than once in twenty.
    """
    low, _ = score_bounds(counts, 0.90)
    rows = np.atleast_2d(counts)
    return np.maximum(-1.0, low - 1 / np.maximum(rows.sum(axis=1) * (rows.shape[1] - 1), 1))


def _upper_bound(counts: Floats, z: float) -> Floats:
    """Return the greatest mean that is not z standard errors above the observed one, for each row."""
    values = np.linspace(-1, 1, counts.shape[1])
    total = np.maximum(counts.sum(axis=1), 1e-9)
    observed = counts @ values / total
    low, high = observed.copy(), np.ones_like(observed)
    for _ in range(_OUTER):
        middle = (low + high) / 2
        inside = (middle - observed) ** 2 * total <= z**2 * _variance(counts, values, middle)
        low, high = _halved(middle, inside, low, high)
    return high


def _variance(counts: Floats, values: Floats, centre: Floats) -> Floats:
    """Return the variance if the mean were `centre`, above the observed: under the likeliest chances of each value.

    Found by Lagrange's method, as in empirical likelihood (Owen 1988), but that a value of 1 may have a chance though
    it was never seen: without it, no mean beyond what was seen would be possible.
    """
    away = values - centre[:, None]
    low, high = -1 / np.maximum(away[:, -1], 1e-12), np.zeros_like(centre)
    for _ in range(_INNER):
        tilt = (low + high) / 2
        short = (counts * away / (1 + tilt[:, None] * away)).sum(axis=1) < 0
        low, high = _halved(tilt, ~short, low, high)
    chances = counts / (1 + ((low + high) / 2)[:, None] * away) / np.maximum(counts.sum(axis=1), 1e-9)[:, None]
    unseen = np.maximum(0, 1 - chances.sum(axis=1))
    return (chances * away**2).sum(axis=1) + unseen * away[:, -1] ** 2


def _halved(middle: Floats, above: NDArray[np.bool_], low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Return the half of each bracket in which what is sought lies: above its middle, or below."""
    upper: Floats = np.where(above, middle, low)
    lower: Floats = np.where(above, high, middle)
    return upper, lower


def detectable_difference(discordance: float, pairs: int, alpha: float = 0.05) -> float:
    """Return the smallest true difference of two shares that a paired test finds with 80 % power, 0 to 1.

    Connor 1987, Biometrics 43, 207-211: pairs = (z_alpha/2 * sqrt(discordance) + z_beta * sqrt(discordance -
    difference^2))^2 / difference^2, solved for the difference. `discordance` is the mean square of the pairs'
    differences, with one trial the part of pairs that differ; it cannot be less than the difference itself.
    """
    if 2.0 ** (1 - pairs) >= alpha:
        # So few pairs tell nothing, though each of them differed in the same way.
        return 1.0
    z_alpha, z_beta = _z(alpha), NormalDist().inv_cdf(0.8)
    rest = max(0.0, pairs + z_beta**2 - z_alpha**2)
    factor = (z_alpha * math.sqrt(pairs) + z_beta * math.sqrt(rest)) / (pairs + z_beta**2)
    return min(1.0, factor * max(math.sqrt(discordance), factor))


def _z(alpha: float) -> float:
    """Return how many standard deviations from the mean both tails together hold so much."""
    return NormalDist().inv_cdf(1 - alpha / 2)
