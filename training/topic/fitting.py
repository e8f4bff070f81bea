"""Fitting a discriminator: every figure it learns from is one that its evidence has not seen."""

import random
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.topic.canonical import words
from training.topic.evidence import Evidence, Reading
from training.topic.features import Span, figures, of_parts, spans
from training.topic.forest import Floats, Forest

_FOLDS = 3
# Messages that are put together of two, for each fold, at most, and of each message: half hide an off-topic one.
_JOINED, _JOINED_OF_EACH = 5000, 2
# Parts of each message from which it is learned what a part says.
_PIECES = 3
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
    typical: bool = True
    """Whether it counts when the share of customers that are refused is measured."""


@dataclass(frozen=True, slots=True)
class Judges:
    """What decides: of a message as a whole, and of one with its parts; higher is more about the product."""

    evidence: Evidence
    whole: Forest
    piece: Forest
    parts: Forest

    def scores(self, reading: Reading) -> tuple[float, float]:
        """Return the log-odds that a message is about the product, and that no part of it is about anything else."""
        (row,) = _rows(self.whole, self.piece, [reading])
        return row[_OF_WHOLE], float(self.parts.scores(np.array([row]))[0])


def fit(samples: Sequence[Sample], about: Iterable[str]) -> tuple[Judges, Floats]:
    """Fit on samples, and on texts about the product.

    Returns also both scores of each sample (samples x 2) by judges that learned from neither it nor its kind.
    """
    pages = [words(text) for text in about]
    folds = np.array([_fold(sample) for sample in samples])
    said = [words(sample.text) for sample in samples]
    lessons = [_lesson(samples, said, folds == fold, pages) for fold in range(_FOLDS)]
    rows = [_rows(_of_wholes(others), _of_pieces(others), lesson.readings) for lesson, others in _with_others(lessons)]
    unseen = np.zeros((len(samples), 2))
    for fold in range(_FOLDS):
        others = [other for other in range(_FOLDS) if other != fold]
        parts = _of_parts([lessons[other] for other in others], [rows[other] for other in others])
        own = np.array(rows[fold][: int((folds == fold).sum())])
        unseen[folds == fold] = np.column_stack([own[:, _OF_WHOLE], parts.scores(own)])
    evidence = _evidence(samples, said, np.ones(len(samples), bool), pages)
    return Judges(evidence, _of_wholes(lessons), _of_pieces(lessons), _of_parts(lessons, rows)), unseen


@dataclass(frozen=True, slots=True)
class _Lesson:
    """The messages of one fold, read with the evidence of the others: its samples first, then those put together."""

    readings: list[Reading]
    samples: list[Sample]


def _lesson(
    samples: Sequence[Sample], said: Sequence[list[str]], chosen: NDArray[np.bool_], pages: list[list[str]]
) -> _Lesson:
    evidence = _evidence(samples, said, ~chosen, pages)
    own = [sample for sample, is_own in zip(samples, chosen, strict=True) if is_own]
    joined = list(_joined([sample for sample in own if sample.whole and sample.typical], random.Random(len(own))))  # noqa: S311 - no secret
    readings = [evidence.of(words) for words, is_own in zip(said, chosen, strict=True) if is_own]
    return _Lesson([*readings, *(evidence.read(sample.text) for sample in joined)], [*own, *joined])


def _evidence(
    samples: Sequence[Sample], said: Sequence[list[str]], chosen: NDArray[np.bool_], pages: list[list[str]]
) -> Evidence:
    # Half of a mixture would be taught the other half's verdict.
    taught = [
        (words, sample.on_topic)
        for sample, words, is_taught in zip(samples, said, chosen, strict=True)
        if is_taught and sample.whole
    ]
    return Evidence.fitted(taught, pages)


def _with_others(lessons: Sequence[_Lesson]) -> Iterable[tuple[_Lesson, list[_Lesson]]]:
    """Yield each lesson with the others."""
    for lesson in lessons:
        yield lesson, [other for other in lessons if other is not lesson]


def _of_wholes(lessons: Sequence[_Lesson]) -> Forest:
    taught = [
        (reading, sample.on_topic)
        for lesson in lessons
        for reading, sample in zip(lesson.readings, lesson.samples, strict=True)
        if sample.whole
    ]
    return Forest.fitted(np.array([figures(reading) for reading, _ in taught]), [verdict for _, verdict in taught])


def _of_pieces(lessons: Sequence[_Lesson]) -> Forest:
    # A few words of a message say less than all of them: how much less is learned from pieces.
    chance = random.Random(len(lessons))  # noqa: S311 - no secret
    taught = [
        (figures(reading, piece), sample.on_topic)
        for lesson in lessons
        for reading, sample in zip(lesson.readings, lesson.samples, strict=True)
        if sample.whole
        for piece in _some(spans(reading.words), chance)
    ]
    return Forest.fitted(np.array([row for row, _ in taught]), [verdict for _, verdict in taught])


def _some(found: list[Span], chance: random.Random) -> list[Span]:
    return chance.sample(found, min(_PIECES, len(found)))


def _of_parts(lessons: Sequence[_Lesson], rows: Sequence[list[list[float]]]) -> Forest:
    # A message that is all off topic is found as a whole: taught here, it would outweigh the mixtures.
    taught = [
        (row, sample.on_topic)
        for lesson, of_lesson in zip(lessons, rows, strict=True)
        for row, sample in zip(of_lesson, lesson.samples, strict=True)
        if sample.on_topic or not sample.whole
    ]
    return Forest.fitted(np.array([row for row, _ in taught]), [verdict for _, verdict in taught])


# Where the score of the whole stands in a row.
_OF_WHOLE = 0


def _rows(whole: Forest, piece: Forest, readings: Sequence[Reading]) -> list[list[float]]:
    """Return the figures of messages, with what their parts say when each is judged alone."""
    parts = [spans(reading.words) for reading in readings]
    own = [figures(reading) for reading in readings]
    pieces = [
        figures(reading, part) for reading, of_message in zip(readings, parts, strict=True) for part in of_message
    ]
    scores = iter(piece.scores(np.array(pieces)).tolist())
    return [
        [first, *row, *of_parts(reading, of_message, first, [next(scores) for _ in of_message])]
        for reading, row, of_message, first in zip(
            readings, own, parts, whole.scores(np.array(own)).tolist(), strict=True
        )
    ]


def _joined(samples: Sequence[Sample], chance: random.Random) -> Iterable[Sample]:
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


def _fold(sample: Sample) -> int:
    key = sample.text if sample.on_topic or not sample.kind else sample.kind
    return zlib.crc32(key.encode("utf-8", "surrogatepass")) % _FOLDS
