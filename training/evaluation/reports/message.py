"""A comparison as a message in a chat: Markdown, and as short as the chat allows."""

from collections.abc import Sequence

from training.evaluation.comparison import Category, Comparison
from training.evaluation.reports import judging, words
from training.evaluation.scorecard import Scorecard
from training.quoting import coded, quoted

# Characters of a message, and of what is shown there of a model's name and of a category.
LONGEST = 1_800
_NAME = 32
_COLUMN = 16
_CATEGORY = 24
_FENCE = "```"
# A table of fewer rows, its heading with them, says nothing.
_LEAST_ROWS = 3


def as_message(comparison: Comparison, limit: int = LONGEST) -> str:
    """Return what the models pass, what sets them apart and the categories, in at most so many characters."""
    cards = comparison.cards
    told = [*map(line, cards), *(words.verdict(pair, _bold) for pair in comparison.pairs), judging.said(cards, _bold)]
    head = _kept([*filter(None, told)], limit)
    rows = _aligned(_table(cards, comparison.categories))
    return "\n".join(filter(None, (head, _fenced(rows, limit - len(head) - 1))))


def line(card: Scorecard) -> str:
    """Return what a scorecard says as a whole."""
    failed = f"{len(card.critical_failures):,} of {card.critical:,} critical ones fail"
    figures = f"{card.share:.1%} (95% interval {words.span(*card.interval)}); {failed}."
    name = _bold(words.called(card))
    if card.trials == 1:
        return f"{name} passes {card.passed:,} of {card.total:,}: {figures}"
    return f"{name} passes {card.passed:,} of {card.total:,} in all of its {card.trials:,} trials, on average {figures}"


def _bold(name: str) -> str:
    return f"**{quoted(name, _NAME)}**"


def _table(cards: Sequence[Scorecard], categories: Sequence[Category]) -> list[tuple[str, ...]]:
    """Return how much of each category passes, a column for each model."""
    rows = [("category", "of", *(coded(words.called(card), _COLUMN) for card in cards))]
    for category in categories:
        shares = (f"{share:.0%}" for share, _, _ in category.passed)
        rows.append((coded(category.name, _CATEGORY), f"{category.total:,}", *shares))
    return rows


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return rows in columns: the first to the left, figures to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]


def _kept(told: Sequence[str], room: int) -> str:
    """Return as many lines as there is room for; the others are counted."""
    for left in range(len(told)):
        more = [f"... and {left:,} more lines: the whole report has them."] if left else []
        text = "\n".join([*told[: len(told) - left], *more])
        if len(text) <= room:
            return text
    return f"{told[0][: room - 1]}…"


def _fenced(rows: Sequence[str], room: int) -> str:
    """Return rows of one length as code, those for which there is no room counted; "" where nearly none fits."""
    more = "... and {:,} more"
    fits = (room - 2 * len(_FENCE) - len(more) - len("\n\n\n")) // (len(rows[0]) + 1)
    if fits < min(_LEAST_ROWS, len(rows)):
        return ""
    left = len(rows) - fits
    shown = [*rows[:fits], *([more.format(left)] if left > 0 else [])]
    return "\n".join([_FENCE, *shown, _FENCE])
