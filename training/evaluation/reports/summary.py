"""The head of the page: what sets the models apart, their figures, and the categories."""

from collections.abc import Iterable, Iterator, Sequence

from training.evaluation.comparison import Category, Comparison
from training.evaluation.reports import judging, words
from training.evaluation.reports.figures import expense, quality
from training.evaluation.reports.markup import colour, strip, text
from training.evaluation.scorecard import Scorecard
from training.quoting import one_line

_NAME = 60
_CLASSES = {"better": "ok", "worse": "bad", "not distinguishable": "even"}


def summary(comparison: Comparison) -> str:
    """Return verdicts, models and categories as HTML."""
    cards = comparison.cards
    legend = (_chip(number, words.names(card)) for number, card in enumerate(cards))
    parts = [
        f"<p class=legend>{' '.join(legend)}</p>",
        *_verdicts(comparison),
        f"<h2>Models, on {words.counted(cards[0].total)}</h2>",
        _table("Models", ["model", "0 to 100%", *(figure.heading for figure in quality(cards))], _models(cards)),
        _table("Expense", ["model", *(figure.heading for figure in expense(cards))], _expense(cards)),
        "<h2>Categories</h2>",
        _table("Categories", ["category", "of", "0 to 100%", *_letters(comparison)], _categories(comparison)),
        *_judging(cards),
    ]
    return "".join(parts)


def _chip(number: int, name: str) -> str:
    return f"<span><b class='chip {colour(number)}'>{words.letter(number)}</b> {text(one_line(name, _NAME))}</span>"


def _letters(comparison: Comparison) -> list[str]:
    return [words.letter(number) for number in range(len(comparison.cards))]


def _verdicts(comparison: Comparison) -> Iterator[str]:
    for pair in comparison.pairs:
        sentence = words.verdict(pair, lambda name: one_line(name, _NAME))
        yield f"<p class='verdict {_CLASSES[pair.verdict]}'>{text(sentence)} {text(words.scored(pair))}</p>"


def _models(cards: Sequence[Scorecard]) -> Iterator[list[str]]:
    for number, card in enumerate(cards):
        told = f"{words.percent(card.share)}, {words.span(*card.interval)}"
        mark = strip(told, [(number, words.letter(number), (card.share, *card.interval))])
        yield [_chip(number, words.called(card)), mark, *(text(figure.told(card)) for figure in quality(cards))]


def _expense(cards: Sequence[Scorecard]) -> Iterator[list[str]]:
    for number, card in enumerate(cards):
        yield [_chip(number, words.called(card)), *(text(figure.told(card)) for figure in expense(cards))]


def _categories(comparison: Comparison) -> Iterator[list[str]]:
    for category in comparison.categories:
        marks = [(number, words.letter(number), share) for number, share in enumerate(category.passed)]
        told = ", ".join(f"{letter} {words.percent(share[0])}" for _, letter, share in marks)
        yield [text(category.name), f"{category.total:,}", strip(told, marks), *_shares(category)]


def _shares(category: Category) -> Iterator[str]:
    for number, (share, low, high) in enumerate(category.passed):
        verdict = category.verdicts[number - 1] if number else "not distinguishable"
        said = "" if verdict == "not distinguishable" else f" <b class={_CLASSES[verdict]}>{verdict}</b>"
        yield f"{share:.0%} <small>{low:.0%} to {high:.0%}</small>{said}"


def _judging(cards: Sequence[Scorecard]) -> Iterator[str]:
    """Yield what the model that judges says, apart from the rest; nothing without verdicts."""
    if told := judging.said(cards, lambda name: one_line(name, _NAME)):
        shown = ([text(one_line(name, _NAME)), *figures] for name, *figures in judging.rows(cards))
        yield f"<h2>{judging.TITLE}</h2><p class=judge>{text(told)}</p>"
        yield f"{_table('Judge', judging.HEADINGS, shown)}<p class=note>{judging.LEGEND}</p>"


def _table(name: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th scope=col>{text(heading)}</th>" for heading in headings)
    body = "".join(
        f"<tr><th scope=row>{row[0]}</th>{''.join(f'<td>{cell}</td>' for cell in row[1:])}</tr>" for row in rows
    )
    # It scrolls by itself where it is wider than the page, by keys too.
    return (
        f"<div class=wide role=region aria-label={name} tabindex=0>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
