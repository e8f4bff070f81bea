"""Which columns of a table hold the question and the answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from training.formats.shapes import KEPT

# Names that belong together, the usual ones first.
_PAIRS = (
    ("question", "answer"),
    ("questions", "answers"),
    ("prompt", "completion"),
    ("instruction", "output"),
    ("q", "a"),
    ("user", "assistant"),
    ("input", "output"),
    ("prompt", "response"),
    ("instruction", "response"),
    ("query", "response"),
    ("human", "assistant"),
    ("human", "gpt"),
    ("customer", "agent"),
    ("customer", "sarah"),
)
_QUESTIONS = frozenset(question for question, _ in _PAIRS)
_ANSWERS = frozenset(answer for _, answer in _PAIRS) | {"reply"}
_SYSTEMS = ("system", "system_prompt", "system_message")
WANTED = "question and answer (or prompt and completion, instruction and output, user and assistant)"
_SHOWN = 8
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Columns:
    """Where what is said stands in a row, by position; -1 for what is not there."""

    question: int
    answer: int
    more: int
    """What is added to the question: the "input" of an instruction."""
    system: int
    kept: tuple[tuple[str, int], ...]

    def example(self, question: object, answer: object, cells: Sequence[object]) -> dict[str, object]:
        """Return one row in Alpaca's shape, with what is said in it and what stays beside it."""
        fields: dict[str, object] = {"instruction": question, "output": answer}
        if self.more >= 0:
            fields["input"] = cells[self.more]
        if self.system >= 0:
            fields["system"] = cells[self.system]
        return fields | {name: cells[at] for name, at in self.kept if cells[at]}


def recognised(names: Sequence[str]) -> Columns | None:
    """Return where the columns stand, None when there is no question or no answer, or either is there twice."""
    plain = [name.strip().casefold().replace(" ", "_").replace("-", "_") for name in names]
    pair = next((pair for pair in _PAIRS if pair[0] in plain and pair[1] in plain), None) or _only_pair(plain)
    if pair is None or len(set(plain)) < len(plain):
        return None
    return Columns(
        question=plain.index(pair[0]),
        answer=plain.index(pair[1]),
        more=plain.index("input") if pair[0] == "instruction" and "input" in plain else -1,
        system=next((plain.index(name) for name in _SYSTEMS if name in plain), -1),
        kept=tuple((name, plain.index(name)) for name in KEPT if name in plain),
    )


def found(names: Sequence[str]) -> str:
    """Return the names of columns for a sentence, shortened: in a table without names they are somebody's text."""
    shown = ", ".join(repr(name[:_LONGEST]) for name in names[:_SHOWN])
    return f"{shown}, ..." if len(names) > _SHOWN else shown or "(none)"


def _only_pair(plain: Sequence[str]) -> tuple[str, str] | None:
    questions = [name for name in plain if name in _QUESTIONS]
    answers = [name for name in plain if name in _ANSWERS]
    return (questions[0], answers[0]) if len(questions) == len(answers) == 1 else None
