"""The loss, as a picture and as characters."""

import math
import re
import struct
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.text import Text

from training.charts.loss import NOTHING, loss_chart, terminal_chart
from training.providers import Metric

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def descent(name: str = "train_loss", steps: int = 50) -> list[Metric]:
    """Return a loss that falls, and then rises where it is not of training."""
    rise = 0.0 if name == "train_loss" else 0.01
    return [Metric(step, name, 2 * math.exp(-step / 8) + 0.3 + rise * step) for step in range(1, steps + 1)]


BOTH = [*descent(), *descent("valid_loss")]
ACCURACY = [Metric(step, "train_mean_token_accuracy", step / 60) for step in range(1, 51)]
BEST = "best 0.6375 at step 26"


def written(drawn: list[Figure]) -> set[str]:
    """Return everything that stands in the pictures: labels, keys, titles, and words in the middle."""
    return {text.get_text() for figure in drawn for text in cast("list[Text]", cast("Any", figure).findobj(Text))}


def size(path: Path) -> tuple[int, int]:
    head = path.read_bytes()[:24]
    assert head.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", head[16:])
    return width, height


def shares(path: Path, *colour: float) -> float:
    """Return how much of a picture has about this colour."""
    picture = np.asarray(imread(path))[..., :3]
    return float((np.abs(picture - np.array(colour)).max(axis=-1) < 0.1).mean())


def test_a_picture_shows_both_losses_and_marks_the_best_validation(tmp_path: Path, drawn: list[Figure]) -> None:
    loss_chart(BOTH, "run-1 costs $\\frac{1$", tmp_path / "chart.png")
    assert {"training loss", "validation loss", "best validation: 0.6375 at step 26"} <= written(drawn)
    assert {"run-1 costs $\\frac{1$", "step", "loss"} <= written(drawn)
    assert shares(tmp_path / "chart.png", 0, 0.447, 0.698) > 0.0005
    assert shares(tmp_path / "chart.png", 0.835, 0.369, 0) > 0.0005


def test_training_alone_has_no_best(tmp_path: Path, drawn: list[Figure]) -> None:
    loss_chart(descent(), "run-1", tmp_path / "chart.png")
    assert "training loss" in written(drawn)
    assert not [word for word in written(drawn) if "best" in word]


def test_the_best_is_that_of_the_whole_validation_where_there_is_one(tmp_path: Path, drawn: list[Figure]) -> None:
    loss_chart([*BOTH, Metric(25, "full_valid_loss", 1.0)], "run-1", tmp_path / "chart.png")
    assert "best full validation: 1.000 at step 25" in written(drawn)


def test_token_accuracy_has_a_panel_of_its_own(tmp_path: Path, drawn: list[Figure]) -> None:
    loss_chart(BOTH, "run-1", tmp_path / "one.png")
    assert "token accuracy" not in written(drawn)
    loss_chart([*BOTH, *ACCURACY], "run-1", tmp_path / "two.png")
    assert "training token accuracy" in written(drawn)
    assert size(tmp_path / "two.png")[1] > size(tmp_path / "one.png")[1]


@pytest.mark.parametrize("metrics", [[], [Metric(1, "valid_pineapple", 1.0)], [Metric(1, "train_loss", math.nan)]])
def test_a_run_without_measurements_says_so(tmp_path: Path, drawn: list[Figure], metrics: list[Metric]) -> None:
    loss_chart(metrics, "run-1", tmp_path / "chart.png")
    assert NOTHING in written(drawn)
    assert size(tmp_path / "chart.png") == (1080, 600)
    assert terminal_chart(metrics, 60, 12).startswith(NOTHING)


def test_what_cannot_be_drawn_is_counted(tmp_path: Path, drawn: list[Figure]) -> None:
    lost = [Metric(60, "train_loss", value) for value in (math.inf,)] + [Metric(61, "train_loss", math.nan)]
    loss_chart([*BOTH, *lost], "run-1", tmp_path / "chart.png")
    assert "step · 2 not drawn: infinite or no number" in written(drawn)
    assert "\n2 not drawn: infinite or no number\n" in terminal_chart([*BOTH, *lost], 60, 18)


