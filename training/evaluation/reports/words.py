"""How reports say figures and verdicts, the same in each of them."""

import math
from collections.abc import Callable, Sequence

from training.evaluation.comparison import Pair
from training.evaluation.scorecard import Result, Scorecard

UNKNOWN = "unknown"
# A chance so small is no longer told in digits.
_SMALLEST = 0.001
_SECOND = 1_000  # milliseconds
_CENT = 0.01
_NOTHING_SEEN = "so few scenarios would hardly have shown any difference"


def percent(share: float) -> str:
    """Return a share, 0 to 1, in percent."""
    return f"{share:.1%}"


def span(low: float, high: float) -> str:
    """Return the interval of a share, in percent."""
    return f"{low:.1%} to {high:.1%}"


def points(value: float) -> str:
    """Return a difference in percentage points, with its sign."""
    # Nothing lost is not less than nothing.
    return f"{round(value, 1) + 0.0:+.1f}"


def counted(total: int) -> str:
    """Return how many scenarios there are."""
    return "1 scenario" if total == 1 else f"{total:,} scenarios"


def milliseconds(value: float | None) -> str:
    """Return how long something took, in the unit that people would say."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return f"{value:.0f} ms" if value < _SECOND else f"{value / _SECOND:.1f} s"


def whole(value: float | None) -> str:
    """Return a count."""
    return UNKNOWN if value is None else f"{value:,.0f}"


def dollars(cost: float | None) -> str:
    """Return a price in USD: unknown is not free."""
    if cost is None or not math.isfinite(cost):
        return UNKNOWN
    if not cost:
        return "free"
    return f"${cost:,.2f}" if cost >= _CENT else f"${cost:.2g}"


def chance(p_value: float) -> str:
    """Return how likely chance alone does that."""
    return f"p < {_SMALLEST}" if p_value < _SMALLEST else f"p = {p_value:.3f}"


def names(model: Scorecard) -> str:
    """Return what a reader calls a model, and its id where that is another."""
    return model.model if model.label in ("", model.model) else f"{model.label} ({model.model})"


def title(cards: Sequence[Scorecard], named: Callable[[str], str]) -> str:
    """Return which models are held against which."""
    baseline, *others = (named(called(card)) for card in cards)
    return f"{' and '.join(others)} against {baseline}" if others else baseline


def called(model: Scorecard) -> str:
    """Return what a reader calls a model."""
    return model.label or model.model


def letter(number: int) -> str:
    """Return the letter of the n-th model, counted from 0: A for the baseline."""
    return chr(ord("A") + number) if number < 26 else f"M{number + 1}"  # noqa: PLR2004 - the letters there are


def detectable(pair: Pair) -> str:
    """Return what difference there would have to be for such an evaluation to see it."""
    if not math.isfinite(pair.detectable) or pair.detectable > 100:  # noqa: PLR2004 - points
        return _NOTHING_SEEN
    return f"a true difference of {pair.detectable:.1f} points or more would have been seen four times in five"


def verdict(pair: Pair, named: Callable[[str], str] = str) -> str:
    """Return what sets a pair apart, in a sentence; `named` makes a name safe for where it stands."""
    candidate, baseline = named(pair.candidate), named(pair.baseline)
    figures = f"{points(pair.difference)} points, 95% interval {points(pair.low)} to {points(pair.high)}"
    figures = f"{figures}, {chance(pair.adjusted)}"
    if pair.verdict == "not distinguishable":
        return (
            f"{candidate} is not distinguishable from {baseline}: the difference may be chance ({figures}); "
            f"{detectable(pair)}."
        )
    return f"{candidate} is {pair.verdict} than {baseline}, by more than chance ({figures})."


def scored(pair: Pair) -> str:
    """Return by how much the share of expectations that are met differs in a pair, in a sentence."""
    interval = f"95% interval {points(pair.score_low)} to {points(pair.score_high)}, paired bootstrap"
    return f"Its score differs by {points(pair.score_difference)} points ({interval})."


def outcome(result: Result) -> str:
    """Return whether a scenario passed, and in how many of its trials where there were several."""
    if len(result.trials) == 1:
        return "passes" if result.passed else "fails"
    return f"passes {result.passes} of {len(result.trials)}"
