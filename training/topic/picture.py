"""A discriminator's errors as a picture: what it catches at which cost, and on what it errs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from training.files import written_whole
from training.quoting import one_line
from training.topic.report import Figure, Report

_CAUGHT, _REFUSED, _INK, _QUIET = "#0072B2", "#D55E00", "#222222", "#6E6E6E"  # told apart by all (Okabe and Ito)
_LEAST = 0.001
# Kinds that are drawn; the rest are told.
_SHOWN = 15
_NAME = 26


def draw(report: Report, path: Path) -> None:
    """Draw the curve of what is caught against what is refused, and the errors by kind, into a PNG; raises OSError."""
    # Half a second of a start that draws nothing.
    from matplotlib.figure import Figure as Canvas  # noqa: PLC0415

    canvas = cast("Any", Canvas)(figsize=(10, 11), dpi=120, layout="constrained")
    canvas.get_layout_engine().set(w_pad=0.12, h_pad=0.12)
    grid = canvas.add_gridspec(2, 2)
    _curve(canvas.add_subplot(grid[0, :]), report)
    bars = [(report.areas, "Customers refused", _REFUSED), (report.kinds, "Off-topic, let through", _CAUGHT)]
    for place, (figures, title, colour) in enumerate(bars):
        panel = canvas.add_subplot(grid[1, place])
        _title(panel, title)
        _bars(panel, figures, colour)
    with written_whole(path) as file:
        # Without the version of the library, the same figures are the same bytes.
        canvas.savefig(file, format="png", metadata={"Software": None})


def curve(on: Sequence[float], off: Sequence[float]) -> tuple[list[float], list[float], float]:
    """Return the shares of customers refused and of off-topic messages caught at every border, and the area below."""
    borders = np.unique([*on, *off, np.inf])
    refused, caught = (np.searchsorted(np.sort(scores), borders) / max(len(scores), 1) for scores in (on, off))
    return refused.tolist(), caught.tolist(), float(np.trapezoid(caught, refused))


def _curve(panel: Any, report: Report) -> None:  # noqa: ANN401 - an axis, as matplotlib types it
    from matplotlib.ticker import PercentFormatter  # noqa: PLC0415 - as where the canvas is made

    refused, caught, area = curve(report.on_scores, report.off_scores)
    shown = [max(share, _LEAST) for share in refused]
    panel.plot(shown, caught, color=_CAUGHT, linewidth=2, label=f"any threshold (area {area:.3f})")
    _point(panel, *report.working)
    panel.axvline(0.01, color=_QUIET, linewidth=1, linestyle="--", label="1% of the customers")
    panel.axhline(0.97, color=_QUIET, linewidth=1, linestyle=":", label="97% of the rest")
    panel.set_xscale("log")
    panel.set_xlim(_LEAST, 1)
    panel.set_ylim(min(0.5, max(0.0, report.working[1].interval[0] - 0.1)), 1.005)
    panel.xaxis.set_major_formatter(_tick)
    panel.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    panel.set_xlabel("customers refused (logarithmic)")
    panel.set_ylabel("off-topic messages caught")
    _title(panel, "What is caught at which cost, of plain messages that no training has read")
    panel.grid(color="#E4E4E4", linewidth=0.8)
    panel.legend(frameon=False, loc="lower right")


def _tick(share: float, _: int) -> str:
    return f"{100 * share:g}%"


def _point(panel: Any, refused: Figure, caught: Figure) -> None:  # noqa: ANN401 - as above
    """Mark the model's own threshold, with the interval of both shares."""
    across, up = max(refused.share, _LEAST), caught.share
    low, high = (max(end, _LEAST) for end in refused.interval)
    reach = {"xerr": [[across - low], [high - across]], "yerr": [[up - caught.interval[0]], [caught.interval[1] - up]]}
    told = f"its own threshold: {caught.share:.1%} caught, {refused.share:.1%} refused"
    look = {"fmt": "o", "color": _REFUSED, "markersize": 8, "capsize": 4, "linewidth": 1.6, "zorder": 4}
    panel.errorbar([across], [up], **reach, **look, label=told)


def _bars(panel: Any, figures: Sequence[Figure], colour: str) -> None:  # noqa: ANN401 - as above
    from matplotlib.ticker import PercentFormatter  # noqa: PLC0415 - as where the canvas is made

    shown = figures[:_SHOWN]
    names = [f"{one_line(figure.what, _NAME)} ({figure.of:,})" for figure in shown]
    shares, rows = [figure.share for figure in shown], range(len(shown))
    ends = [figure.interval for figure in shown]
    reach = [[share - low for share, (low, _) in zip(shares, ends, strict=True)]]
    reach += [[high - share for share, (_, high) in zip(shares, ends, strict=True)]]
    panel.barh(rows, shares, color=colour, height=0.7)
    panel.errorbar(shares, rows, xerr=reach, fmt="none", ecolor=_QUIET, elinewidth=1)
    panel.set_yticks(rows, names, parse_math=False)
    panel.invert_yaxis()
    panel.set_xlim(0, max((high for _, high in ends), default=1))
    panel.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    panel.set_xlabel(_rest(figures[_SHOWN:]))
    panel.grid(axis="x", color="#E4E4E4", linewidth=0.8)


def _rest(figures: Sequence[Figure]) -> str:
    """Say what the kinds make that are not drawn."""
    more = f"\n({len(figures)} more kinds, at most {figures[0].share:.0%})" if figures else ""
    return f"errors, with 95% intervals{more}"


def _title(panel: Any, title: str) -> None:  # noqa: ANN401 - as above
    panel.set_title(title, loc="left", fontweight="bold", pad=12, parse_math=False)
    panel.spines[["top", "right"]].set_visible(False)
    panel.set_axisbelow(True)
