"""Models that answer where no customer hears it: one question, or every held-out scenario."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace

from bot.admin.asking import BASE, UNTRAINED, Asking, Company
from bot.admin.costs import Served
from bot.admin.errands import Errand, see_affordable
from bot.admin.judging import ModelJudge, judged, to_judge
from bot.admin.records import Records
from bot.models import ChatModel, ModelError
from bot.models.library import Library
from training.evaluation import verdicts
from training.evaluation.keeping import Shelf
from training.evaluation.scenarios import Scenario
from training.evaluation.scorecard import Answerer, Given, Scorecard, Unanswered, fingerprint, read_all, scored
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


def _unheard(model: str, done: int, total: int) -> None:
    """Tell nobody."""
    del model, done, total


def message(cards: Sequence[Scorecard]) -> str:
    """Return scorecards side by side in a message of a chat, the first the one to be compared with."""
    # Statistics and charts cost a second, and few commands need them.
    from training.evaluation.comparison import compared  # noqa: PLC0415
    from training.evaluation.reports import as_message  # noqa: PLC0415

    return as_message(compared(cards))


class Rehearsal:
    """Asks models as customers would ask them: with the guard, the handbook and the output checks, and no record."""

    def __init__(
        self,
        company: Company,
        library: Library,
        base: ChatModel,
        records: Records,
        spare: Sequence[ChatModel] = (),
    ) -> None:
        """Take the company, what lends tuned models, and the base, which answers where nothing is promoted.

        `spare` answers where the base fails.
        """
        self._company = company
        self.asking = Asking(company, library, base, spare=spare)
        self._records = records
        self._shelf = Shelf(records.place.home)
        self._making: dict[tuple[str, int], asyncio.Task[Scorecard]] = {}
        self._answered: dict[tuple[str, int], int] = {}
        self._begun: dict[asyncio.Task[None], tuple[str, int]] = {}
        self._judging: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

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
        return (await self.asking.given(model, None, (), question)).text

    async def compared(self, models: Sequence[str], trials: int | None = None) -> str:
        """Return models side by side in a message, the first the one to be compared with; raises as `cards`."""
        return await asyncio.to_thread(message, await self.cards(models, trials))

    async def cards(
        self,
        models: Sequence[str],
        trials: int | None = None,
        told: Tell = _unheard,
        judge: ModelJudge | None = None,
    ) -> list[Scorecard]:
        """Return how models do on the scenarios, with the verdicts of the judge alone that is handed in, if one is.

        What is kept and still true is not asked again. A model that always says the same answers once unless `trials`
        says otherwise, another three times. Raises ModelError where one cannot answer, and DataError where there are
        no scenarios or all of it would cost too much.
        """
        errands = await self.errands(models, trials, judge)
        self.see_affordable(errands)
        cards = [await self._card(errand, told) for errand in errands]
        if judge is None:
            return [verdicts.of_judge(card, None) for card in cards]
        return [await self._judged(card, judge) for card in cards]

    async def errands(
        self, models: Sequence[str], trials: int | None = None, judge: ModelJudge | None = None
    ) -> list[Errand]:
        """Return what has to be done for the scorecards of models."""
        scenarios = await asyncio.to_thread(read_all, self._company.scenarios)
        return [await self._errand(await self.known(model), trials, scenarios, judge) for model in models]

    def answered(self, errand: Errand) -> int | None:
        """Return how many questions a model that is being evaluated has answered; None where it is not."""
        return self._answered.get((errand.model, errand.trials))

    def see_affordable(self, errands: Sequence[Errand]) -> None:
        """Raise DataError where what is to be asked would cost more than it may."""
        see_affordable(errands, self._company.spending_limit)

    def begin(self, errand: Errand, work: Coroutine[None, None, None]) -> None:
        """Let a model be evaluated while nobody waits for it."""
        key = errand.model, errand.trials
        self._answered.setdefault(key, 0)
        task = asyncio.create_task(work)
        self._begun[task] = key
        task.add_done_callback(lambda _: (self._begun.pop(task), self._forget(key)))

    def _forget(self, key: tuple[str, int]) -> None:
        """Forget how far a model is, unless somebody is still at work on its scorecard."""
        if key not in self._begun.values() and key not in self._making:
            self._answered.pop(key, None)

    async def close(self) -> None:
        """Give up what is being worked out."""
        begun, making = list(self._begun), list(self._making.values())
        for task in (*begun, *making):
            task.cancel()
        await asyncio.gather(*begun, return_exceptions=True)
        await asyncio.gather(*making, return_exceptions=True)

    async def _errand(
        self, model: str, trials: int | None, scenarios: Sequence[Scenario], judge: ModelJudge | None
    ) -> Errand:
        served = await self._served(model)
        times = trials or (SAMPLED if served else 1)
        kept = await asyncio.to_thread(self._kept, model, times, scenarios)
        questions = 0 if kept else times * sum(len(scenario.turns) for scenario in scenarios)
        cost = await asyncio.to_thread(self._expected, served, times, scenarios) if served and questions else 0.0
        errand = Errand(model, times, questions, cost)
        if judge is None:
            return errand
        count, price = await asyncio.to_thread(to_judge, kept, scenarios, times, judge, self._company.costs)
        return replace(errand, judge=judge.who.model, verdicts=count, judging_usd=price)

    def _expected(self, served: Served, trials: int, scenarios: Sequence[Scenario]) -> float | None:
        handbook = read_handbook(self._company.scenarios.parent / "handbook")
        taken = self._company.costs.expected(served, self._company.persona, handbook, scenarios, trials)
        return taken.cost_usd

    async def _served(self, model: str) -> Served | None:
        """Return where a model answers; None where it is embedded."""
        if model in {BASE, UNTRAINED}:
            return None if self.asking.is_free(model) else self._company.base
        tuned = await asyncio.to_thread(lambda: self._records.open().model(model))
        if tuned.provider == "embedded":
            return None
        return Served(tuned.base_url, tuned.served_as, is_ours=tuned.provider == "local")

    def _kept(self, model: str, trials: int, scenarios: Sequence[Scenario]) -> Scorecard | None:
        return self._shelf.find(model, fingerprint(scenarios), trials, self._company.setup)

    async def _card(self, errand: Errand, told: Tell) -> Scorecard:
        """Return a scorecard from the shelf, or make it; whoever asks for one that is being made waits for it, too."""
        scenarios = await asyncio.to_thread(read_all, self._company.scenarios)
        if kept := await asyncio.to_thread(self._kept, errand.model, errand.trials, scenarios):
            return kept
        key = errand.model, errand.trials
        making = self._making.get(key)
        if making is None:
            making = self._making[key] = asyncio.create_task(self._made(errand, scenarios, told))
            making.add_done_callback(lambda _: (self._making.pop(key), self._forget(key)))
        # Several may wait for it, and one that no longer does takes it from nobody.
        return await asyncio.shield(making)

    async def _judged(self, card: Scorecard, judge: ModelJudge) -> Scorecard:
        """Return a scorecard with what a judge says of it, which is kept where the scorecard is."""
        scenarios = await asyncio.to_thread(read_all, self._company.scenarios)
        # Whoever comes second finds the verdicts that the first has paid for.
        async with self._judging[card.model]:
            kept = await asyncio.to_thread(self._kept, card.model, card.trials, scenarios)
            known = {scenario.id: scenario for scenario in scenarios}
            return await judged(kept or card, known, judge, self._shelf.keep_verdicts)

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
        self._answered[key] = 0

        async def answer(history: Sequence[tuple[str, str]], question: str) -> Given:
            try:
                return await self.asking.given(model, served, history, question)
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
