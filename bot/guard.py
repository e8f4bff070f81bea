"""Whether a turn is about our product."""

from typing import Protocol

from bot.conversation import PastTurn
from bot.courtesy import is_courtesy
from training.follow_ups import is_fragment, leans_on_context, names_nothing
from training.topic import TopicModel

# What is left of the threshold for a message that leans on one about the product: a part of a sentence, and a sentence
# that points back.
_FOR_FRAGMENTS = 0.05
_FOR_POINTING = 0.5


class Guard(Protocol):
    """Something that judges a question, given the turn that it follows."""

    def on_topic(self, question: str, before: PastTurn | None) -> bool:
        """Whether the question is about the product."""
        ...


class OpenGuard:
    """Lets everything pass: the model alone decides."""

    def on_topic(self, question: str, before: PastTurn | None) -> bool:
        """Return True."""
        del question, before
        return True


class TopicGuard:
    """Judges a message alone, and a follow-up by the turn that it follows."""

    def __init__(self, model: TopicModel, threshold: float) -> None:
        self._model = model
        self._threshold = threshold

    def on_topic(self, question: str, before: PastTurn | None) -> bool:
        """Whether the probability of being about the product reaches the threshold.

        A message that names nothing shares the verdict of the one before. One that leans on a good one is let through
        unless its own words are far from the product, as in "write a poem about this".
        """
        if is_courtesy(question):
            return True
        if before and names_nothing(question):
            return before.on_topic
        leniency = _leniency(question) if before and before.on_topic else 1.0
        return self._model.probability(question) >= self._threshold * leniency


def _leniency(question: str) -> float:
    if is_fragment(question):
        return _FOR_FRAGMENTS
    return _FOR_POINTING if leans_on_context(question) else 1.0
