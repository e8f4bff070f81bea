"""Who can answer: what every model is given, and what it gives back."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from bot.conversation import PastTurn
from bot.persona import Persona
from training.knowledge import Found


class ModelError(Exception):
    """A model did not answer; the message says why, for the operator's log."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """All that a model needs for one answer."""

    persona: Persona
    passages: tuple[Found, ...]
    history: tuple[PastTurn, ...]
    question: str


class ChatModel(Protocol):
    """Something that can answer."""

    name: str
    stop: str
    """The token that ends an answer, or ""."""

    def answer(self, prompt: Prompt) -> AsyncIterator[str]:
        """Yield the answer in pieces; raises ModelError when there is none or it breaks off."""
        ...
