"""The words that texts are compared by: lower-case, without endings, synonyms made one."""

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from training.examples import DataError

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
# A customer writes `ZN-101`, `zn 101` or `zn101`; all three are one word.
_CODE = re.compile(r"\b([a-z]{1,4})[ -]?(\d{2,5})\b")
_SUFFIXES = ("ations", "ation", "ingly", "edly", "ings", "ing", "ies", "ied", "es", "ed", "ly", "s", "e", "y")
_SHORTEST_STEM = 3

_ASKING = {"long", "many", "much", "where", "who", "when"}
_TELLING = _ASKING | {"off", "bill", "fire", "system", "call", "cry"}
_CHATTER = {
    "actually",
    "also",
    "anyway",
    "can't",
    "cant",
    "come",
    "comes",
    "did",
    "didn't",
    "didnt",
    "does",
    "doesn't",
    "doesnt",
    "don't",
    "dont",
    "get",
    "gets",
    "getting",
    "go",
    "goes",
    "going",
    "got",
    "haha",
    "happen",
    "happened",
    "happening",
    "happens",
    "hello",
    "help",
    "hey",
    "hi",
    "hmm",
    "i'm",
    "i've",
    "im",
    "isn't",
    "isnt",
    "it's",
    "its",
    "ive",
    "just",
    "know",
    "let",
    "lets",
    "like",
    "lmao",
    "lol",
    "made",
    "make",
    "makes",
    "making",
    "my",
    "nah",
    "need",
    "needed",
    "needs",
    "nope",
    "oh",
    "ok",
    "okay",
    "please",
    "really",
    "say",
    "says",
    "still",
    "tell",
    "thank",
    "thanks",
    "there",
    "uh",
    "um",
    "use",
    "used",
    "uses",
    "using",
    "want",
    "wants",
    "what's",
    "whats",
    "won't",
    "wont",
    "work",
    "working",
    "works",
    "wow",
    "yeah",
    "yes",
    "yep",
    "you're",
    "youre",
    "yup",
}
_COMMON = (ENGLISH_STOP_WORDS - _TELLING) | _CHATTER


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """Take the commonest ending off, so that `flickering` meets `flickers`."""
    word = word.removesuffix("'s")
    for suffix in _SUFFIXES:
        base = word.removesuffix(suffix)
        if base != word and len(base) >= _SHORTEST_STEM:
            doubled = suffix in {"ing", "ed"} and base[-1] == base[-2] and base[-1] not in "ls"
            return base[:-1] if doubled else base
    return word


# These tell questions apart, `how long` from `how many`, but are no subject.
ASKING = frozenset(stem(word) for word in _ASKING)


class Words:
    """Turns texts into words; of each group of synonyms, which may be phrases, the first stands for all."""

    def __init__(self, synonyms: Sequence[Sequence[str]] = ()) -> None:
        self._first = {other: group[0] for group in synonyms for other in group[1:]}
        longest_first = sorted(self._first, key=len, reverse=True)
        self._others = (
            re.compile(rf"\b({'|'.join(map(re.escape, longest_first))})(?:e?s)?\b") if longest_first else None
        )

    def __call__(self, text: str) -> list[str]:
        """Return the telling words of a text, in their order."""
        lowered = _CODE.sub(r"\1\2 \2", text.lower().replace("\u2019", "'"))
        if self._others:
            lowered = self._others.sub(lambda found: self._first[found[1]], lowered)
        return [stem(word) for word in _WORD.findall(lowered) if word not in _COMMON]


def read_words(path: Path) -> Words:
    """Read a file of synonyms, if there is one: on each line a group, parted by commas; `#` begins a comment."""
    try:
        text = path.read_text("utf-8").lower() if path.exists() else ""
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8 text: save it as UTF-8.") from None
    lines = (line.partition("#")[0] for line in text.splitlines())
    groups = ([word.strip() for word in line.split(",") if word.strip()] for line in lines)
    return Words([group for group in groups if group])
