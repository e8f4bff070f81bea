"""Which messages mean little without the one before them."""

import re

from training.words import ASKING, Words

_LEANING = re.compile(
    r"^((and|but|or|so|then|also|ok|okay|what if|what about|how about|which one|why|how so|what else|else|same|yes|no"
    r"|still|really)\b\W*)+",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(r"\W*(for|with|without|in|on|at|from|to|by|after|before|during|about|like)\b", re.IGNORECASE)
# What a part of a sentence begins with.
_PHRASE = re.compile(
    r"(a|an|the|my|our|your|this|that|these|those|some|any|another|both|one|two|three|about|after|as|at|before|by|for|from"
    r"|if|in|inside|into|not|of|off|on|only|outside|over|than|to|under|until|when|while|with|without)\b",
    re.IGNORECASE,
)
_POINTING = re.compile(
    r"\b(it|its|that|this|these|those|they|them|there|one|ones|both|other|instead|either)\b", re.IGNORECASE
)
_FEW_WORDS = 4
_PLAIN = Words()


def leans_on_context(text: str) -> bool:
    """Whether a message means little without the one before it: `and for two floors?`, `for the lock`."""
    telling = len(_PLAIN(text))
    leans = _LEANING.search(text) or _POINTING.search(text) or _PREPOSITION.match(text)
    return not telling or (telling <= _FEW_WORDS and bool(leans))


def points_back(text: str) -> bool:
    """Whether a message of few telling words points at something that was said: `which of those is it?`."""
    return len(_PLAIN(text)) <= _FEW_WORDS and bool(_POINTING.search(text))


def names_nothing(text: str) -> bool:
    """Whether a message has no subject of its own: `and then?`, `how much?`, `yes`."""
    return all(word in ASKING for word in _PLAIN(text))


def is_fragment(text: str) -> bool:
    """Whether a message is a part of a sentence that began in the one before: `and for two floors?`.

    `And who wrote it?` leans on nothing but a conjunction, and is a sentence.
    """
    telling, rest = len(_PLAIN(text)), _LEANING.sub("", text, count=1)
    return rest != text and (telling == 1 or (telling <= _FEW_WORDS and bool(_PHRASE.match(rest))))
