"""Questions that are nearly one of those that are kept apart to test with: a word changed, clauses in another order."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import cast

from training.checks.case import Case
from training.checks.fingerprint import question_hash, text_of
from training.checks.memory import Memory
from training.checks.plain import pieces, tells_enough
from training.checks.sketches import Sketch, agreement

# Of questions with a word changed, a typo, a `please` added or the clauses swapped, 98 in 100 have this share of their
# n-grams in common with what they were; of 58,000 honest ones none has more than 0.41 with any question of a scenario.
_LEAST = 0.55
# In a short question one other word makes another subject of it: `How do I reset my hub?` and `my lock?` have 0.67.
_SHORT, _LEAST_SHORT = 40, 0.7  # characters
# Bands of three values: questions that have half of their n-grams in common meet in 93 cases of 100.
_BANDS = 20

_Row = tuple[int, int, bytes, bytes, float, str, int]


def note_apart(memory: Memory, question: str, source: str) -> None:
    """Remember a question that must not be learned, and whose it is."""
    sketch, bands, length = _sketched(question)
    known = question_hash(question)
    memory.note("held_out", known, source, sketch, _LEAST if length >= _SHORT else _LEAST_SHORT)
    memory.apart.add(bands)
    for band in bands:
        # The first stays, so that a file of questions that are all alike takes no longer than another.
        memory.note("apart", band, known)


def note_asked(memory: Memory, example: int, case: Case) -> None:
    """Remember which questions of an example may be nearly one that must not be learned."""
    if not memory.apart:
        return
    questions = (text_of(message) for _, message in case.messages if message.get("role") == "user")
    for number, question in enumerate(questions, 1):
        sketch, bands, _ = _sketched(question)
        for band in memory.apart.among(bands):
            memory.note("asked", band, example, number, question_hash(question), sketch)


def _sketched(question: str) -> tuple[bytes, tuple[int, ...], int]:
    """Return a question's sketch, its bands, of which a generic follow-up has none, and its characters when plain."""
    sketch, length = Sketch(), 0
    for place, piece in enumerate(pieces(question)):
        if not place and not tells_enough(piece):
            break
        sketch.add(piece)
        length += len(piece)
    return (*sketch.finished(_BANDS), length) if length else (b"", (), 0)


def resembling(memory: Memory) -> Iterator[tuple[int, int, str]]:
    """Yield the line and the number of each question that is nearly one to test with, and whose that is."""
    query = (
        "SELECT asked.example, number, asked.sketch, held_out.sketch, least, source, line FROM asked "
        "CROSS JOIN apart USING (band) CROSS JOIN held_out ON held_out.question = apart.question "
        "CROSS JOIN examples ON examples.example = asked.example "
        "WHERE asked.question NOT IN (SELECT question FROM held_out) ORDER BY asked.example, number"
    )
    rows = cast("Iterator[_Row]", memory.rows(query))
    for (_, number), group in groupby(rows, key=itemgetter(0, 1)):
        # Two that are alike meet in many bands.
        alike = [
            (share, line, source)
            for _, _, ours, theirs, least, source, line in set(group)
            if (share := agreement(ours, theirs)) >= least
        ]
        if alike:
            _, line, source = max(alike)
            yield line, number, source
