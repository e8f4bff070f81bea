"""Which words stand in answers, and which in questions that are refused."""

import re
from array import array
from zlib import crc32

READ = 2_000  # characters of a message; its subject comes early
_WORD = re.compile(r"[^\W\d_]{3,}")
_STEM = 5  # letters: `reset` meets `resetting`, `camera` meets `cameras`
_COMMON_WORDS = """
about after again all also and another any anything are ask because been before but can cannot could did does
don done else even ever every few for from get give going good had has have hello help hers him his how into its
just know let like line make many may maybe mean more most much must need never not nothing now off okay one only
other our out over own please question questions quick really right said same say see she should some someone
something sorry still such sure tell than thank thanks that the their them then there these they thing things this
those though through today too topic topics two under until very want was way well were what when where which
while who why will with without won would write yes yet you your yours
"""
_COMMON = frozenset(word[:_STEM] for word in _COMMON_WORDS.split())
_SLOTS = 1 << 18
# A word is the company's own when it stands in so many answers, and so many times as often as in refused questions.
_IN_ANSWERS, _TIMES_AS_OFTEN = 2, 4


class Vocabulary:
    """In how many answers each word stands, and in how many refused questions; a table of one size for any file."""

    def __init__(self) -> None:
        self._answers, self._refused = (array("L", bytes(array("L").itemsize * _SLOTS)) for _ in range(2))

    def add_answer(self, words: frozenset[str]) -> None:
        """Count the words of an answer that does not refuse."""
        for word in words:
            self._answers[slot(word)] += 1

    def add_refused(self, words: frozenset[str]) -> None:
        """Count the words of a question that is refused."""
        for word in words:
            self._refused[slot(word)] += 1

    def is_our_own(self, place: int) -> bool:
        """Whether answers speak of the word of a slot, as a rule; one refused question may be the wrong one."""
        return self._answers[place] >= max(_IN_ANSWERS, _TIMES_AS_OFTEN * (self._refused[place] - 1))


def slot(word: str) -> int:
    """Return where a word is counted."""
    return crc32(word.encode("utf-8", "surrogatepass")) % _SLOTS


def telling_words(text: str) -> frozenset[str]:
    """Return the stems of the words of a text that tell its subject."""
    return frozenset(word[:_STEM] for word in _WORD.findall(text[:READ].lower())) - _COMMON
