"""Finding the nearest texts by their words: lexical, offline, under a millisecond."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer, TfidfVectorizer

Vector = NDArray[np.float64]

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
# A customer writes `ZN-101`, `zn 101` or `zn101`; all three are one word.
_CODE = re.compile(r"\b([a-z]{1,4})[ -]?(\d{2,5})\b")
_SUFFIXES = ("ations", "ation", "ingly", "edly", "ings", "ing", "ies", "ied", "es", "ed", "ly", "s", "e", "y")
_SHORTEST_STEM = 3
_COMMON = ENGLISH_STOP_WORDS - {"off", "bill", "fire", "system", "call", "cry"}

# The usual constants of BM25: saturation of repeated words, and the weight of a text's length.
_K1 = 1.2
_B = 0.6

# How alike in letters an unknown word must be to a known one to count as a slip of the finger.
_SAME_WORD = 0.62
_SHORTEST_MISSPELT = 5


@dataclass(frozen=True, slots=True)
class Match:
    """A text by its place in the index, its score, and the share of the query's meaning that it holds (0 to 1)."""

    place: int
    score: float
    coverage: float


def words(text: str) -> list[str]:
    """Lower-case words with their endings off and the commonest English ones left out."""
    lowered = _CODE.sub(r"\1\2 \2", text.lower().replace("\u2019", "'"))
    return [stem(word) for word in _WORD.findall(lowered) if word not in _COMMON]


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """Take the commonest ending off, so that `flickering` meets `flickers`."""
    word = word.removesuffix("'s")
    for suffix in _SUFFIXES:
        base = word.removesuffix(suffix)
        if base != word and len(base) >= _SHORTEST_STEM:
            doubled = suffix in {"ing", "ed"} and base[-1] == base[-2] and base[-1] not in "ls"
            return base[:-1] if doubled else base
    return word


class Index:
    """Texts that can be searched by BM25 and compared by the weight of the words that they share."""

    def __init__(self, texts: Sequence[str]) -> None:
        counter = CountVectorizer(analyzer=words)
        counts = cast("csr_matrix", counter.fit_transform(texts)).astype(np.float64)
        self._places: dict[str, int] = counter.vocabulary_
        self._present = cast("csr_matrix", (counts > 0).astype(np.float64))
        frequency = np.asarray(self._present.sum(axis=0)).ravel()
        self._weight: Vector = np.log1p((len(texts) - frequency + 0.5) / (frequency + 0.5))
        self._unknown_weight = float(np.log1p((len(texts) + 0.5) / 0.5))
        self._mass: Vector = self._present @ self._weight
        self._bm25 = _bm25(counts, self._weight)
        self._spelling = _Spelling(sorted(self._places))

    def nearest(self, query: str, limit: int) -> list[Match]:
        """Return the best texts for a query, best first, only such as share a word with it."""
        asked, mass = self._asked(query)
        if not asked:
            return []
        scores: Vector = np.asarray(self._bm25[:, asked].sum(axis=1)).ravel()
        held: Vector = self._present[:, asked] @ self._weight[asked]
        best = [int(place) for place in np.argsort(-scores, kind="stable")[:limit] if scores[place] > 0]
        return [Match(place, float(scores[place]), float(held[place] / mass)) for place in best]

    def likeness(self, query: str) -> Vector:
        """Return for every text how alike the two are: 1 for the same words, 0 for none shared."""
        asked, mass = self._asked(query)
        if not asked:
            return np.zeros(len(self._mass))
        shared: Vector = self._present[:, asked] @ self._weight[asked]
        return 2 * shared / (self._mass + mass)

    def _asked(self, query: str) -> tuple[list[int], float]:
        """Return the query's known words, and the weight of all its words, known or not."""
        asked: set[int] = set()
        unknown: set[str] = set()
        for word in words(query):
            known = word if word in self._places else self._spelling.known(word)
            if known:
                asked.add(self._places[known])
            else:
                unknown.add(word)
        places = sorted(asked)
        return places, float(self._weight[places].sum()) + self._unknown_weight * len(unknown)


class _Spelling:
    """The nearest known word to a misspelt one, by its letters."""

    def __init__(self, known: Sequence[str]) -> None:
        self._words = known
        self._letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3))
        self._vectors = cast("csr_matrix", self._letters.fit_transform(known))
        # Bound here so that each index has a cache of its own.
        self.known = lru_cache(maxsize=10_000)(self._known)

    def _known(self, word: str) -> str:
        if len(word) < _SHORTEST_MISSPELT:
            return ""
        alike: Vector = (self._vectors @ self._letters.transform([word]).T).toarray().ravel()
        best = int(alike.argmax())
        return self._words[best] if alike[best] >= _SAME_WORD and self._words[best][0] == word[0] else ""


def _bm25(counts: csr_matrix, weight: Vector) -> csr_matrix:
    lengths = np.asarray(counts.sum(axis=1)).ravel()
    norm = _K1 * (1 - _B + _B * lengths / max(float(lengths.mean()), 1.0))
    table = counts.tocoo()
    values = table.data * (_K1 + 1) / (table.data + norm[table.row]) * weight[table.col]
    return cast("csr_matrix", csr_matrix((values, (table.row, table.col)), shape=counts.shape))
