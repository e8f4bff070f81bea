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
    learnt = _Learnt(_exchanges(train), words)
    steps = sorted({len(train) * point // POINTS for point in range(1, POINTS + 1)} - {0})
    shares = {
        "train_loss": [list(learnt.shares(exchange, steps, exchange.place)) for exchange in learnt.exchanges],
        "valid_loss": [list(learnt.shares(exchange, steps, None)) for exchange in _exchanges(validation)],
    }
    return tuple(
        Metric(step, name, 1 - sum(told) / len(told))
        for at, step in enumerate(steps)
        for name, rows in shares.items()
        if (told := [share for row in rows if (share := row[at]) is not None])
    )


class _Learnt:
    """The exchanges of the training examples, in order, searchable by their questions."""

    def __init__(self, exchanges: Sequence[_Exchange], words: Words) -> None:
        self.exchanges = exchanges
        self._index = Index([exchange.question for exchange in exchanges], words)
        self._places = np.array([exchange.place for exchange in exchanges], dtype=int)

    def shares(self, asked: _Exchange, steps: Sequence[int], own: int | None) -> Iterator[float | None]:
        """Yield for each number of examples the F1 of the answer given; None while the question is not among them."""
        context = asked.before if leans_on_context(asked.question) else ""
        likeness = self._index.likeness(self._index.asked(asked.question, context))
        likeness[self._places == own] = 0.0
        for step in steps:
            if own is not None and own >= step:
                yield None
                continue
            among = likeness[: int(np.searchsorted(self._places, step))]
            yield _f1(self.exchanges[int(among.argmax())].answer, asked.answer) if among.any() else 0.0


def _exchanges(examples: Iterable[Example]) -> list[_Exchange]:
    return [
        _Exchange(question, earlier[-1] if earlier else "", _words(answer), place)
        for place, example in enumerate(examples)
        for earlier, question, answer in example.exchanges()
    ]


def _f1(given: Counter[str], true: Counter[str]) -> float:
    shared = (given & true).total()
    return 2 * shared / (given.total() + true.total()) if shared else 0.0


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text.casefold()))
