"""Models that answer where no customer hears it: one question, or every held-out scenario."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.admin.asking import BASE, UNTRAINED, Asking, Company
from bot.admin.costs import Served
from bot.admin.records import Records
from bot.models import ChatModel, ModelError
from bot.models.library import Library
from training.evaluation.keeping import Shelf
from training.evaluation.scenarios import Scenario
from training.evaluation.scorecard import Answerer, Given, Scorecard, Unanswered, fingerprint, read_all, scored
from training.examples import DataError
from training.handbook import read_handbook

__all__ = ["BASE", "UNTRAINED", "Company", "Errand", "Rehearsal"]

# How often a model goes through each scenario that may say another thing every time.
SAMPLED = 3
# So many times a model may give no answer, and in half of all cases, before it counts as out of reach.
GONE = 10
# The losses of a run that a scorecard tells.
LOSSES = ("train_loss", "valid_loss", "full_valid_loss")

# Is told, of a model, how many questions were answered, and of how many.
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Errand:
    """What it takes to evaluate a model."""

    model: str
    trials: int
    questions: int
    """How many answers are still to be given; 0 where the scorecard is kept."""
    cost_usd: float | None
    """What they will cost, about; None where nobody knows."""


def _unheard(model: str, done: int, total: int) -> None:
    """Tell nobody."""
    del model, done, total


def _message(cards: Sequence[Scorecard]) -> str:
    # Statistics and charts cost a second, and few commands need them.
    from training.evaluation.comparison import compared  # noqa: PLC0415
    from training.evaluation.reports import as_message  # noqa: PLC0415

    return as_message(compared(cards))


class Rehearsal:
    """Asks models as customers would ask them: with the guard, the handbook and the output checks, and no record."""

    def __init__(self, company: Company, library: Library, base: ChatModel, records: Records) -> None:
        """Take the company, what lends tuned models, and the base, which answers where nothing is promoted."""
        self._company = company
        self._asking = Asking(company, library, base)
        self._records = records
        self._shelf = Shelf(records.home)
        self._making: dict[tuple[str, int], asyncio.Task[Scorecard]] = {}
        self._answered: dict[tuple[str, int], int] = {}
        self._begun: set[asyncio.Task[None]] = set()

    def current(self) -> str:
        """Return the id of the champion, or what the base is called."""
        champion = self._records.open().champion()
        return champion.id if champion else BASE

    async def now(self) -> str:
        """Return the same, without keeping customers waiting."""
        return await asyncio.to_thread(self.current)

    async def known(self, wanted: str) -> str:
        """Return the whole id of a model; raises RegistryError where there is none."""
        if wanted in {BASE, UNTRAINED}:
            return wanted
        return await asyncio.to_thread(lambda: self._records.open().model(wanted).id)

    async def tried(self, model: str, question: str) -> str:
        """Return what a model answers to a first question; raises ModelError."""
        return (await self._asking.given(model, None, (), question)).text

    async def compared(self, models: Sequence[str], trials: int | None = None) -> str:
        """Return models side by side in a message, the first the one to be compared with; raises as `cards`."""
        cards = await self.cards(models, trials)
        return await asyncio.to_thread(_message, cards)

    async def cards(self, models: Sequence[str], trials: int | None = None, told: Tell = _unheard) -> list[Scorecard]:
        """Return how models do on the scenarios; what is kept and still true is not asked again.

        A model that always says the same answers once unless `trials` says otherwise, another three times. Raises
        ModelError where one cannot answer, and DataError where there are no scenarios or it would cost too much.
        """
        return [await self._card(errand, told) for errand in await self.errands(models, trials)]

    async def errands(self, models: Sequence[str], trials: int | None = None) -> list[Errand]:
        """Return what has to be done for the scorecards of models."""
        scenarios = await asyncio.to_thread(read_all, self._company.scenarios)
        return [await self._errand(await self.known(model), trials, scenarios) for model in models]

    async def scenarios(self) -> Mapping[str, Scenario]:
        """Return the scenarios that are asked, by id; raises DataError where there are none."""
        return {scenario.id: scenario for scenario in await asyncio.to_thread(read_all, self._company.scenarios)}

    def answered(self, errand: Errand) -> int | None:
        """Return how many questions a model that is being evaluated has answered; None where it is not."""
        return self._answered.get((errand.model, errand.trials))

    def see_affordable(self, errand: Errand) -> None:
        """Raise DataError where a model's answers would cost more than they may."""
        if errand.cost_usd and errand.cost_usd > (limit := self._company.spending_limit):
            raise DataError(
                f"{errand.model}'s {errand.questions:,} answers would cost about ${errand.cost_usd:,.2f}, more than the"
                f" spending limit of ${limit:,.2f}: raise SARAH_SPENDING_LIMIT, or ask for fewer trials."
            )

    def begin(self, errand: Errand, work: Coroutine[None, None, None]) -> None:
        """Let a model be evaluated while nobody waits for it."""
        key = errand.model, errand.trials
        self._answered.setdefault(key, 0)
        task = asyncio.create_task(work)
        self._begun.add(task)
        task.add_done_callback(lambda _: (self._begun.discard(task), self._answered.pop(key, None)))

    async def close(self) -> None:
        """Give up what is being worked out."""
        begun, making = list(self._begun), list(self._making.values())
        for task in (*begun, *making):
            task.cancel()
        await asyncio.gather(*begun, return_exceptions=True)
        await asyncio.gather(*making, return_exceptions=True)

    async def _errand(self, model: str, trials: int | None, scenarios: Sequence[Scenario]) -> Errand:
        served = await self._served(model)
        times = trials or (SAMPLED if served else 1)
        if await asyncio.to_thread(self._kept, model, times, scenarios):
            return Errand(model, times, 0, 0.0)
        questions = times * sum(len(scenario.turns) for scenario in scenarios)
        cost = await asyncio.to_thread(self._expected, served, times, scenarios) if served else 0.0
        return Errand(model, times, questions, cost)

    def _expected(self, served: Served, trials: int, scenarios: Sequence[Scenario]) -> float | None:
        handbook = read_handbook(self._company.scenarios.parent / "handbook")
        taken = self._company.costs.expected(served, self._company.persona, handbook, scenarios, trials)
        return taken.cost_usd

    async def _served(self, model: str) -> Served | None:
        """Return where a model answers; None where it is embedded."""
        if model in {BASE, UNTRAINED}:
            return None if self._asking.is_free(model) else self._company.base
        tuned = await asyncio.to_thread(lambda: self._records.open().model(model))
        return None if tuned.provider == "embedded" else Served(tuned.base_url, tuned.served_as)

    def _kept(self, model: str, trials: int, scenarios: Sequence[Scenario]) -> Scorecard | None:
        return self._shelf.find(model, fingerprint(scenarios), trials, self._company.setup)

    async def _card(self, errand: Errand, told: Tell) -> Scorecard:
        """Return a scorecard from the shelf, or make it; whoever asks for one that is being made waits for it, too."""
        scenarios = await asyncio.to_thread(read_all, self._company.scenarios)
        if kept := await asyncio.to_thread(self._kept, errand.model, errand.trials, scenarios):
            return kept
        self.see_affordable(errand)
        key = errand.model, errand.trials
        making = self._making.get(key)
        if making is None:
            making = self._making[key] = asyncio.create_task(self._made(errand, scenarios, told))
            making.add_done_callback(lambda _: (self._making.pop(key), self._answered.pop(key, None)))
        # Several may wait for it, and one that no longer does takes it from nobody.
        return await asyncio.shield(making)

    async def _made(self, errand: Errand, scenarios: Sequence[Scenario], told: Tell) -> Scorecard:
        missed = list[str]()
        answer = await self._answerer(errand, told, missed)
        try:
            card = await scored(errand.model, answer, scenarios, self._company.contacts, trials=errand.trials)
        except ExceptionGroup as several:
            if several.subgroup(ModelError):
                raise ModelError(missed[0]) from None
            raise
        if missed and not any(trial.answers for result in card.results for trial in result.trials):
            raise ModelError(missed[0])
        losses = await asyncio.to_thread(self._losses, errand.model)
        card = replace(card, setup=self._company.setup, losses=losses)
        if not missed:
            # One that was out of reach for a moment is asked again the next time.
            await asyncio.to_thread(self._shelf.keep, card)
        return card

    async def _answerer(self, errand: Errand, told: Tell, missed: list[str]) -> Answerer:
        """Return what asks a model and notes why it did not answer; raises ModelError where it seems to be gone."""
        model, key = errand.model, (errand.model, errand.trials)
        served = await self._served(model)
        self._answered.setdefault(key, 0)

        async def answer(history: Sequence[tuple[str, str]], question: str) -> Given:
            try:
                return await self._asking.given(model, served, history, question)
            except ModelError as error:
                missed.append(str(error))
                if len(missed) > max(GONE, self._answered[key] // 2):
                    # Each attempt may take minutes.
                    raise
                raise Unanswered(str(error)) from None
            finally:
                self._answered[key] += 1
                told(model, self._answered[key], errand.questions)

        return answer

    def _losses(self, model: str) -> dict[str, float]:
        """Return the last losses of the run that made a model."""
        if model in {BASE, UNTRAINED}:
            return {}
        registry = self._records.open()
        measured = sorted(registry.metrics(registry.model(model).run), key=lambda metric: metric.step)
        return {metric.name: metric.value for metric in measured if metric.name in LOSSES}
