"""Whether a text stands in an answer, however the answer is typeset: not inside another word or number."""

import re
import unicodedata
from functools import lru_cache

_TYPOGRAPHY = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2010": "-", "\u2013": "-", "\u2212": "-"}
    | dict.fromkeys("*\u00ad\u200b\u200c\u200d\u2060\ufeff")
)
# Latin, Greek and Cyrillic part words by spaces; other scripts set words and their endings side by side.
_LETTER = "[a-z\u00aa\u00b5\u00ba\u00df-\u00f6\u00f8-\u024f\u0370-\u052f\u1e00-\u1fff]"

# A longer word may go on, because expectations name stems: "invit" is said by "invitation", but "off" not by "offer".
_SHORT = 3


def holds(answer: str, text: str) -> bool:
    """Return whether an answer says a text, in whatever case and type: "$9" is not said by "$99"."""
    return bool(_pattern(text).search(plain(answer)))


@lru_cache(maxsize=1_024)
def plain(text: str) -> str:
    """Return a text without case, emphasis, curly quotes and odd spaces, which models use as they like."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().translate(_TYPOGRAPHY).split())


@lru_cache(maxsize=4_096)
def _pattern(text: str) -> re.Pattern[str]:
    sought = plain(text)
    return re.compile(_before(sought) + re.escape(sought) + _after(sought))


def _before(sought: str) -> str:
    if sought[:1].isdecimal():
        return r"(?<!\d)(?<!\d[.,])"
    # "n't detect" is an ending: of "doesn't detect" and of "can't detect".
    begins = re.match(_LETTER, sought) and not sought.startswith("n't")
    return f"(?<!{_LETTER})" if begins else ""


def _after(sought: str) -> str:
    if sought[-1:].isdecimal():
        return r"(?!\d|[.,]\d)"
    if not (last := re.search(f"{_LETTER}+$", sought)):
        return ""
    # "I can't" does not say "I can", and "doesn't" does not say "does".
    denied = "(?!n?'t)"
    return denied + (f"(?=s?(?!{_LETTER}))" if len(last[0]) <= _SHORT else "")
