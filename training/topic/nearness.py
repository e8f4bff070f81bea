"""How near a message is to single messages whose verdicts are known: what many words together say of none alone."""

import itertools
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.topic.canonical import MARK, NUMBER
from training.topic.evidence import stem

Array = NDArray[Any]

# Terms are told apart by a hash, as words are elsewhere.
_PLACES = 1 << 20
# A term that so few messages have joins none, and one that so large a share has tells nothing.
_RARE, _USUAL = 2, 0.1
# The nearest messages of either verdict that are looked at.
_NEAREST = 5


class Nearness:
    """Messages by the terms they have in common: stems, and pairs of them; binary TF-IDF (Salton 1988)."""

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        """Take `terms` (places, ascending), where the messages of each begin (`starts`) in `rows`, and the counts.

        Messages about the product come first: `counts` is how many these are, and how many there are in all.
        """
        self.arrays = dict(arrays)
        self._rows = arrays["rows"]
        self._starts = arrays["starts"].tolist()
        self._place = {term: at for at, term in enumerate(arrays["terms"].tolist())}
        self._on, self._all = (int(count) for count in arrays["counts"])
        held = np.diff(arrays["starts"])
        # The square: a term stands in both messages.
        self._weights = np.square(np.log((1 + self._all) / (1 + held)) + 1)
        squares = np.bincount(self._rows, np.repeat(self._weights, held), self._all)
        self._lengths = np.sqrt(np.maximum(squares, 1e-9))

    @classmethod
    def fitted(cls, messages: Iterable[tuple[Sequence[str], bool]]) -> "Nearness":
        """Keep the terms of canonical messages with their verdicts."""
        ordered = sorted(messages, key=lambda message: not message[1])
        holders: defaultdict[int, list[int]] = defaultdict(list)
        for row, (words, _) in enumerate(ordered):
            for term in _terms(words):
                holders[term].append(row)
        most = max(_RARE, _USUAL * len(ordered))
        kept = sorted(term for term, rows in holders.items() if _RARE <= len(rows) <= most)
        rows = [np.array(holders[term], np.int32) for term in kept]
        return cls(
            {
                "terms": np.array(kept, np.int32),
                "starts": np.cumsum([0, *map(len, rows)]),
                "rows": np.concatenate(rows) if rows else np.zeros(0, np.int32),
                "counts": np.array([sum(verdict for _, verdict in ordered), len(ordered)]),
            }
        )

    def figures(self, words: Sequence[str]) -> list[float]:
        """Return how near the nearest message about the product is and the mean of a few, and the same of others.

        By the cosine, 0 to 1; the last two are by how much those about the product are nearer.
        """
        found = [at for term in _terms(words) if (at := self._place.get(term)) is not None]
        if not found:
            return [0.0] * 6
        parts = [self._rows[self._starts[at] : self._starts[at + 1]] for at in found]
        weights = np.repeat(self._weights[found], [len(part) for part in parts])
        shared = np.bincount(np.concatenate(parts), weights, self._all)
        near = shared / (self._lengths * float(np.sqrt(self._weights[found].sum())))
        (on, of_on), (off, of_off) = _nearest(near[: self._on]), _nearest(near[self._on :])
        return [on, of_on, off, of_off, on - off, of_on - of_off]


def _nearest(near: Array) -> tuple[float, float]:
    """Return the largest of some values, and the mean of a few."""
    some = near[near > 0]
    if len(some) > _NEAREST:
        some = np.partition(some, len(some) - _NEAREST)[-_NEAREST:]
    return (float(some.max()), float(some.sum()) / _NEAREST) if len(some) else (0.0, 0.0)


def _terms(words: Sequence[str]) -> set[int]:
    stems = [stem(word) for word in words if word not in {MARK, NUMBER}]
    pairs = (" ".join(pair) for pair in itertools.pairwise(stems))
    return {zlib.crc32(term.encode()) % _PLACES for term in (*stems, *pairs)}
