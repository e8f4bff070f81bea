"""Who can answer: what every model is given, and what it gives back."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

from bot.conversation import PastTurn
from bot.persona import Persona
from training.knowledge import Found


class ModelError(Exception):
    """A model did not answer; the message says why, for the operator's log."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a model chooses its words, for one answer; None: as it is set up."""

    temperature: float | None = None
    top_k: int | None = None
    """How many of the likeliest tokens may follow; 0 for any."""
    top_p: float | None = None
    repetition_penalty: float | None = None
    max_tokens: int | None = None
    """The longest answer, in tokens."""

    @property
    def chosen(self) -> Mapping[str, float]:
        """What is not as it is set up, by the fields' names."""
        return {name: value for name, value in asdict(self).items() if value is not None}


AS_SET_UP = Sampling()


@dataclass(frozen=True, slots=True)
class Prompt:
    """All that a model needs for one answer; a borderline question may be about something else than the product."""

    persona: Persona
    passages: tuple[Found, ...]
    history: tuple[PastTurn, ...]
    question: str
    borderline: bool = False
    sampling: Sampling = AS_SET_UP


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

    def ignored(self, sampling: Sampling) -> Sequence[str]:
        """Return the names of what is chosen that has no effect on it, as far as its answers have shown."""
        ...
