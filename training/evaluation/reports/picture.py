"""A comparison as a picture: pass rates, differences and categories, each with its interval."""

import io
import math
from collections.abc import Sequence
from typing import Any, cast

from training.evaluation.comparison import Comparison, Pair
from training.evaluation.reports import words
from training.quoting import one_line

# Which colour-blind people tell apart (Okabe and Ito), and shapes for whoever sees none.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#222222")
_MARKERS = ("o", "s", "D", "^", "v", "P", "X")
_INK = "#222222"
_QUIET = "#6E6E6E"
_GRID = "#E4E4E4"
_NAME = 24
# Inches: of a row, of a model's dot within a category, and around a panel.
_ROW = 0.34
_DOT = 0.15
_AROUND = 0.75


def as_png(comparison: Comparison) -> bytes:
    """Return a PNG, as high as it has models and categories."""
    # Half a second of a start that draws nothing.
    from matplotlib.figure import Figure  # noqa: PLC0415

    heights = _heights(comparison)
    figure = cast("Any", Figure)(figsize=(9, sum(heights)), dpi=120, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.12)
    panels = figure.subplots(len(heights), squeeze=False, gridspec_kw={"height_ratios": heights})[:, 0]
    _rates(panels[0], comparison)
    if comparison.pairs:
        _differences(panels[1], comparison)
    _categories(panels[-1], comparison)
    with io.BytesIO() as file:
        # Without the version of the library, the same figures are the same bytes.
        figure.savefig(file, format="png", metadata={"Software": None})
        return file.getvalue()


def _heights(comparison: Comparison) -> list[float]:
    models, pairs = len(comparison.cards), len(comparison.pairs)
    categories = len(comparison.categories) * (_DOT * models + _DOT)
    inner = [models * _ROW, *([pairs * _ROW] if pairs else []), categories]
    return [height + _AROUND for height in inner]


def _rates(panel: Any, comparison: Comparison) -> None:  # noqa: ANN401 - an axis, as matplotlib types it
    cards = comparison.cards
    _frame(panel, "Scenarios that pass, with 95% intervals", [_name(words.called(card)) for card in cards])
    for row, card in enumerate(cards):
        _dot(panel, row, row, (card.share, *card.interval))
        panel.annotate(
            words.percent(card.share),
            (card.interval[1], row),
            (6, 0),
            textcoords="offset points",
            va="center",
            color=_INK,
        )
    _percentages(panel)


def _differences(panel: Any, comparison: Comparison) -> None:  # noqa: ANN401 - as above
    baseline = _name(words.called(comparison.cards[0]))
    pairs = comparison.pairs
    _frame(panel, f"Difference from {baseline}, in points", [_name(pair.candidate) for pair in pairs])
    panel.axvline(0, color=_INK, linewidth=1)
    reach = max((abs(end) for pair in pairs for end in (pair.low, pair.high) if math.isfinite(end)), default=0)
    # On the right there is room for the words, beside the longest names, too.
    panel.set_xlim(-1.15 * max(reach, 1), 3.4 * max(reach, 1))
    for row, pair in enumerate(pairs):
        _dot(panel, row, row + 1, (pair.difference, pair.low, pair.high))
        place = (pair.high, row)
        panel.annotate(_told(pair), place, (6, 0), textcoords="offset points", va="center", color=_INK, fontsize=9)


def _told(pair: Pair) -> str:
    told = f"{words.points(pair.difference)}: {pair.verdict}"
    if pair.verdict == "not distinguishable" and math.isfinite(pair.detectable):
        return f"{told}\n(detectable: {pair.detectable:.1f})"
    return told


def _categories(panel: Any, comparison: Comparison) -> None:  # noqa: ANN401 - as above
    cards, categories = comparison.cards, comparison.categories
    _frame(panel, "By category", [f"{_name(category.name)} ({category.total:,})" for category in categories])
    step = 0.8 / max(len(cards), 1)
    for row, category in enumerate(categories):
        for number, share in enumerate(category.passed):
            _dot(panel, row + (number - (len(cards) - 1) / 2) * step, number, share)
        if row % 2:
            panel.axhspan(row - 0.5, row + 0.5, color="#F5F5F5", linewidth=0, zorder=0)
    for number, card in enumerate(cards):
        panel.plot([], [], label=_name(words.called(card)), linestyle="none", **_look(number))
    _percentages(panel)
    _legend(panel)


def _legend(panel: Any) -> None:  # noqa: ANN401 - as above
    legend = panel.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    for text in legend.get_texts():
        text.set_parse_math(False)


def _frame(panel: Any, title: str, rows: Sequence[str]) -> None:  # noqa: ANN401 - as above
    # A dollar in a name begins no formula.
    panel.set_title(title, loc="left", fontweight="bold", fontsize=11, parse_math=False)
    panel.set_yticks(range(len(rows)), rows, parse_math=False)
    panel.set_ylim(len(rows) - 0.5, -0.5)
    panel.tick_params(axis="y", length=0)
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.grid(axis="x", color=_GRID, linewidth=0.8)
    panel.set_axisbelow(True)


def _percentages(panel: Any) -> None:  # noqa: ANN401 - as above
    from matplotlib.ticker import PercentFormatter  # noqa: PLC0415 - as where the figure is made

    panel.set_xlim(-0.02, 1.09)
    panel.set_xticks([0, 0.25, 0.5, 0.75, 1])
    panel.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))


def _dot(panel: Any, row: float, number: int, value: tuple[float, float, float]) -> None:  # noqa: ANN401 - as above
    """Mark a value within its interval: (value, low, high)."""
    look = _look(number)
    panel.plot(value[1:], [row, row], color=look["color"], linewidth=1.8, solid_capstyle="butt")
    panel.plot(value[:1], [row], **look)


def _look(number: int) -> dict[str, object]:
    return {"color": COLOURS[number % len(COLOURS)], "marker": _MARKERS[number % len(_MARKERS)], "markersize": 5}


def _name(name: str) -> str:
    """Return a name as it may be drawn: half a character has no shape."""
    return one_line(name, _NAME).encode("utf-8", "replace").decode()
