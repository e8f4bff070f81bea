"""How fast a run learns and with how much memory, in words."""

import math

import pytest

from training.charts.loss import NOTHING, terminal_chart
from training.measured import last_of, pace
from training.providers import Metric


def speed(value: float, step: int = 1) -> Metric:
    return Metric(step, "tokens_per_second", value)


@pytest.mark.parametrize(
    ("measured", "told"),
    [
        ([], []),
        ([Metric(1, "train_loss", 2.0)], []),
        ([speed(12345.6)], ["12,346 tokens a second"]),
        ([speed(3.14)], ["3.1 tokens a second"]),
        ([Metric(1, "memory_gb", 5.14)], ["5.1 GB of memory"]),
        ([Metric(9, "memory_gb", 80.0), speed(100, 9), speed(7, 3)], ["100 tokens a second", "80.0 GB of memory"]),
        ([speed(100), speed(math.inf, 2), speed(math.nan, 3)], ["100 tokens a second"]),
    ],
)
def test_the_newest_of_each_is_told(measured: list[Metric], told: list[str]) -> None:
    assert pace(measured) == told


def test_the_last_is_that_of_the_highest_step_in_whatever_order_they_come() -> None:
    later, earlier = speed(2, 8), speed(1, 4)
    assert last_of([later, earlier], "tokens_per_second") == later
    assert last_of([later], "memory_gb") is None


def test_no_chart_of_losses_draws_speed_or_memory() -> None:
    assert terminal_chart([speed(100), Metric(1, "memory_gb", 5.0)], 80, 16, colour=False) == NOTHING
