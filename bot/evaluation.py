"""Evaluations from the command line, beside whoever serves the same home folder."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial

from rich.progress import Progress

from bot.admin.judging import judge_of, judged
from bot.admin.records import Records
from bot.admin.rehearsal import Errand, Rehearsal, Tell
from bot.app import company_of
from bot.guard import Guard
from bot.logs import configure_logs
from bot.models import ModelError
from bot.models.library import open_library
from bot.models.making import models_named, topics, tuned
from bot.settings import Settings, read_settings
from training.cli import shell
from training.evaluation.judge import agreement
from training.evaluation.scorecard import Scorecard
from training.examples import DataError
from training.wording import number, usd


def evaluated(wanted: Sequence[str], trials: int | None, *, judge: bool) -> list[Scorecard]:
    """Return the scorecards of models, each MODEL or LABEL=MODEL, and keep them; raises DataError and RegistryError."""
    named = [_named(text) for text in wanted]
    labels = [label for label, _ in named if label]
    if twice := next((label for label in labels if labels.count(label) > 1), ""):
        raise DataError(f"Two models are called {twice!r}: give each a label of its own.")
    settings = read_settings()
    configure_logs("error", settings.sarah_log_format, settings.secrets())
    return asyncio.run(_cards(settings, named, trials, judge=judge))


def _named(text: str) -> tuple[str, str]:
    label, _, model = text.rpartition("=")
    if not model.strip():
        raise DataError(f"{text!r} names no model: write MODEL, or LABEL=MODEL.")
    return label.strip(), model.strip()


async def _cards(
    settings: Settings, named: Sequence[tuple[str, str]], trials: int | None, *, judge: bool
) -> list[Scorecard]:
    by = judge_of(settings) if judge else None
    async with open_rehearsal(settings) as rehearsal:
        errands = await rehearsal.errands([model for _, model in named], trials)
        _see_distinct(errands)
        with _progress(errands) as told:
            try:
                cards = await rehearsal.cards([errand.model for errand in errands], trials, told)
            except ModelError as error:
                raise DataError(f"A model cannot be evaluated ({error}): mend that, and run this again.") from None
        if by:
            scenarios = await rehearsal.scenarios()
            cards = [await judged(card, scenarios, by) for card in cards]
            _tell_agreement(cards)
        return [replace(card, label=label or card.label) for (label, _), card in zip(named, cards, strict=True)]


def _tell_agreement(cards: Sequence[Scorecard]) -> None:
    """Tell on standard error how far the judge and the graders say the same."""
    found = agreement(cards)
    if not found.asked:
        shell.remark("The judge gave no verdict: see that SARAH_JUDGE_MODEL answers at SARAH_JUDGE_MODEL_URL.")
        return
    same, kappa = found.both + found.neither, "unknown" if found.kappa is None else f"{found.kappa:.2f}"
    shell.remark(f"The judge and the graders agree on {same:,} of {number(found.asked, 'trial')}; kappa is {kappa}.")


def _see_distinct(errands: Sequence[Errand]) -> None:
    """Raise DataError where a model is named twice."""
    models = [errand.model for errand in errands]
    if twice := next((model for model in models if models.count(model) > 1), ""):
        raise DataError(f"{twice!r} is named twice: name each model once.")


@contextmanager
def _progress(errands: Sequence[Errand]) -> Generator[Tell]:
    """Tell on standard error what will be asked, and on a terminal how far that is."""
    to_do = [errand for errand in errands if errand.questions]
    for errand in to_do:
        cost = "nothing" if errand.cost_usd == 0 else usd(errand.cost_usd, "an unknown price")
        shell.remark(f"{errand.model} answers {number(errand.questions, 'question')} for {cost}.")
    with Progress(console=shell.err(), transient=True, disable=not sys.stderr.isatty()) as progress:
        bars = {errand.model: progress.add_task(errand.model, total=errand.questions) for errand in to_do}
        yield lambda model, done, _: progress.update(bars[model], completed=done)


def _as_it_is(guard: Guard) -> Guard:
    return guard


@asynccontextmanager
async def open_rehearsal(
    settings: Settings, guarded: Callable[[Guard], Guard] = _as_it_is
) -> AsyncGenerator[Rehearsal]:
    """Build what evaluates models, with the guard as `guarded` has it; takes no lock, and writes no conversation."""
    async with AsyncExitStack() as stack:
        records = stack.enter_context(Records(settings.sarah_home))
        company = company_of(settings, stack)
        company = replace(company, guard=guarded(company.guard))
        base, *_ = models_named(settings, company.knowledge, stack)
        library = await stack.enter_async_context(
            open_library(settings.sarah_home, partial(tuned, settings), topic_of=topics(settings))
        )
        rehearsal = Rehearsal(company, library, base, records)
        stack.push_async_callback(rehearsal.close)
        yield rehearsal
