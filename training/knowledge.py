"""What a company's folder knows: its handbook and its examples, searchable."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.examples import Example, read_examples
from training.follow_ups import leans_on_context
from training.handbook import Passage, read_handbook
from training.retrieval import Asked, Index, Vector
from training.words import Words, read_words

# How much of a follow-up's likeness comes from what was asked before it.
_CONTEXT = 0.35
# A passage's heading says what it is about, its text only what it mentions.
_HEADING_REPEATED = 4
# What a heading, and a text, that hold all of a question are worth, in BM25 points.
_HEADING_POINTS = 10
_TEXT_POINTS = 10
# The heading's part in how surely a passage answers.
_HEADING_SHARE = 0.3
# Below this many BM25 points no passage is where an example's answer comes from.
_FROM_HERE = 20
# A question of more words tells a story, and would make its passage an answer to everything in it.
_LONGEST_QUESTION = 20

# `it works` and `it doesn't work` are the same words to an index.
_DENYING = re.compile(
    r"\b(not|no|never|cannot|nothing|nobody|without|\w+n['\u2019]t"
    r"|(is|are|was|were|do|does|did|has|have|had|ca|wo|would|could|should)nt)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Found:
    """A passage, and how surely it answers the question (0 to 1)."""

    passage: Passage
    confidence: float


@dataclass(frozen=True, slots=True)
class Precedent:
    """How a question like this one was answered in the examples, and how alike the two are (0 to 1)."""

    answer: str
    likeness: float


class Knowledge:
    """The handbook's passages and the examples' exchanges, indexed by their words."""

    def __init__(self, passages: Sequence[Passage], examples: Sequence[Example], words: Words | None = None) -> None:
        words = words or Words()
        self.words = words
        self._passages = tuple(passages)
        self._exchanges = tuple(exchange for example in examples for exchange in example.exchanges())
        self._headings = Index([_heading(passage) for passage in passages], words)
        self._texts = Index(self._texts_with_questions(words), words)
        self._questions = Index([question for _, question, _ in self._exchanges], words)
        self._contexts = Index([" ".join(earlier) for earlier, _, _ in self._exchanges], words)
        self._denies = np.array([_denies(question) for _, question, _ in self._exchanges], dtype=bool)
        self._leans = np.array([bool(earlier) for earlier, _, _ in self._exchanges], dtype=bool)

    def _texts_with_questions(self, words: Words) -> list[str]:
        """Return each passage's text, with the examples' questions that were answered from it."""
        texts = [f"{p.title} {' '.join([p.heading] * _HEADING_REPEATED)} {p.text}" for p in self._passages]
        plain = Index(texts, words)
        short = [(question, answer) for _, question, answer in self._exchanges if _is_short(question)]
        for question, answer in short if texts else ():
            scores = plain.scores(plain.asked(answer))
            if scores.max() > _FROM_HERE:
                texts[int(scores.argmax())] += f" {question}"
        return texts

    def passages(self, question: str, before: str, limit: int) -> tuple[Found, ...]:
        """Return the passages nearest to a question, best first; `before` is the question that preceded it."""
        asked = self._texts.asked(question, before if leans_on_context(question) else "")
        if not asked.known:
            return ()
        scores, covered, headed = self._searched(asked)
        rank = scores + _TEXT_POINTS * covered + _HEADING_POINTS * headed
        sure = (1 - _HEADING_SHARE) * covered + _HEADING_SHARE * headed
        best = [int(place) for place in np.argsort(-rank, kind="stable")[:limit] if scores[place] > 0]
        return tuple(Found(self._passages[place], float(sure[place])) for place in best)

    def _searched(self, asked: Asked) -> tuple[Vector, Vector, Vector]:
        """Return for each passage its score, and the share of the query that its text and its heading hold."""
        return self._texts.scores(asked), self._texts.coverage(asked), self._headings.coverage(asked)

    def precedent(self, question: str, before: str) -> Precedent | None:
        """Return the answer to the nearest question of the examples, compared together with what preceded it.

        A question that denies something is only like others that do.
        """
        if not self._exchanges:
            return None
        alone = self._questions.likeness(self._questions.asked(question))
        context = self._contexts.likeness(self._contexts.asked(before))
        likeness = np.where(self._leans, (1 - _CONTEXT) * alone + _CONTEXT * context, alone)
        likeness = np.where(self._denies == _denies(question), likeness, 0.0)
        best = int(likeness.argmax())
        return Precedent(self._exchanges[best][2], float(likeness[best])) if likeness[best] else None


def _is_short(question: str) -> bool:
    return len(question.split()) <= _LONGEST_QUESTION


def _denies(text: str) -> bool:
    return bool(_DENYING.search(text))


def _heading(passage: Passage) -> str:
    return f"{passage.title} {passage.heading}"


def read_knowledge(folder: Path) -> Knowledge:
    """Read a company folder's handbook, examples and synonyms; raises DataError naming the file and the line."""
    files = sorted((folder / "examples").glob("*.jsonl"))
    examples = [example for file in files for example in read_examples(file)]
    return Knowledge(read_handbook(folder / "handbook"), examples, read_words(folder / "synonyms.txt"))
