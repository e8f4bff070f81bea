"""What decides about messages, once it is fitted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.topic.canonical import words
from training.topic.evidence import Evidence, Reading
from training.topic.features import figures, of_parts, spans
from training.topic.forest import Forest
from training.topic.nearness import Nearness
from training.topic.turns import of_turn

# Where the scores of the whole and of the parts stand in a row.
OF_WHOLE, _OF_PARTS = 0, -1


@dataclass(frozen=True, slots=True)
class Judges:
    """What decides of a message as a whole, of its parts, and of one after another."""

    evidence: Evidence
    near: Nearness
    whole: Forest
    piece: Forest
    parts: Forest
    turn: Forest | None
    """None where there was too little to learn from of what follows upon what."""

    def rows(self, readings: Sequence[Reading]) -> list[list[float]]:
        """Return the figures of messages: the score of the whole comes first, that of the parts last."""
        own = [own_row(self.near, reading) for reading in readings]
        rows = rows_of(self.whole, self.piece, readings, own)
        return [[*row, score] for row, score in zip(rows, self.parts.scores(np.array(rows)).tolist(), strict=True)]

    def scores(self, row: Sequence[float]) -> tuple[float, float]:
        """Return the log-odds that a message is about the product, and that no part of it is about anything else."""
        return row[OF_WHOLE], row[_OF_PARTS]

    def after(self, previous: str, row: Sequence[float], text: str, reading: Reading) -> float | None:
        """Return the log-odds that a message is about the product after another, if that was learned."""
        if self.turn is None:
            return None
        return float(self.turn.scores(np.array([turn_row(row, text, reading, previous)]))[0])


def turn_row(row: Sequence[float], text: str, reading: Reading, previous: str) -> list[float]:
    """Return the figures of a message after another, by those of the message alone."""
    return [*row, *of_turn(text, reading.words, words(previous))]


def own_row(near: Nearness, reading: Reading) -> list[float]:
    """Return the figures of a message as a whole."""
    return [*figures(reading), *near.figures(reading.words)]


def rows_of(whole: Forest, piece: Forest, readings: Sequence[Reading], own: Sequence[list[float]]) -> list[list[float]]:
    """Return the figures of messages, their own first, with what their parts say when each is judged alone."""
    parts = [spans(reading.words) for reading in readings]
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
