"""What an evaluation says about one model, and what sets several apart: figures with their intervals."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from training.evaluation.graders import Said, failures
from training.evaluation.scenarios import Scenario, read_scenarios
from training.evaluation.statistics import mcnemar, wilson
from training.examples import DataError
from training.quoting import coded, quoted

# Given what was said so far, each question with its answer, and a question; returns the answer.
Answerer = Callable[[Sequence[tuple[str, str]], str], Awaitable[str]]
Verdict = Literal["better", "worse", "not distinguishable"]

# Two models are told apart when chance alone would set them so far apart less often than that.
SIGNIFICANT = 0.05
# A chance so small is no longer told in digits.
_SMALLEST = 0.001

# Characters of a scorecard as text, and of what is shown there of a model's name and of a category.
LONGEST = 1_800
_NAME = 32
_COLUMN = 16
_CATEGORY = 24
# The models that fit beside each other.
_MOST_CARDS = 3
_FENCE = "```"


class Unanswered(Exception):  # noqa: N818 - no error of the program: a model had nothing to say
    """A model gave no answer; the text says why."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one scenario."""

    id: str
    category: str
    critical: bool
    failures: tuple[str, ...]
    """What the answers lack, each with its turn."""
    answers: tuple[str, ...]
    """As many as were given; after a turn without one, nothing more is asked."""

    @property
    def passed(self) -> bool:
        """Whether every answer was as expected."""
        return not self.failures


