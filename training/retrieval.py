"""Finding the nearest texts by their words: lexical, offline, under a millisecond."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer

from training.spelling import Spelling
from training.words import ASKING, Words

Vector = NDArray[np.float64]
Places = NDArray[np.int32]

# The usual constants of BM25: saturation of repeated words, and the weight of a text's length.
_K1 = 1.2
_B = 0.6

# How much a word that only asks, such as `where`, counts beside one that is a subject.
_ASKING_WEIGHS = 0.3
# How much a word of what was said before counts beside one of the question itself.
_CONTEXT_WEIGHS = 0.7
# A shorter unknown word is chatter rather than a subject.
_SHORTEST_SUBJECT = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """A query as an index knows it: the weight of each word, known to the index or not, and of all together."""

    known: dict[str, float]
    mass: float


class Index:
    """Texts that can be ranked by BM25, and compared by the weight of the words that they share with a query."""

    def __init__(self, texts: Sequence[str], words: Words) -> None:
        self._words = words
        self._size = len(texts)
        postings = _postings(texts, words)
        self._places = {word: places for word, (places, _) in postings.items()}
        self._weight = {word: _rarity(len(places), len(texts)) for word, places in self._places.items()}
        self._mass = self._sum(self._places, self._weight)
        self._bm25 = _bm25(postings, self._weight, len(texts))
        self._spelling = Spelling(self._places)

    def asked(self, query: str, context: str = "") -> Asked:
        """Weigh the words of a query, misspelt ones as what they nearly are, and those of its context for less."""
        own = self._asked(query)
        if not context:
            return own
        around = {word: weight * _CONTEXT_WEIGHS for word, weight in self._asked(context).known.items()}
        known = around | own.known
        return Asked(known, own.mass + sum(known.values()) - sum(own.known.values()))

    def _asked(self, query: str) -> Asked:
        known: dict[str, float] = {}
        unknown: set[str] = set()
        for word in self._words(query):
            nearest = word if word in self._places else self._spelling.nearest(word)
            if nearest:
                known[nearest] = self._weight[nearest] * (_ASKING_WEIGHS if nearest in ASKING else 1)
            elif word not in ASKING and len(word) >= _SHORTEST_SUBJECT:
                unknown.add(word)
        return Asked(known, sum(known.values()) + _rarity(0, self._size) * len(unknown))

    def scores(self, asked: Asked) -> Vector:
        """Return each text's BM25 score, each word counting by its weight in the query."""
        total = np.zeros(self._size)
        for word, weight in asked.known.items():
            total[self._places[word]] += self._bm25[word] * weight / self._weight[word]
        return total

    def coverage(self, asked: Asked) -> Vector:
        """Return for each text the share of the query's weight that it holds, 0 to 1."""
        return self._sum(asked.known, asked.known) / asked.mass if asked.mass else np.zeros(self._size)

    def likeness(self, asked: Asked) -> Vector:
        """Return for each text how alike the two are: 1 for the same words, 0 for none shared."""
        shared = self._sum(asked.known, asked.known)
        return 2 * shared / np.maximum(self._mass + asked.mass, 1e-9)

    def _sum(self, words: Iterable[str], weight: dict[str, float]) -> Vector:
        total = np.zeros(self._size)
        for word in words:
            if word in self._places:
                total[self._places[word]] += weight[word]
        return total


def _postings(texts: Sequence[str], words: Words) -> dict[str, tuple[Places, Vector]]:
    """Return for each word the places of the texts in which it stands, and how often."""
    if not any(words(text) for text in texts):
        return {}
    # scikit-learn and scipy carry no types.
    vectorizer = cast("Any", CountVectorizer)(analyzer=words)
    table = vectorizer.fit_transform(texts).tocsc()
    return {
        word: (table.indices[slice(*table.indptr[at : at + 2])], table.data[slice(*table.indptr[at : at + 2])])
        for word, at in cast("dict[str, int]", vectorizer.vocabulary_).items()
    }


def _rarity(texts_with_it: int, texts: int) -> float:
    """Return how telling a word is: the inverse document frequency of BM25."""
    return float(np.log1p((texts - texts_with_it + 0.5) / (texts_with_it + 0.5)))


def _bm25(postings: dict[str, tuple[Places, Vector]], weight: dict[str, float], size: int) -> dict[str, Vector]:
    lengths = np.zeros(size)
    for places, counts in postings.values():
        lengths[places] += counts
    norm = _K1 * (1 - _B + _B * lengths / max(float(lengths.mean()) if size else 0.0, 1.0))
    return {
        word: counts * (_K1 + 1) / (counts + norm[places]) * weight[word] for word, (places, counts) in postings.items()
    }
