"""Fitting a discriminator: every figure it learns from is one that its evidence has not seen."""

import random
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from training.topic.canonical import words
from training.topic.evidence import Evidence, Reading
from training.topic.features import figures, spans
from training.topic.forest import Floats, Forest
from training.topic.joining import Sample, joined
from training.topic.judges import OF_WHOLE, Judges, own_row, rows_of, turn_row
from training.topic.nearness import Nearness
from training.topic.slips import slipped

Kept = TypeVar("Kept")
# In so many parts all is cut; few messages in more of them, so that what judges a part has not much less to learn from.
_FOLDS, _FOLDS_OF_FEW, _FEW = 3, 8, 1000
# Parts of each message from which it is learned what a part says.
_PIECES = 3
# Off-topic messages of which it is learned what they say after another, and follow-ups without which nothing is.
_ALONE, _FEWEST_TURNS = 15_000, 200
# The share of messages that are learned once more, with a slip of the finger.
_WITH_SLIP = 0.15


@dataclass(frozen=True, slots=True)
class Fitted:
    """What was fitted, and what others that learned from neither a message nor its kind say of it."""

    judges: Judges
    scores: Floats
    """Both scores of each sample (samples x 2)."""
    strays: Floats
    """The scores of off-topic messages after one about the product."""


def fit(samples: Sequence[Sample], about: Iterable[str], follow_ups: Sequence[Sample] = ()) -> Fitted:
    """Fit on samples, on texts about the product, and on messages that follow one about it."""
    pages = [words(text) for text in about]
    count = _FOLDS if len(samples) >= _FEW else _FOLDS_OF_FEW
    folds = np.array([_fold(sample, count) for sample in samples])
    said = [words(sample.text) for sample in samples]
    lessons = [_lesson(samples, said, folds == fold, pages) for fold in range(count)]
    wholes, pieces = ([made(others) for others in _others(lessons)] for made in (_of_wholes, _of_pieces))
    rows = [
        rows_of(whole, piece, lesson.readings, lesson.rows)
        for lesson, whole, piece in zip(lessons, wholes, pieces, strict=True)
    ]
    parts = [_of_parts(of_others, theirs) for of_others, theirs in zip(_others(lessons), _others(rows), strict=True)]
    unseen = [
        Judges(lesson.evidence, lesson.near, whole, piece, part, None)
        for lesson, whole, piece, part in zip(lessons, wholes, pieces, parts, strict=True)
    ]
    scores = np.zeros((len(samples), 2))
    for fold in range(count):
        own = np.array(rows[fold][: int((folds == fold).sum())])
        scores[folds == fold] = np.column_stack([own[:, OF_WHOLE], parts[fold].scores(own)])
    turn, strays = _of_turns(unseen, samples, follow_ups) if len(follow_ups) >= _FEWEST_TURNS else (None, np.zeros(0))
    taught = _taught(samples, said, np.ones(len(samples), bool))
    evidence, near = Evidence.fitted(taught, pages), _nearness(taught)
    judges = Judges(evidence, near, _of_wholes(lessons), _of_pieces(lessons), _of_parts(lessons, rows), turn)
    return Fitted(judges, scores, strays)


def _of_turns(
    unseen: Sequence[Judges], samples: Sequence[Sample], follow_ups: Sequence[Sample]
) -> tuple[Forest, Floats]:
    """Learn from what follows messages about the product, and from what could: any off-topic one.

    Returns also the scores of those that are wholly off topic, each by a forest that did not learn from its kind.
    """
    chance = random.Random(len(follow_ups))  # noqa: S311 - no secret
    before = [sample.text for sample in samples if sample.on_topic and sample.whole]
    alone = [sample for sample in samples if not sample.on_topic]
    others = [
        replace(sample, previous=chance.choice(before)) for sample in chance.sample(alone, min(_ALONE, len(alone)))
    ]
    taught = [*follow_ups, *others]
    folds = np.array([_fold(sample, len(unseen)) for sample in taught])
    verdicts = np.array([sample.on_topic for sample in taught])
    is_stray = np.array([sample.typical and sample.whole and not sample.on_topic for sample in taught])
    figured: dict[int, list[float]] = {}
    for fold, judges in enumerate(unseen):
        own = np.flatnonzero(folds == fold).tolist()
        readings = [judges.evidence.read(taught[at].text) for at in own]
        for at, reading, row in zip(own, readings, judges.rows(readings), strict=True):
            figured[at] = turn_row(row, taught[at].text, reading, taught[at].previous)
    rows = np.array([figured[at] for at in range(len(taught))])
    strays = [
        Forest.fitted(rows[folds != fold], verdicts[folds != fold].tolist()).scores(rows[is_stray & (folds == fold)])
        for fold in range(len(unseen))
    ]
    return Forest.fitted(rows, verdicts.tolist()), np.concatenate(strays)


