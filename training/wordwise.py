"""Counting the tokens of many texts at once, in two ways that can be used side by side.

`tokenized` has the tokenizer go through them, beside the interpreter. `WordTable` looks their words up, for a third of
the time, but within the interpreter: no token reaches from one word over the space before the next, so the tokens of a
text are those of its words, and most words have been counted before.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tiktoken import Encoding

# Begins each text that is looked up; texts that hold it are tokenized.
_BEGIN = "\0"
# The special token that stands between words when they are tokenized together.
_BETWEEN = "<|endoftext|>"
# Bytes that are looked at together; words of more than three times as many seldom come again.
_EIGHT = 8
_LONGEST = 3 * _EIGHT
# Of the words of some texts, at most so many may be new; else tokenizing takes less time.
_MOST_NEW = 0.3
# The commonest of them are learned all the same, so that the next texts have fewer.
_LEARNED_ANYWAY = 1_000
# A remembered word has its place by the first 20 bits of its number; there stand its last 48, and its tokens in 16.
_PLACE_BITS = 20
_TOKEN_BITS = np.uint64(16)
_MOST_TOKENS = np.uint64(2**16 - 1)
# Spreads the bits of a number, and no two become the same: odd, with about as many ones as zeros.
_ODD = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)
# Sets long words apart from short ones, which have no zeros before their last byte.
_LONG = np.uint64(2**63)
_SPACE = ord(" ")


def tokenized(encoding: "Encoding", texts: Sequence[str]) -> "NDArray[np.int64]":
    """Return the tokens of each text, in one call that runs beside the interpreter."""
    joined = _BETWEEN.join([*texts, ""])
    odd: dict[int, int] = {}
    if joined.count(_BETWEEN) > len(texts):
        odd = {place: len(encoding.encode_ordinary(text)) for place, text in enumerate(texts) if _BETWEEN in text}
        joined = _BETWEEN.join([*("" if place in odd else text for place, text in enumerate(texts)), ""])
    ids = encoding.encode_to_numpy(_mended(joined), allowed_special={_BETWEEN}, disallowed_special=())
    tokens = np.diff(np.flatnonzero(ids == encoding.eot_token), prepend=-1) - 1
    tokens[list(odd)] = list(odd.values())
    return tokens


class WordTable:
    """Counts texts word by word, and remembers the words."""

    def __init__(self, encoding: "Encoding") -> None:
        self._encoding = encoding
        self._known = np.zeros(2**_PLACE_BITS, dtype=np.uint64)
        self._masks = np.array([2 ** (8 * length) - 1 for length in range(_EIGHT + 1)], dtype=np.uint64)

    def counts(self, texts: Sequence[str]) -> "NDArray[np.int64] | None":
        """Return the tokens of each text; None, and some words learned, where too many words are new."""
        # The zeros at the end are there to be looked at together with the last bytes.
        raw = _mended(_BEGIN + _BEGIN.join(texts) + _BEGIN * _EIGHT).encode()
        data = np.frombuffer(raw, dtype=np.uint8)[:-_EIGHT]
        begins = data == 0
        if not texts or np.count_nonzero(begins) > len(texts):
            return None
        starts = np.flatnonzero(begins | _word_begins(data))
        lengths = np.diff(starts, append=len(data))
        numbers = self._numbers(raw, starts, lengths)
        tokens = self._known[numbers >> np.uint64(64 - _PLACE_BITS)] - (numbers << _TOKEN_BITS)
        new = np.flatnonzero(tokens > _MOST_TOKENS)
        if len(new):
            _, first, again, often = np.unique(numbers[new], return_index=True, return_inverse=True, return_counts=True)
            if len(first) > _MOST_NEW * len(starts):
                commonest = new[first[np.argsort(-often)[:_LEARNED_ANYWAY]]]
                self._learned(raw, starts[commonest], lengths[commonest], numbers[commonest])
                return None
            first = new[first]
            tokens[new] = self._learned(raw, starts[first], lengths[first], numbers[first])[again]
        return np.add.reduceat(tokens.view(np.int64), np.flatnonzero(begins[starts]))

    def _numbers(self, raw: bytes, starts: "NDArray[np.int64]", lengths: "NDArray[np.int64]") -> "NDArray[np.uint64]":
        """Return a number for each word: of up to 8 bytes it is as good as the word, of up to 24 a hash of 64 bits.

        A longer word is taken for one of its own, wherever it stands.
        """
        eights = np.ndarray(len(raw) - _EIGHT + 1, dtype="<u8", buffer=raw, strides=(1,))
        numbers = eights[starts] & self._masks.take(lengths, mode="clip")
        longer = np.flatnonzero(lengths > _EIGHT)
        for offset in range(_EIGHT, _LONGEST, _EIGHT):
            longer = longer[lengths[longer] > offset]
            mixed = numbers[longer] * _ODD
            part = eights[starts[longer] + offset] & self._masks.take(lengths[longer] - offset, mode="clip")
            numbers[longer] = mixed ^ (mixed >> _HALF) ^ part
        longest = longer[lengths[longer] > _LONGEST]
        numbers[longest] = (starts[longest] + 1).astype(np.uint64) | _LONG
        return numbers * _ODD

    def _learned(
        self, raw: bytes, starts: "NDArray[np.int64]", lengths: "NDArray[np.int64]", numbers: "NDArray[np.uint64]"
    ) -> "NDArray[np.uint64]":
        """Return the tokens of words that are not known, and remember the short ones."""
        places = zip(starts.tolist(), (starts + lengths).tolist(), strict=True)
        words = [raw[start:end].decode().removeprefix(_BEGIN) for start, end in places]
        tokens = tokenized(self._encoding, words).astype(np.uint64)
        short = lengths <= _LONGEST
        kept = numbers[short]
        self._known[kept >> np.uint64(64 - _PLACE_BITS)] = (kept << _TOKEN_BITS) | tokens[short]
        return tokens


def _word_begins(data: "NDArray[np.uint8]") -> "NDArray[np.bool_]":
    """Return for each byte of UTF-8 whether a word begins there: at a space after what is surely not white space.

    A byte that ends a white space character, such as U+00A0 or U+2003, can end a letter too: no word begins after it.
    """
    before = data[:-1]
    solid = (before > _SPACE) & (before < 0x80)  # noqa: PLR2004 - ASCII
    solid |= before > 0xAF  # noqa: PLR2004 - U+202F ends with it
    solid |= (before > 0x8A) & (before < 0x9F)  # noqa: PLR2004 - U+200A and U+205F end with them
    begins = data == _SPACE
    begins[0] = False
    begins[1:] &= solid
    return begins


def _mended(text: str) -> str:
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        # Halves of surrogate pairs, mended as the library does it for a single text.
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
