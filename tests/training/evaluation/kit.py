"""Scorecards and scenarios, made up."""

from collections.abc import Sequence

from training.evaluation.scenarios import Scenario
from training.evaluation.scorecard import Given, Result, Scorecard, Trial


def scenario(name: str, *facts: str, category: str = "lights", critical: bool = False) -> Scenario:
    """Return a scenario with a turn for each fact, which its answer must hold."""
    turns = [
        {"user": f"{name} {number}?", "reference": fact, "expect": {"refuses": False, "facts": [[fact]]}}
        for number, fact in enumerate(facts, 1)
    ]
    return Scenario.model_validate({"id": name, "category": category, "critical": critical, "turns": turns})


def given(text: str, latency_ms: float = 5.0, cost_usd: float | None = 0.0) -> Given:
    """Return an answer of ten tokens read and four written."""
    return Given(text, latency_ms, 10, 4, cost_usd)


def result(name: str, outcomes: str, category: str = "lights") -> Result:
    """Return a result whose trials pass where there is a +; those in capitals, P and F, are critical."""
    trials = [
        Trial((given("It is."),), *(((), 4, 4) if sign in "+P" else (("turn 1: it does not",), 4, 3)), None)
        for sign in outcomes
    ]
    critical = bool(set(outcomes) & set("PF"))
    return Result(name, category, critical, ("Is it?",), ("It is.",), tuple(trials))


def card(model: str, outcomes: str | Sequence[str], categories: Sequence[str] = ("lights",)) -> Scorecard:
    """Return a scorecard with a result for each outcome, which is a sign for each trial."""
    results = [result(f"s-{at}", each, categories[at % len(categories)]) for at, each in enumerate(outcomes)]
    return Scorecard(model, model, tuple(results), len(outcomes[0]) if outcomes else 1, 0.0, "f" * 64)


def paired(both: int, only_first: int, only_second: int, neither: int) -> tuple[Scorecard, Scorecard]:
    """Return two scorecards in which so many scenarios pass in both, in one of them and in neither."""
    first = "+" * (both + only_first) + "-" * (only_second + neither)
    second = "+" * both + "-" * only_first + "+" * only_second + "-" * neither
    return card("old", first), card("new", second)
