"""What a model thinks of answers that were given: whose verdicts a scorecard holds, and which it lacks."""

from collections.abc import Mapping
from dataclasses import replace

from training.evaluation.scorecard import Scorecard
from training.evaluation.trials import JudgedBy, Result, Trial

# One trial of a scorecard: the id of its scenario, and which of its trials it is, counted from 0.
Place = tuple[str, int]
# What was said in a trial: each question with its answer.
Said = tuple[tuple[str, str], ...]


def of_judge(card: Scorecard, judge: JudgedBy | None) -> Scorecard:
    """Return a scorecard with the verdicts of this judge and of no other; with none where there is no judge."""
    if judge and card.judge == judge:
        return card
    return replace(_with(card, {}, forgetting=True), judge=judge)


def missing(card: Scorecard) -> dict[Place, Said]:
    """Return what was said in each trial that has all its answers and no verdict."""
    return {
        (result.id, number): _said(result, trial)
        for result in card.results
        for number, trial in enumerate(result.trials)
        if trial.judged is None and len(trial.answers) == len(result.questions)
    }


def given(card: Scorecard, verdicts: Mapping[Place, bool | None]) -> Scorecard:
    """Return a scorecard with more verdicts."""
    return _with(card, verdicts, forgetting=False)


def _with(card: Scorecard, verdicts: Mapping[Place, bool | None], *, forgetting: bool) -> Scorecard:
    def judged(result: Result) -> Result:
        said = (None if forgetting else trial.judged for trial in result.trials)
        after = [verdicts.get((result.id, number), before) for number, before in enumerate(said)]
        trials = (replace(trial, judged=verdict) for trial, verdict in zip(result.trials, after, strict=True))
        return replace(result, trials=tuple(trials))

    return replace(card, results=tuple(map(judged, card.results)))


def _said(result: Result, trial: Trial) -> Said:
    return tuple(zip(result.questions, (given.text for given in trial.answers), strict=True))
