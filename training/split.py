"""Which examples a model learns from and which it is measured by: decided by what they ask, not where they stand."""

import bisect
import itertools
import math
import unicodedata
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Literal

from training.entries import Entry
from training.examples import DataError

Side = Literal["train", "validation"]

SHARE = 0.2
"""The share of the questions that is held back for validation."""

# A category with so many different questions has at least one on each side.
_ENOUGH = 5
# More categories than these are no categories: the file is split as a whole.
_MOST_CATEGORIES = 1000
# In a seeded split, one number of 64 bits holds a question's hash and, in its low bits, its category.
_CATEGORY_BITS = 10
_HASH_BITS = 64 - _CATEGORY_BITS
_LOW = 2**_CATEGORY_BITS - 1
# Numbers that are worked on at once.
_CHUNK = 1 << 16
# Changing it would change the side of every example that was ever split.
_SALT = b"sarah split"
# What Unicode counts as letters, marks or symbols though it shows nothing: fillers, joiners, variation selectors.
_INVISIBLE = (
    (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
    range(0x180B, 0x1810),
    range(0xFE00, 0xFE10),
    range(0xE0100, 0xE01F0),
)


def folded(text: str) -> str:
    """Return a text without what makes no other question: case, space, punctuation and invisible characters."""
    bare = text.casefold().translate(_BARE)
    if not bare.isascii():
        bare = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", bare).casefold()).translate(_BARE)
    # What is nothing but punctuation is still something that is said.
    return " ".join(bare.split()) or " ".join(text.split())


def asked(entry: Entry) -> str:
    """Return what decides an example's side: its first question, or all that is said where nobody asks."""
    return entry.first_question or "\n".join(text for role in ("system", "assistant") for text in entry.said(role))


def sides(examples: Iterable[tuple[str, str]], share: float = SHARE, seed: int | None = None) -> Iterator[Side]:
    """Yield the side of each (question, category); they are read twice, so they must begin anew when asked again.

    Without a seed, see ByContent; with one, see BySeed. Raises DataError when the share is not between 0 and 1.
    """
    split = split_by(share, seed)
    for question, category in examples:
        split.see(split.key(question), category)
    side = split.decided()
    for question, _ in examples:
        yield side(split.key(question))


class ByContent:
    """A question's side is a threshold on the hash of its folded text: the same question is always on the same side.

    So an example keeps its side when others are added, removed or put in another order. There is one exception: a
    category, or the whole file, with 5 or more different questions has at least one on each side. Where the hash puts
    none on a side, the question nearest to the threshold crosses it, and an example that is added later can send it
    back. (Where questions stand in several categories at once, as many categories as possible have both.)
    """

    def __init__(self, share: float = SHARE) -> None:
        self._threshold = int(share * 2**64)
        self._whole: list[int] = []
        self._categories: dict[int, list[int]] | None = {}

    def key(self, question: str) -> int:
        """Return the hash of a question, 64 bits."""
        return _hashed(question)

    def see(self, key: int, category: str) -> None:
        """Take note of an example."""
        _keep_ends(self._whole, key)
        if self._categories is not None:
            _keep_ends(self._categories.setdefault(_hashed(category), []), key)
            if len(self._categories) > _MOST_CATEGORIES:
                self._categories = None

    def decided(self) -> Callable[[int], Side]:
        """Return what tells the side of a question by its key, once all examples were seen."""
        crossed = self._crossed()
        return lambda key: self._side(key, crossed)

    def _side(self, key: int, crossed: set[int]) -> Side:
        return "validation" if (key < self._threshold) is not (key in crossed) else "train"

    def _crossed(self) -> set[int]:
        """Return the questions that cross the threshold, so that no side is empty."""
        crossed: set[int] = set()
        groups = [keys for _, keys in sorted((self._categories or {}).items())]
        groups = [keys for keys in (*groups, self._whole) if len(keys) >= _ENOUGH]
        before = -1
        while len(crossed) > before:  # a question that crosses for one category may have been the only one of another
            before = len(crossed)
            for keys in groups:
                if len({self._side(key, crossed) for key in keys}) == 1:
                    free = [key for key in keys if key not in crossed]
                    crossed.update(sorted(free, key=lambda key: abs(key - self._threshold))[:1])
        return crossed


class BySeed:
    """A random split that its seed reproduces, whatever the order of the examples.

    Questions are put in the order of a hash that the seed changes; the first of each category are for validation. Of n
    different questions share * n are, rounded down or up so that the sum over the categories is right, and at least
    one on each side from 5 on. A question of several categories counts in one. Holds 8 bytes for each example.
    """

    def __init__(self, seed: int, share: float = SHARE) -> None:
        self._share = share
        self._seed = blake2b(str(seed).encode()).digest()
        self._seen = array("Q")
        self._categories: dict[int, int] = {}

    def key(self, question: str) -> int:
        """Return the hash of a question, 64 bits; another seed gives another."""
        return _hashed(question, self._seed)

    def see(self, key: int, category: str) -> None:
        """Take note of an example."""
        place = 0
        if len(self._categories) <= _MOST_CATEGORIES:
            place = self._categories.setdefault(_hashed(category), len(self._categories))
        self._seen.append(key >> _CATEGORY_BITS << _CATEGORY_BITS | place)

    def decided(self) -> Callable[[int], Side]:
        """Return what tells the side of a question by its key, once all examples were seen; to be called once."""
        held = self._held_back()

        def side(key: int) -> Side:
            short = key >> _CATEGORY_BITS
            place = bisect.bisect_left(held, short)
            return "validation" if place < len(held) and held[place] == short else "train"

        return side

    def _held_back(self) -> Sequence[int]:
        """Return the hashes of the questions for validation, in order; works in place, so that memory stays small."""
        import numpy as np  # noqa: PLC0415 - only a seeded split needs it

        low, category, digest = np.uint64(_LOW), np.uint64(_CATEGORY_BITS), np.uint64(_HASH_BITS)
        seen = np.frombuffer(self._seen or array("Q", [0]), np.uint64)[: len(self._seen)]
        ranks = np.array(self._ranks(), np.uint64)
        for start in range(0, len(seen), _CHUNK):
            part = seen[start : start + _CHUNK]
            part[:] = part & ~low | ranks[part & low]
        seen.sort()
        # Of a question that stands in several categories, the first is kept.
        held = seen[np.append(np.ones(min(len(seen), 1), np.bool_), (seen[1:] ^ seen[:-1]) > low)]
        rank = (held & low) << digest
        held >>= category
        held |= rank
        held.sort()
        sizes = np.bincount((held >> digest).astype(np.int64)).tolist()
        starts = itertools.accumulate(sizes, initial=0)
        first = [held[start : start + count] for start, count in zip(starts, _shares(sizes, self._share), strict=False)]
        chosen = np.concatenate([*first, held[:0]]) & np.uint64(2**_HASH_BITS - 1)
        return array("Q", np.sort(chosen).tobytes())

    def _ranks(self) -> list[int]:
        """Return each category's number: those of the file follow the order in which the categories came."""
        ranks = [0] * 2**_CATEGORY_BITS
        if len(self._categories) <= _MOST_CATEGORIES:
            for rank, name in enumerate(sorted(self._categories)):
                ranks[self._categories[name]] = rank
        return ranks


Split = ByContent | BySeed


def split_by(share: float = SHARE, seed: int | None = None) -> Split:
    """Return the split by content, or by a seed where there is one; raises DataError when there is no such share."""
    if not 0 < share < 1:
        raise DataError(f"The share of validation lies between 0 and 1, such as {SHARE}, and {share} does not.")
    return ByContent(share) if seed is None else BySeed(seed, share)


def _shares(sizes: Sequence[int], share: float) -> list[int]:
    """Return how many of each category are held back: share * size rounded down or up, right in the sum."""
    held = [math.floor(share * size) for size in sizes]
    missing = _within(round(share * sum(sizes)), sum(sizes)) - sum(held)
    by_remainder = sorted(range(len(sizes)), key=lambda place: held[place] - share * sizes[place])
    for place in by_remainder[: max(missing, 0)]:
        held[place] += 1
    return [_within(count, size) for count, size in zip(held, sizes, strict=True)]


def _within(held: int, size: int) -> int:
    """Return how many are held back when no side may be empty."""
    return min(max(held, 1), size - 1) if size >= _ENOUGH else held


def _keep_ends(keys: list[int], key: int) -> None:
    """Put a key into a sorted list of the 5 lowest and the 5 highest that were seen."""
    place = bisect.bisect_left(keys, key)
    if place == len(keys) or keys[place] != key:
        keys.insert(place, key)
    if len(keys) > 2 * _ENOUGH:
        del keys[_ENOUGH]


def _hashed(text: str, seed: bytes = b"") -> int:
    # Half a surrogate pair can stand in a JSON string, though not in a file.
    content = folded(text).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(content, digest_size=8, key=seed, person=_SALT).digest(), "big")


class _Bare:
    """A table for str.translate without punctuation, and without what is not seen."""

    def __getitem__(self, code: int) -> int | None:
        return _bare(code)


@lru_cache(maxsize=4096)
def _bare(code: int) -> int | None:
    category = unicodedata.category(chr(code))
    if category == "Cf" or any(code in codes for codes in _INVISIBLE):
        return None
    return _SPACE if category[0] in "PZC" or category == "Sk" else code


_SPACE, _BARE = ord(" "), _Bare()
