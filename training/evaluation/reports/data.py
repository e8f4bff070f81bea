"""A comparison as JSON: every figure and every answer, under keys that stay."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import cast

from training.evaluation.comparison import Category, Comparison
from training.evaluation.reports import judging
from training.evaluation.reports.figures import side_by_side
from training.evaluation.scorecard import Result, Scorecard, Trial

# Counted up when a key changes its meaning or goes; a new key is no reason.
VERSION = 1


def as_json(comparison: Comparison, *, answers: bool = True) -> str:
    """Return everything that is known, and where wanted the answers; what is no finite number is null."""
    cards = comparison.cards
    labels = [card.label or card.model for card in cards]
    told = {
        "version": VERSION,
        "scenarios": cards[0].scenarios,
        "models": [_model(card) for card in cards],
        "pairs": [asdict(pair) for pair in comparison.pairs],
        "categories": [_category(category, labels) for category in comparison.categories],
        **judging.as_data(cards),
        "results": [_scenario(results, labels, answers=answers) for results in side_by_side(cards)],
    }
    return json.dumps(_finite(told), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _model(card: Scorecard) -> dict[str, object]:
    low, high = card.interval
    return {
        "label": card.label or card.model,
        "model": card.model,
        "total": card.total,
        "passed": card.passed,
        "share": card.share,
        "score": card.score,
        "low": low,
        "high": high,
        "trials": card.trials,
        "pass_hat": {str(k): card.pass_hat(k) for k in range(1, card.trials + 1)},
        "critical": card.critical,
        "critical_failures": [result.id for result in card.critical_failures],
        "latency_ms": {"p50": card.latency_p50, "p95": card.latency_p95},
        "tokens": {"read": card.tokens[0], "written": card.tokens[1]},
        "cost_usd": card.cost,
        "losses": dict(card.losses),
        "setup": card.setup,
        "at": card.at,
    }


def _category(category: Category, labels: Sequence[str]) -> Mapping[str, object]:
    verdicts = ("baseline", *category.verdicts)
    adjusted = (None, *category.adjusted)
    models = [
        {"label": label, "share": share, "low": low, "high": high, "adjusted": p_value, "verdict": verdict}
        for label, (share, low, high), p_value, verdict in zip(labels, category.passed, adjusted, verdicts, strict=True)
    ]
    return {"name": category.name, "total": category.total, "models": models}


def _scenario(results: Sequence[Result], labels: Sequence[str], *, answers: bool) -> dict[str, object]:
    first = results[0]
    told: dict[str, object] = {"id": first.id, "category": first.category, "critical": first.critical}
    if answers:
        told |= {"questions": first.questions, "references": first.references}
    models = zip(labels, results, strict=True)
    return told | {"models": [_result(label, result, answers=answers) for label, result in models]}


def _result(label: str, result: Result, *, answers: bool) -> dict[str, object]:
    figures: dict[str, object] = {"label": label, "passes": result.passes, "rate": result.rate, "score": result.score}
    return figures | {"trials": [_trial(trial, answers=answers) for trial in result.trials]}


def _trial(trial: Trial, *, answers: bool) -> dict[str, object]:
    told: dict[str, object] = {
        "failures": trial.failures,
        "checks": trial.checks,
        "met": trial.met,
        "judged": trial.judged,
    }
    return told | ({"answers": [asdict(given) for given in trial.answers]} if answers else {})


def _finite(value: object) -> object:
    """Return the same with None for what JSON has no number for, and U+FFFD for half a character."""
    match value:
        case dict():
            return {key: _finite(item) for key, item in cast("dict[str, object]", value).items()}
        case list() | tuple():
            return [_finite(item) for item in cast("Sequence[object]", value)]
        case float() if not math.isfinite(value):
            return None
        case str():
            return value.encode("utf-8", "replace").decode()
        case _:
            return value
