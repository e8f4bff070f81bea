"""Small deterministic graders: each says what an answer lacks, or nothing."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from training.evaluation.scenarios import Expectation
from training.prose import language_of, sentences


@dataclass(frozen=True, slots=True)
class Said:
    """An answer, and the texts of which one offers a person."""

    answer: str
    contacts: tuple[str, ...]


Grader = Callable[[Expectation, Said], Iterator[str]]

_TYPOGRAPHY = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2011": "-", "*": None})
_QUESTION_MARK = re.compile(r"[?\uff1f\u061f]")


def says_the_facts(expect: Expectation, said: Said) -> Iterator[str]:
    """Of each list of alternatives one must be said."""
    for alternatives in expect.facts:
        if not any(_holds(said, text) for text in alternatives):
            yield f"says none of {', '.join(map(repr, alternatives))}"


def says_nothing_forbidden(expect: Expectation, said: Said) -> Iterator[str]:
    """None of the forbidden texts may be said."""
    yield from (f"says {text!r}" for text in expect.never if _holds(said, text))


def asks_back(expect: Expectation, said: Said) -> Iterator[str]:
    """A question must be in the answer, or must not."""
    if expect.asks_back is not None and expect.asks_back != bool(_QUESTION_MARK.search(said.answer)):
        yield "asks nothing back" if expect.asks_back else "asks back"


def offers_a_person(expect: Expectation, said: Said) -> Iterator[str]:
    """A way to reach a person must be in the answer, or must not."""
    offered = any(_holds(said, contact) for contact in said.contacts)
    if expect.offers_person is not None and expect.offers_person != offered:
        yield "offers a person" if offered else "offers no person"


def speaks_the_language(expect: Expectation, said: Said) -> Iterator[str]:
    """The answer is in the customer's language."""
    if (spoken := language_of(said.answer)) != expect.language:
        yield f"is in {spoken or 'no language that could be told'}, not in {expect.language}"


def keeps_the_length(expect: Expectation, said: Said) -> Iterator[str]:
    """The answer has neither too few nor too many sentences."""
    fewest, most = expect.sentences
    if not fewest <= (count := len(sentences(said.answer))) <= most:
        yield f"has {count} sentence{'s' * (count != 1)}, not {fewest} to {most}"


GRADERS: tuple[Grader, ...] = (
    says_the_facts,
    says_nothing_forbidden,
    asks_back,
    offers_a_person,
    speaks_the_language,
    keeps_the_length,
)


def failures(expect: Expectation, said: Said) -> list[str]:
    """Return what an answer lacks by every grader."""
    return [failure for grader in GRADERS for failure in grader(expect, said)]


def _holds(said: Said, text: str) -> bool:
    return _plain(text) in _plain(said.answer)


def _plain(text: str) -> str:
    """Return a text without case, emphasis, curly quotes and odd spaces, which models use as they like."""
    return " ".join(text.casefold().translate(_TYPOGRAPHY).split())
