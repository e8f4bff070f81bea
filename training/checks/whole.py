"""Rules on a file as a whole: how many examples, which system prompts, and what must not be learned."""

from collections.abc import Iterator
from typing import cast

from training.checks.memory import Memory
from training.checks.repeats import Found
from training.checks.resemblance import resembling

FEWEST_EXAMPLES = 10


def too_few_examples(memory: Memory) -> Iterator[Found]:
    """A provider tunes on at least ten examples."""
    [(count, last)] = cast("Iterator[tuple[int, int | None]]", memory.rows("SELECT count(*), max(line) FROM examples"))
    if count < FEWEST_EXAMPLES:
        are = "There is 1 example" if count == 1 else f"There are {count} examples"
        yield Found(last or 1, f"{are}, and providers want at least {FEWEST_EXAMPLES}: add {FEWEST_EXAMPLES - count}.")


def mixed_system_prompts(memory: Memory) -> Iterator[Found]:
    """All examples have the same system prompt, or none has one."""
    query = (
        "SELECT count(*), min(line), system FROM examples WHERE conversation IS NOT NULL "
        "GROUP BY system ORDER BY count(*) DESC, min(line)"
    )
    groups = cast("Iterator[tuple[int, int, int]]", memory.rows(query))
    _, usual_line, usual = next(groups, (0, 0, 0))
    common = f"the one of line {usual_line}" if usual else "none"
    for count, line, system in groups:
        has = "another system prompt" if system else "no system prompt"
        examples = "This example has" if count == 1 else f"{count:,} examples, this the first, have"
        yield Found(line, f"{examples} {has}, while most have {common}: give all of them the same.")


def leakage(memory: Memory) -> Iterator[Found]:
    """A model is not tested on what it was taught, word for word or nearly so."""
    query = (
        "SELECT line, number, source FROM exchanges CROSS JOIN held_out USING (question) "
        "CROSS JOIN examples USING (example) ORDER BY example, number"
    )
    for line, number, source in cast("Iterator[tuple[int, int, str]]", memory.rows(query)):
        yield Found(line, f"Question {number} stands in {source} too, which would test what was taught: take it out.")
    for line, number, source in resembling(memory):
        yield Found(
            line,
            f"Question {number} is nearly the same as one in {source}, which would test what was taught: ask something "
            "else, or take it out.",
        )
