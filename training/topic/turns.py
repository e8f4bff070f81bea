"""A message after one about the product: what it says together with that one."""

from collections.abc import Sequence

from training.follow_ups import is_fragment, leans_on_context, names_nothing
from training.topic.evidence import stem, tells
from training.topic.features import asks, wishes


def of_turn(text: str, words: Sequence[str], before: Sequence[str]) -> list[float]:
    """Return in figures how a message, in its canonical words, leans on the words of the one before."""
    said, earlier = _telling(words), _telling(before)
    shared = len(said & earlier)
    return [
        names_nothing(text),
        is_fragment(text),
        leans_on_context(text),
        wishes(words),
        asks(words, (0, len(words))),
        shared,
        shared / max(len(said), 1),
        len(said),
    ]


def _telling(words: Sequence[str]) -> set[str]:
    return {stem(word) for word in words if tells(word)}
