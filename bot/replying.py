"""What is said to a question whose turn has come: a refusal, or what the models answer."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from bot.canary import Keeper
from bot.conversation import GUARD, PastTurn, Piece, Question, Retracted
from bot.drift import led_back
from bot.guard import Guard
from bot.metrics import Metrics
from bot.models import Prompt
from bot.models.chain import Chain, Spoken
from bot.persona import Persona, fresh, told
from bot.store import Outcome, Store
from training.knowledge import Knowledge

# More turns than any window holds: what fits is decided by tokens.
TURNS_READ = 40
PASSAGES_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Clock:
    """Where time and chance come from."""

    reference: Callable[[], str]
    seconds: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time


@dataclass(frozen=True, slots=True)
class Turn:
    """A question on its way to an answer; `began` is in the clock's seconds."""

    id: int
    reference: str
    question: Question
    began: float


class Replies:
    """Answers one question after the other, within the subject."""

    def __init__(  # noqa: PLR0913 - built once, in sight
        self,
        *,
        store: Store,
        persona: Persona,
        knowledge: Knowledge,
        guard: Guard,
        chain: Chain,
        metrics: Metrics,
        clock: Clock,
        canary: Keeper | None = None,
    ) -> None:
        self._store = store
        self._persona = persona
        self._knowledge = knowledge
        self._guard = guard
        self._chain = chain
        self._metrics = metrics
        self._clock = clock
        self._canary = canary

    async def to(self, turn: Turn) -> AsyncIterator[Piece | Retracted | Outcome]:
        """Stream what is said, and how it ended; raises ModelError where no model answers, and StoreError."""
        history = await self._store.before(turn.id, TURNS_READ)
        rules = self._store.channels.rules(turn.question.conversation)
        wanted = rules.model or await self._candidate(turn)
        guard = self._guard.by(await self._chain.topic(turn.reference, wanted))
        subject = await guard.subject(turn.question.text, history[-1] if history else None)
        if subject == "off":
            refusal = fresh(self._persona.refusals, _answers(history))
            yield Piece(refusal)
            yield Outcome("answered", refusal, GUARD, on_topic=False)
            return
        prompt = self._prompt(turn.question.text, history, rules.instructions, borderline=subject == "borderline")
        self._metrics.added.observe(self._clock.seconds() - turn.began)
        async for event in self._chain.answer(prompt, turn.reference, wanted, guard=guard):
            if not isinstance(event, Spoken):
                yield event
            elif event.drifted:
                ending = led_back(self._persona, event.text, _answers(history))
                yield Piece(ending)
                yield _cut(event, ending)
            else:
                yield Outcome("answered", event.text, event.model)

    async def _candidate(self, turn: Turn) -> str:
        """Return the model on trial where this turn is its own, else ""."""
        return await self._canary.model_for(turn.id, turn.question.conversation) if self._canary else ""

    def _prompt(self, question: str, history: Sequence[PastTurn], instructions: str, *, borderline: bool) -> Prompt:
        before = history[-1].question if history else ""
        passages = self._knowledge.passages(question, before, PASSAGES_SHOWN)
        return Prompt(told(self._persona, instructions), passages, tuple(history), question, borderline)


def _answers(history: Sequence[PastTurn]) -> list[str]:
    return [past.answer for past in history]


def _cut(spoken: Spoken, ending: str) -> Outcome:
    """Return how a turn ended whose answer drifted; where it did from its first words, only the refusal is left.

    It stays that model's turn: the message was let through, and what the model made of it was worth nothing.
    """
    return Outcome("answered", spoken.text + ending, spoken.model, on_topic=bool(spoken.text))
