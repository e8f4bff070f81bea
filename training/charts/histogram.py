"""How long the examples of a dataset are, as a picture."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from training.distribution import Distribution, Summary
from training.files import written_whole
from training.pricing import NO_LIMIT

NOTHING = "no examples"
_BARS = "#0072B2"
_MARKS = "#222222"
_LIMIT = "#D55E00"  # colour-blind people tell these apart (Okabe and Ito)
_QUIET = "#6E6E6E"
_MOST_BARS = 40
# From this many times the median on, the longest example would leave the others no room on an even scale.
_SPREAD = 20
# A limit further to the right than so many times the longest example is told, not drawn.
_NEAR = 2
# What is left free beside the bars: tokens, or a factor.
_LEAST_ROOM = 4
_LEAST_FACTOR = 1.2


def histogram(
    distribution: Distribution, path: Path, *, limit: int = NO_LIMIT, title: str = "Tokens per example"
) -> None:
    """Draw how many examples there are of each length into a PNG, with the model's limit; raises OSError."""
    # Half a second of a start that draws nothing.
    from matplotlib.figure import Figure  # noqa: PLC0415

    summary = distribution.summary()
    figure = cast("Any", Figure)(figsize=(9, 5), dpi=120, layout="constrained")
    panel = figure.subplots()
    panel.set_xlabel("tokens per example")
    panel.set_ylabel("examples")
    # A dollar in a name begins no formula, and half a character has no shape.
    plain = title.encode("utf-8", "replace").decode()
    panel.set_title(plain, loc="left", fontweight="bold", pad=34, parse_math=False)
    panel.spines[["top", "right"]].set_visible(False)
    if summary.examples:
        _draw(panel, distribution, summary, limit)
    else:
        panel.tick_params(bottom=False, labelbottom=False, left=False, labelleft=False)
        panel.text(0.5, 0.5, NOTHING, ha="center", va="center", color=_QUIET, transform=panel.transAxes)
    with written_whole(path) as file:
        figure.savefig(file, format="png")


def _draw(panel: Any, distribution: Distribution, summary: Summary, limit: int) -> None:  # noqa: ANN401 - an axis, as matplotlib types it
    wide = summary.max > _SPREAD * summary.median
    edges = _edges(summary.min, summary.max, wide=wide)
    heights = _heights(distribution.lengths, edges)
    panel.stairs(heights, edges, fill=True, color=_BARS)
    panel.grid(axis="y", color="#E4E4E4", linewidth=0.8)
    panel.set_axisbelow(True)
    examples = "1 example" if summary.examples == 1 else f"{summary.examples:,} examples"
    told = f"{examples}, {summary.total:,} tokens, {summary.min:,} to {summary.max:,} each"
    panel.set_xlabel(f"tokens per example{' (logarithmic)' * wide} · {told}")
    if wide:
        panel.set_xscale("log")
        panel.set_xlim(edges[0] / _LEAST_FACTOR, edges[-1] * _LEAST_FACTOR)
    else:
        panel.set_xlim(edges[0] - _LEAST_ROOM, edges[-1] + _LEAST_ROOM)
        panel.locator_params(axis="x", integer=True, min_n_ticks=1)
    panel.locator_params(axis="y", integer=True, min_n_ticks=1)
    panel.xaxis.set_major_formatter("{x:,.0f}")
    panel.yaxis.set_major_formatter("{x:,.0f}")
    _mark(panel, distribution, summary, limit)


def _mark(panel: Any, distribution: Distribution, summary: Summary, limit: int) -> None:  # noqa: ANN401 - as above
    """Mark the median, nine tenths, and the limit: where it is, or that it is further to the right."""
    panel.axvline(summary.median, color=_MARKS, linewidth=1.6, label=f"median {summary.median:,.0f}")
    panel.axvline(summary.p90, color=_MARKS, linewidth=1.6, linestyle="--", label=f"p90 {summary.p90:,.0f}")
    if over := distribution.over(limit):
        panel.axvline(limit, color=_LIMIT, linewidth=2.2, label=f"limit {limit:,} ({over:,} longer)")
        panel.axvspan(limit, panel.get_xlim()[1], color=_LIMIT, alpha=0.1, linewidth=0, zorder=0)
    elif limit <= _NEAR * summary.max:
        panel.axvline(limit, color=_LIMIT, linewidth=2.2, label=f"limit {limit:,} (none longer)")
    elif limit < NO_LIMIT:
        told = f"limit {limit:,}, {limit / max(summary.max, 1):,.0f} times the longest"
        panel.plot([], [], color=_LIMIT, marker=">", linewidth=2.2, label=told)
    panel.legend(loc="lower left", bbox_to_anchor=(-0.01, 1), ncols=3, frameon=False)


def _edges(least: int, most: int, *, wide: bool) -> list[float]:
    """Return where the bars begin and end: between whole numbers, evenly or by a factor."""
    if wide:
        first, last = math.log10(max(least, 1) - 0.5), math.log10(most + 0.5)
        return [10 ** (first + (last - first) * bar / _MOST_BARS) for bar in range(_MOST_BARS + 1)]
    width = math.ceil((most - least + 1) / _MOST_BARS)
    bars = math.ceil((most - least + 1) / width)
    return [least - 0.5 + width * bar for bar in range(bars + 1)]


def _heights(lengths: dict[int, int], edges: Sequence[float]) -> list[int]:
    """Return how many examples each bar holds."""
    heights = [0] * (len(edges) - 1)
    bar = 0
    for tokens, examples in lengths.items():
        while bar < len(heights) - 1 and tokens > edges[bar + 1]:
            bar += 1
        heights[bar] += examples
    return heights
