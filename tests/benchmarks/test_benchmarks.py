"""The figures are measured on turns that were really taken."""

from pathlib import Path

from tests.benchmarks.turns import measure, steps


async def test_every_turn_of_the_benchmark_reaches_the_model_and_is_timed(tmp_path: Path) -> None:
    times = await measure(tmp_path, conversations=2, turns=10)
    assert 0 < len(times.before) == len(times.whole) <= 10
    assert all(before < whole for before, whole in zip(times.before, times.whole, strict=True))
    assert times.per_second > 0


async def test_every_step_of_a_turn_is_timed(tmp_path: Path) -> None:
    assert all(milliseconds > 0 for milliseconds in (await steps(tmp_path, rounds=3)).values())
