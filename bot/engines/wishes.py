"""What an engine is to hold, and how that differs from what it holds."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Weights:
    """A whole model that was tuned here, as an engine has to know it."""

    model: str
    """Its id in the registry, which is its name at the engine."""
    folder: Path
    kind: Literal["adapter", "whole"]
    base: str
    """A folder, or a name at Hugging Face; an adapter is served together with it."""
    revision: str
    rank: int


@dataclass(frozen=True, slots=True)
class Wish:
    """A model that an engine is to hold; a firm one answers customers."""

    weights: Weights
    firm: bool
    asked_at: float
    """When somebody last asked for it, in seconds since 1970; 0 where nobody has."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What is to be held, the most important first, and which models are of this registry at all."""

    wishes: tuple[Wish, ...] = ()
    ours: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Difference:
    """What an engine lacks, the most important first, and what it has too much."""

    load: tuple[str, ...]
    unload: tuple[str, ...]


def wanted(firm: Sequence[str], asked: Mapping[str, float], known: Collection[str], most: int) -> tuple[str, ...]:
    """Return the ids of the models that are to be held: the firm ones, and of the others those asked for last.

    `asked` tells when somebody asked for a model, `most` how many are held in all, unless the firm ones are more.
    """
    kept = [model for model in firm if model in known]
    lately = sorted((model for model in asked if model in known), key=lambda model: -asked[model])
    return tuple(dict.fromkeys((*kept, *lately)))[: max(most, len(set(kept)))]


def difference(wanted: Sequence[str], there: Collection[str], ours: Collection[str]) -> Difference:
    """Return what changes `there` into `wanted`; what is not of this registry is nobody's business here."""
    load = tuple(model for model in wanted if model not in there)
    return Difference(load, tuple(sorted(set(there) & set(ours) - set(wanted))))
