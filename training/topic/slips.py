"""Slips of the finger: a word that is misspelt says nothing about the subject, and that must be learned."""

import random
from collections.abc import Callable, Sequence

# Letters of a word below which it is left as it is.
_SHORTEST = 5
_LETTERS = "abcdefghijkmnopqrstuvwxyz"

# Given a word, a place within it and a letter; returns the word with a slip there.
_SLIPS: tuple[Callable[[str, int, str], str], ...] = (
    lambda word, at, _: word[:at] + word[at + 1 :],
    lambda word, at, _: word[:at] + word[at + 1] + word[at] + word[at + 2 :],
    lambda word, at, letter: word[:at] + letter + word[at + 1 :],
    lambda word, at, letter: word[:at] + letter + word[at:],
)


def slipped(words: Sequence[str], chance: random.Random) -> Sequence[str]:
    """Return canonical words with a slip in one of them, where one is long enough; the first letter always stays."""
    long = [at for at, word in enumerate(words) if len(word) >= _SHORTEST]
    if not long:
        return words
    at = chance.choice(long)
    word = words[at]
    made = chance.choice(_SLIPS)(word, chance.randrange(1, len(word) - 1), chance.choice(_LETTERS))
    return [*words[:at], made, *words[at + 1 :]]
