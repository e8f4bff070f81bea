"""A model as one more judge of answers: asked beside the graders, and never deciding in their place."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.admin.costs import Costs, Served
from bot.settings import Settings
from training.evaluation import verdicts
from training.evaluation.judge import agreement, judge, prompt
from training.evaluation.scenarios import Scenario
from training.evaluation.scorecard import Judge, Scorecard
from training.evaluation.trials import JudgedBy
from training.evaluation.verdicts import Place, Said
from training.providers.openai import asker
from training.settings import SettingsError

# Questions that the judge's server has at a time.
AT_ONCE = 4
SILENT = "The judge gave no verdict: see that SARAH_JUDGE_MODEL answers at SARAH_JUDGE_MODEL_URL."


@dataclass(frozen=True, slots=True)
class ModelJudge:
    """A model that judges answers."""

    asked: Judge
    who: JudgedBy
    """What is kept with its verdicts, so that no other judge's pass for them."""
    served: Served
    """Where it answers, which decides its price."""


def judge_of(settings: Settings) -> ModelJudge:
    """Return the judge that the settings name; raises SettingsError where they name none."""
    if not (model := settings.sarah_judge_model):
        raise SettingsError("No judge is named: set SARAH_JUDGE_MODEL to the model that is to judge answers.")
    url = settings.sarah_judge_model_url or settings.sarah_model_url
    key = settings.sarah_judge_model_key.get_secret_value() or settings.key_for(url)
    ask = asker(url, key, model)
    return ModelJudge(
        judge(lambda prompt: asyncio.to_thread(ask, prompt)), JudgedBy(model, _public(url)), Served(url, model)
    )


def _public(url: str) -> str:
    """Return a base URL without what may be a secret in it: user, password and query."""
    parts = urlsplit(url)
    host = f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"
    return f"{parts.scheme}://{host}{parts.path.rstrip('/')}"


def to_judge(
    kept: Scorecard | None, scenarios: Sequence[Scenario], trials: int, by: ModelJudge, costs: Costs
) -> tuple[int, float | None]:
    """Return of how many trials a judge's verdict is missing, and what they will cost in USD, None where unknown.

    What is not answered yet is taken to be answered as well, and at as great a length, as the references.
    """
    known = {scenario.id: scenario for scenario in scenarios}
    if kept is None:
        told = [prompt(scenario, _well(scenario)) for scenario in scenarios]
        cost = costs.judging(by.served, told)
        return trials * len(told), None if cost is None else trials * cost
    missing = verdicts.missing(verdicts.of_judge(kept, by.who))
    told = [prompt(known[scenario], said) for (scenario, _), said in missing.items()]
    return len(told), costs.judging(by.served, told)


def _well(scenario: Scenario) -> Said:
    return tuple((turn.user, turn.reference) for turn in scenario.turns)


async def judged(
    card: Scorecard, scenarios: Mapping[str, Scenario], by: ModelJudge, keep: Callable[[Scorecard], None]
) -> Scorecard:
    """Return a scorecard with the judge's word on every trial that has all its answers; what it has is not asked again.

    Whatever ends it, the verdicts that came until then are kept: they were paid for.
    """
    before = verdicts.of_judge(card, by.who)
    found = dict[Place, bool | None]()
    free = asyncio.Semaphore(AT_ONCE)

    async def word(place: Place, said: Said) -> None:
        async with free:
            found[place] = await by.asked(scenarios[place[0]], said)

    try:
        async with asyncio.TaskGroup() as group:
            for place, said in verdicts.missing(before).items():
                group.create_task(word(place, said))
    finally:
        after = verdicts.given(before, found)
        if any(verdict is not None for verdict in found.values()):
            await asyncio.to_thread(keep, after)
    return after


def silence(cards: Sequence[Scorecard], by: ModelJudge | None) -> Iterator[str]:
    """Yield a sentence where a judge was to be asked and gave no verdict at all."""
    if by and not agreement(cards).asked:
        yield SILENT
