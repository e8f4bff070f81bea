"""Who can answer: what every model is given, and what it gives back."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from bot.conversation import PastTurn
from bot.persona import Persona
from training.knowledge import Found


class ModelError(Exception):
    """A model did not answer; the message says why, for the operator's log."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """All that a model needs for one answer; a borderline question may be about something else than the product."""

    persona: Persona
    passages: tuple[Found, ...]
    history: tuple[PastTurn, ...]
    question: str
    borderline: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """The one token that a model said, and the natural log-probabilities of the likeliest; none where it gave none."""

    text: str
    likely: Mapping[str, float]


class ChatModel(Protocol):
    """Something that can answer."""

    name: str
    stop: str
    """The token that ends an answer, or ""."""

    def answer(self, prompt: Prompt) -> AsyncIterator[str]:
        """Yield the answer in pieces; raises ModelError when there is none or it breaks off."""
        ...
