"""What a model that judges says beside the graders: a table of its own, for it decides nothing."""

from collections.abc import Callable, Iterator, Sequence

from training.evaluation.judge import Agreement, agreement
from training.evaluation.reports import words
from training.evaluation.scorecard import Scorecard

HEADINGS = ("model", "judge passes", "both agree", "kappa", "judge only", "graders only")
TITLE = "What the judge says, beside the graders"
LEGEND = (
    "Both agree: on so many of the trials that have a verdict. Kappa: how far they agree beyond chance, 1 at most "
    "(Cohen 1960). Judge only, graders only: trials that only the one lets pass."
)
ALL = "all"


def said(cards: Sequence[Scorecard], named: Callable[[str], str] = str) -> str:
    """Return in a sentence how far judge and graders agree, "" without verdicts; `named` makes a name safe."""
    found = agreement(cards)
    if not found.asked:
        return ""
    return (
        f"{_judges(cards, named)} and the graders agree on {_share(found.same, found)} trials (kappa {_kappa(found)}); "
        f"only the judge passes {found.judge_only:,}, only the graders {found.graders_only:,}. It decides nothing."
    )


def _judges(cards: Sequence[Scorecard], named: Callable[[str], str]) -> str:
    names = dict.fromkeys(card.judge.model for card in cards if card.judge)
    return f"The judge{'s' * (len(names) > 1)} {' and '.join(map(named, names))}".rstrip()


def rows(cards: Sequence[Scorecard]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each model that has verdicts, and of several one for all; nothing without verdicts."""
    judged = [card for card in cards if agreement([card]).asked]
    for card in judged:
        yield _row(words.called(card), agreement([card]))
    if len(judged) > 1:
        yield _row(ALL, agreement(judged))


def _row(name: str, found: Agreement) -> tuple[str, ...]:
    passed = _share(found.both + found.judge_only, found)
    return name, passed, _share(found.same, found), _kappa(found), f"{found.judge_only:,}", f"{found.graders_only:,}"


def _share(count: int, found: Agreement) -> str:
    return f"{count:,} of {found.asked:,}"


def _kappa(found: Agreement) -> str:
    return words.UNKNOWN if found.kappa is None else f"{found.kappa:.2f}"


def as_data(cards: Sequence[Scorecard]) -> dict[str, object]:
    """Return whose verdicts there are, and how far they agree with the graders, for programs; {} without verdicts."""
    if not (found := agreement(cards)).asked:
        return {}
    judges = dict.fromkeys(card.judge for card in cards if card.judge)
    models = [{"label": words.called(card), **_figures(agreement([card]))} for card in cards]
    by = [{"model": judge.model, "url": judge.url} for judge in judges]
    return {"judge": {"by": by, **_figures(found), "models": models}}


def _figures(found: Agreement) -> dict[str, object]:
    return {
        "trials": found.asked,
        "agree": found.same,
        "kappa": found.kappa,
        "both": found.both,
        "judge_only": found.judge_only,
        "graders_only": found.graders_only,
        "neither": found.neither,
    }
