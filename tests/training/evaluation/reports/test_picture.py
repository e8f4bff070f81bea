"""A comparison as a picture."""

import io
from typing import Any, cast

import matplotlib.image
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.training.evaluation.reports.kit import card, comparison, signs
from training.evaluation.comparison import Comparison, compared
from training.evaluation.reports import as_png


def size(png: bytes) -> tuple[int, int]:
    picture = np.asarray(cast("Any", matplotlib.image.imread(io.BytesIO(png), format="png")))
    return picture.shape[1], picture.shape[0]


def rows(panel: Axes) -> list[str]:
    return [label.get_text() for label in panel.get_yticklabels()]


def ends(panel: Axes) -> list[tuple[float, float]]:
    """Return from where to where the intervals go."""
    lines = (np.asarray(line.get_xdata(), dtype=float) for line in panel.get_lines())
    return [(float(line[0]), float(line[1])) for line in lines if len(line) == 2 and line[0] != line[1]]


def test_rates_differences_and_categories_are_drawn_with_their_intervals(drawn: list[Figure]) -> None:
    made = comparison("+-" * 20, "+" * 40, categories=("locks", "air"))
    as_png(made)
    rates, differences, categories = drawn[-1].axes
    assert rows(rates) == ["base", "one"]
    assert ends(rates) == [pytest.approx(one.interval) for one in made.cards]
    assert rows(differences) == ["one"]
    assert ends(differences)[-1] == (made.pairs[0].low, made.pairs[0].high)
    assert [text.get_text() for text in differences.texts] == ["+50.0: better"]
    assert rows(categories) == ["air (20)", "locks (20)"]
    assert ends(categories) == [share[1:] for category in made.categories for share in category.passed if share[1:]]


def test_what_may_be_chance_is_told_with_what_would_have_been_seen(drawn: list[Figure]) -> None:
    made = comparison("+-" * 20, "+-" * 19 + "++")
    as_png(made)
    told = f"+2.5: not distinguishable\n(detectable: {made.pairs[0].detectable:.1f})"
    assert [text.get_text() for text in drawn[-1].axes[1].texts] == [told]


@pytest.mark.parametrize("name", ["two", "a model with quite a long name"])
def test_what_is_told_of_a_difference_stays_within_its_panel(name: str, drawn: list[Figure]) -> None:
    as_png(compared([card(name, signs("+-" * 20)), card(f"not {name}", signs("+-" * 20))]))
    panel = drawn[-1].axes[1]
    [told] = panel.texts
    assert told.get_window_extent().x1 <= panel.get_window_extent().x1


def test_a_model_alone_has_no_differences(drawn: list[Figure]) -> None:
    as_png(comparison("+-"))
    assert len(drawn[-1].axes) == 2


def test_the_same_comparison_is_the_same_bytes() -> None:
    made = comparison("+-+-", "++--")
    assert as_png(made) == as_png(made)


@pytest.mark.parametrize("models", [2, 9])
def test_a_picture_grows_with_what_it_shows_and_no_words_leave_it(models: int, drawn: list[Figure]) -> None:
    names = [f"a-category-of-some-length-{number}" for number in range(14)]
    cards = [card(f"a model with quite a name {number}", signs("+-P" * 20, names)) for number in range(models)]
    width, height = size(as_png(compared(cards)))
    assert (width, height > 14 * models * 15) == (1080, True)
    figure = drawn[-1]
    renderer = cast("Any", figure)._get_renderer()  # noqa: SLF001 - nothing else measures text
    for panel in figure.axes:
        for text in [*panel.texts, *panel.get_yticklabels(), panel.title]:
            box = text.get_window_extent(renderer)
            assert -1 <= box.x0 <= box.x1 <= width + 1, text.get_text()


def test_names_are_no_formulas() -> None:
    made: Comparison = compared([card("$\\frac{$ \ud800\n", signs("+", ("$x^",))), card("n$", signs("+", ("$x^",)))])
    assert as_png(made).startswith(b"\x89PNG")
