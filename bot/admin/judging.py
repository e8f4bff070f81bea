"""A model as one more judge of answers: asked beside the graders, and never deciding in their place."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from bot.settings import Settings
from training.evaluation.judge import judge
from training.evaluation.scenarios import Scenario
from training.evaluation.scorecard import Judge, Result, Scorecard, Trial
from training.providers.openai import asker
from training.settings import SettingsError

# Questions that the judge's server has at a time.
AT_ONCE = 4


def judge_of(settings: Settings) -> Judge:
    """Return the judge that the settings name; raises SettingsError where they name none."""
    if not settings.sarah_judge_model:
        raise SettingsError("No judge is named: set SARAH_JUDGE_MODEL to the model that is to judge answers.")
    url = settings.sarah_judge_model_url or settings.sarah_model_url
    key = settings.sarah_judge_model_key.get_secret_value() or settings.key_for(url)
    ask = asker(url, key, settings.sarah_judge_model)
    return judge(lambda prompt: asyncio.to_thread(ask, prompt))


async def judged(card: Scorecard, scenarios: Mapping[str, Scenario], by: Judge) -> Scorecard:
    """Return a scorecard with the judge's word on every trial that has all its answers."""
    free = asyncio.Semaphore(AT_ONCE)

    async def word(result: Result, trial: Trial) -> Trial:
        if len(trial.answers) < len(result.questions):
            return trial
        said = [(question, given.text) for question, given in zip(result.questions, trial.answers, strict=True)]
        async with free:
            return replace(trial, judged=await by(scenarios[result.id], said))

    async def of(result: Result) -> Result:
        return replace(result, trials=tuple(await asyncio.gather(*(word(result, trial) for trial in result.trials))))

    return replace(card, results=tuple(await asyncio.gather(*map(of, card.results))))
