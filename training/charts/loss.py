"""How a run learns, step by step: as a picture, and as characters for a terminal."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, cast

from training.files import written_whole
from training.providers import Metric

NOTHING = "no measurements yet"
_LOSSES = ("train_loss", "valid_loss", "full_valid_loss")
_ACCURACIES = ("train_mean_token_accuracy", "valid_mean_token_accuracy", "full_valid_mean_token_accuracy")
# One of each for what is measured on training examples, on some validation examples, and on all of them.
_KINDS = ("training", "validation", "full validation")
_COLOURS = ("#0072B2", "#D55E00", "#009E73")  # which colour-blind people tell apart (Okabe and Ito)
_TERMINAL_COLOURS = ("blue+", "orange", "green")
_MARKERS = ("braille", "●", "◆")
_KEYS = ("⠒⠒", "● ", "◆ ")
_DOTTED_UP_TO = 40  # points, beyond which dots would hide the line
_AS_GOOD_AS_INFINITE = 1e100  # beyond which the libraries' own sums overflow
_LEAST_ROWS = 6
_COLUMNS_A_TICK = 14


@dataclass(frozen=True, slots=True)
class _Curve:
    """The measurements of one kind that can be drawn, by step; at least one."""

    kind: int
    steps: Sequence[int]
    values: Sequence[float]

    @property
    def best(self) -> tuple[int, float]:
        """The step of the least value, the first of several, and that value."""
        value, step = min(zip(self.values, self.steps, strict=True))
        return step, value

    def thinned(self, most: int) -> "_Curve":
        """Return at most so many points, each the mean of its neighbours."""
        size = math.ceil(len(self.steps) / most)
        starts = range(0, len(self.steps), size)
        means = [fmean(self.values[start : start + size]) for start in starts]
        return _Curve(self.kind, [self.steps[start] for start in starts], means)


def _curves(metrics: Sequence[Metric], names: Sequence[str]) -> list[_Curve]:
    """Return the curves of these names that have something to draw."""
    found: list[_Curve] = []
    for kind, name in enumerate(names):
        points = {metric.step: metric.value for metric in metrics if metric.name == name}
        drawn = sorted((step, value) for step, value in points.items() if _drawable(value))
        if drawn:
            found.append(_Curve(kind, *zip(*drawn, strict=True)))
    return found


def _undrawn(metrics: Sequence[Metric], names: Sequence[str]) -> str:
    """Return a note on the measurements that cannot be drawn, or ""."""
    lost = sum(metric.name in names and not _drawable(metric.value) for metric in metrics)
    return f"{lost:,} not drawn: infinite or no number" if lost else ""


def _drawable(value: float) -> bool:
    return math.isfinite(value) and abs(value) < _AS_GOOD_AS_INFINITE


def loss_chart(metrics: Sequence[Metric], title: str, path: Path) -> None:
    """Draw the losses, and below them the token accuracy where it was measured, into a PNG; raises OSError."""
    # Half a second of a start that draws nothing.
    from matplotlib.figure import Figure  # noqa: PLC0415

    accuracies = _curves(metrics, _ACCURACIES)
    figure = cast("Any", Figure)(figsize=(9, 7.5 if accuracies else 5), dpi=120, layout="constrained")
    panels = figure.subplots(2 if accuracies else 1, squeeze=False, sharex=True)[:, 0]
    _draw_losses(panels[0], _curves(metrics, _LOSSES))
    if accuracies:
        _draw_accuracies(panels[1], accuracies)
    panels[-1].set_xlabel(" · ".join(filter(None, ("step", _undrawn(metrics, _LOSSES + _ACCURACIES)))))
    # A dollar in a name begins no formula, and half a character has no shape.
    plain = title.encode("utf-8", "replace").decode()
    panels[0].set_title(plain, loc="left", fontweight="bold", pad=14, parse_math=False)
    with written_whole(path) as file:
        figure.savefig(file, format="png")


def _draw_losses(panel: Any, losses: Sequence[_Curve]) -> None:  # noqa: ANN401 - an axis, as matplotlib types it
    _draw(panel, losses, "loss")
    if not losses:
        panel.tick_params(bottom=False, labelbottom=False, left=False, labelleft=False)
        panel.text(0.5, 0.5, NOTHING, ha="center", va="center", color="#6E6E6E", transform=panel.transAxes)
        return
    if losses[-1].kind:
        step, value = losses[-1].best
        ring = {"marker": "o", "markersize": 11, "markerfacecolor": "none", "markeredgewidth": 2, "linestyle": "none"}
        told = f"best {_KINDS[losses[-1].kind]}: {_figure(value)} at step {step:,}"
        panel.plot([step], [value], color="#222222", label=told, zorder=4, **ring)
    panel.legend(frameon=False)


def _draw_accuracies(panel: Any, accuracies: Sequence[_Curve]) -> None:  # noqa: ANN401 - as above
    from matplotlib.ticker import PercentFormatter  # noqa: PLC0415 - as where the figure is made

    _draw(panel, accuracies, "token accuracy")
    panel.yaxis.set_major_formatter(PercentFormatter(1))
    panel.legend(frameon=False)


def _draw(panel: Any, curves: Sequence[_Curve], what: str) -> None:  # noqa: ANN401 - as above
    panel.set_ylabel(what)
    for curve in curves:
        dot = "o" if len(curve.steps) <= _DOTTED_UP_TO else None
        look = {"color": _COLOURS[curve.kind], "marker": dot, "markersize": 4, "linewidth": 1.8}
        panel.plot(curve.steps, curve.values, label=f"{_KINDS[curve.kind]} {what}", **look)
    panel.spines[["top", "right"]].set_visible(False)
    panel.grid(color="#E4E4E4", linewidth=0.8)
    panel.set_axisbelow(True)
    panel.locator_params(axis="x", integer=True, min_n_ticks=1)
    panel.xaxis.set_major_formatter("{x:,.0f}")


def terminal_chart(metrics: Sequence[Metric], width: int, height: int, *, colour: bool = True) -> str:
    """Return the losses as lines of characters, at most `width` wide and `height` many, the newest values on top.

    Where there is no room for a chart, the newest values are all. Without colour there is no escape sequence in it.
    """
    losses = _curves(metrics, _LOSSES)
    note = _undrawn(metrics, _LOSSES)
    told = [_told(curve, width, colour=colour) for curve in losses]
    told += [line[:width] for line in ("" if losses else NOTHING, note) if line]
    rows = height - len(told)
    if not losses or rows < _LEAST_ROWS:
        return "\n".join(told[:height])
    return "\n".join([*told, _plotted(losses, width, rows, colour=colour)])


def _told(curve: _Curve, width: int, *, colour: bool) -> str:
    """Return the key of a curve, with its newest value and its best."""
    # A tenth of a second of a start that draws nothing.
    import plotext  # noqa: PLC0415

    step, value = curve.best
    told = f"best {_figure(value)} at step {step:,}" if curve.kind else f"at step {curve.steps[-1]:,}"
    key, name = _KEYS[curve.kind], f"{_KINDS[curve.kind]} loss"
    line = f"{key} {name:20} {_figure(curve.values[-1])}  {told}"[:width]
    drawn = cast("Any", plotext).colorize(line[: len(key)]).fill(_TERMINAL_COLOURS[curve.kind]).string()
    return drawn + line[len(key) :] if colour else line


def _figure(value: float) -> str:
    return f"{value:#.4g}".rstrip(".")


def _plotted(losses: Sequence[_Curve], width: int, rows: int, *, colour: bool) -> str:
    import plotext  # noqa: PLC0415 - as above

    drawing = cast("Any", plotext)
    # A figure in a terminal of its own: the package's would remember what was drawn before.
    figure = type(drawing.figure)(type(drawing.terminal)().limit(width=False, height=False))
    figure.plot_size(width, rows).theme("simple").legend(active=False)
    for curve in losses:
        thin = curve.thinned(width * 2)
        marker = drawing.marker(_MARKERS[curve.kind], drawing.pixel(_TERMINAL_COLOURS[curve.kind]))
        figure.draw(figure.signal(thin.steps, thin.values, marker=marker).lines(not curve.kind))
    first = min(curve.steps[0] for curve in losses)
    last = max(curve.steps[-1] for curve in losses)
    ticks = _ticks(first, last, max(2, width // _COLUMNS_A_TICK))
    figure.ruler("x").lim(first, max(last, first + 1)).ticks(ticks, [f"{tick:,}" for tick in ticks])
    least, most = min(min(curve.values) for curve in losses), max(max(curve.values) for curve in losses)
    if least == most:
        figure.ruler("y").lim(least - (abs(least) / 10 or 1), most + (abs(most) / 10 or 1))
    return cast("str", figure.build().string(not colour)).rstrip("\n")


def _ticks(first: int, last: int, most: int) -> list[int]:
    """Return the multiples of 1, 2 or 5 times a power of ten from `first` to `last`, at most so many."""
    for exponent in range(len(str(last - first)) + 1):
        for factor in (1, 2, 5):
            size = factor * 10**exponent
            ticks = list(range(-(-first // size) * size, last + 1, size)) if (last - first) // size <= most else []
            if ticks and len(ticks) <= most:
                return ticks
    return [first]
