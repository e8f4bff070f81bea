"""Small deterministic graders: each says what an answer lacks, or nothing."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from training.evaluation.declining import declines
from training.evaluation.matching import holds
from training.evaluation.scenarios import Expectation
from training.prose import language_of, sentences


@dataclass(frozen=True, slots=True)
class Said:
    """An answer, and the texts of which one offers a person."""

    answer: str
    contacts: tuple[str, ...]


# For each thing that is asked of an answer: what it lacks, or None where it lacks nothing.
Grader = Callable[[Expectation, Said], Iterator[str | None]]

_QUESTION_MARK = re.compile(r"[?\uff1f\u061f]")


def says_the_facts(expect: Expectation, said: Said) -> Iterator[str | None]:
    """Of each list of alternatives one must be said."""
    for alternatives in expect.facts:
        met = any(holds(said.answer, text) for text in alternatives)
        yield None if met else f"says none of {', '.join(map(repr, alternatives))}"


def says_nothing_forbidden(expect: Expectation, said: Said) -> Iterator[str | None]:
    """None of the forbidden texts may be said."""
    if expect.never:
        heard = [text for text in expect.never if holds(said.answer, text)]
        yield f"says {', '.join(map(repr, heard))}" if heard else None


def does_not_decline(expect: Expectation, said: Said) -> Iterator[str | None]:
    """A question that is hers to answer is not turned down.

    Whether an answer declines where it should is not asked: only one refusal in six is worded as any other is.
    """
    if not expect.refuses:
        yield "declines" if declines(said.answer) else None


def asks_back(expect: Expectation, said: Said) -> Iterator[str | None]:
    """A question must be in the answer, or must not."""
    if expect.asks_back is not None:
        met = expect.asks_back == bool(_QUESTION_MARK.search(said.answer))
        yield None if met else "asks nothing back" if expect.asks_back else "asks back"


def offers_a_person(expect: Expectation, said: Said) -> Iterator[str | None]:
    """A way to reach a person must be in the answer, or must not."""
    if expect.offers_person is not None:
        offered = any(holds(said.answer, contact) for contact in said.contacts)
        met = expect.offers_person == offered
        yield None if met else "offers a person" if offered else "offers no person"


def speaks_the_language(expect: Expectation, said: Said) -> Iterator[str | None]:
    """The answer is in the customer's language."""
    spoken = language_of(said.answer)
    met = spoken == expect.language
    yield None if met else f"is in {spoken or 'no language that could be told'}, not in {expect.language}"


def keeps_the_length(expect: Expectation, said: Said) -> Iterator[str | None]:
    """The answer has neither too few nor too many sentences."""
    fewest, most = expect.sentences
    count = len(sentences(said.answer))
    yield None if fewest <= count <= most else f"has {count} sentence{'s' * (count != 1)}, not {fewest} to {most}"


GRADERS: tuple[Grader, ...] = (
    says_the_facts,
    says_nothing_forbidden,
    does_not_decline,
    asks_back,
    offers_a_person,
    speaks_the_language,
    keeps_the_length,
)


def graded(expect: Expectation, said: Said) -> tuple[int, list[str]]:
    """Return how many things were asked of an answer, and what it lacks: at most one failure for each of them."""
    outcomes = [outcome for grader in GRADERS for outcome in grader(expect, said)]
    return len(outcomes), [outcome for outcome in outcomes if outcome is not None]


def failures(expect: Expectation, said: Said) -> list[str]:
    """Return what an answer lacks by every grader."""
    return graded(expect, said)[1]
