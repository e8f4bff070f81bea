"""How well the nearest example answers, the more examples there are."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from training.examples import Example
from training.follow_ups import leans_on_context
from training.providers import Metric
from training.retrieval import Index
from training.words import Words

POINTS = 10

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class _Exchange:
    """A question, the one before it or "", the words of its answer, and the place of its example."""

    question: str
    before: str
    answer: Counter[str]
    place: int


def learning_curve(train: Sequence[Example], validation: Sequence[Example], words: Words) -> tuple[Metric, ...]:
    """Return train_loss and valid_loss at ten growing shares of the examples; a metric's step is how many they are.

    Each is 1 - the mean F1 of the words of two answers: the one that the nearest question's exchange gives, and the
    true one (https://arxiv.org/abs/1606.05250, section 6.1). A training question is answered without its own example
    (leave-one-out). What a word weighs in the search comes from all training questions, at every share.
    """
    learnt, held_out = _exchanges(train), _exchanges(validation)
    index = Index([exchange.question for exchange in learnt], words)
    steps = sorted({len(train) * point // POINTS for point in range(1, POINTS + 1)} - {0})
    shares = {
        "train_loss": [list(_shares(learnt, exchange, index, steps, exchange.place)) for exchange in learnt],
        "valid_loss": [list(_shares(learnt, exchange, index, steps, None)) for exchange in held_out],
    }
    return tuple(
        Metric(step, name, 1 - sum(told) / len(told))
        for at, step in enumerate(steps)
        for name, rows in shares.items()
        if (told := [share for row in rows if (share := row[at]) is not None])
    )


def _exchanges(examples: Iterable[Example]) -> list[_Exchange]:
    return [
        _Exchange(question, earlier[-1] if earlier else "", _words(answer), place)
        for place, example in enumerate(examples)
        for earlier, question, answer in example.exchanges()
    ]


def _shares(
    learnt: Sequence[_Exchange], asked: _Exchange, index: Index, steps: Sequence[int], own: int | None
) -> Iterator[float | None]:
    """Yield for each number of examples the F1 of the answer given; None while a question is not among them itself."""
    context = asked.before if leans_on_context(asked.question) else ""
    likeness = index.likeness(index.asked(asked.question, context))
    places = np.array([exchange.place for exchange in learnt])
    likeness[places == own] = 0.0
    for step in steps:
        if own is not None and own >= step:
            yield None
            continue
        among = likeness[: int(np.searchsorted(places, step))]
        best = int(among.argmax()) if among.any() else None
        yield 0.0 if best is None else _f1(learnt[best].answer, asked.answer)


def _f1(given: Counter[str], true: Counter[str]) -> float:
    shared = (given & true).total()
    return 2 * shared / (given.total() + true.total()) if shared else 0.0


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text.casefold()))
