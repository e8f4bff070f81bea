"""What was found in a file, told to people in a chat: a message, and the whole list as a table."""

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import islice

from training import wording
from training.checks import Problem
from training.inspection import Inspection
from training.pricing import Estimate
from training.quoting import coded, one_line, quoted

# Characters of the message, and of what is said of one problem.
LONGEST = 3_500
_LONGEST_PROBLEM = 300
# Bytes of the table.
LARGEST = 5_000_000
_ROOM_FOR_THE_END = 200
_LONGEST_CELL = 2_000
_MORE = "- ... and {:,} more"
# What is kept for that line.
_ROOM_FOR_MORE = 40
# A spreadsheet takes a cell that begins so for a formula.
_STARTS = ("=", "+", "-", "@")


def findings(inspection: Inspection, most: int = 10) -> str:
    """Return what was found as Markdown of at most 3,500 characters, with the first `most` problems."""
    head = _head(inspection)
    counted = _tokens(inspection)
    prices = _listed("**Price**", map(_price, inspection.estimates), len(inspection.estimates), LONGEST // 3)
    room = LONGEST - sum(map(len, (head, counted, prices))) - len("\n\n") * 3
    problems = _problems(inspection, most, room)
    return "\n\n".join(part for part in (head, problems, counted, prices) if part)


def all_problems(inspection: Inspection) -> bytes:
    """Return every problem as CSV in UTF-8, at most 5 MB, without formulas; it says at its end when it was cut."""
    rows = [_row("line", "severity", "rule", "text")]
    size, total = len(rows[0]), sum(inspection.counts.values())
    for told, problem in enumerate(inspection.problems()):
        row = _row(str(problem.line or ""), problem.severity, problem.rule, problem.text)
        size += len(row)
        if size > LARGEST - _ROOM_FOR_THE_END:
            rows.append(_row("", "", "", f"... and {total - told:,} more problems: the list was cut at 5 MB."))
            break
        rows.append(row)
    return b"".join(rows)


def _head(inspection: Inspection) -> str:
    left_out = f", {inspection.left_out:,} left out as too short" if inspection.left_out else ""
    return f"**{wording.number(inspection.examples, 'example')}** ({inspection.format}{left_out})"


def _problems(inspection: Inspection, most: int, room: int) -> str:
    """Return the first problems, as many as there is room for, in characters."""
    total = sum(inspection.counts.values())
    if not total:
        return "No problems."
    counts = ", ".join(f"{quoted(rule)} {count:,}" for rule, count in inspection.counts.items())
    verdict = "Errors must be mended." if inspection.has_errors else "Warnings are for you to judge."
    title = f"**{wording.number(total, 'problem')}**: {one_line(counts, room // 2)}\n{verdict}"
    return _listed(title, map(_problem, islice(inspection.problems(), most)), total, room)


def _problem(problem: Problem) -> str:
    place = f"line {problem.line}, " if problem.line else ""
    return f"- {place}{problem.severity}, `{coded(problem.rule)}`: {quoted(problem.text, _LONGEST_PROBLEM)}"


def _tokens(inspection: Inspection) -> str:
    figures = inspection.distribution.summary()
    if not figures.examples:
        return ""
    return (
        f"**{figures.total:,} tokens** (`{inspection.vocabulary}`), {figures.min:,} to {figures.max:,} "
        f"an example, {figures.median:,.0f} in the middle; {inspection.billed:,} billed each epoch, "
        f"{wording.number(inspection.epochs, 'epoch')}: {inspection.billed * inspection.epochs:,} in all"
    )


def _price(estimate: Estimate) -> str:
    retires = f", answers until {estimate.retires}" if estimate.retires else ""
    return (
        f"- {quoted(estimate.provider)} `{coded(estimate.model)}`: {wording.usd(estimate.cost_usd, 'price unknown')} "
        f"({wording.number(estimate.epochs, 'epoch')}, {estimate.total_tokens:,} tokens{retires})"
    )


def _listed(title: str, lines: Iterable[str], total: int, room: int) -> str:
    """Return lines under a title, as many as fit, and how many of the total are not among them."""
    shown = [title, *_fitting(lines, room - len(title) - _ROOM_FOR_MORE)]
    left = total - (len(shown) - 1)
    return "\n".join([*shown, *([_MORE.format(left)] if left else [])]) if total else ""


def _fitting(lines: Iterable[str], room: int) -> Iterator[str]:
    for line in lines:
        room -= len(line) + len("\n")
        if room < 0:
            return
        yield line


def _row(*cells: str) -> bytes:
    """Return a line of CSV in which every cell is a text in one line that no spreadsheet runs."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(_cell(one_line(cell, _LONGEST_CELL)) for cell in cells)
    return line.getvalue().encode()


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_STARTS) else text
