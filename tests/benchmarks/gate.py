"""How often the gate lets through what is worse and what is as good, and what is better is called so."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from rich.table import Table
from scipy.special import betaincinv, ndtr

from training.evaluation.comparison import SIGNIFICANT
from training.evaluation.gate import MARGIN
from training.evaluation.statistics import lower_bounds, mcnemar, sign_flips, wilson

RUNS = 10_000
# As many as come with the product.
SCENARIOS = 446
# Points by which the candidate is truly worse, and truly better.
WORSE, BETTER = -MARGIN, 8.0
# The parts of the scenarios that the champion passes.
BASES = (0.6, 0.75, 0.9)
# Once where a model always says the same, and as often as one is asked that does not.
TRIALS = (1, 3)
# At most so many of the worse may be promoted, and at least so many of the better must be called so.
PROMOTED, CALLED = 0.05, 0.80
# Runs that are drawn at a time.
_AT_ONCE = 1_000
_GRID = 20_000

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much two models agree about what is hard."""

    name: str
    shared: float
    """The correlation of the difficulty that a scenario has for one and for the other (Gaussian copula)."""
    spread: float
    """The a + b of the Beta distribution of a scenario's chance to pass: near 0, it always passes or always fails."""


LIKENESSES = (
    Likeness("child", 0.98, 0.5),
    Likeness("relative", 0.9, 0.5),
    Likeness("stranger", 0.6, 1.0),
)


@dataclass(frozen=True, slots=True)
class Setting:
    """What is simulated."""

    base: float
    points: float
    trials: int
    likeness: Likeness
    scenarios: int = SCENARIOS


@dataclass(frozen=True, slots=True)
class Share:
    """How often something happened."""

    times: int
    runs: int

    @property
    def value(self) -> float:
        """The part, 0 to 1."""
        return self.times / self.runs

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95 % interval."""
        return wilson(self.times, self.runs)


def settings() -> Iterator[Setting]:
    """Yield every setting, with models that are equally good."""
    for likeness in LIKENESSES:
        for base in BASES:
            for trials in TRIALS:
                yield Setting(base, 0.0, trials, likeness)


def drawn(setting: Setting, runs: int, seed: int = 1) -> Iterator[tuple[Counts, Counts]]:
    """Yield how many trials of each scenario the champion and the candidate pass, many runs at a time, a row each."""
    chance = np.random.default_rng(seed)
    champion, candidate = _chances(setting.base, setting), _chances(setting.base + setting.points / 100, setting)
    shared = setting.likeness.shared
    for begun in range(0, runs, _AT_ONCE):
        shape = min(_AT_ONCE, runs - begun), setting.scenarios
        first, own = chance.standard_normal(shape), chance.standard_normal(shape)
        second = shared * first + np.sqrt(1 - shared**2) * own
        yield (
            chance.binomial(setting.trials, champion[_places(first)]),
            chance.binomial(setting.trials, candidate[_places(second)]),
        )


def _chances(mean: float, setting: Setting) -> NDArray[np.float64]:
    """Return the chances to pass that scenarios have, the hardest first, each as likely as any other."""
    return _quantiles(mean * setting.likeness.spread, (1 - mean) * setting.likeness.spread)


@cache
def _quantiles(a: float, b: float) -> NDArray[np.float64]:
    return np.asarray(betaincinv(a, b, (np.arange(_GRID) + 0.5) / _GRID))


def _places(difficulty: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.minimum((np.asarray(ndtr(difficulty)) * _GRID).astype(np.int64), _GRID - 1)


def counts(champion: Counts, candidate: Counts, trials: int) -> Counts:
    """Return for each run how many scenarios differ by -trials, ..., 0, ..., trials passes, as comparisons do."""
    steps = candidate - champion
    return np.stack([(steps == step).sum(axis=1) for step in range(-trials, trials + 1)], axis=1)


def promoted(setting: Setting, runs: int) -> Share:
    """Return how often the gate's bound lets the candidate pass."""
    times = 0
    for champion, candidate in drawn(setting, runs):
        bounds = 100 * lower_bounds(counts(champion, candidate, setting.trials))
        times += int((bounds > -MARGIN).sum())
    return Share(times, runs)


def called_better(setting: Setting, runs: int) -> Share:
    """Return how often a comparison calls the candidate better."""
    times = 0
    for champion, candidate in drawn(setting, runs):
        times += sum(map(is_better, counts(champion, candidate, setting.trials)))
    return Share(times, runs)


def is_better(row: Counts) -> bool:
    """Tell whether so many differences, of each size, are called better."""
    trials = len(row) // 2
    steps = np.arange(-trials, trials + 1)
    return bool(row @ steps > 0) and _p_value(tuple(row.tolist())) < SIGNIFICANT


@cache
def _p_value(row: tuple[int, ...]) -> float:
    trials = len(row) // 2
    if trials == 1:
        return mcnemar(row[0], row[-1])
    return sign_flips(np.repeat(np.arange(-trials, trials + 1), row).tolist())


def table(runs: int = RUNS) -> Table:
    """Return for every setting how often the worse and the equal are let through, and the better is called so."""
    shown = Table(
        "candidate is a",
        "pass",
        "trials",
        f"{WORSE:+g} points: let in",
        "equal: let in",
        f"{BETTER:+g}: called better",
        title=f"The gate on {SCENARIOS} scenarios, {runs:,} runs each",
    )
    for one in settings():
        worse, better = replace(one, points=WORSE), replace(one, points=BETTER)
        figures = promoted(worse, runs), promoted(one, runs), called_better(better, runs)
        shown.add_row(one.likeness.name, f"{one.base:.0%}", str(one.trials), *map(_shown, figures))
    return shown


def _shown(share: Share) -> str:
    low, high = share.interval
    return f"{share.value:.1%} ({100 * low:.1f}-{100 * high:.1f})"
