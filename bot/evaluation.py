"""Evaluations from the command line, beside whoever serves the same home folder."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial

from rich.progress import Progress

from bot.admin import labels
from bot.admin.errands import Errand, told_of_judge
from bot.admin.judging import ModelJudge, judge_of, silence
from bot.admin.labels import Named
from bot.admin.records import Records
from bot.admin.rehearsal import Rehearsal, Tell
from bot.app import company_of
from bot.guard import Guard
from bot.logs import configure_logs
from bot.models import ModelError
from bot.models.library import open_library
from bot.models.making import models_named, topics, tuned
from bot.settings import Settings, read_settings
from training.cli import shell
from training.evaluation.scenarios import Scenario
from training.evaluation.scorecard import Scorecard
from training.examples import DataError


def evaluated(wanted: Sequence[str], trials: int | None, *, judge: bool) -> list[Scorecard]:
    """Return the scorecards of models, each MODEL or LABEL=MODEL, and keep them; raises DataError and RegistryError."""
    models = [labels.named(text) for text in wanted]
    settings = read_settings()
    configure_logs("error", settings.sarah_log_format, settings.secrets())
    return asyncio.run(_cards(settings, models, trials, judge_of(settings) if judge else None))


async def _cards(
    settings: Settings, wanted: Sequence[Named], trials: int | None, judge: ModelJudge | None
) -> list[Scorecard]:
    async with open_rehearsal(settings) as rehearsal:
        models = await labels.found(wanted, rehearsal.known)
        labels.see_distinct(models)
        ids = [one.model for one in models]
        with _progress(await rehearsal.errands(ids, trials, judge), judge) as (told, watched):
            try:
                cards = await rehearsal.cards(ids, trials, told, watched)
            except ModelError as error:
                raise DataError(f"A model cannot be evaluated ({error}): mend that, and run this again.") from None
    for sentence in silence(cards, judge):
        shell.remark(sentence)
    return labels.labelled(cards, models)


@contextmanager
def _progress(errands: Sequence[Errand], judge: ModelJudge | None) -> Generator[tuple[Tell, ModelJudge | None]]:
    """Tell on standard error what will be asked, and on a terminal how far that is; yields the judge, watched, too."""
    to_do = [errand for errand in errands if errand.questions]
    for errand in to_do:
        shell.remark(f"{errand.model} answers {errand.told}.")
    if told := told_of_judge(errands):
        shell.remark(told)
    with Progress(console=shell.err(), transient=True, disable=not sys.stderr.isatty()) as progress:
        bars = {errand.model: progress.add_task(errand.model, total=errand.questions) for errand in to_do}
        watched = _watched(judge, progress, sum(errand.verdicts for errand in errands)) if judge and told else judge
        yield lambda model, done, _: progress.update(bars[model], completed=done), watched


def _watched(judge: ModelJudge, progress: Progress, total: int) -> ModelJudge:
    """Return a judge that shows how far it is."""
    bar = progress.add_task(f"{judge.who.model} judges", total=total)

    async def asked(scenario: Scenario, said: Sequence[tuple[str, str]]) -> bool | None:
        try:
            return await judge.asked(scenario, said)
        finally:
            progress.advance(bar)

    return replace(judge, asked=asked)


def _as_it_is(guard: Guard) -> Guard:
    return guard


@asynccontextmanager
async def open_rehearsal(
    settings: Settings, guarded: Callable[[Guard], Guard] = _as_it_is
) -> AsyncGenerator[Rehearsal]:
    """Build what evaluates models, with the guard as `guarded` has it; takes no lock, and writes no conversation."""
    async with AsyncExitStack() as stack:
        records = stack.enter_context(Records(settings.place()))
        company = company_of(settings, stack)
        company = replace(company, guard=guarded(company.guard))
        base, *_ = models_named(settings, company.knowledge, stack)
        library = await stack.enter_async_context(
            open_library(settings.place(), partial(tuned, settings), topic_of=topics(settings))
        )
        rehearsal = Rehearsal(company, library, base, records)
        stack.push_async_callback(rehearsal.close)
        yield rehearsal
