"""Questions that are kept apart to test with, and so must not be learned."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from training.checks.fingerprint import question_hash
from training.checks.memory import Memory
from training.checks.plain import plain, tells_enough
from training.checks.problem import Expectations
from training.evaluation.scenarios import read_scenarios


def scenario_questions(folder: Path) -> frozenset[str]:
    """Return what the customers of a folder's scenarios ask, but for generic follow-ups such as `and then?`.

    Raises DataError naming the file and line, and OSError.
    """
    return frozenset(
        question
        for path in sorted(folder.glob("*.jsonl"))
        for scenario in read_scenarios(path)
        for question in telling(turn.user for turn in scenario.turns)
    )


def telling(questions: Iterable[str]) -> Iterator[str]:
    """Yield the questions of a conversation that mean something on their own: the first, and those of four words."""
    for number, question in enumerate(questions):
        if not number or tells_enough(plain(question)):
            yield question


def note_held_out(memory: Memory, expectations: Expectations) -> None:
    """Remember what must not be learned; raises DataError when the validation file cannot be read."""
    for question in expectations.scenario_questions:
        memory.note("held_out", question_hash(question), "an evaluation scenario")
    if expectations.validation:
        # Its libraries are needed only where there is such a file.
        from training.formats import Reader  # noqa: PLC0415

        for entry in Reader(expectations.validation):
            for question in telling(entry.said("user")):
                memory.note("held_out", question_hash(question), "the validation file")
