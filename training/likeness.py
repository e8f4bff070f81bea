"""How alike texts are: the cosine of their TF-IDF over word and character n-grams, 0 to 1."""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion

# Rows that are compared at once, so that memory stays flat on large files.
_BLOCK = 512
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts, by their places in their lists, and how alike they are."""

    first: int
    second: int
    likeness: float


def alike(texts: Sequence[str], above: float) -> list[Pair]:
    """Return every pair of texts that is more alike than `above`, the closest first."""
    pairs = (pair for pair in _compared(texts, texts, texts, above) if pair.first < pair.second)
    return sorted(pairs, key=lambda pair: -pair.likeness)


def nearest(texts: Sequence[str], others: Sequence[str], above: float = 0.0) -> list[Pair]:
    """Return for each text that is like one of the others by more than `above` its nearest, the closest first."""
    best: dict[int, Pair] = {}
    for pair in _compared(texts, others, [*texts, *others], above):
        if pair.first not in best or pair.likeness > best[pair.first].likeness:
            best[pair.first] = pair
    return sorted(best.values(), key=lambda pair: -pair.likeness)


def _compared(texts: Sequence[str], others: Sequence[str], seen: Sequence[str], above: float) -> Iterator[Pair]:
    """Yield the pairs of a text and another that are more alike than `above`; `seen` tells which n-grams are rare."""
    if not (texts and others and any(_WORD.search(text) for text in seen)):
        return
    # scipy and scikit-learn carry no types.
    vectorizer = cast("Any", FeatureUnion)(
        [
            ("words", cast("Any", TfidfVectorizer)(analyzer=_words, sublinear_tf=True)),
            ("letters", TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, preprocessor=_bare)),
        ]
    ).fit(seen)
    rows, columns = (vectorizer.transform(part) for part in (texts, others))
    for start in range(0, len(texts), _BLOCK):
        # Each half of a row has the length 1, so the mean of the two cosines is half the product.
        table = (rows[start : start + _BLOCK] @ columns.T / 2).tocoo()
        near = table.data > above
        for first, second, likeness in zip(table.row[near], table.col[near], table.data[near], strict=True):
            yield Pair(start + int(first), int(second), min(float(likeness), 1.0))


def _bare(text: str) -> str:
    """Return a text without case and punctuation."""
    return " ".join(_WORD.findall(text.lower()))


def _words(text: str) -> list[str]:
    """Return the words of a text, and each two that follow each other."""
    words = _bare(text).split()
    return [*words, *(" ".join(pair) for pair in itertools.pairwise(words))]
