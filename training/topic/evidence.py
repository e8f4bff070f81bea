"""What each word of a message says about its subject: by a linear model over n-grams, and by who has used it before."""

import math
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from training.spelling import SHORTEST_MISSPELT, Spelling
from training.topic.canonical import MARK, NUMBER, parted, words

Array = NDArray[Any]

# Features are told apart by a hash: two may share a place, which costs little and needs no list of them.
_PLACES = 1 << 20
_PENALTY = 3.0
# How much a word's letters weigh beside the word itself.
_LETTERS = 1.5
_SIZES = (3, 4, 5)
# What a word that nobody has used counts as having been used.
_SMOOTHING = 0.3
# A word of the handbook counts as if so many customers at most had said it, each for a half.
_MOST_ABOUT = 6
_ENDINGS = ("ing", "ies", "es", "ed", "s")
_SHORTEST_STEM = 3
# From so many uses on a word is one that others are mistaken for.
_OFTEN = 3
# The same of words so short that the letters of a longer one spell them by chance.
_SHORT, _VERY_OFTEN = 3, 40
_VOCABULARY = Path(__file__).with_name("other-subjects.txt")

_EMPTY = frozenset(
    """a an the i my me you your we our us it its is are was were be been am do does did done has have had having and or
    but if to of in on at for with from by as that this these those there here not no so just can could would will
    should may might must what how why when where which who whom whose than then too also any some all one ones two get
    gets got im ive id dont doesnt didnt cant isnt arent wasnt wont thats whats about into out up down over under very
    really please thanks thank hi hello hey sarah""".translate(str.maketrans({"l": "i"})).split()
)


