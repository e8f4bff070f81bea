"""Questions that are kept apart to test with, and so must not be learned."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from training.checks.memory import Memory
from training.checks.plain import plain, tells_enough
from training.checks.problem import Expectations
from training.checks.resemblance import note_apart
from training.evaluation.scenarios import read_scenarios


def scenario_questions(folder: Path) -> Mapping[str, str]:
    """Return what the customers of a folder's scenarios ask, each with its file and the scenario's id.

    Generic follow-ups such as `and then?` are left out. Raises DataError naming the file and line, and OSError.
    """
    asked: dict[str, str] = {}
    for path in sorted(folder.glob("*.jsonl")):
        for scenario in read_scenarios(path):
            for question in telling(turn.user for turn in scenario.turns):
                asked.setdefault(question, f"{path.name}, {scenario.id}")
    return asked


def telling(questions: Iterable[str]) -> Iterator[str]:
    """Yield the questions of a conversation that mean something on their own: the first, and those of four words."""
    for number, question in enumerate(questions):
        if not number or tells_enough(plain(question)):
            yield question


def note_held_out(memory: Memory, expectations: Expectations) -> None:
    """Remember what must not be learned; raises DataError when the validation file cannot be read."""
    for question, place in expectations.scenario_questions.items():
        note_apart(memory, question, f"an evaluation scenario ({place})")
    if expectations.validation:
        # Its libraries are needed only where there is such a file.
        from training.formats import Reader  # noqa: PLC0415

        for entry in Reader(expectations.validation):
            for question in telling(entry.said("user")):
                note_apart(memory, question, f"the validation file (line {entry.line})")
