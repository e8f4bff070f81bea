"""Rules on what is said twice: the same, nearly the same, or with another answer."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple, cast

from training.checks.memory import Memory
from training.checks.sketches import agreement

# Two examples of which a larger share is the same teach one thing twice. Any two of a reviewed file are below a half.
NEARLY_THE_SAME = 0.7


class Found(NamedTuple):
    """What a rule on the whole file finds: the line, and the sentence."""

    line: int
    text: str


def duplicate(memory: Memory) -> Iterator[Found]:
    """No conversation stands in a file twice, whatever its case, spaces and punctuation."""
    query = (
        "SELECT conversation, example, line FROM examples WHERE conversation IS NOT NULL ORDER BY conversation, example"
    )
    for (_, _, first), others in _groups(_numbers(memory, query)):
        for _, example, line in others:
            memory.note("copies", example)
            yield Found(line, f"The example says the same as the one on line {first}: take one of them out.")


def near_duplicate(memory: Memory) -> Iterator[Found]:
    """No conversation stands in a file twice with a word changed; with a number changed it is another one.

    Compared are those that meet in a band, each with the first and with the last before it there, so that time stays
    in proportion to the file; of each, the nearest line above is named that has enough in common with it.
    """
    query = "SELECT band, example FROM bands WHERE example NOT IN (SELECT example FROM copies) ORDER BY band, example"
    for (_, first), others in _groups(_numbers(memory, query)):
        before = first
        for _, example in others:
            for earlier in {first, before}:
                memory.note("pairs", example, earlier)
            before = example
    memory.fill("candidates", "SELECT DISTINCT later, earlier FROM pairs ORDER BY later, earlier")
    pairs = (
        "SELECT later, one.line, other.line, one.sketch, other.sketch FROM candidates "
        "CROSS JOIN examples AS one ON one.example = later CROSS JOIN examples AS other ON other.example = earlier "
        "ORDER BY candidates.rowid"
    )
    rows = cast("Iterator[tuple[int, int, int, bytes, bytes]]", memory.rows(pairs))
    for _, group in groupby(rows, key=itemgetter(0)):
        for _, line, other, one, another in group:
            if (share := agreement(one, another)) >= NEARLY_THE_SAME:
                yield Found(
                    line,
                    f"About {share:.0%} of the example stands on line {other} too: ask or answer it differently, "
                    "or take one of them out.",
                )
                break


def conflicting_answers(memory: Memory) -> Iterator[Found]:
    """One question, asked in one context, has one answer."""
    query = (
        "SELECT context, answer, example, number, line FROM exchanges JOIN examples USING (example) "
        "WHERE answer IS NOT NULL ORDER BY context, example"
    )
    for (_, first_answer, _, _, first_line), others in _groups(_numbers(memory, query)):
        for _, answer, _, number, line in others:
            if answer != first_answer:
                yield Found(
                    line,
                    f"Question {number} is answered differently on line {first_line}, where the same was said before "
                    "it: keep one of the two answers.",
                )


def _groups(rows: Iterator[tuple[int, ...]]) -> Iterator[tuple[tuple[int, ...], Iterator[tuple[int, ...]]]]:
    """Yield the first of the rows that begin alike, and the others."""
    for _, group in groupby(rows, key=itemgetter(0)):
        others = iter(group)
        yield next(others), others


def _numbers(memory: Memory, query: str) -> Iterator[tuple[int, ...]]:
    return cast("Iterator[tuple[int, ...]]", memory.rows(query))
