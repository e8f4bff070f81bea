"""A comparison as a Markdown document."""

from collections.abc import Iterable, Iterator, Sequence

from training.evaluation.comparison import Comparison
from training.evaluation.reports import judging, words
from training.evaluation.reports.figures import expense, quality
from training.evaluation.scorecard import Result, Scorecard
from training.quoting import quoted

_NAME = 60
_METHODS = """\
A scenario passes when every expectation of every turn is met. Of several trials, the share is the mean over scenarios.
Shares stand with 95% intervals. The score is the share of expectations that are met; it decides nothing. Pairs are told
apart by an exact McNemar test, or by sign flips where there are several trials, after Holm's correction over the pairs.
Categories are a family of tests of their own; where no verdict stands beside a category, it is not distinguishable.
"Not distinguishable" means that chance alone may explain the difference, not that the models are equal; where
an interval just leaves zero out, the verdict counts. A model judge, where one was asked, decides nothing."""


def as_markdown(comparison: Comparison) -> str:
    """Return a whole document: verdicts, figures, categories, and every scenario that only one model passes."""
    cards = comparison.cards
    parts = [
        f"# {words.title(cards, lambda name: quoted(name, _NAME))}",
        *(
            f"{words.verdict(pair, lambda name: f'**{quoted(name, _NAME)}**')} {words.scored(pair)}"
            for pair in comparison.pairs
        ),
        f"## Models, on {words.counted(cards[0].total)}",
        _table(["model", *(quoted(figure.heading, _NAME) for figure in quality(cards))], _models(cards, wide=False)),
        _table(["model", *(quoted(figure.heading, _NAME) for figure in expense(cards))], _models(cards, wide=True)),
        "## Categories",
        _table(["category", "of", *(_name(card) for card in cards)], _categories(comparison)),
        *_judging(cards),
        *_scenarios(comparison),
        "## How to read it",
        _METHODS,
    ]
    return "\n\n".join(parts) + "\n"


def _name(card: Scorecard) -> str:
    return quoted(words.called(card), _NAME)


def _models(cards: Sequence[Scorecard], *, wide: bool) -> Iterator[list[str]]:
    figures = expense(cards) if wide else quality(cards)
    for card in cards:
        yield [quoted(words.names(card), _NAME), *(figure.told(card) for figure in figures)]


def _categories(comparison: Comparison) -> Iterator[list[str]]:
    for category in comparison.categories:
        row = [quoted(category.name, _NAME), f"{category.total:,}"]
        for number, (share, low, high) in enumerate(category.passed):
            verdict = category.verdicts[number - 1] if number else "not distinguishable"
            mark = "" if verdict == "not distinguishable" else f" **{verdict}**"
            row.append(f"{share:.1%} ({low:.0%} to {high:.0%}){mark}")
        yield row


def _judging(cards: Sequence[Scorecard]) -> Iterator[str]:
    """Yield what the model that judges says, apart from the rest; nothing without verdicts."""
    if told := judging.said(cards, lambda name: quoted(name, _NAME)):
        yield f"## {judging.TITLE}"
        yield told
        yield _table(judging.HEADINGS, ((quoted(name, _NAME), *figures) for name, *figures in judging.rows(cards)))
        yield judging.LEGEND


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rule = ["---", *("---:" for _ in headings[1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in (headings, rule, *rows))


def _scenarios(comparison: Comparison) -> Iterator[str]:
    """Yield the scenarios that set models apart, and the critical ones that fail."""
    known = {result.id: result for result in comparison.cards[0].results}
    for pair in comparison.pairs:
        yield from _only(pair.baseline, pair.candidate, pair.only_baseline, known)
        yield from _only(pair.candidate, pair.baseline, pair.only_candidate, known)
    for card in comparison.cards:
        yield f"## Critical scenarios that {_name(card)} fails: {len(card.critical_failures):,}"
        yield _listed(card.critical_failures)


def _only(one: str, other: str, ids: Sequence[str], known: dict[str, Result]) -> Iterator[str]:
    yield f"## Only {quoted(one, _NAME)} passes, and {quoted(other, _NAME)} does not: {len(ids):,}"
    yield _listed([known[id_] for id_ in ids])


def _listed(results: Iterable[Result]) -> str:
    lines = [
        f"- {quoted(result.id)} ({quoted(result.category, _NAME)}{', critical' * result.critical})"
        for result in results
    ]
    return "\n".join(lines) or "None."
