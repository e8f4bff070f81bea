"""What the rules of the report find."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from training.report.company import Company


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a company's folder: where, by which rule, and what to do about it."""

    place: str
    rule: str
    text: str


Rule = Callable[[Company], Iterator[Problem]]
