"""What answers of served models take: tokens as they are sent and received, and USD where the price is known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from statistics import mean

from bot.models import Prompt
from bot.models.briefing import CLOSING, messages, opening, quoted
from bot.persona import Persona
from training.evaluation.scenarios import Scenario
from training.handbook import Passage
from training.pricing import Rates, read_prices
from training.settings import OPENAI
from training.tokens import PER_MESSAGE, Count, Vocabulary, counter

# What a judge is to reply.
VERDICT = "PASS"
# Texts whose tokens are remembered: the persona and the passages come with question after question.
COUNTS_KEPT = 4096


@dataclass(frozen=True, slots=True)
class Served:
    """Where a model answers, and under which name; both "" where nobody knows."""

    url: str = ""
    model: str = ""
    is_ours: bool = False
    """Whether it was tuned on a machine of one's own, which asks nothing for its answers."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What answers took; no cost where no price is known."""

    input_tokens: float
    output_tokens: float
    cost_usd: float | None


class Costs:
    """Counts what is asked and answered, and prices it."""

    def __init__(
        self, vocabulary: Vocabulary = "o200k_base", context_tokens: int = 8192, max_tokens: int = 600
    ) -> None:
        self._vocabulary: Vocabulary = vocabulary
        self._budget = context_tokens - max_tokens

    @cached_property
    def _count(self) -> Count:
        # A vocabulary costs 70 MB, and only who asks a served model needs it.
        return lru_cache(COUNTS_KEPT)(counter(self._vocabulary))

    def of(self, served: Served, prompt: Prompt, answer: str) -> Taken:
        """Return what one answer took."""
        said = [text for _, text in messages(prompt, self._budget, self._count)]
        return self._priced(served, self._read(said), self._count(answer))

    def expected(
        self, served: Served, persona: Persona, passages: Sequence[Passage], scenarios: Sequence[Scenario], trials: int
    ) -> Taken:
        """Return what the answers to scenarios will take if they are as long as the references."""
        shown = 4 * mean([self._count(quoted(passage)) for passage in passages]) if passages else 0.0
        start = self._count(opening(persona)) + self._count(CLOSING) + shown
        read = sum(start + self._read(told) for scenario in scenarios for told in _told(scenario))
        written = sum(self._count(turn.reference) for scenario in scenarios for turn in scenario.turns)
        return self._priced(served, trials * read, trials * written)

    def judging(self, served: Served, prompts: Sequence[str]) -> float | None:
        """Return what one word in reply to each of these prompts will cost, in USD; None where nobody knows."""
        if _rates(served) is None:
            return None
        read = self._read(prompts)
        return self._priced(served, read, len(prompts) * self._count(VERDICT)).cost_usd

    def _read(self, texts: Iterable[str]) -> int:
        return sum(PER_MESSAGE + self._count(text) for text in texts)

    def _priced(self, served: Served, read: float, written: float) -> Taken:
        rates = _rates(served)
        return Taken(read, written, rates.cost(read, written) if rates else None)


def _told(scenario: Scenario) -> Iterable[list[str]]:
    """Yield what is said up to each question of a conversation that goes as its references do."""
    said: list[str] = []
    for turn in scenario.turns:
        said.append(turn.user)
        yield list(said)
        said.append(turn.reference)


@lru_cache(64)
def _rates(served: Served) -> Rates | None:
    """Return the price of a hosted model; a server that somebody else may run has no list of prices."""
    if served.is_ours:
        return Rates(input=0.0, output=0.0)
    return read_prices().answering(served.model) if served.url.rstrip("/") == OPENAI else None
