"""How fast a run learns, and with how much memory: what it measured last, in words."""

import math
from collections.abc import Sequence

from training.providers import Metric

# Below it, a digit after the point says something.
_FEW = 10


def last_of(metrics: Sequence[Metric], name: str) -> Metric | None:
    """Return the last measurement of that name that is a number, or None."""
    measured = (metric for metric in metrics if metric.name == name and math.isfinite(metric.value))
    return max(measured, key=lambda metric: metric.step, default=None)


def pace(metrics: Sequence[Metric]) -> list[str]:
    """Return speed and memory, as far as whoever tunes measures them."""
    speed, memory = last_of(metrics, "tokens_per_second"), last_of(metrics, "memory_gb")
    told = [f"{speed.value:,.{int(speed.value < _FEW)}f} tokens a second"] if speed else []
    return [*told, f"{memory.value:,.1f} GB of memory"] if memory else told
