"""What an evaluation will take: questions to models and to a judge, what they cost, and whether they may."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from training.examples import DataError
from training.wording import number, usd


@dataclass(frozen=True, slots=True)
class Errand:
    """What it takes to evaluate a model."""

    model: str
    trials: int
    questions: int
    """How many answers are still to be given; 0 where the scorecard is kept."""
    cost_usd: float | None
    """What they will cost, about; None where nobody knows."""
    judge: str = ""
    """The model that judges the answers; "" where none does."""
    verdicts: int = 0
    """How many trials it is still to be asked about."""
    judging_usd: float | None = 0.0
    """What it will cost, about; None where nobody knows."""

    @property
    def is_done(self) -> bool:
        """Whether nobody need be asked anything."""
        return not self.questions and not self.verdicts

    @property
    def told(self) -> str:
        """What the answers take, for after "answers"."""
        return f"{number(self.questions, 'question')} for {_price(self.cost_usd)}"


def told_of_judge(errands: Iterable[Errand]) -> str:
    """Return what a judge is still to be asked about several models, in a sentence; "" where that is nothing."""
    judged = [errand for errand in errands if errand.verdicts]
    if not judged:
        return ""
    known = [errand.judging_usd for errand in judged if errand.judging_usd is not None]
    price = _price(sum(known) if len(known) == len(judged) else None)
    return f"{judged[0].judge} judges {number(sum(errand.verdicts for errand in judged), 'trial')} for {price}."


def see_affordable(errands: Sequence[Errand], limit: float) -> None:
    """Raise DataError where all of that, judge and all, would cost more than so many USD; unknown prices count as 0."""
    costs = [cost for errand in errands for cost in (errand.cost_usd, errand.judging_usd) if cost]
    if (total := sum(costs)) > limit:
        raise DataError(
            f"{_listed(list(_parts(errands)))} would cost about {usd(total)}, more than the spending limit of "
            f"{usd(limit)}: raise SARAH_SPENDING_LIMIT, or ask for fewer trials."
        )


def _parts(errands: Sequence[Errand]) -> Iterable[str]:
    for errand in errands:
        if errand.cost_usd:
            yield f"{errand.model}'s {number(errand.questions, 'answer')}"
    if verdicts := sum(errand.verdicts for errand in errands if errand.judging_usd):
        judge = next(errand.judge for errand in errands if errand.judge)
        yield f"{judge}'s {number(verdicts, 'verdict')}"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _price(cost: float | None) -> str:
    return "nothing" if cost == 0 else usd(cost, "an unknown price")