def stem(word: str) -> str:
    """Return a canonical word without its ending."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word[: -len(ending)]
    return word


def tells(word: str) -> bool:
    """Whether a canonical word can say anything about the subject."""
    return word not in {MARK, NUMBER} and word not in _EMPTY


@dataclass(frozen=True, slots=True)
class Reading:
    """A message, word by word: what each says for the product (more than 0) or against it."""

    words: tuple[str, ...]
    linear: tuple[float, ...]
    odds: tuple[float | None, ...]
    """The log-odds of a word by who used it; None where it can say nothing."""
    unknown: tuple[bool, ...]
    """Whether no customer and no page has used the word."""
    elsewhere: tuple[bool, ...]
    """Whether the word belongs to another subject of the world."""


class Evidence:
    """What words were used in messages about the product and in others."""

    def __init__(self, arrays: dict[str, Array]) -> None:
        self.arrays = arrays
        self._weights, self._on, self._off = arrays["weights"], arrays["on"], arrays["off"]
        self._about, self._known = arrays["about"], arrays["known"]
        self._spelling = Spelling(arrays["spelt"].tolist())
        on, off = arrays["messages"]
        self._prior = math.log((off + 1) / (on + 1))
        # A word says the same wherever it stands.
        self._said: Callable[[str], tuple[float, float | None, bool, bool]] = lru_cache(1 << 16)(self._of)
        self._meant: Callable[[str], Sequence[str]] = lru_cache(1 << 16)(self._read_as)

    @classmethod
    def fitted(cls, messages: Sequence[tuple[list[str], bool]], about: Iterable[list[str]]) -> "Evidence":
        """Learn from canonical messages with their verdicts, and from texts about the product."""
        on, off, pages, known = (np.zeros(_PLACES, np.float32) for _ in range(4))
        for said, verdict in messages:
            for word in {stem(word) for word in said if tells(word)}:
                (on if verdict else off)[_place("s", word)] += 1
            for word in set(said):
                known[_place("k", word)] += 1
        pages_said = list(about)
        for text in pages_said:
            for word in {stem(word) for word in text if tells(word)}:
                pages[_place("s", word)] += 1
            for word in set(text):
                known[_place("k", word)] += 1
        often = Counter(
            word for text in [*(said for said, is_on in messages if is_on), *pages_said] for word in set(text)
        )
        spelt = sorted(word for word, count in often.items() if count >= _OFTEN and len(word) >= SHORTEST_MISSPELT)
        counted = [sum(verdict for _, verdict in messages), sum(not verdict for _, verdict in messages)]
        arrays: dict[str, Array] = {
            "on": on,
            "off": off,
            "about": pages,
            "known": known,
            "messages": np.array(counted, np.float64),
        }
        arrays["spelt"] = np.array(spelt, np.str_)
        return cls(arrays | {"weights": _weights(messages)})

    def known(self, word: str) -> int:
        """Return how often a canonical word was seen."""
        return int(self._known[_place("k", word)])

    def read(self, text: str) -> Reading:
        """Return what each word of a message says."""
        return self.of(words(text))

    def of(self, said: Sequence[str]) -> Reading:
        """Return what each of these canonical words says; those that nobody used are read as the writer meant them."""
        said = [word for one in said for word in self._meant(one)]
        linear: list[float] = []
        odds: list[float | None] = []
        unknown: list[bool] = []
        elsewhere: list[bool] = []
        before = ""
        for word in said:
            if word in {MARK, NUMBER}:
                value, told, is_new, is_other = 0.0, None, False, False
                before = ""
            else:
                value, told, is_new, is_other = self._said(word)
                if before:
                    value += float(self._weights[_place("b", f"{before} {word}")])
                before = word
            linear.append(value)
            odds.append(told)
            unknown.append(is_new)
            elsewhere.append(is_other)
        return Reading(tuple(said), tuple(linear), tuple(odds), tuple(unknown), tuple(elsewhere))

    def _read_as(self, word: str) -> Sequence[str]:
        if word in {MARK, NUMBER} or self.known(word):
            return (word,)
        # A slip of the finger is likelier than a space that is missing.
        if near := self._spelling.nearest(word):
            return (near,)
        return parted(word, self._is_common)

    def _is_common(self, word: str) -> bool:
        """Whether a word is used so often that it may be part of a longer one only where a space is missing."""
        if len(word) == 1:
            return word in {"a", "i"}
        return self.known(word) >= (_OFTEN if len(word) > _SHORT else _VERY_OFTEN)

    def _of(self, word: str) -> tuple[float, float | None, bool, bool]:
        one, letters, share = _places(word)
        value = float(self._weights[one]) + share * float(self._weights[letters].sum())
        if not tells(word):
            return value, None, False, False
        place = _place("s", stem(word))
        on, off, about = (float(counts[place]) for counts in (self._on, self._off, self._about))
        told = math.log(on + 0.5 * min(about, _MOST_ABOUT) + _SMOOTHING) - math.log(off + _SMOOTHING) + self._prior
        return value, told, on == 0 and about == 0, stem(word) in _elsewhere()


@cache
def _elsewhere() -> frozenset[str]:
    """Return the stems of words that belong to other subjects: what a dictionary would file under one."""
    lines = _VOCABULARY.read_text("utf-8").splitlines()
    return frozenset(stem(word) for line in lines if not line.startswith("#") for word in words(line))


def _place(kind: str, text: str) -> int:
    return zlib.crc32(f"{kind}{text}".encode()) % _PLACES


@lru_cache(1 << 16)
def _places(word: str) -> tuple[int, Array, float]:
    """Return the places of a word and of its letters' n-grams, and what each of these weighs."""
    edged = f"<{word}>"
    grams = [edged[at : at + size] for size in _SIZES for at in range(len(edged) - size + 1)]
    places = np.array([_place("c", gram) for gram in grams], np.intp)
    return _place("w", word), places, _LETTERS / math.sqrt(len(grams) + 2)


def _weights(messages: Sequence[tuple[list[str], bool]]) -> Array:
    """Fit a logistic regression (Fan et al. 2008) over words, pairs of words and letters; returns a weight a place."""
    # A second to import, and only who fits needs them.
    from scipy import sparse  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    places: list[Array] = []
    values: list[Array] = []
    ends = [0]
    for said, _ in messages:
        at, weigh = _features(said)
        places.append(at)
        values.append(weigh)
        ends.append(ends[-1] + len(at))
    matrix = cast("Any", sparse).csr_matrix(
        (np.concatenate(values), np.concatenate(places), ends), shape=(len(messages), _PLACES)
    )
    model = cast("Any", LogisticRegression)(C=_PENALTY, class_weight="balanced", solver="liblinear", random_state=0)
    return model.fit(matrix, [verdict for _, verdict in messages]).coef_[0].astype(np.float32)


def _features(said: Sequence[str]) -> tuple[Array, Array]:
    places: list[Array] = []
    values: list[Array] = []
    before = ""
    count = 0
    for word in said:
        if word in {MARK, NUMBER}:
            before = ""
            continue
        count += 1
        one, letters, share = _places(word)
        pair = [_place("b", f"{before} {word}")] if before else []
        places += [np.array([one, *pair], np.intp), letters]
        values += [np.ones(1 + len(pair)), np.full(len(letters), share)]
        before = word
    if not places:
        return np.zeros(0, np.intp), np.zeros(0)
    return np.concatenate(places), np.concatenate(values) / math.sqrt(count)
