"""Sketches of texts: short, and alike where the texts are alike (MinHash; Broder, 1997)."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from training.checks.plain import PART

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The share of equal values of two sketches estimates the share of n-grams that two texts have in common. Texts that
# have four fifths in common meet in at least one of the bands in 95 cases of 100, those that have a twentieth in
# common, as any two texts of one language do, in one of six million.
BANDS, ROWS = 10, 6
_GRAM = 5  # characters
_SEED = 0x9E3779B97F4A7C15
_64_BITS = (1 << 64) - 1
_SLOTS = 1 << 22  # bytes; a hundred thousand questions fill half of them


class Sketch:
    """The smallest hashes of all n-grams of a text that comes in pieces."""

    def __init__(self) -> None:
        self._pending: list[str] = []
        self._length = 0
        self._least: NDArray[np.uint32] | None = None

    def add(self, piece: str) -> None:
        """Take in the next piece."""
        self._pending.append(piece)
        self._length += len(piece)
        if self._length >= PART:
            self._reduce()

    def _reduce(self) -> None:
        text = "\n".join(self._pending).ljust(_GRAM)
        for start in range(0, len(text), PART):
            part = text[start : start + PART].ljust(_GRAM)
            least = np.multiply.outer(_factors(), _grams(part)).min(axis=1)
            self._least = least if self._least is None else np.minimum(self._least, least)
        self._pending, self._length = [], 0

    def finished(self, bands: int = BANDS) -> tuple[bytes, tuple[int, ...]]:
        """Return the sketch and the hashes of its bands: the more of them, the less alike are texts that meet."""
        if self._pending or self._least is None:
            self._reduce()
        least = self._least
        assert least is not None  # noqa: S101 a text without n-grams is filled up with spaces
        mixed = (least.astype(np.uint64) * _band_factors()).reshape(bands, -1).sum(axis=1, dtype=np.uint64)
        mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(_SEED)
        # Of a minimum the upper bits are mostly zero; the lower ones tell which n-gram it is.
        return least.astype(np.uint16).tobytes(), tuple(mixed.view(np.int64).tolist())


def _grams(text: str) -> "NDArray[np.uint32]":
    """Return a hash of every five characters that follow each other."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    count = len(codes) - _GRAM + 1
    hashes = codes[:count].copy()
    for place in range(1, _GRAM):
        hashes *= np.uint32(0x01000193)
        hashes ^= codes[place : place + count]
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):  # the finish of MurmurHash 3
        hashes ^= hashes >> np.uint32(shift)
        hashes *= np.uint32(factor)
    return hashes ^ (hashes >> np.uint32(16))


def _numbers(seed: int) -> Iterator[int]:
    """Yield the numbers of SplitMix64, which are the same everywhere and always."""
    while True:
        seed = (seed + _SEED) & _64_BITS
        mixed = ((seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9) & _64_BITS
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _64_BITS
        yield mixed ^ (mixed >> 31)


@cache
def _factors() -> "NDArray[np.uint32]":
    numbers = _numbers(1)
    return np.array([next(numbers) >> 32 | 1 for _ in range(BANDS * ROWS)], np.uint32)


@cache
def _band_factors() -> "NDArray[np.uint64]":
    numbers = _numbers(2)
    return np.array([next(numbers) | 1 for _ in range(BANDS * ROWS)], np.uint64)


def agreement(one: bytes, other: bytes) -> float:
    """Return the share of values that two sketches have in common, 0 to 1."""
    same = np.frombuffer(one, np.uint16) == np.frombuffer(other, np.uint16)
    return int(np.count_nonzero(same)) / (BANDS * ROWS)


class Seen:
    """Which hashes may have come by, in flat memory: none that has is denied, few others are let through.

    After Bloom, 1970.
    """

    def __init__(self) -> None:
        self._slots: bytearray | None = None

    def add(self, hashes: Iterable[int]) -> None:
        """Remember these hashes."""
        self._slots = self._slots or bytearray(_SLOTS)
        for one in hashes:
            self._slots[one % _SLOTS] = 1

    def __bool__(self) -> bool:
        return self._slots is not None

    def among(self, hashes: Iterable[int]) -> Iterator[int]:
        """Yield those that may have come by."""
        if slots := self._slots:
            yield from (one for one in hashes if slots[one % _SLOTS])
