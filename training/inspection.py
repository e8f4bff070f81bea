"""One pass over a file: everything that is wrong with it, how long its examples are, and what learning them costs."""

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from heapq import merge
from operator import attrgetter
from pathlib import Path

from training.checks import Checker, Expectations, Problem
from training.distribution import Distribution
from training.entries import Entry
from training.formats import Reader
from training.pricing import Estimate, ModelPrice, Prices, auto_epochs, estimates
from training.tokens import Vocabulary, counted

# Told of each example, and its tokens.
See = Callable[[Entry, int], None]


@dataclass(frozen=True, slots=True)
class Measure:
    """By what a file is measured: the model that will learn it, and what its examples must keep apart from."""

    price: ModelPrice
    prices: Prices
    vocabulary: Vocabulary
    epochs: int | None = None
    """None: as many as a provider chooses for so many examples."""
    scenario_questions: Mapping[str, str] = field(default_factory=dict[str, str])
    """Each with where it stands."""
    validation: Path | None = None

    def expectations(self) -> Expectations:
        """Return what the checks need to know."""
        return Expectations(
            limit_tokens=self.price.limit_tokens,
            model=self.price.model,
            scenario_questions=self.scenario_questions,
            validation=self.validation,
        )


@dataclass(frozen=True, slots=True)
class Inspection:
    """What there is to say about a file; its problems can be read for as long as it is open."""

    examples: int
    left_out: int
    format: str
    counts: Mapping[str, int]
    """How many problems there are, by rule."""
    has_errors: bool
    distribution: Distribution
    vocabulary: Vocabulary
    """How its tokens were counted."""
    billed: int
    """Tokens of one epoch, each example cut at the limit of the model that it was measured by."""
    epochs: int
    estimates: tuple[Estimate, ...]
    problems: Callable[[], Iterator[Problem]]
    """Every problem, by line."""

    def joined(self, more: Callable[[], Iterator[Problem]]) -> "Inspection":
        """Return the same with more problems, which are by line too."""
        counts, has_errors = Counter(self.counts), self.has_errors
        for problem in more():
            counts[problem.rule] += 1
            has_errors = has_errors or problem.severity == "error"
        own = self.problems
        return replace(
            self,
            counts=dict(sorted(counts.items())),
            has_errors=has_errors,
            problems=lambda: merge(own(), more(), key=attrgetter("line")),
        )


@contextmanager
def inspected(reader: Reader, measure: Measure, *see: See) -> Generator[Inspection]:
    """Read a file once, in flat memory; each `see` is told of every example. Raises DataError if it cannot be read."""
    distribution = Distribution()
    with Checker(measure.expectations()) as checker:
        for entry, tokens in counted(reader.every(), measure.vocabulary):
            checker.see(entry, tokens)
            distribution.add(entry, tokens)
            for told in see:
                told(entry, tokens)
        checker.finish()
        yield Inspection(
            examples=checker.examples,
            left_out=reader.left_out,
            format=reader.format,
            counts=dict(sorted(checker.counts.items())),
            has_errors=checker.has_errors,
            distribution=distribution,
            vocabulary=measure.vocabulary,
            billed=distribution.billed(measure.price.limit_tokens),
            epochs=measure.epochs or auto_epochs(checker.examples),
            estimates=tuple(estimates(distribution, measure.prices, measure.epochs)),
            problems=checker.problems,
        )
