"""Samples, and messages that are put together of two: so that a stray half is learned to be found."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# Messages that are put together, at most, and of each message: half hide an off-topic one.
_JOINED, _JOINED_OF_EACH = 5000, 2
_JOINTS = (
    ", and also ",
    ". ",
    ", ",
    " and ",
    " also ",
    "; ",
    ". also, ",
    ", btw ",
    " ",
    " oh and ",
    "? ",
    " then ",
    "\n",
)
_BARE_JOINTS = (" ", " and ", " also ", " and also ")
# The share of them that is written without any punctuation.
_BARE = 0.4


@dataclass(frozen=True, slots=True)
class Sample:
    """A message with its verdict; off-topic ones of a `kind` are never on both sides of what is learned and judged."""

    text: str
    on_topic: bool
    kind: str = ""
    whole: bool = True
    """Whether all of it has the verdict: in a mixture only a part is off topic."""
    telling: bool = True
    """Whether its own words say what it is about: what customers say of their lives would be taken for the product."""
    typical: bool = True
    """Whether it counts when the share of customers that are refused is measured."""
    previous: str = ""
    """The message about the product that it follows."""


def joined(samples: Sequence[Sample], chance: random.Random) -> Iterable[Sample]:
    """Yield messages that hide an off-topic one behind or before one about the product, and as many that are honest."""
    on, off = ([sample for sample in samples if sample.on_topic is verdict] for verdict in (True, False))
    if not on or not off:
        return
    for _ in range(min(_JOINED, _JOINED_OF_EACH * len(samples)) // 2):
        stray = chance.choice(off)
        texts = [stray.text, chance.choice(on).text]
        yield Sample(_together(texts, chance), on_topic=False, kind=stray.kind, whole=False, typical=False)
        texts = [chance.choice(on).text for _ in range(chance.choice((2, 2, 3)))]
        yield Sample(_together(texts, chance), on_topic=True, whole=False, typical=False)


def _together(texts: list[str], chance: random.Random) -> str:
    chance.shuffle(texts)
    if chance.random() < _BARE:
        bare = ["".join(letter for letter in text if letter.isalnum() or letter in " '") for text in texts]
        return chance.choice(_BARE_JOINTS).join(bare)
    joint = chance.choice(_JOINTS)
    return joint.join(text.rstrip(".?!") if joint[0] in ".,?;" else text for text in texts)
