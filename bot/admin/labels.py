"""Models as people name them for a comparison: MODEL, or LABEL=MODEL with what readers are to call it."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from training.evaluation.scorecard import Scorecard
from training.examples import DataError
from training.quoting import cited

# What phones make of a quotation mark.
_MARKS = str.maketrans({"\u201c": '"', "\u201d": '"', "\u201e": '"'})
_BETWEEN_COMMAS = re.compile(r'(?:"[^"]*"|[^,\n"])+')
_BETWEEN_SPACES = re.compile(r'(?:"[^"]*"|[^\s"])+')


@dataclass(frozen=True, slots=True)
class Named:
    """A model, and what readers are to call it."""

    model: str
    label: str = ""
    """"" where it is called by its id."""

    @property
    def called(self) -> str:
        """What a reader reads."""
        return self.label or self.model


def named(text: str) -> Named:
    """Read MODEL or LABEL=MODEL; raises DataError where no model is named."""
    label, _, model = text.rpartition("=")
    if not model.strip():
        raise DataError(f"{cited(text)} names no model: write MODEL, or LABEL=MODEL.")
    return Named(model.strip(), label.strip())


def several(text: str) -> list[Named]:
    """Read models with commas, line breaks or spaces between them; raises DataError as `named`.

    A label has spaces in it where there are commas or line breaks between models, or where it is in quotation marks.
    """
    plain = text.translate(_MARKS)
    pieces = [piece.strip() for piece in _BETWEEN_COMMAS.findall(plain)]
    alone = len(pieces) == 1
    parts = [part for piece in pieces for part in (_spaced(piece) if alone or "=" not in piece else [piece]) if part]
    return [named(part.replace('"', "")) for part in parts]


def _spaced(piece: str) -> list[str]:
    return _BETWEEN_SPACES.findall(piece)


async def found(models: Sequence[Named], known: Callable[[str], Awaitable[str]]) -> list[Named]:
    """Return models by their whole ids, which `known` tells."""
    return [replace(one, model=await known(one.model)) for one in models]


def see_distinct(models: Sequence[Named]) -> None:
    """Raise DataError where a model is named twice, or two are called the same."""
    if twice := _twice([one.model for one in models]):
        raise DataError(f"{cited(twice)} is named twice: name each model once.")
    if twice := _twice([one.called for one in models]):
        raise DataError(f"Two models are called {cited(twice)}: give each a label of its own.")


def _twice(names: Sequence[str]) -> str:
    return next((name for name in names if names.count(name) > 1), "")


def labelled(cards: Sequence[Scorecard], models: Sequence[Named]) -> list[Scorecard]:
    """Return the scorecards of models under the names that readers know."""
    return [replace(card, label=one.label or card.label) for card, one in zip(cards, models, strict=True)]
