"""Whether a turn is about our product."""

from typing import Protocol

from bot.conversation import PastTurn
from training.knowledge import continues, leans_on_context
from training.topic import TopicModel

# What is left of the threshold for a message that points back at one about the product.
_LENIENCE = 0.2


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

        A message that only goes on with the one before shares its verdict; one that points back at it, such as
        "write a poem about this", shares it unless its own words are far from the product.
        """
        if before and continues(question):
            return before.on_topic
        probability = self._model.probability(question)
        if before and leans_on_context(question):
            return before.on_topic and probability >= self._threshold * _LENIENCE
        return probability >= self._threshold
