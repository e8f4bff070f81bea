"""What figures of a few hundred scenarios can tell, and what may be chance."""

from typing import Any, cast


def wilson(passed: int, total: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927); of nothing, everything is possible."""
    if not total:
        return 0.0, 1.0
    interval = _binomial_test(passed, total).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def mcnemar(only_first: int, only_second: int) -> float:
    """Return how likely equal models differ at least so much in what only one of them passes (McNemar 1947, exact)."""
    differing = only_first + only_second
    return float(_binomial_test(only_first, differing).pvalue) if differing else 1.0


def _binomial_test(successes: int, trials: int) -> Any:  # noqa: ANN401 - scipy says nothing of its types
    from scipy import stats  # noqa: PLC0415 - half a second, for figures only

    return cast("Any", stats).binomtest(successes, trials)
