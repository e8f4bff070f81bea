"""One spelling of a message, whatever tricks it is written with: the same words come out."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence

# Characters that are judged: a subject shows itself early, and time is bounded.
LONGEST_JUDGED = 1000
# What ends a clause; no word.
MARK = "."
# Any number: how much or how many says nothing about the subject.
NUMBER = "#"

# Digits and signs that stand for letters. `l`, `1`, `!` and `|` stand for `i` and for each other, so all become `i`.
_STAND_INS = str.maketrans(
    {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "@": "a", "$": "s", "!": "i", "|": "i"}
    | {"l": "i"}
)
# Words that may be written in digits alone; any other row of digits is a number.
_WORDS_IN_DIGITS = """
    a i is to it at so its as too see set test eat sit state sees sits ate sets eats sea sat site sites toast estate
    seat tie taste tea states tests east seats easiest tastes tattoo toss toes tattoos oats ties assets asia stats
"""
_IN_DIGITS = frozenset(_WORDS_IN_DIGITS.split())
# Letters of other scripts that look like ours (Unicode's confusables, those in use).
_LOOKALIKES = {
    "a": "\u0430\u03b1\u0251",
    "b": "\u042c\u044c\u0432\u03b2",
    "c": "\u0441\u03f2",
    "d": "\u0501",
    "e": "\u0435\u0454\u03b5",
    "f": "\u0192",
    "g": "\u0261\u0581",
    "h": "\u04bb\u043d\u0570",
    "i": "\u0456\u03b9\u0131\u04cf",
    "j": "\u0458\u03f3",
    "k": "\u043a\u03ba",
    "m": "\u043c",
    "n": "\u043f\u03b7\u0578",
    "o": "\u043e\u03bf\u0585\u03c3",
    "p": "\u0440\u03c1",
    "q": "\u051b",
    "r": "\u0433",
    "s": "\u0455",
    "t": "\u0442\u03c4",
    "u": "\u03c5\u057d",
    "v": "\u0475\u03bd",
    "w": "\u051d\u03c9\u0461",
    "x": "\u0445\u03c7",
    "y": "\u0443\u03b3",
    "z": "\u1d22",
}
_TO_LATIN = {ord(other): letter for letter, others in _LOOKALIKES.items() for other in others}
# Marks on letters, and what cannot be seen: formats, controls, private and unassigned characters.
_UNSEEN = frozenset({"Mn", "Me", "Cf", "Cc", "Co", "Cn", "Cs"})
# Fillers that Unicode counts among the letters and signs, though they show nothing.
_BLANKS = frozenset("\t\u115f\u1160\u3164\uffa0\u2800")
_SPACED = re.compile(r"(?<!\w)(?:[^\W_][ .\-_*]){2,}[^\W_](?!\w)")
# Words of which each letter stands alone, with wider gaps between them than within.
_WIDE_GAP = re.compile(r"( {2,}|\n+)")
_LETTER_BY_LETTER = re.compile(r"\S(?: \S)+")
_GAPS = re.compile(r"[ .\-_*]")
_TOKEN = re.compile(r"[^\W_](?:[\w'@$!|]*[\w@$])?|[@$](?=\w)[\w@$]+|[.,;:?!\n()\u2014\u2026]")
_RUN = re.compile(r"(.)\1{2,}")
_LATIN = re.compile(r"[a-z]")
_LONGEST_WORD = 18


def words(text: str) -> list[str]:
    """Return a message's words in their canonical spelling, with MARK between clauses and NUMBER for numbers."""
    return list(_spelt(_plain(text)))


def length(words: Iterable[str]) -> int:
    """Return how many canonical words there are, without marks and numbers."""
    return sum(word.isalnum() for word in words)


def _plain(text: str) -> str:
    """Return a text without case, accents, invisible characters and letters that only look like ours."""
    shown = unicodedata.normalize("NFKC", text[: 4 * LONGEST_JUDGED]).casefold()
    seen = (
        " " if character in _BLANKS else character
        for character in unicodedata.normalize("NFD", shown)
        if character in "\n\t" or unicodedata.category(character) not in _UNSEEN
    )
    plain = _unspaced("".join(seen))[:LONGEST_JUDGED].replace("\u2019", "'")
    plain = unicodedata.normalize("NFC", plain)
    # A text all in another script is in another language.
    return plain.translate(_TO_LATIN) if _LATIN.search(plain) else plain


def _unspaced(text: str) -> str:
    """Join the letters of words that were written letter by letter, with wider gaps between the words."""
    pieces = _WIDE_GAP.split(text.strip())
    return "".join(piece.replace(" ", "") if _LETTER_BY_LETTER.fullmatch(piece) else piece for piece in pieces)


def _spelt(text: str) -> Iterator[str]:
    joined = _SPACED.sub(lambda found: _GAPS.sub("", found[0]), text)
    for token in _TOKEN.findall(joined):
        if not any(map(str.isalnum, token)):
            yield MARK
            continue
        word = _RUN.sub(r"\1", token.replace("'", "").translate(_STAND_INS))
        yield NUMBER if token.isdecimal() and word not in _IN_DIGITS else word


def parted(word: str, is_word: Callable[[str], bool]) -> Sequence[str]:
    """Return the words of one that was written without spaces, where it can be read so; as few as there may be."""
    if len(word) <= _LONGEST_WORD // 2:
        return [word]
    # best[end] is how few words the beginning can be read as, and where the last of them starts.
    best: list[tuple[int, int] | None] = [(0, 0)] + [None] * len(word)
    for end in range(1, len(word) + 1):
        starts = range(max(0, end - _LONGEST_WORD), end)
        found = [(before[0] + 1, start) for start in starts if (before := best[start]) and is_word(word[start:end])]
        best[end] = min(found, default=None)
    parts: list[str] = []
    end = len(word)
    while end and (last := best[end]):
        parts.append(word[last[1] : end])
        end = last[1]
    few = len(parts) <= max(2, len(word) // 3)
    return parts[::-1] if not end and parts and few else [word]
