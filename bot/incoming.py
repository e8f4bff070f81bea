"""Making what a customer typed safe to read: pure text in, pure text out."""

import re
import unicodedata
from collections.abc import Iterator

# Unicode's own limit for text in streams; a longer row takes time with its square to bring in order.
MARKS_ON_A_CHARACTER = 30

_LINE_END = re.compile("\r\n?|[\x0b\x0c\x1c-\x1f\x85\u2028\u2029]")
_BLANK_LINES = re.compile(r"\n{3,}")
# Letters, marks and symbols by their category, of which nothing is seen.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0d\uffa0\U000e0100-\U000e01ef]"
)
# Joiners hold emoji and the letters of some scripts together; between others they only hide words.
_JOINERS = "\u200c\u200d"
_JOINED = "\u0590-\u1dff\u2190-\ufeff\U00010000-\U0010ffff"
# The selectors of text and emoji style mean something after what has both.
_STYLED = "#*0-9\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u3299\U0001f000-\U0001faff"
_STRAY = re.compile(
    f"(?<![{_STYLED}])[\ufe0e\ufe0f]|(?<![{_JOINED}])[{_JOINERS}]|[{_JOINERS}](?![{_JOINED}])",
)


def clean(text: str) -> str:
    """Normalize, and drop control, invisible and direction-changing characters and outer space."""
    lines = _UNSEEN.sub("", _LINE_END.sub("\n", text))
    composed = _readable(unicodedata.normalize("NFC", _readable(lines)))
    joined = unicodedata.normalize("NFC", _STRAY.sub("", composed))
    return _BLANK_LINES.sub("\n\n", joined).strip()


def says_something(text: str) -> bool:
    """Whether there is a letter or a digit in it: a lone emoji or a row of dots is not a question."""
    return any(unicodedata.category(character)[0] in "LN" for character in text)


def _readable(text: str) -> str:
    return text if text.isascii() and text.isprintable() else "".join(_characters(text))


def _characters(text: str) -> Iterator[str]:
    """Leave out what is neither seen nor space, and marks that are heaped up."""
    marks = 0
    for character in text:
        if character in _JOINERS:
            yield character
        elif character.isprintable() or character.isspace():
            marks = marks + 1 if unicodedata.combining(character) else 0
            if marks <= MARKS_ON_A_CHARACTER:
                yield character
