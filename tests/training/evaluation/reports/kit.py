"""Scorecards as short as a line."""

from collections.abc import Mapping, Sequence

from training.evaluation.comparison import Comparison, compared
from training.evaluation.scorecard import Given, Result, Scorecard, Trial

ATTACK = (
    "<script>owned = 1</script></script><img src=x onerror=owned=2> \"double\" 'single' &amp; </style> \u202egnp\u202c"
)


def trial(
    *answers: str, failures: Sequence[str] = (), judged: bool | None = None, cost: float | None = 0.0, ms: float = 100
) -> Trial:
    """Return a trial with these answers, which lack what is said."""
    given = tuple(Given(answer, ms, 10, 5, cost) for answer in answers)
    return Trial(given, tuple(failures), checks=4, met=4 - len(failures), judged=judged)


def result(name: str, *trials: Trial, category: str = "lights", critical: bool = False, turns: int = 1) -> Result:
    """Return what became of a scenario of so many turns."""
    questions = tuple(f"{name} asks {number}?" for number in range(1, turns + 1))
    references = tuple(f"{name} is told {number}." for number in range(1, turns + 1))
    return Result(name, category, critical, questions, references, trials)


def signs(passed: str, categories: Sequence[str] = ("lights",), trials: int = 1) -> tuple[Result, ...]:
    """Return results of which the n-th passes where there is a +; those in capitals, P and F, are critical."""
    good, bad = trial("Yes."), trial("No.", failures=("turn 1: says none of 'yes'",))
    return tuple(
        result(
            f"s-{number}",
            *([good if sign in "+P" else bad] * trials),
            category=categories[number % len(categories)],
            critical=sign in "PF",
        )
        for number, sign in enumerate(passed)
    )


def card(
    label: str, results: Sequence[Result], *, model: str = "", losses: Mapping[str, float] | None = None
) -> Scorecard:
    """Return the scorecard of these results."""
    trials = max(len(one.trials) for one in results)
    return Scorecard(model or label, label, tuple(results), trials, 0.0, "5" * 64, "", losses or {})


def comparison(*passed: str, categories: Sequence[str] = ("lights",), trials: int = 1) -> Comparison:
    """Return models called base, one, two, ... side by side, that pass where there is a +."""
    names = ["base", "one", "two", "three", "four", "five", "six", "seven", "eight"]
    return compared([card(name, signs(each, categories, trials)) for name, each in zip(names, passed, strict=False)])
