"""Which columns of a table hold the question and the answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from training.formats.names import SYSTEMS, pair_of, plain
from training.formats.shapes import KEPT

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
    known = [plain(name) for name in names]
    pair = pair_of(known)
    if pair is None or len(set(known)) < len(known):
        return None
    return Columns(
        question=known.index(pair[0]),
        answer=known.index(pair[1]),
        more=known.index("input") if pair[0] == "instruction" and "input" in known else -1,
        system=next((known.index(name) for name in SYSTEMS if name in known), -1),
        kept=tuple((name, known.index(name)) for name in KEPT if name in known),
    )


def found(names: Sequence[str]) -> str:
    """Return the names of columns for a sentence, shortened: in a table without names they are somebody's text."""
    shown = ", ".join(repr(name[:_LONGEST]) for name in names[:_SHOWN])
    return f"{shown}, ..." if len(names) > _SHOWN else shown or "(none)"