@dataclass(frozen=True, slots=True)
class _Lesson:
    """The messages of one fold, read with the evidence of the others.

    Its samples come first, then some of them once more with a slip of the finger, then those put together.
    """

    evidence: Evidence
    near: Nearness
    readings: list[Reading]
    rows: list[list[float]]
    """What each of them says as a whole."""
    samples: list[Sample]
    pieces: list[tuple[list[float], bool]]


def _lesson(
    samples: Sequence[Sample], said: Sequence[list[str]], chosen: NDArray[np.bool_], pages: list[list[str]]
) -> _Lesson:
    taught = _taught(samples, said, ~chosen)
    evidence, near = Evidence.fitted(taught, pages), _nearness(taught)
    own = [sample for sample, is_own in zip(samples, chosen, strict=True) if is_own]
    plain = [sample for sample in own if sample.whole and sample.typical]
    together = list(joined(plain, random.Random(len(own))))  # noqa: S311 - no secret
    own_words = [words for words, is_own in zip(said, chosen, strict=True) if is_own]
    chance = random.Random(len(own) + 1)  # noqa: S311 - no secret
    misspelt = [at for at in range(len(own)) if chance.random() < _WITH_SLIP]
    readings = [evidence.of(words) for words in own_words]
    readings += [evidence.of(slipped(own_words[at], chance)) for at in misspelt]
    read = [*own, *(own[at] for at in misspelt)]
    pieces = list(_pieces(readings, read))
    readings += [evidence.read(sample.text) for sample in together]
    rows = [own_row(near, reading) for reading in readings]
    return _Lesson(evidence, near, readings, rows, [*read, *together], pieces)


def _taught(
    samples: Sequence[Sample], said: Sequence[list[str]], chosen: NDArray[np.bool_]
) -> list[tuple[list[str], bool]]:
    """Return the words of the chosen messages from which words are learned, with their verdicts."""
    # Half of a mixture would be taught the other half's verdict.
    return [
        (words, sample.on_topic)
        for sample, words, is_taught in zip(samples, said, chosen, strict=True)
        if is_taught and sample.whole and sample.telling
    ]


def _nearness(taught: Sequence[tuple[list[str], bool]]) -> Nearness:
    # Of few messages the nearest is so by chance.
    return Nearness.fitted(taught if len(taught) >= _FEW else [])


def _others(of_folds: Sequence[Kept]) -> list[list[Kept]]:
    """Return for each fold what the others have."""
    return [[other for other in of_folds if other is not own] for own in of_folds]


def _of_wholes(lessons: Sequence[_Lesson]) -> Forest:
    taught = [
        (row, sample.on_topic)
        for lesson in lessons
        for row, sample in zip(lesson.rows, lesson.samples, strict=True)
        if sample.whole
    ]
    return Forest.fitted(np.array([row for row, _ in taught]), [verdict for _, verdict in taught])


def _of_pieces(lessons: Sequence[_Lesson]) -> Forest:
    # A few words of a message say less than all of them: how much less is learned from pieces.
    taught = [piece for lesson in lessons for piece in lesson.pieces]
    return Forest.fitted(np.array([row for row, _ in taught]), [verdict for _, verdict in taught])


def _pieces(readings: Iterable[Reading], samples: Iterable[Sample]) -> Iterator[tuple[list[float], bool]]:
    """Yield figures and verdicts of some parts of the messages that have one verdict."""
    chance = random.Random(_PIECES)  # noqa: S311 - no secret
    for reading, sample in zip(readings, samples, strict=True):
        found = spans(reading.words) if sample.whole else []
        for piece in chance.sample(found, min(_PIECES, len(found))):
            yield figures(reading, piece), sample.on_topic


def _of_parts(lessons: Sequence[_Lesson], rows: Sequence[list[list[float]]]) -> Forest:
    # A message that is all off topic is found as a whole: taught here, it would outweigh the mixtures.
    taught = [
        (row, sample.on_topic)
        for lesson, of_lesson in zip(lessons, rows, strict=True)
        for row, sample in zip(of_lesson, lesson.samples, strict=True)
        if (sample.on_topic and sample.telling) or not sample.whole
    ]
    return Forest.fitted(np.array([row for row, _ in taught]), [verdict for _, verdict in taught])


def _fold(sample: Sample, count: int) -> int:
    key = sample.text if sample.on_topic or not sample.kind else sample.kind
    return zlib.crc32(key.encode("utf-8", "surrogatepass")) % count
