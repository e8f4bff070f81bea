"""Characters that nobody sees, and text that was read in the wrong encoding."""

import re
import unicodedata
from collections.abc import Iterator

from ftfy import fix_encoding
from ftfy.badness import is_bad

from training.checks.case import Case
from training.checks.plain import PART

# Every character that may be one that nobody sees; what a place allows is decided one by one.
_SUSPECT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160"
    "\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U00013455\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
# Letters that are drawn as nothing.
_BLANK_LETTERS = "\u115f\u1160\u3164\uffa0\u034f\u17b4\u17b5"
# Signs of Arabic, Syriac and others that are format characters and yet are drawn.
_DRAWN = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
_NON_JOINER, _JOINER = "\u200c", "\u200d"
# A flag such as Scotland's is a black flag, the tags of its letters and an end.
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f")
_TAGS = range(0xE0000, 0xE0080)
_LONGEST_FLAG = 8
_EMOJI_PARTS = frozenset("\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff\u20e3")
# What all text has that ftfy finds bad: neither plain ASCII nor whole words of far scripts come so far.
_MAY_BE_GARBLED = re.compile(
    "[\x80-\x9f\ufffd]|[\u0152\u0153](?![A-Za-z])|[\xc2\xc3](?= )|[\x80-\u2fff\ufb01\ufb02]{2}"
)
_LOST = "\ufffd"
_JOINING_SCRIPTS = (
    "ARABIC", "SYRIAC", "MONGOLIAN", "NKO", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA", "TAMIL", "TELUGU",
    "KANNADA", "MALAYALAM", "SINHALA", "KHMER", "MYANMAR", "TIBETAN", "THAANA",
)  # fmt: skip


def invisible_characters(case: Case) -> Iterator[str]:
    """What is learned can be seen."""
    if not case.may_hold(_is_unusual):
        return
    for number, _, text in case.said:
        places = invisible(text)
        if (first := next(places, None)) is not None:
            count = 1 + sum(1 for _ in places)
            name = unicodedata.name(text[first], "a control character").lower()
            yield (
                f"Message {number} holds {count} character{'s' * (count != 1)} that nobody sees "
                f"(first U+{ord(text[first]):04X}, {name}): remove what is not meant, as --fix does."
            )


def mojibake(case: Case) -> Iterator[str]:
    """Text was read in the encoding that it was written in."""
    if not case.may_hold(lambda text: not text.isascii()):
        return
    for number, _, text in case.said:
        if is_garbled(text):
            way = "as --fix does" if repaired(text) != text else "since --fix cannot tell what stood there"
            yield f"Message {number} was read in the wrong encoding and its letters are garbled: write it anew, {way}."


def invisible(text: str) -> Iterator[int]:
    """Yield the places of the characters that nobody sees and that no script or emoji needs."""
    if _is_unusual(text):
        places = (found.start() for found in _SUSPECT.finditer(text))
        yield from (place for place in places if not _needed(text, place))


def _is_unusual(text: str) -> bool:
    """Whether a text is not ASCII, printable but for its line breaks; that is known in no time."""
    return not (text.isascii() and text.replace("\n", "").isprintable())


def visible(text: str) -> str:
    """Return a text without the characters that nobody sees; in what remains there are none."""
    while next(invisible(text), None) is not None:
        text = "".join(_visible_parts(text))
    return text


def _visible_parts(text: str) -> Iterator[str]:
    for start in range(0, len(text), PART):
        part = text[start : start + PART]
        yield _SUSPECT.sub(lambda found, start=start: found[0] if _needed(text, start + found.start()) else "", part)


def _needed(text: str, place: int) -> bool:
    """Whether a suspicious character is drawn, or shapes its neighbours."""
    character = text[place]
    before = text[place - 1] if place else ""
    if character in _DRAWN or character in _BLANK_LETTERS:
        return character in _DRAWN
    if character in (_JOINER, _NON_JOINER):
        return bool(before) and _joins(character, before, text[place + 1 : place + 2])
    if ord(character) in _TAGS:
        return _in_flag(text, place)
    is_variation = unicodedata.category(character) == "Mn"
    return is_variation and bool(before) and not _SUSPECT.match(before) and _varies(character, before)


def _in_flag(text: str, place: int) -> bool:
    start = text.rfind("\U0001f3f4", max(0, place - _LONGEST_FLAG), place)
    flag = _FLAG.match(text, start) if start >= 0 else None
    return flag is not None and place < flag.end()


def _joins(character: str, before: str, after: str) -> bool:
    """Whether a joiner stands in an emoji, or in a word of a script that it shapes."""
    if before in _EMOJI_PARTS or _is_emoji(before):
        return character == _JOINER and _is_emoji(after)
    return _script_joins(before) and (character == _JOINER or _script_joins(after))


def _varies(selector: str, before: str) -> bool:
    """Whether a variation selector follows something that has variants; the higher ones are for ideographs."""
    return unicodedata.name(before, "").startswith("CJK") if selector >= "\U000e0100" else not before.isspace()


def _is_emoji(character: str) -> bool:
    return bool(character) and unicodedata.category(character) == "So"


def _script_joins(character: str) -> bool:
    return bool(character) and unicodedata.name(character, "").startswith(_JOINING_SCRIPTS)


def is_garbled(text: str) -> bool:
    """Whether a line of a text was read in the wrong encoding, by ftfy's heuristic, or lost letters in it."""
    return next(_garbled_lines(text), None) is not None


def _garbled_lines(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the lines begin and end that were read in the wrong encoding."""
    end = 0
    while not text.isascii() and (found := _MAY_BE_GARBLED.search(text, end)):
        start, end = text.rfind("\n", 0, found.start()) + 1, text.find("\n", found.start())
        end = len(text) if end < 0 else end
        if _line_is_garbled(text[start:end]):
            yield start, end


def _line_is_garbled(line: str) -> bool:
    return _LOST in line or is_bad(line)


def repaired(text: str) -> str:
    """Return a text with the lines repaired that can be told; one that would stay garbled is left as it is."""
    kept: list[str] = []
    last = 0
    for start, end in _garbled_lines(text):
        line = fix_encoding(text[start:end])
        kept += (text[last:start], text[start:end] if _line_is_garbled(line) else line)
        last = end
    return "".join((*kept, text[last:])) if kept else text
