"""What became of one scenario: every answer of every trial, what it lacks, and which model judged it."""

from dataclasses import dataclass

from training.evaluation.statistics import mean


@dataclass(frozen=True, slots=True)
class Given:
    """One answer, and what it took."""

    text: str
    latency_ms: float
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    """None where nobody knows; 0 where it is free."""


@dataclass(frozen=True, slots=True)
class JudgedBy:
    """Which model gave verdicts, and where it answers."""

    model: str
    url: str
    """Its base URL, without anything in it that may be secret."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One run through a scenario."""

    answers: tuple[Given, ...]
    """As many as were given; after a turn without one, nothing more is asked."""
    failures: tuple[str, ...]
    """What the answers lack, each with its turn."""
    checks: int
    """How many expectations the scenario has."""
    met: int
    """How many of them the answers meet."""
    judged: bool | None
    """Whether a model would let it pass; None where none was asked, or said neither."""

    @property
    def passed(self) -> bool:
        """Whether every answer was as expected."""
        return not self.failures

    @property
    def score(self) -> float:
        """The part of the expectations that are met, 0 to 1."""
        return self.met / self.checks if self.checks else float(self.passed)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one scenario in every trial."""

    id: str
    category: str
    critical: bool
    questions: tuple[str, ...]
    references: tuple[str, ...]
    trials: tuple[Trial, ...]

    @property
    def passes(self) -> int:
        """How many trials passed."""
        return sum(trial.passed for trial in self.trials)

    @property
    def passed(self) -> bool:
        """Whether every trial passed."""
        return self.passes == len(self.trials)

    @property
    def rate(self) -> float:
        """The part of the trials that passed, 0 to 1."""
        return self.passes / max(len(self.trials), 1)

    @property
    def score(self) -> float:
        """The part of the expectations that are met, over the trials, 0 to 1."""
        return mean([trial.score for trial in self.trials])
