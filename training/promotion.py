"""What speaks against letting a model answer customers."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from training.pricing import Prices
from training.registry import Model


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
