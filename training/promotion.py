"""Letting a model answer customers, and what speaks against it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from training.pricing import Prices, read_prices
from training.registry import Model, Promotion, Registry


class PromotionRefused(Exception):  # noqa: N818 - as the providers' own refusals are
    """A model is not promoted, for reasons that are sentences with the way out; `objections` are those against it."""

    def __init__(self, sentence: str, *objections: str) -> None:
        super().__init__(sentence)
        self.objections = objections


def promote(  # noqa: PLR0913 - who, when and why belong to it
    registry: Registry,
    home: Path,
    model: str,
    by: str,
    at: float,
    *,
    reason: str = "",
    forced: bool = False,
    over: str | None = None,
    prices: Prices | None = None,
) -> Promotion:
    """Let a model answer customers from the next message on.

    `over` is the champion that was seen ("" for none; None: whoever it is): where there is another by now, nothing
    changes. By force, with a reason, a model is promoted in spite of what speaks against it; `prices` None are our own.
    Raises PromotionRefused, RegistryError, and DataError where the model's files are not what they were.
    """
    if forced and not reason.strip():
        raise PromotionRefused("A promotion by force needs a reason, which is kept in the history: say why.")
    chosen = registry.model(model)
    see_whole(chosen, home)
    against = tuple(objections(chosen, prices or read_prices(), datetime.fromtimestamp(at, UTC).date()))
    if against and not forced:
        way_out = "Promote another, or this one by force and with a reason."
        raise PromotionRefused(" ".join((*against, way_out)), *against)
    return registry.promote(chosen.id, by, at, reason, forced=forced, over=over)


def see_whole(model: Model, home: Path) -> None:
    """Read the files of a model that answers by itself; raises DataError when they are not what they were."""
    if model.provider == "embedded":
        # scikit-learn takes two seconds and 150 MB, which whoever checks a file has not to spare.
        from training.providers.embedded import read_embedded  # noqa: PLC0415

        read_embedded(home / model.folder)


def objections(model: Model, prices: Prices, today: date) -> Iterator[str]:
    """Yield what speaks against a model, a sentence each; whoever forces a promotion answers for it."""
    price = prices.model(model.provider, model.base)
    if price and price.retires and price.retires <= today:
        yield f"{model.id} was tuned from {model.base}, which was shut down on {price.retires} with all that was."