def test_a_picture_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        loss_chart(BOTH, "run-1", tmp_path / "file" / "chart.png")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_name_of_half_characters_is_drawn(tmp_path: Path) -> None:
    loss_chart(BOTH, "run \ud83d", tmp_path / "chart.png")
    assert size(tmp_path / "chart.png") == (1080, 600)


@pytest.mark.parametrize("width", [60, 100])
def test_the_terminal_shows_the_newest_values_the_best_and_the_curves(width: int) -> None:
    shown = terminal_chart(BOTH, width, 18, colour=False).split("\n")
    assert shown[0] == "⠒⠒ training loss        0.3039  at step 50"
    assert shown[1] == f"●  validation loss      0.8039  {BEST}"
    assert len(shown) == 18
    assert {len(line) for line in shown[2:]} == {width}
    assert sum(line.count("●") for line in shown[2:]) > 15
    assert shown[-1].split() == (["20", "40"] if width == 60 else ["10", "20", "30", "40", "50"])


def test_colours_are_there_unless_they_are_not_wanted() -> None:
    coloured, plain = terminal_chart(BOTH, 60, 18), terminal_chart(BOTH, 60, 18, colour=False)
    assert "\x1b[38;5;12m" in coloured
    assert "\x1b" not in plain
    assert ESCAPE.sub("", coloured) == plain


def test_one_chart_leaves_nothing_to_the_next() -> None:
    first = terminal_chart(descent(steps=20), 60, 12)
    terminal_chart([*BOTH, *descent("full_valid_loss")], 90, 30)
    assert terminal_chart(descent(steps=20), 60, 12) == first


def test_a_chart_needs_no_terminal_of_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("LINES", "5")
    shown = terminal_chart(descent(), 70, 20, colour=False).split("\n")
    assert (len(shown), len(shown[-1])) == (20, 70)


def test_where_there_is_no_room_the_newest_values_are_all() -> None:
    assert terminal_chart(BOTH, 30, 5, colour=False).split("\n") == [
        "⠒⠒ training loss        0.3039",
        "●  validation loss      0.8039",
    ]
    assert terminal_chart(BOTH, 30, 1, colour=False).count("\n") == 0


def test_one_point_stands_in_the_middle_of_its_axis() -> None:
    shown = terminal_chart([Metric(7, "valid_loss", 0.5)], 60, 12, colour=False)
    assert shown.count("●") == 2
    assert "0.550" in shown
    assert "0.450" in shown


def test_twelve_thousand_points_are_thinned_to_what_can_be_seen() -> None:
    many = [Metric(step, "train_loss", 1.0 + (step % 2) * 1000) for step in range(12_000)]
    drawn = terminal_chart(many, 60, 12, colour=False).split("\n", 1)[1]
    assert "501" in drawn
    assert "1001" not in drawn


values = st.floats(allow_nan=True, allow_infinity=True)
metrics = st.lists(
    st.builds(Metric, st.integers(-(2**63), 2**63 - 1), st.sampled_from(["train_loss", "valid_loss"]), values),
    max_size=12,
)


@given(measured=metrics, width=st.integers(1, 120), height=st.integers(1, 40))
@settings(max_examples=100, deadline=None)
def test_any_measurements_fit_into_any_terminal(measured: list[Metric], width: int, height: int) -> None:
    lines = terminal_chart(measured, width, height, colour=False).split("\n")
    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    assert "\x1b" not in "".join(lines)


@pytest.mark.slow
@given(measured=metrics)
@settings(max_examples=40, deadline=None)
def test_any_measurements_make_a_picture(tmp_path_factory: pytest.TempPathFactory, measured: list[Metric]) -> None:
    path = tmp_path_factory.mktemp("any") / "chart.png"
    loss_chart(measured, "run-1", path)
    assert size(path)[0] == 1080