@dataclass(frozen=True, slots=True)
class Scorecard:
    """What one model made of every scenario."""

    model: str
    results: tuple[Result, ...]

    @property
    def total(self) -> int:
        """How many scenarios there were."""
        return len(self.results)

    @property
    def passed(self) -> int:
        """How many scenarios passed."""
        return sum(result.passed for result in self.results)

    @property
    def share(self) -> float:
        """The part that passed, 0 to 1."""
        return self.passed / max(self.total, 1)

    @property
    def interval(self) -> tuple[float, float]:
        """The Wilson interval, 95 %, in which the share of all such scenarios lies (Wilson 1927)."""
        return wilson(self.passed, self.total)

    @property
    def by_category(self) -> Mapping[str, tuple[int, int]]:
        """How many passed, and of how many, by category."""
        passed = Counter(result.category for result in self.results if result.passed)
        total = Counter(result.category for result in self.results)
        return {category: (passed[category], total[category]) for category in sorted(total)}

    @property
    def critical(self) -> int:
        """How many scenarios are critical."""
        return sum(result.critical for result in self.results)

    @property
    def critical_failures(self) -> tuple[Result, ...]:
        """The critical scenarios that failed, any of which speaks against promoting the model."""
        return tuple(result for result in self.results if result.critical and not result.passed)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What sets a candidate apart from the champion."""

    champion: str
    candidate: str
    difference: float
    """Percentage points by which more scenarios pass; less than 0 where fewer do."""
    p_value: float
    """How likely chance alone sets two equal models so far apart (exact McNemar test, two-sided)."""
    verdict: Verdict
    only_champion: tuple[str, ...]
    """Ids of the scenarios that only the champion passes."""
    only_candidate: tuple[str, ...]


def read_all(folder: Path) -> tuple[Scenario, ...]:
    """Return the scenarios of a folder, by file; raises DataError naming the line, or the id that stands there twice.

    Raises DataError when there are none, too.
    """
    scenarios = tuple(scenario for path in sorted(folder.glob("*.jsonl")) for scenario in read_scenarios(path))
    if not scenarios:
        raise DataError(f"There are no scenarios in {folder}: write some, or set SARAH_DATA to a folder that has them.")
    twice, times = Counter(scenario.id for scenario in scenarios).most_common(1)[0]
    if times > 1:
        raise DataError(f"The scenario {twice!r} stands in {folder} {times} times: give each an id of its own.")
    return scenarios


async def scored(
    name: str, answer: Answerer, scenarios: Sequence[Scenario], contacts: tuple[str, ...], *, at_once: int = 8
) -> Scorecard:
    """Ask a model every scenario, so many at once, and say which pass; `contacts` are texts that offer a person.

    Whatever an answerer raises but Unanswered ends all of it, in an ExceptionGroup.
    """
    free = asyncio.Semaphore(at_once)

    async def one(scenario: Scenario) -> Result:
        async with free:
            return await _result(answer, scenario, contacts)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(scenario)) for scenario in scenarios]
    return Scorecard(name, tuple(task.result() for task in tasks))


async def _result(answer: Answerer, scenario: Scenario, contacts: tuple[str, ...]) -> Result:
    said: list[tuple[str, str]] = []
    lacking: list[str] = []
    for number, turn in enumerate(scenario.turns, 1):
        try:
            given = await answer(tuple(said), turn.user)
        except Unanswered as reason:
            lacking.append(f"turn {number}: there is no answer ({reason})")
            break
        said.append((turn.user, given))
        lacking += [f"turn {number}: {failure}" for failure in failures(turn.expect, Said(given, contacts))]
    answers = tuple(given for _, given in said)
    return Result(scenario.id, scenario.category, scenario.critical, tuple(lacking), answers)


def compared(champion: Scorecard, candidate: Scorecard) -> Comparison:
    """Set a candidate against the champion; raises DataError when they were not asked the same scenarios."""
    before = {result.id: result.passed for result in champion.results}
    after = {result.id: result.passed for result in candidate.results}
    if before.keys() != after.keys():
        raise DataError(f"{champion.model!r} and {candidate.model!r} had other scenarios: evaluate both again.")
    only_champion = tuple(name for name, passed in before.items() if passed and not after[name])
    only_candidate = tuple(name for name, passed in after.items() if passed and not before[name])
    p_value = mcnemar(len(only_champion), len(only_candidate))
    ahead: Verdict = "better" if len(only_candidate) > len(only_champion) else "worse"
    return Comparison(
        champion=champion.model,
        candidate=candidate.model,
        difference=100 * (candidate.share - champion.share),
        p_value=p_value,
        verdict=ahead if p_value < SIGNIFICANT else "not distinguishable",
        only_champion=only_champion,
        only_candidate=only_candidate,
    )


def markdown(cards: Sequence[Scorecard]) -> str:
    """Return scorecards as Markdown of at most 1,800 characters; the first is what the others are held against.

    Raises DataError when they are more than three, or not of the same scenarios.
    """
    if not 1 <= len(cards) <= _MOST_CARDS:
        raise DataError(f"{len(cards)} models cannot be shown side by side: name 1 to {_MOST_CARDS}.")
    verdicts = [in_words(compared(cards[0], card)) for card in cards[1:]]
    head = "\n".join([*map(lines, cards), *verdicts])
    return f"{head}\n{table(cards, LONGEST - len(head) - 1)}"


def lines(card: Scorecard) -> str:
    """Return what a scorecard says as a whole."""
    low, high = card.interval
    failed = len(card.critical_failures)
    return (
        f"**{quoted(card.model, _NAME)}** passes {card.passed:,} of {card.total:,}: {card.share:.1%} "
        f"(95% interval {low:.1%} to {high:.1%}); {failed:,} of {card.critical:,} critical ones fail."
    )


def in_words(comparison: Comparison) -> str:
    """Return what sets two models apart in a sentence."""
    candidate, champion = (f"**{quoted(name, _NAME)}**" for name in (comparison.candidate, comparison.champion))
    counts = f"{len(comparison.only_candidate):,} only it passes, {len(comparison.only_champion):,} only the other"
    chance = "p < 0.001" if comparison.p_value < _SMALLEST else f"p = {comparison.p_value:.3f}"
    points = f"{comparison.difference:+.1f} points, {counts}, {chance}"
    if comparison.verdict == "not distinguishable":
        return f"{candidate} is not distinguishable from {champion}: the difference may be chance ({points})."
    return f"{candidate} is {comparison.verdict} than {champion}, by more than chance ({points})."


def table(cards: Sequence[Scorecard], room: int = LONGEST) -> str:
    """Return how many scenarios of each category pass, a column for each model, as code in so many characters."""
    tallies = [card.by_category for card in cards]
    categories = list(dict.fromkeys(category for tally in tallies for category in tally))
    rows = [("category", *(coded(card.model, _COLUMN) for card in cards))]
    for category in categories:
        counts = (tally.get(category, (0, 0)) for tally in tallies)
        rows.append((coded(category, _CATEGORY), *(f"{passed}/{total}" for passed, total in counts)))
    return _fenced(_aligned(rows), room)


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return rows in columns: the first to the left, figures to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]


def _fenced(rows: Sequence[str], room: int) -> str:
    """Return rows of one length as code; those for which there is no room are counted."""
    more = "... and {} more"
    fits = max(1, (room - 2 * len(_FENCE) - len(more) - len("\n\n\n")) // (len(rows[0]) + 1))
    left = len(rows) - fits
    shown = [*rows[:fits], *([more.format(left)] if left > 0 else [])]
    return "\n".join([_FENCE, *shown, _FENCE])
