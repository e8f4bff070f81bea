"""A comparison as JSON."""

import json
from typing import Any

import pytest

from tests.training.evaluation.reports.kit import card, comparison, result, signs, trial
from training.evaluation.comparison import compared
from training.evaluation.reports import as_json


def read(told: str) -> Any:  # noqa: ANN401 - as JSON is
    def none(constant: str) -> None:
        pytest.fail(f"{constant} is no JSON")

    return json.loads(told, parse_constant=none)


def test_every_figure_stands_under_a_key_that_stays() -> None:
    made = comparison("+" * 30 + "-" * 10, "+" * 40, categories=("locks", "air"))
    told = read(as_json(made))
    assert list(told) == ["version", "scenarios", "models", "pairs", "categories", "results"]
    assert (told["version"], told["scenarios"]) == (1, "5" * 64)
    base = told["models"][0]
    assert {key: base[key] for key in ("label", "total", "passed", "share", "pass_hat")} == {
        "label": "base",
        "total": 40,
        "passed": 30,
        "share": 0.75,
        "pass_hat": {"1": 0.75},
    }
    assert (base["low"], base["high"]) == made.cards[0].interval
    assert base["latency_ms"] == {"p50": 100, "p95": 100}
    pair = made.pairs[0]
    for key in ("difference", "low", "high", "p_value", "adjusted", "verdict", "detectable", "score_difference"):
        assert told["pairs"][0][key] == getattr(pair, key)
    assert told["pairs"][0]["only_candidate"] == [f"s-{number}" for number in range(30, 40)]
    assert [(row["name"], row["total"]) for row in told["categories"]] == [("air", 20), ("locks", 20)]
    assert [model["verdict"] for model in told["categories"][0]["models"]] == ["baseline", "not distinguishable"]


def test_answers_are_in_it_unless_they_are_not_wanted() -> None:
    said = [result("s", trial("One.", failures=("turn 2: says none of 'x'",), judged=False), turns=2)]
    made = compared([card("m", said), card("n", said)])
    scenario = read(as_json(made))["results"][0]
    assert scenario["questions"] == ["s asks 1?", "s asks 2?"]
    assert scenario["references"] == ["s is told 1.", "s is told 2."]
    first = scenario["models"][0]["trials"][0]
    assert first["answers"] == [
        {"text": "One.", "latency_ms": 100, "input_tokens": 10, "output_tokens": 5, "cost_usd": 0.0}
    ]
    assert (first["failures"], first["judged"]) == (["turn 2: says none of 'x'"], False)
    short = as_json(made, answers=False)
    assert "One." not in short
    assert "asks" not in short
    assert read(short)["results"][0]["models"][1]["trials"][0]["failures"] == ["turn 2: says none of 'x'"]


def test_results_in_another_order_stand_beside_their_own() -> None:
    first, second = signs("+-")
    made = compared([card("m", (first, second)), card("n", (second, first))])
    assert [[model["passes"] for model in one["models"]] for one in read(as_json(made))["results"]] == [[1, 1], [0, 0]]


def test_what_is_no_number_is_null_and_half_a_character_is_marked() -> None:
    odd = [result("s", trial("half \ud800", cost=None))]
    told = as_json(compared([card("m", odd, losses={"train_loss": float("nan")})]))
    assert read(told)["models"][0]["losses"] == {"train_loss": None}
    assert read(told)["models"][0]["cost_usd"] is None
    assert "half ?" in told
    assert told.encode()
