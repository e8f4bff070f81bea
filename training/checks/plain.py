"""Texts without case, spaces and punctuation, by which two that say the same are told to be the same."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b

# Long texts are worked through in parts of so many characters, so that memory stays flat.
PART = 16_384
# A question of fewer words means little without what was said before it.
_FEWEST_WORDS = 4
# Thai, Lao, Chinese and Japanese put no spaces between words.
_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]{8}")
_KEPT_CHARACTERS = 20_000


class _Plain(dict[int, str]):
    """What stands for each character; learned as characters come."""

    def __missing__(self, code: int) -> str:
        plain = _plain(chr(code))
        if len(self) < _KEPT_CHARACTERS:
            self[code] = plain
        return plain


def _plain(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf":
        return ""
    return " " if category[0] in "PZC" or category == "Sk" else character


@cache
def _table() -> _Plain:
    return _Plain()


def pieces(text: str) -> Iterator[str]:
    """Yield a text without case and punctuation, its words parted by single spaces, in parts that join to the whole."""
    begun, parted = False, False
    for start in range(0, len(text), PART):
        part = text[start : start + PART].casefold().translate(_table())
        while "  " in part:
            part = part.replace("  ", " ")
        if not (bare := part.strip(" ")):
            parted = parted or bool(part)
            continue
        # A space at a seam is written once, and none at the text's two ends.
        yield f" {bare}" if begun and (parted or part[0] == " ") else bare
        begun, parted = True, part[-1] == " "


def plain(text: str) -> str:
    """Return a text without case and punctuation, its words parted by single spaces."""
    return "".join(pieces(text))


def tells_enough(question: str) -> bool:
    """Whether a question, made plain, is more than a generic follow-up such as `and then?`."""
    return question.count(" ") >= _FEWEST_WORDS - 1 or bool(_UNSPACED.search(question))


def hashed(data: bytes) -> int:
    """Return 64 bits, as a signed number, that stand for some bytes."""
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "big", signed=True)


def encoded(text: str) -> bytes:
    """Return a text as bytes, halves of surrogate pairs included, which JSON can hold."""
    return text.encode("utf-8", "surrogatepass")
