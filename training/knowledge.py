"""What a company's folder knows: its handbook and its examples, searchable."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.examples import Example, read_examples
from training.handbook import Passage, read_handbook
from training.retrieval import Index, words

# How much of a follow-up's likeness comes from what was asked before it.
_CONTEXT = 0.35

_LEANING = re.compile(
    r"^(and|but|or|so|then|also|ok|okay|what if|what about|how about|which one|why|how so|what else|else|same|yes|no)\b",
    re.IGNORECASE,
)
_POINTING = re.compile(r"\b(it|its|that|this|these|those|they|them|there|one|ones|both|other|instead|either)\b", re.IGNORECASE)
_FEW_WORDS = 4


@dataclass(frozen=True, slots=True)
class Found:
    """A passage, and the share of the question's meaning that it holds (0 to 1)."""

    passage: Passage
    coverage: float


@dataclass(frozen=True, slots=True)
class Precedent:
    """How a question like this one was answered in the examples, and how alike the two are (0 to 1)."""

    answer: str
    likeness: float


def leans_on_context(text: str) -> bool:
    """Whether a message means little without the one before it: `and for two floors?`."""
    telling = len(words(text))
    if not telling:
        return True
    return telling <= _FEW_WORDS and bool(_LEANING.search(text) or _POINTING.search(text))


class Knowledge:
    """The handbook's passages and the examples' exchanges, indexed by their words."""

    def __init__(self, passages: Sequence[Passage], examples: Sequence[Example]) -> None:
        self._passages = tuple(passages)
        self._exchanges = tuple(exchange for example in examples for exchange in example.exchanges())
        # The page's title and the heading tell what a passage is about, so they count double.
        self._handbook = Index([f"{p.title} {p.heading} {p.heading} {p.text}" for p in passages])
        self._questions = Index([question for _, question, _ in self._exchanges] or [""])
        self._contexts = Index([" ".join(earlier) for earlier, _, _ in self._exchanges] or [""])
        self._leans = np.array([bool(earlier) for earlier, _, _ in self._exchanges] or [False])

    def passages(self, question: str, before: str, limit: int) -> tuple[Found, ...]:
        """Return the passages nearest to a question, best first; `before` is the question that preceded it."""
        query = f"{before} {question}" if before and leans_on_context(question) else question
        return tuple(Found(self._passages[m.place], m.coverage) for m in self._handbook.nearest(query, limit))

    def precedent(self, question: str, before: str) -> Precedent | None:
        """Return the answer to the nearest question of the examples, compared together with what preceded it."""
        alone = self._questions.likeness(question)
        context = self._contexts.likeness(before)
        likeness = np.where(self._leans, (1 - _CONTEXT) * alone + _CONTEXT * context, alone)
        best = int(likeness.argmax())
        if not self._exchanges or not likeness[best]:
            return None
        return Precedent(self._exchanges[best][2], float(likeness[best]))


def read_knowledge(folder: Path) -> Knowledge:
    """Read a company folder's handbook and examples; raises DataError naming the file and the line."""
    files = sorted((folder / "examples").glob("*.jsonl"))
    return Knowledge(read_handbook(folder / "handbook"), [e for file in files for e in read_examples(file)])
