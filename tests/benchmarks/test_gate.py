"""The gate's simulation: it draws what it says, decides as the product does, and finds what is promised."""

import pytest

from tests.benchmarks.gate import (
    BETTER,
    CALLED,
    LIKENESSES,
    PROMOTED,
    SCENARIOS,
    WORSE,
    Counts,
    Likeness,
    Setting,
    called_better,
    counts,
    drawn,
    is_better,
    promoted,
)
from tests.kit import DATA
from training.evaluation.comparison import compared, gate_bound
from training.evaluation.scenarios import read_scenarios
from training.evaluation.scorecard import Result, Scorecard, Trial
from training.evaluation.statistics import lower_bounds

STRANGERS = LIKENESSES[-1]
RUNS = 1_000


def card(model: str, passes: Counts, trials: int) -> Scorecard:
    """Return the scorecard of a model that passes each scenario so many times."""
    every = (
        Result(str(at), "all", critical=False, questions=(), references=(), trials=_trials(times, trials))
        for at, times in enumerate(passes.tolist())
    )
    return Scorecard(model, model, tuple(every), trials, 1.0, "")


def _trials(passes: int, trials: int) -> tuple[Trial, ...]:
    return tuple(Trial((), () if at < passes else ("no",), 1, int(at < passes), None) for at in range(trials))


@pytest.mark.parametrize("trials", [1, 3])
@pytest.mark.parametrize("points", [WORSE, BETTER])
def test_it_decides_as_the_gate_and_the_comparison_do(points: float, trials: int) -> None:
    setting = Setting(0.75, points, trials, STRANGERS)
    [(champion, candidate)] = drawn(setting, 12)
    rows = counts(champion, candidate, trials)
    for before, after, row, bound in zip(champion, candidate, rows, lower_bounds(rows), strict=True):
        cards = card("champion", before, trials), card("candidate", after, trials)
        assert gate_bound(*cards) == pytest.approx(100 * float(bound))
        assert (compared(cards).pairs[0].verdict == "better") == is_better(row)


@pytest.mark.parametrize("likeness", LIKENESSES, ids=lambda likeness: likeness.name)
def test_the_candidate_is_truly_so_many_points_worse(likeness: Likeness) -> None:
    setting = Setting(0.75, WORSE, 3, likeness)
    [(champion, candidate)] = drawn(setting, RUNS)
    assert 100 * champion.mean() / 3 == pytest.approx(75, abs=0.5)
    assert 100 * (candidate - champion).mean() / 3 == pytest.approx(WORSE, abs=0.5)


@pytest.mark.parametrize("trials", [1, 3])
@pytest.mark.parametrize("base", [0.6, 0.9])
def test_what_is_three_points_worse_is_hardly_ever_promoted(base: float, trials: int) -> None:
    share = promoted(Setting(base, WORSE, trials, STRANGERS), RUNS)
    assert share.interval[0] <= PROMOTED
    assert 0 < share.value < 0.08


@pytest.mark.parametrize("trials", [1, 3])
def test_what_is_eight_points_better_is_called_so_even_of_strangers(trials: int) -> None:
    assert called_better(Setting(0.6, BETTER, trials, STRANGERS), RUNS).interval[1] >= CALLED
    assert called_better(Setting(0.9, BETTER, trials, STRANGERS), RUNS).value > 0.95


def test_as_many_scenarios_are_drawn_as_come_with_the_product() -> None:
    assert sum(len(list(read_scenarios(file))) for file in (DATA / "scenarios").glob("*.jsonl")) == SCENARIOS
