"""What an evaluation says about one model: every answer, what it lacks, and figures with their intervals."""

import asyncio
import hashlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from training.evaluation.graders import Said, graded
from training.evaluation.scenarios import Scenario, read_scenarios
from training.evaluation.statistics import mean, pass_hat_k, percentile, share_interval
from training.evaluation.trials import Given, JudgedBy, Result, Trial
from training.examples import DataError


class Unanswered(Exception):  # noqa: N818 - no error of the program: a model had nothing to say
    """A model gave no answer; the text says why."""


@dataclass(frozen=True, slots=True)
class Scorecard:
    """What one model made of every scenario."""

    model: str
    label: str
    """What a reader calls the model."""
    results: tuple[Result, ...]
    trials: int
    """How often each scenario was gone through."""
    at: float
    """When, in seconds since 1970."""
    scenarios: str
    """The fingerprint of the scenarios."""
    setup: str = ""
    """What else decided the answers, in whatever words the evaluator tells it apart."""
    losses: Mapping[str, float] = field(default_factory=dict[str, float])
    """The last losses of its training, by name, where they are known."""
    judge: JudgedBy | None = None
    """Whose verdicts stand in its trials; None where no model judged, or nobody knows which."""

    @property
    def total(self) -> int:
        """How many scenarios there were."""
        return len(self.results)

    @property
    def passed(self) -> int:
        """How many scenarios passed in every trial."""
        return sum(result.passed for result in self.results)

    @property
    def share(self) -> float:
        """The part that passes, 0 to 1: what the scenarios' rates come to on average."""
        return mean(self._rates)

    @property
    def interval(self) -> tuple[float, float]:
        """The interval, 95 %, in which the share of all such scenarios lies (Wilson 1927)."""
        return share_interval(self._rates, self.trials)

    @property
    def score(self) -> float:
        """The part of the expectations that are met, over the scenarios, 0 to 1."""
        return mean([result.score for result in self.results])

    @property
    def by_category(self) -> Mapping[str, tuple[int, int]]:
        """How many passed in every trial, and of how many, by category."""
        passed = Counter(result.category for result in self.results if result.passed)
        total = Counter(result.category for result in self.results)
        return {category: (passed[category], total[category]) for category in sorted(total)}

    @property
    def critical(self) -> int:
        """How many scenarios are critical."""
        return sum(result.critical for result in self.results)

    @property
    def critical_failures(self) -> tuple[Result, ...]:
        """The critical scenarios that failed in any trial; each speaks against promoting the model."""
        return tuple(result for result in self.results if result.critical and not result.passed)

    def pass_hat(self, k: int) -> float:
        """Return how likely a scenario passes k times in a row (pass^k); raises ValueError for more than the trials."""
        return mean([pass_hat_k(result.passes, len(result.trials), k) for result in self.results])

    @property
    def latency_p50(self) -> float | None:
        """The milliseconds within which half of the answers came; None where there are no answers."""
        return percentile([given.latency_ms for given in self._given()], 50)

    @property
    def latency_p95(self) -> float | None:
        """The milliseconds within which 95 % of the answers came; None where there are no answers."""
        return percentile([given.latency_ms for given in self._given()], 95)

    @property
    def tokens(self) -> tuple[int, int]:
        """The tokens read and the tokens written for all answers."""
        read_and_written = [(given.input_tokens, given.output_tokens) for given in self._given()]
        return sum(read for read, _ in read_and_written), sum(written for _, written in read_and_written)

    @property
    def cost(self) -> float | None:
        """What all answers cost, in USD; None where that of any answer is unknown."""
        costs = [given.cost_usd for given in self._given()]
        known = [cost for cost in costs if cost is not None]
        return sum(known) if len(known) == len(costs) else None

    @property
    def _rates(self) -> list[float]:
        return [result.rate for result in self.results]

    def _given(self) -> Iterator[Given]:
        return (given for result in self.results for trial in result.trials for given in trial.answers)


# Given what was said so far, each question with its answer, and a question; returns the answer.
Answerer = Callable[[Sequence[tuple[str, str]], str], Awaitable[Given]]
# Given a scenario and what was said in it; returns whether that passes, or None where it cannot tell.
Judge = Callable[[Scenario, Sequence[tuple[str, str]]], Awaitable[bool | None]]


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


def fingerprint(scenarios: Sequence[Scenario]) -> str:
    """Return the SHA-256 of scenarios, in hex; it stays when they change their order or their file."""
    told = sorted(scenario.model_dump_json() for scenario in scenarios)
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


async def scored(  # noqa: PLR0913 - what an evaluation needs, in sight
    name: str,
    answer: Answerer,
    scenarios: Sequence[Scenario],
    contacts: tuple[str, ...],
    *,
    label: str = "",
    trials: int = 1,
    at_once: int = 8,
    judge: Judge | None = None,
    clock: Callable[[], float] = time.time,
) -> Scorecard:
    """Ask a model every scenario so many times, several scenarios at once; `contacts` are texts that offer a person.

    Whatever an answerer or a judge raises but Unanswered ends all of it, in an ExceptionGroup.
    """
    free = asyncio.Semaphore(at_once)

    async def one(scenario: Scenario) -> Result:
        async with free:
            return _result(scenario, [await _trial(answer, scenario, contacts, judge) for _ in range(trials)])

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(scenario)) for scenario in scenarios]
    results = tuple(task.result() for task in tasks)
    return Scorecard(name, label or name, results, trials, clock(), fingerprint(scenarios))


def _result(scenario: Scenario, trials: Sequence[Trial]) -> Result:
    return Result(
        id=scenario.id,
        category=scenario.category,
        critical=scenario.critical,
        questions=tuple(turn.user for turn in scenario.turns),
        references=tuple(turn.reference for turn in scenario.turns),
        trials=tuple(trials),
    )


async def _trial(answer: Answerer, scenario: Scenario, contacts: tuple[str, ...], judge: Judge | None) -> Trial:
    answers: list[Given] = []
    unanswered: list[str] = []
    for number, turn in enumerate(scenario.turns, 1):
        try:
            answers.append(await answer(_said(scenario, answers), turn.user))
        except Unanswered as reason:
            unanswered.append(f"turn {number}: there is no answer ({reason})")
            break
    judged = None if judge is None or unanswered else await judge(scenario, _said(scenario, answers))
    return _graded(scenario, answers, unanswered, contacts, judged)


def _graded(
    scenario: Scenario,
    answers: Sequence[Given],
    unanswered: Sequence[str],
    contacts: tuple[str, ...],
    judged: bool | None,  # noqa: FBT001 - three answers, not a switch
) -> Trial:
    failures, checks, met = list[str](), 0, 0
    for number, turn in enumerate(scenario.turns, 1):
        text = answers[number - 1].text if number <= len(answers) else ""
        asked, lacking = graded(turn.expect, Said(text, contacts))
        checks += asked
        if number <= len(answers):
            failures += [f"turn {number}: {failure}" for failure in lacking]
            met += asked - len(lacking)
    return Trial(tuple(answers), (*failures, *unanswered), checks, met, judged)


def _said(scenario: Scenario, answers: Sequence[Given]) -> tuple[tuple[str, str], ...]:
    return tuple((turn.user, given.text) for turn, given in zip(scenario.turns, answers, strict=False))
