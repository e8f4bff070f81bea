"""The picture of how long examples are."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import matplotlib.image
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.charts.histogram import NOTHING, histogram
from training.distribution import Distribution
from training.entries import Entry


def distribution(lengths: Sequence[int]) -> Distribution:
    made = Distribution()
    for length in lengths:
        made.add(Entry(1, {}), length)
    return made


def panel(drawn: list[Figure]) -> Axes:
    return drawn[-1].axes[0]


def legend(drawn: list[Figure]) -> list[str]:
    shown = panel(drawn).get_legend()
    return [text.get_text() for text in shown.get_texts()] if shown else []


def bars(drawn: list[Figure]) -> tuple[list[float], list[float]]:
    stairs = cast("Any", panel(drawn).patches[0])
    values, edges, _ = stairs.get_data()
    return list(values), list(edges)


def test_a_png_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "lengths.png"
    histogram(distribution(range(50, 500)), path, limit=400)
    picture = np.asarray(cast("Any", matplotlib.image.imread(path)))
    assert picture.shape == (600, 1080, 4)
    assert 0.1 < (picture[:, :, :3].min(axis=2) < 0.9).mean() < 0.9


def test_every_example_is_in_one_bar_of_whole_numbers(tmp_path: Path, drawn: list[Figure]) -> None:
    lengths = [10, 10, 11, 200, 333, 333]
    histogram(distribution(lengths), tmp_path / "x.png")
    values, edges = bars(drawn)
    assert sum(values) == len(lengths)
    assert edges[0] < 10
    assert edges[-1] > 333
    expected, _ = np.histogram(lengths, edges)
    assert values == expected.tolist()


def test_median_and_nine_tenths_are_marked_and_the_axes_say_what_they_show(tmp_path: Path, drawn: list[Figure]) -> None:
    histogram(distribution([100, 200, 300]), tmp_path / "x.png", title="round1")
    assert legend(drawn) == ["median 200", "p90 280"]
    assert [line.get_xdata() for line in panel(drawn).lines] == [[200, 200], [280, 280]]
    assert panel(drawn).get_xlabel() == "tokens per example · 3 examples, 600 tokens, 100 to 300 each"
    assert panel(drawn).get_ylabel() == "examples"
    assert panel(drawn).get_title(loc="left") == "round1"


def test_the_limit_is_drawn_with_how_many_are_longer(tmp_path: Path, drawn: list[Figure]) -> None:
    histogram(distribution([100, 200, 300]), tmp_path / "x.png", limit=150)
    assert legend(drawn)[-1] == "limit 150 (2 longer)"
    assert panel(drawn).lines[-1].get_xdata() == [150, 150]
    histogram(distribution([100, 200, 300]), tmp_path / "x.png", limit=500)
    assert legend(drawn)[-1] == "limit 500 (none longer)"


def test_a_limit_far_beyond_the_bars_is_told_and_leaves_them_their_room(tmp_path: Path, drawn: list[Figure]) -> None:
    histogram(distribution([100, 200, 300]), tmp_path / "x.png", limit=60_000)
    assert legend(drawn)[-1] == "limit 60,000, 200 times the longest"
    assert panel(drawn).get_xlim()[1] < 400


def test_lengths_of_many_magnitudes_are_drawn_on_a_logarithmic_axis(tmp_path: Path, drawn: list[Figure]) -> None:
    lengths = [*range(3, 300), 60_000]
    histogram(distribution(lengths), tmp_path / "x.png", limit=16_385)
    assert panel(drawn).get_xscale() == "log"
    assert "logarithmic" in panel(drawn).get_xlabel()
    assert sum(bars(drawn)[0]) == len(lengths)


@pytest.mark.parametrize("lengths", [[0], [7], [0, 0, 900], [2**31]])
def test_one_example_and_extreme_ones_are_drawn(tmp_path: Path, drawn: list[Figure], lengths: list[int]) -> None:
    histogram(distribution(lengths), tmp_path / "x.png", limit=5)
    assert sum(bars(drawn)[0]) == len(lengths)


def test_no_examples_are_said_to_be_none(tmp_path: Path, drawn: list[Figure]) -> None:
    histogram(distribution([]), tmp_path / "x.png", limit=5, title="$x \ud83d")
    assert [text.get_text() for text in panel(drawn).texts] == [NOTHING]


def test_matplotlib_is_loaded_only_to_draw() -> None:
    code = "import sys, training.charts.histogram; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - our own
    assert done.stdout == "False\n"
