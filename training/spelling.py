"""The nearest known word to a misspelt one: both are the same but for a letter or two."""

import difflib
from collections import defaultdict
from collections.abc import Iterable

# How alike in letters an unknown word must be to a known one to count as a slip of the finger.
_SAME_WORD = 0.8
# Shorter words have too many neighbours.
SHORTEST_MISSPELT = 5
_LONGEST_MISSPELT = 30


class Spelling:
    """Finds known words by what is left of them without any one letter."""

    def __init__(self, known: Iterable[str]) -> None:
        self._by_shortened: defaultdict[str, list[str]] = defaultdict(list)
        for word in sorted(known):
            for shortened in _shortened(word) if len(word) >= SHORTEST_MISSPELT else ():
                self._by_shortened[shortened].append(word)

    def nearest(self, word: str) -> str:
        """Return the known word that is most like this one, or "" when none is like it."""
        if not SHORTEST_MISSPELT <= len(word) <= _LONGEST_MISSPELT:
            return ""
        similar = {known for shortened in _shortened(word) for known in self._by_shortened.get(shortened, ())}
        return next(iter(difflib.get_close_matches(word, sorted(similar), 1, _SAME_WORD)), "")


def _shortened(word: str) -> set[str]:
    """Return the word, and what is left of it without any one letter."""
    return {word} | {word[:at] + word[at + 1 :] for at in range(len(word))}
