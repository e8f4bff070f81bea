"""The figures of a model that a report shows, each under its heading."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from training.evaluation.reports import words
from training.evaluation.scorecard import Result, Scorecard


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: what stands above it, and how it is told of a model."""

    heading: str
    told: Callable[[Scorecard], str]


def side_by_side(cards: Sequence[Scorecard]) -> list[tuple[Result, ...]]:
    """Return what the models made of each scenario, in the order of the first."""
    others = [{result.id: result for result in card.results} for card in cards[1:]]
    return [(result, *(other[result.id] for other in others)) for result in cards[0].results]


def quality(cards: Sequence[Scorecard]) -> list[Figure]:
    """Return how well models do; what none of them has is left out."""
    figures = [
        Figure("passed", lambda card: words.percent(card.share)),
        Figure("95% interval", lambda card: words.span(*card.interval)),
        Figure("score", lambda card: words.percent(card.score)),
        Figure("critical fails", lambda card: f"{len(card.critical_failures):,} of {card.critical:,}"),
    ]
    if (trials := max(card.trials for card in cards)) > 1:
        figures.insert(2, Figure("trials", lambda card: f"{card.trials:,}"))
        figures.insert(3, Figure(f"pass^{trials}", partial(_pass_hat, k=trials)))
    return figures


def expense(cards: Sequence[Scorecard]) -> list[Figure]:
    """Return what answers take, and the losses of the runs that made the models."""
    figures = [
        Figure("p50 latency", lambda card: words.milliseconds(card.latency_p50)),
        Figure("p95 latency", lambda card: words.milliseconds(card.latency_p95)),
        Figure("tokens in", lambda card: words.whole(card.tokens[0])),
        Figure("tokens out", lambda card: words.whole(card.tokens[1])),
        Figure("cost", lambda card: words.dollars(card.cost)),
    ]
    losses = dict.fromkeys(name for card in cards for name in card.losses)
    return figures + [Figure(name.replace("_", " "), partial(_loss, name=name)) for name in losses]


def _pass_hat(card: Scorecard, k: int) -> str:
    """Return the share of scenarios of which k trials in a row would pass; unknown of fewer trials."""
    return words.percent(card.pass_hat(k)) if card.trials >= k else words.UNKNOWN


def _loss(card: Scorecard, name: str) -> str:
    value = card.losses.get(name)
    return "none" if value is None else f"{value:.4g}"
