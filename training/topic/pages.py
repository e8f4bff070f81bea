"""A report on a discriminator as Markdown and as JSON."""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from training.files import written_whole
from training.quoting import quoted
from training.topic.picture import draw
from training.topic.report import Figure, Report

PICTURE = "report.png"


def write_report(report: Report, folder: Path) -> None:
    """Write report.md, report.json and report.png into a folder; raises OSError."""
    for name, text in (("report.md", as_markdown(report)), ("report.json", f"{as_json(report)}\n")):
        with written_whole(folder / name) as file:
            file.write(text.encode())
    draw(report, folder / PICTURE)


def figures_of(report: Report) -> tuple[Figure, ...]:
    """Return every figure, in the order in which they are read."""
    return (*report.figures, *report.areas, *report.kinds)


def told(figure: Figure) -> tuple[str, str, str, str, str]:
    """Return a share, its interval, its counts, its goal, and whether that is met, as people read them."""
    if not figure.of:
        return "", "", "0 of 0", "", "not measured" if figure.goal else ""
    low, high = figure.interval
    goal = f"{figure.goal.bound} {figure.goal.share:.0%}" if figure.goal else ""
    met = {True: "met", False: "missed", None: ""}[figure.met]
    return f"{figure.share:.1%}", f"{low:.1%} to {high:.1%}", f"{figure.count:,} of {figure.of:,}", goal, met


def speed(report: Report) -> str:
    """Return how long a message takes, as people read it."""
    return f"{report.p50:.1f} ms of one core a message (p50), {report.p95:.1f} ms (p95)"


def as_json(report: Report) -> str:
    """Return a report as one line of JSON."""
    values = {
        "messages": report.messages,
        "milliseconds": {"p50": report.p50, "p95": report.p95},
        "figures": [_values(figure) for figure in figures_of(report)],
    }
    return json.dumps(values, allow_nan=False)


def _values(figure: Figure) -> dict[str, object]:
    low, high = figure.interval
    return {
        "part": figure.part,
        "what": figure.what,
        "count": figure.count,
        "of": figure.of,
        "share": figure.share,
        "low": low,
        "high": high,
        "goal": {"bound": figure.goal.bound, "share": figure.goal.share} if figure.goal else None,
        "met": figure.met,
    }


def as_markdown(report: Report) -> str:
    """Return a report as a document that shows the picture beside it."""
    lines = [
        "# How well messages are told apart",
        "",
        f"{report.messages:,} messages that no training has read; shares with 95% intervals (Wilson). {speed(report)}.",
        "",
        f"![Off-topic messages caught against customers refused, and errors by kind]({PICTURE})",
        *_tables(figures_of(report)),
    ]
    return "\n".join(lines) + "\n"


def _tables(figures: Iterable[Figure]) -> Iterator[str]:
    for part, group in groupby(figures, lambda figure: figure.part):
        yield from (
            "",
            f"## {part}",
            "",
            "| | share | 95% interval | count | goal | |",
            "| --- | ---: | --- | ---: | --- | --- |",
        )
        for figure in group:
            yield f"| {' | '.join((quoted(figure.what), *told(figure)))} |"
