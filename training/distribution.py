"""How long the examples of a dataset are, in tokens."""

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from training.entries import Entry


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of a distribution, in tokens; all 0 where there are no examples."""

    examples: int
    total: int
    min: int
    max: int
    mean: float
    median: float
    p10: float
    p90: float
    without_system: int
    """Examples in which the system says nothing."""
    without_user: int
    """Examples in which the user says nothing."""
    messages: int
    """Messages of all examples together."""


class Distribution:
    """The lengths of examples, counted as they come: only how many there are of each length is kept."""

    def __init__(self) -> None:
        self.count = 0
        self.without_system = 0
        self.without_user = 0
        self.messages = 0
        self._examples: Counter[int] = Counter()

    def add(self, entry: Entry, tokens: int) -> None:
        """Take one example in."""
        roles = [message.get("role") for message in entry.messages]
        self.count += 1
        self.messages += len(roles)
        self.without_system += "system" not in roles
        self.without_user += "user" not in roles
        self._examples[tokens] += 1

    @property
    def lengths(self) -> dict[int, int]:
        """How many examples there are of each length, the shortest first."""
        return dict(sorted(self._examples.items()))

    @property
    def total(self) -> int:
        """Tokens of all examples together."""
        return sum(tokens * examples for tokens, examples in self._examples.items())

    def billed(self, limit: int) -> int:
        """Return the tokens of one epoch when each example is cut at the model's limit."""
        return sum(min(tokens, limit) * examples for tokens, examples in self._examples.items())

    def over(self, limit: int) -> int:
        """Return how many examples are longer than a limit."""
        return sum(examples for tokens, examples in self._examples.items() if tokens > limit)

    def summary(self) -> Summary:
        """Return the figures."""
        p0, p10, p50, p90, p100 = self._quantiles(*(Fraction(tenths, 10) for tenths in (0, 1, 5, 9, 10)))
        return Summary(
            examples=self.count,
            total=self.total,
            min=int(p0),
            max=int(p100),
            mean=self.total / max(self.count, 1),
            median=p50,
            p10=p10,
            p90=p90,
            without_system=self.without_system,
            without_user=self.without_user,
            messages=self.messages,
        )

    def _quantiles(self, *shares: Fraction) -> list[float]:
        """Return the lengths that shares of the examples do not exceed, as `numpy.quantile` does by default."""
        if not self.count:
            return [0.0 for _ in shares]
        lengths = self.lengths
        found: list[float] = []
        for share in shares:
            # Fractions, because 0.9 * (count - 1) in floating point can land beside a whole number.
            place = share * (self.count - 1)
            lower, upper = _nth(lengths, floor(place)), _nth(lengths, ceil(place))
            found.append(float(lower + (upper - lower) * (place - floor(place))))
        return found


def _nth(lengths: dict[int, int], place: int) -> int:
    """Return the length of the example at a place, counted from 0, when they are put in order."""
    for tokens, examples in lengths.items():
        place -= examples
        if place < 0:
            return tokens
    raise IndexError(place)
