"""What learning a dataset costs: tokens x epochs x the prices in `prices.toml`."""

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from training.distribution import Distribution
from training.examples import DataError
from training.tokens import Vocabulary
from training.validation import validated

PRICES = Path(__file__).parent / "prices.toml"

# "Data preparation and analysis for chat model fine-tuning", OpenAI cookbook, "Cost estimation".
TARGET_EPOCHS = 3
LEAST_EXAMPLES = 100
MOST_EXAMPLES = 25_000
LEAST_EPOCHS = 1
MOST_EPOCHS = 25

# The provider that learns on a machine of one's own.
AT_HOME = "local"

# More than any example that can be read has.
NO_LIMIT = 2**31 - 1

_MILLION = 1_000_000
# USD are exact to a millionth; floats would show more digits than they have.
_DIGITS = 6
_DATE = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{4})$")


class Rates(BaseModel):
    """What answers cost, in USD for a million tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    input: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    output: Annotated[float, Field(ge=0, allow_inf_nan=False)]

    def cost(self, input_tokens: float, output_tokens: float) -> float:
        """Return what so many tokens read and written cost, in USD."""
        return (input_tokens * self.input + output_tokens * self.output) / _MILLION


class ModelPrice(BaseModel):
    """What one model asks for being trained, and for its answers."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    provider: Annotated[str, Field(min_length=1)]
    model: Annotated[str, Field(min_length=1)]
    vocabulary: Vocabulary = "o200k_base"
    limit_tokens: Annotated[int, Field(gt=0)] = NO_LIMIT
    """Tokens of one example that are learnt; the rest is cut off."""
    epochs: Annotated[int, Field(gt=0)] | None = None
    """How often it goes through the examples, where nobody can choose."""
    usd_per_million: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """USD for a million trained tokens; None where nobody knows."""
    answers: Rates | None = None
    """What its answers cost; None where nobody knows."""
    tuned_answers: Rates | None = None
    """What the answers of those cost that were tuned from it."""
    retires: date | None = None
    """From this day on it answers no more, nor does what was tuned from it."""
    source: str = ""
    """Where price and limit were read."""


class Prices(BaseModel):
    """The prices of all models, as they were on one day."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    read_on: date
    last_hosted_job: date
    """The last day on which OpenAI takes a fine-tuning job from anyone."""
    models: Annotated[tuple[ModelPrice, ...], Field(min_length=1, strict=False)]

    def model(self, provider: str, model: str) -> ModelPrice | None:
        """Return the price of a model by its name, with or without the date, or by that of a model tuned from it.

        None where it is not listed.
        """
        return next((price for price in self.models if price.provider == provider and _is(price.model, model)), None)

    def named(self, model: str) -> ModelPrice:
        """Return the price of a model, whoever provides it; one that is not listed has no known price and no limit."""
        known = (price for price in self.models if _is(price.model, model))
        return next(known, ModelPrice(provider="openai", model=model))

    def answering(self, model: str) -> Rates | None:
        """Return what the answers of a hosted model cost, which may be a tuned one; None where nobody knows."""
        price = self.named(model)
        return price.tuned_answers if _is_tuned(model) else price.answers

    def estimate(self, provider: str, model: str, *, billed: int, examples: int, epochs: int | None) -> "Estimate":
        """Return what a model costs for so many billed tokens an epoch; `epochs` None is as the provider chooses."""
        if provider == AT_HOME:
            return at_home(model, billed, epochs or auto_epochs(examples))
        price = self.model(provider, model) or ModelPrice(provider=provider, model=model)
        return _estimate(price, billed, examples, epochs)


def _is(listed: str, name: str) -> bool:
    """Tell whether a name means a listed model: `gpt-4o-mini` and `ft:gpt-4o-mini-2024-07-18:zennest::Ab1` both do."""
    asked = name.strip().lower()
    if _is_tuned(name):
        asked = asked.split(":")[1]
    return asked in (listed, _DATE.sub("", listed))


def _is_tuned(name: str) -> bool:
    return name.strip().lower().startswith("ft:")


def read_prices(path: Path | None = None) -> Prices:
    """Read a list of prices, or our own; raises DataError naming the file, the field and what is wrong."""
    place = path or PRICES
    try:
        value = tomllib.loads(place.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{place} cannot be read ({error.strerror}): restore the file of prices.") from None
    except UnicodeDecodeError:
        raise DataError(f"{place} is not UTF-8 text: save the file as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{place} is not TOML: {error}; mend the line.") from None
    prices = validated(Prices, str(place), value)
    names = [(price.provider, price.model) for price in prices.models]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise DataError(f"{place}: models: {twice[0]} {twice[1]!r} stands there twice; remove one.")
    return prices


@dataclass(frozen=True, slots=True)
class Estimate:
    """What learning a dataset costs with one model."""

    provider: str
    model: str
    billed_tokens: int
    """Tokens of one epoch, each example cut at the model's limit."""
    epochs: float
    total_tokens: int
    """Billed tokens of all epochs."""
    cost_usd: float | None
    """None where no price is known."""
    retires: date | None
    """From this day on the model answers no more."""
    vocabulary: Vocabulary | None
    """How the model itself counts; None where it has a way of its own.

    Tokens that were counted otherwise are near, not exact.
    """
    steps: int | None = None
    """How many steps it learns, where that is what was said, and the epochs follow from it."""


def at_home(model: str, billed: int, epochs: float, steps: int | None = None) -> Estimate:
    """Return what learning takes on a machine of one's own: no price, and each model has a vocabulary of its own."""
    times = int(epochs) if float(epochs).is_integer() else round(epochs, 1)
    return Estimate(AT_HOME, model, billed, times, round(billed * epochs), 0.0, None, None, steps)


def auto_epochs(examples: int) -> int:
    """Return how often the provider goes through so many examples when nobody says how often.

    As in the public notebook: 3 times, but more often (25 times at most) for fewer than 34 examples, and less often for
    more than 8,333. It rounds down, so that 30 examples are gone through 3 times and not the 4 that make 100.
    """
    if examples <= 0:
        return TARGET_EPOCHS
    if examples * TARGET_EPOCHS < LEAST_EXAMPLES:
        return min(MOST_EPOCHS, LEAST_EXAMPLES // examples)
    if examples * TARGET_EPOCHS > MOST_EXAMPLES:
        return max(LEAST_EPOCHS, MOST_EXAMPLES // examples)
    return TARGET_EPOCHS


def estimates(distribution: Distribution, prices: Prices, epochs: int | None = None) -> list[Estimate]:
    """Return what learning costs with every listed model, in order; `epochs` None means as each provider chooses.

    The lengths were counted with one vocabulary: for a model of another the figures are near, not exact.
    """
    return [
        _estimate(price, distribution.billed(price.limit_tokens), distribution.count, epochs) for price in prices.models
    ]


def _estimate(price: ModelPrice, billed: int, examples: int, epochs: int | None) -> Estimate:
    times = price.epochs or epochs or auto_epochs(examples)
    cost = None if price.usd_per_million is None else round(billed * times * price.usd_per_million / _MILLION, _DIGITS)
    return Estimate(price.provider, price.model, billed, times, billed * times, cost, price.retires, price.vocabulary)
