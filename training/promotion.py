"""Letting a model answer customers, and what speaks against it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from training.evaluation.gate import Gate, judged
from training.evaluation.keeping import Shelf
from training.evaluation.scorecard import fingerprint, read_all
from training.examples import DataError
from training.pricing import Prices, read_prices
from training.providers.local.manifest import see_whole as see_weights
from training.registry import Model, Promotion, Registry

# The models that the bot is set up with, which answer where nothing is promoted, as evaluations call them.
BASE = "base"
# What makes a scorecard.
EVALUATE = "sarah eval run"
_OTHERWISE = (
    f"The champion and this model were not evaluated under the same settings and handbook: `{EVALUATE}` both again."
)
# The bound, in points, of a candidate of which nothing is known.
UNKNOWN = -100.0


class PromotionRefused(Exception):  # noqa: N818 - as the providers' own refusals are
    """A model is not promoted, for reasons that are sentences with the way out; `objections` are those against it."""

    def __init__(self, sentence: str, *objections: str, rests_on: str = "") -> None:
        """Take the scenarios that decided it, in a sentence, too."""
        super().__init__(sentence)
        self.objections = objections
        self.rests_on = rests_on


def promote(  # noqa: PLR0913 - who, when and why belong to it
    registry: Registry,
    home: Path,
    model: str,
    by: str,
    at: float,
    *,
    scenarios: Path,
    reason: str = "",
    forced: bool = False,
    over: str | None = None,
    prices: Prices | None = None,
) -> Promotion:
    """Let a model answer customers from the next message on, if it did well enough on the folder of `scenarios`.

    `over` is the champion that was seen ("" for none; None: whoever it is): where there is another by now, nothing
    changes. By force, with a reason, a model is promoted in spite of what speaks against it; `prices` None are our own.
    Raises PromotionRefused, RegistryError, and DataError where the model's files are not what they were.
    """
    if forced and not reason.strip():
        raise PromotionRefused("A promotion by force needs a reason, which is kept in the history: say why.")
    chosen, champion = registry.model(model), registry.see_champion(over)
    see_whole(chosen, home)
    now = champion.id if champion else ""
    against = tuple(objections(chosen, prices or read_prices(), datetime.fromtimestamp(at, UTC).date()))
    gate = evaluated(home, now or BASE, chosen.id, scenarios) if chosen.id != now else Gate((), (), 0.0)
    against += gate.reasons
    if against and not forced:
        way_out = "Promote another, or this one by force and with a reason."
        raise PromotionRefused(" ".join((*against, way_out)), *against, rests_on=gate.rests_on)
    overridden = " ".join((*against, gate.rests_on)).strip()
    # What was found holds for the champion that it was held against, and for no other.
    return registry.promote(chosen.id, by, at, reason, forced=forced, over=now, overridden=overridden)


def see_whole(model: Model, home: Path) -> None:
    """Read the files of a model that are kept here; raises DataError when they are not what they were."""
    if model.provider == "local":
        see_weights(home / model.folder)
    if model.provider == "embedded":
        # scikit-learn takes two seconds and 150 MB, which whoever checks a file has not to spare.
        from training.providers.embedded import read_embedded  # noqa: PLC0415

        read_embedded(home / model.folder)


def objections(model: Model, prices: Prices, today: date) -> Iterator[str]:
    """Yield what speaks against a model, a sentence each; whoever forces a promotion answers for it."""
    price = prices.model(model.provider, model.base)
    if price and price.retires and price.retires <= today:
        yield f"{model.id} was tuned from {model.base}, which was shut down on {price.retires} with all that was."


def evaluated(home: Path, champion: str, candidate: str, scenarios: Path) -> Gate:
    """Hold the scorecards against each other that were kept of two models; raises nothing: what is wrong refuses it."""
    try:
        asked, shelf = fingerprint(read_all(scenarios)), Shelf(home)
        before, after = (shelf.find(model, asked) for model in (champion, candidate))
        if before and after:
            return judged(before, after) if before.setup == after.setup else Gate((_OTHERWISE,), (), UNKNOWN)
    except DataError as trouble:
        return Gate((str(trouble),), (), UNKNOWN)
    missing = [model for model, card in ((champion, before), (candidate, after)) if card is None]
    return Gate(tuple(map(_not_evaluated, missing)), (), UNKNOWN)


def _not_evaluated(model: str) -> str:
    return f"{model} has not been evaluated on the scenarios of today: `{EVALUATE} {model}` does that."
