"""One answer as a customer would be given it, and what it took: the guard, the handbook, the model, the checks."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.admin.costs import Costs, Served, Taken
from bot.conversation import PastTurn
from bot.drift import Drifted, led_back, shown
from bot.guard import Guard
from bot.models import ChatModel, ModelError, Prompt
from bot.models.embedded import Embedded
from bot.models.library import Library
from bot.persona import Persona, fresh
from training.evaluation.scorecard import Given
from training.handbook import read_handbook
from training.knowledge import Knowledge
from training.words import read_words

PASSAGES_SHOWN = 4
# The model that the bot is set up with, whatever the registry says.
BASE = "base"
# The embedded model with the handbook alone, as it is before it learns from any example.
UNTRAINED = "untrained"
FREE = Taken(0, 0, 0.0)


@dataclass(frozen=True, slots=True)
class Company:
    """What every model is given beside the question, and what else decides its answers."""

    persona: Persona
    knowledge: Knowledge
    guard: Guard
    scenarios: Path
    contacts: tuple[str, ...]
    """The texts of which an answer names one when it offers a person."""
    setup: str = ""
    """The hash of all that decides answers beside the model; scorecards of another setup are made anew."""
    base: Served = field(default_factory=Served)
    """Where the base answers."""
    costs: Costs = field(default_factory=Costs)
    spending_limit: float = 25.0
    """What one model's answers to all scenarios may cost, in USD."""


class Asking:
    """Asks models as customers would, and keeps no record."""

    def __init__(
        self,
        company: Company,
        library: Library,
        base: ChatModel,
        clock: Callable[[], float] = time.perf_counter,
        spare: Sequence[ChatModel] = (),
    ) -> None:
        """Take the company, what lends tuned models, the base, a clock that tells seconds, and who answers next."""
        self._company = company
        self._library = library
        self._base = base
        self._clock = clock
        self._spare = {model.name: model for model in spare}
        self._thinking = asyncio.Semaphore(1)
        self._bare: Knowledge | None = None

    def is_free(self, model: str) -> bool:
        """Whether a model that is in no registry is embedded: then it costs nothing and always says the same."""
        return model == UNTRAINED or (model == BASE and isinstance(self._base, Embedded))

    async def given(
        self, model: str, served: Served | None, history: Sequence[tuple[str, str]], question: str
    ) -> Given:
        """Return a model's answer; `served` is where it answers, None where that is here. Raises ModelError."""
        refusals = self._company.persona.refusals
        past = tuple(
            PastTurn(at, asked, said, on_topic=said not in refusals) for at, (asked, said) in enumerate(history, 1)
        )
        # One at a time, in a thread: customers' turns go on between any two.
        guard = await self.guard_of(model)
        async with self._thinking:
            begun = self._clock()
            prompt = await self._prompt(model, guard, past, question)
            thought = self._clock() - begun
        if prompt is None:
            return _given(fresh(refusals, [turn.answer for turn in past]), thought, FREE)
        async with self.lent(model) as lent:
            begun = self._clock()
            text = await _said(lent, prompt, guard)
            thought += self._clock() - begun
        return _given(text, thought, self._company.costs.of(served, prompt, text) if served else FREE)

    def untuned(self) -> list[tuple[str, str]]:
        """Return the names of the models that are in no registry, each with what people know it by."""
        spare = ((name, f"{name} (answers where those before it fail)") for name in self._spare)
        base = (BASE, f"{self._base.name} (answers where no model is promoted)")
        return [base, *spare, (UNTRAINED, "untrained (the handbook without examples)")]

    @asynccontextmanager
    async def lent(self, model: str) -> AsyncGenerator[ChatModel]:
        """Lend a model for one answer; raises ModelError when it cannot be made ready."""
        match model:
            case "base":
                yield self._base
            case "untrained":
                yield Embedded(await self._handbook(), UNTRAINED)
            case _ if model in self._spare:
                yield self._spare[model]
            case _:
                async with self._library.lend(model) as tuned:
                    yield tuned

    async def guard_of(self, model: str) -> Guard:
        """Return what judges where this model answers: a tuned one may have a discriminator of its own."""
        if model in {BASE, UNTRAINED, *self._spare}:
            return self._company.guard
        return self._company.guard.by(await self._library.topic(model))

    async def prompt(self, model: str, guard: Guard, past: tuple[PastTurn, ...], question: str) -> Prompt | None:
        """Return what a model is asked; None where the guard refuses."""
        # One at a time, in a thread: customers' turns go on between any two.
        async with self._thinking:
            return await self._prompt(model, guard, past, question)

    async def _prompt(self, model: str, guard: Guard, past: tuple[PastTurn, ...], question: str) -> Prompt | None:
        company, last = self._company, past[-1] if past else None
        subject = await guard.subject(question, last)
        if subject == "off":
            return None
        knowledge = await self._handbook() if model == UNTRAINED else company.knowledge
        passages = await asyncio.to_thread(knowledge.passages, question, last.question if last else "", PASSAGES_SHOWN)
        return Prompt(company.persona, passages, past, question, borderline=subject == "borderline")

    async def _handbook(self) -> Knowledge:
        """Return what is known without any example."""
        if self._bare is None:
            self._bare = await asyncio.to_thread(_bare, self._company.scenarios.parent)
        return self._bare


def _bare(data: Path) -> Knowledge:
    return Knowledge(read_handbook(data / "handbook"), (), read_words(data / "synonyms.txt"))


def _given(text: str, seconds: float, taken: Taken) -> Given:
    return Given(text, 1000 * seconds, round(taken.input_tokens), round(taken.output_tokens), taken.cost_usd)


async def _said(model: ChatModel, prompt: Prompt, guard: Guard) -> str:
    """Return what a customer would be shown; raises ModelError where that is nothing."""
    said = list[str]()
    try:
        async with aclosing(shown(model, prompt, guard)) as pieces:
            async for piece in pieces:
                # One by one: what came before an answer drifted was shown.
                said.append(piece)
    except Drifted:
        text = "".join(said).strip()
        return text + led_back(prompt.persona, text, [turn.answer for turn in prompt.history])
    if answer := "".join(said).strip():
        return answer
    raise ModelError(f"{model.name} answered nothing")
