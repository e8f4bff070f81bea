"""Is this turn about our product?"""

from typing import Protocol

from bot.conversation import PastTurn
from training.knowledge import leans_on_context
from training.topic import TopicModel


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
        """Whether the probability of being about the product reaches the threshold."""
        if before and leans_on_context(question):
            return before.on_topic
        return self._model.probability(question) >= self._threshold
