"""Models that answer where no customer hears it: one question, or every held-out scenario."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from bot.admin.records import Records
from bot.conversation import PastTurn
from bot.guard import Guard
from bot.models import ChatModel, ModelError, Prompt
from bot.models.library import Library
from bot.outgoing import Rules, checked
from bot.persona import Persona, fresh
from training.evaluation.scorecard import Scorecard, Unanswered, markdown, read_all, scored
from training.knowledge import Knowledge

PASSAGES_SHOWN = 4
# The model that the bot is set up with, whatever the registry says.
BASE = "base"


@dataclass(frozen=True, slots=True)
class Company:
    """What every model is given beside the question."""

    persona: Persona
    knowledge: Knowledge
    guard: Guard
    scenarios: Path
    contacts: tuple[str, ...]
    """The texts of which an answer names one when it offers a person."""


class Rehearsal:
    """Asks models as customers would ask them: with the guard, the handbook and the output checks, and no record."""

    def __init__(self, company: Company, library: Library, base: ChatModel, records: Records) -> None:
        """Take the company, what lends tuned models, and the base, which answers where nothing is promoted."""
        self._company = company
        self._library = library
        self._base = base
        self._records = records
        self._cards: dict[str, Scorecard] = {}
        self._making: dict[str, asyncio.Task[Scorecard]] = {}
        self._thinking = asyncio.Semaphore(1)

    def current(self) -> str:
        """Return the id of the champion, or what the base is called."""
        champion = self._records.open().champion()
        return champion.id if champion else BASE

    async def now(self) -> str:
        """Return the same, without keeping customers waiting."""
        return await asyncio.to_thread(self.current)

    async def known(self, wanted: str) -> str:
        """Return the whole id of a model; raises RegistryError where there is none."""
        if wanted == BASE:
            return BASE
        return await asyncio.to_thread(lambda: self._records.open().model(wanted).id)

    async def tried(self, model: str, question: str) -> str:
        """Return what a model answers to a first question; raises ModelError."""
        return await self._answer(model, (), question)

    async def compared(self, models: Sequence[str]) -> str:
        """Return the scorecards of models side by side, the first the one to be compared with; raises ModelError."""
        return markdown([await self._card(model) for model in models])

    async def close(self) -> None:
        """Give up what is being worked out."""
        making = list(self._making.values())
        for task in making:
            task.cancel()
        await asyncio.gather(*making, return_exceptions=True)

    async def _card(self, model: str) -> Scorecard:
        """Return how a model does on the scenarios; once it answered them all, that never changes."""
        if model in self._cards:
            return self._cards[model]
        making = self._making.get(model)
        if making is None:
            making = self._making[model] = asyncio.create_task(self._made(model))
            making.add_done_callback(lambda _: self._making.pop(model))
        # Several may wait for it, and one that no longer does takes it from nobody.
        return await asyncio.shield(making)

    async def _made(self, model: str) -> Scorecard:
        scenarios, missed = await asyncio.to_thread(read_all, self._company.scenarios), list[str]()

        async def answer(history: Sequence[tuple[str, str]], question: str) -> str:
            try:
                return await self._answer(model, history, question)
            except ModelError as error:
                missed.append(str(error))
                raise Unanswered(str(error)) from None

        card = await scored(model, answer, scenarios, self._company.contacts)
        if missed and not any(result.answers for result in card.results):
            raise ModelError(missed[0])
        if not missed:
            # One that was out of reach for a moment is asked again the next time.
            self._cards[model] = card
        return card

    async def _answer(self, model: str, history: Sequence[tuple[str, str]], question: str) -> str:
        refusals = self._company.persona.refusals
        past = tuple(
            PastTurn(at, asked, said, on_topic=said not in refusals) for at, (asked, said) in enumerate(history, 1)
        )
        # One at a time, in a thread: customers' turns go on between any two.
        async with self._thinking:
            prompt = await asyncio.to_thread(self._prompt, past, question)
        if prompt is None:
            return fresh(refusals, [turn.answer for turn in past])
        if model == BASE:
            return await _said(self._base, prompt)
        async with self._library.lend(model) as tuned:
            return await _said(tuned, prompt)

    def _prompt(self, past: tuple[PastTurn, ...], question: str) -> Prompt | None:
        """Return what a model is asked; None where the guard refuses."""
        company, last = self._company, past[-1] if past else None
        if not company.guard.on_topic(question, last):
            return None
        passages = company.knowledge.passages(question, last.question if last else "", PASSAGES_SHOWN)
        return Prompt(company.persona, passages, past, question)


async def _said(model: ChatModel, prompt: Prompt) -> str:
    rules = Rules(prompt.persona.links, model.stop)
    async with aclosing(checked(model.answer(prompt), rules)) as pieces:
        answer = "".join([piece async for piece in pieces]).strip()
    if not answer:
        raise ModelError(f"{model.name} answered nothing")
    return answer
