"""A comparison in a terminal of 100 columns or more."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from training.evaluation.comparison import Category, Comparison, Verdict
from training.evaluation.reports import judging, words
from training.evaluation.reports.figures import Figure, expense, quality
from training.evaluation.scorecard import Scorecard
from training.quoting import one_line

# Characters of what is shown of a name, and models that fit beside each other.
_NAME = 28
_CATEGORY = 26
_ID = 60
_COLUMN = 16
_HEADING = 13
_BESIDE = 4
_MARKS: dict[Verdict, str] = {"better": "+", "worse": "-", "not distinguishable": ""}
_STYLES: dict[Verdict, str] = {"better": "green", "worse": "red", "not distinguishable": "yellow"}
_LEGEND = "+ better, - worse than the first model, by more than chance; without a mark: not distinguishable."


def as_rich(comparison: Comparison) -> RenderableType:
    """Return a comparison for a Rich console: the models, what sets each apart from the first, the categories."""
    cards = comparison.cards
    parts: list[RenderableType] = [
        *_ids(cards),
        _models(f"How well they do, on {words.counted(cards[0].total)}", cards, quality(cards)),
        _models("What it takes", cards, expense(cards)),
        *_verdicts(comparison),
        *_categories(comparison),
        *_judging(cards),
    ]
    return Group(*parts)


def _models(title: str, cards: Sequence[Scorecard], figures: Sequence[Figure]) -> Table:
    table = Table("model", title=title, title_justify="left")
    for figure in figures:
        table.add_column(figure.heading, justify="right", overflow="fold")
    for card in cards:
        told = (Text(one_line(figure.told(card), _NAME)) for figure in figures)
        table.add_row(Text(one_line(words.called(card), _COLUMN)), *told)
    return table


def _ids(cards: Sequence[Scorecard]) -> Iterator[Text]:
    """Yield which model it is that a label stands for."""
    for card in cards:
        if words.called(card) != card.model:
            yield Text(f"{one_line(words.called(card), _NAME)} is {one_line(card.model, _ID)}.")


def _verdicts(comparison: Comparison) -> Iterator[Text]:
    for pair in comparison.pairs:
        sentence = words.verdict(pair, lambda name: one_line(name, _NAME))
        yield Text(f"{sentence} {words.scored(pair)}", style=_STYLES[pair.verdict])
    if comparison.pairs:
        yield Text("")


def _categories(comparison: Comparison) -> Iterator[RenderableType]:
    """Yield a table of the categories for every few models, the first in each of them."""
    others = range(1, len(comparison.cards))
    for start in range(0, max(len(others), 1), _BESIDE - 1):
        shown = [0, *others[start : start + _BESIDE - 1]]
        table = Table("category", title="What passes in each category", title_justify="left")
        table.add_column("of", justify="right")
        for number in shown:
            table.add_column(Text(one_line(words.called(comparison.cards[number]), _HEADING)), justify="right")
        for category in comparison.categories:
            table.add_row(*_row(category, shown))
        yield table
    if others:
        yield Text(_LEGEND, style="dim")


def _judging(cards: Sequence[Scorecard]) -> Iterator[RenderableType]:
    """Yield what the model that judges says, apart from the rest; nothing without verdicts."""
    if told := judging.said(cards, lambda name: one_line(name, _NAME)):
        table = Table(judging.HEADINGS[0], title=judging.TITLE, title_justify="left")
        for heading in judging.HEADINGS[1:]:
            table.add_column(heading, justify="right", overflow="fold")
        for name, *figures in judging.rows(cards):
            table.add_row(Text(one_line(name, _COLUMN)), *figures)
        yield Text("")
        yield table
        yield Text(told)


def _row(category: Category, shown: Sequence[int]) -> Iterator[Text]:
    yield Text(one_line(category.name, _CATEGORY))
    yield Text(f"{category.total:,}")
    for number in shown:
        verdict: Verdict = category.verdicts[number - 1] if number else "not distinguishable"
        style = _STYLES[verdict] if _MARKS[verdict] else ""
        yield Text(f"{words.percent(category.passed[number][0])} {_MARKS[verdict] or ' '}", style=style)
