"""Counting the tokens of many texts at once: most of their words have been counted before.

No token reaches from one word over the space before the next, so the tokens of a text are those of its words. The
words are found, and looked up by a hash, in whole arrays; that takes a third of the tokenizer's time, and runs beside
the interpreter. Only words that are new go to the tokenizer.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tiktoken import Encoding

# Begins each text; a text that holds it is counted by itself.
_BEGIN = "\0"
# The special token that stands between words when they are tokenized together.
_BETWEEN = "<|endoftext|>"
# Bytes that are looked at together; words of more than three times as many seldom come again.
_EIGHT = 8
_LONGEST = 3 * _EIGHT
# Of the words of some texts, at most so many may be new; else the texts are tokenized whole, which takes less time.
_MOST_NEW = 0.3
# The commonest of them are learned all the same, so that the next texts have fewer.
_LEARNED_ANYWAY = 1_000
# A remembered word has a place by the last bits of its hash; there its tokens stand in 16 bits, below the rest of it.
_PLACES = np.uint64(2**18 - 1)
_TOKENS = np.uint64(2**16 - 1)
_REST = ~_TOKENS
# For mixing bits: any odd number with about as many ones as zeros.
_ODD = np.uint64(0x9E3779B97F4A7C15)
# Sets the places of long words apart from words: no word has zeros before its last byte.
_PLACE = np.uint64(2**63)
_SPACE = ord(" ")


class WordTable:
    """Counts texts word by word, and remembers the words; several threads may use it."""

    def __init__(self, encoding: "Encoding") -> None:
        self._encoding = encoding
        # Words are written whole (hash and tokens in one number), so that no thread reads half of one.
        self._known = np.zeros(int(_PLACES) + 1, dtype=np.uint64)
        self._solid = _solid_bytes()
        self._masks = np.array([2 ** (8 * length) - 1 for length in range(_EIGHT + 1)], dtype=np.uint64)

    def counts(self, texts: Sequence[str]) -> "NDArray[np.int64]":
        """Return the tokens of each text; together they hold about 300,000 characters at most."""
        if not texts:
            return np.zeros(0, dtype=np.int64)
        joined = _BEGIN + _BEGIN.join(texts)
        odd: dict[int, int] = {}
        if joined.count(_BEGIN) > len(texts):
            odd = {place: self._alone(text) for place, text in enumerate(texts) if _BEGIN in text}
            joined = "".join(_BEGIN if place in odd else _BEGIN + text for place, text in enumerate(texts))
        tokens = self._counts(_utf8(joined))
        tokens[list(odd)] = list(odd.values())
        return tokens

    def _alone(self, text: str) -> int:
        return len(self._encoding.encode_ordinary(text))

    def _counts(self, raw: bytes) -> "NDArray[np.int64]":
        data = np.frombuffer(raw, dtype=np.uint8)
        starts = self._starts(data)
        lengths = np.diff(starts, append=len(data))
        hashes = self._hashes(raw, starts, lengths)
        found = self._known[hashes & _PLACES]
        tokens = (found & _TOKENS).astype(np.int64)
        new = np.flatnonzero(((found ^ hashes) & _REST).astype(np.bool_) | (lengths > _LONGEST))
        if len(new):
            _, first, again, often = np.unique(hashes[new], return_index=True, return_inverse=True, return_counts=True)
            whole = len(first) > _MOST_NEW * len(starts)
            if whole:
                first = first[np.argsort(-often, kind="stable")[:_LEARNED_ANYWAY]]
            first = new[first]
            learned = self._learned(raw, starts[first], lengths[first], hashes[first])
            if whole:
                return self._tokenized(raw.decode().split(_BEGIN)[1:])
            tokens[new] = learned[again]
        return np.add.reduceat(tokens, np.flatnonzero(data[starts] == 0))

    def _starts(self, data: "NDArray[np.uint8]") -> "NDArray[np.int64]":
        """Return where texts begin, and words: at a space after what is not white space."""
        begins = data == 0
        spaces = np.flatnonzero(data == _SPACE)
        begins[spaces[self._solid[data[spaces - 1]]]] = True
        return np.flatnonzero(begins)

    def _hashes(self, raw: bytes, starts: "NDArray[np.int64]", lengths: "NDArray[np.int64]") -> "NDArray[np.uint64]":
        """Return a number for each word: of up to 8 bytes it is as good as the word, of up to 24 a hash of 64 bits.

        A longer word is taken for one of its own, wherever it stands.
        """
        eights = np.ndarray(len(raw), dtype="<u8", buffer=raw + bytes(_EIGHT), strides=(1,))
        hashes = _mixed(eights[starts] & self._masks[np.minimum(lengths, _EIGHT)])
        longer = np.arange(len(starts))
        for offset in range(_EIGHT, _LONGEST, _EIGHT):
            longer = longer[lengths[longer] > offset]
            part = eights[starts[longer] + offset] & self._masks[np.minimum(lengths[longer] - offset, _EIGHT)]
            hashes[longer] = _mixed(hashes[longer] ^ part)
        longest = np.flatnonzero(lengths > _LONGEST)
        hashes[longest] = _mixed(starts[longest].astype(np.uint64) | _PLACE)
        return hashes

    def _learned(
        self, raw: bytes, starts: "NDArray[np.int64]", lengths: "NDArray[np.int64]", hashes: "NDArray[np.uint64]"
    ) -> "NDArray[np.int64]":
        """Return the tokens of words that are not known, and remember the short ones."""
        places = zip(starts.tolist(), (starts + lengths).tolist(), strict=True)
        words = [raw[start:end].decode().removeprefix(_BEGIN) for start, end in places]
        tokens = self._tokenized(words)
        short = lengths <= _LONGEST
        self._known[hashes[short] & _PLACES] = (hashes[short] & _REST) | tokens[short].astype(np.uint64)
        return tokens

    def _tokenized(self, words: list[str]) -> "NDArray[np.int64]":
        joined = _BETWEEN.join([*words, ""])
        if joined.count(_BETWEEN) > len(words):
            return np.array([self._alone(word) for word in words])
        ids = self._encoding.encode_to_numpy(joined, allowed_special={_BETWEEN}, disallowed_special=())
        return np.diff(np.flatnonzero(ids == self._encoding.eot_token), prepend=-1) - 1


def _mixed(numbers: "NDArray[np.uint64]") -> "NDArray[np.uint64]":
    """Spread what sets numbers apart over all their bits; different numbers stay different."""
    numbers = (numbers ^ (numbers >> np.uint64(32))) * _ODD
    return numbers ^ (numbers >> np.uint64(29))


def _solid_bytes() -> "NDArray[np.bool_]":
    """Return for each byte whether it never ends a white space character in UTF-8."""
    solid = np.ones(256, dtype=np.bool_)
    blanks = "\0\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
    solid[[blank.encode()[-1] for blank in blanks]] = False
    return solid


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        # Halves of surrogate pairs, mended as the library does it.
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
