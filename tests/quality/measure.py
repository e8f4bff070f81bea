"""Asking the embedded model and the guard what customers ask, and judging what they say."""

import json
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.conversation import PastTurn
from bot.guard import Guard
from bot.models import Prompt
from bot.models.embedded import Embedded
from bot.persona import Persona
from training.knowledge import Knowledge

HERE = Path(__file__).parent
PASSAGES = 4


@dataclass(frozen=True, slots=True)
class Case:
    """A question, the one before it or "", and a pattern of the right answer; "" where the handbook has none."""

    question: str
    before: str
    answer: str


def read_cases(path: Path) -> list[Case]:
    """Read the questions of a file."""
    rows = (json.loads(line) for line in path.read_text("utf-8").splitlines())
    return [Case(row["question"], row.get("before", ""), row["answer"] or "") for row in rows]


def read_off_topic() -> list[str]:
    """Read messages that are none of the company's business."""
    return (HERE / "off_topic.txt").read_text("utf-8").splitlines()


def judged(cases: Sequence[Case], knowledge: Knowledge, persona: Persona) -> Counter[str]:
    """Count the answers that are right, wrong, or a plain "I don't know", where there is an answer and where not."""
    model = Embedded(knowledge)
    counts: Counter[str] = Counter()
    for case in cases:
        history = _history(case)
        passages = knowledge.passages(case.question, case.before, PASSAGES)
        said = model.reply(Prompt(persona, passages, history, case.question))
        counts[_verdict(case, said, persona)] += 1
    return counts


def _verdict(case: Case, said: str, persona: Persona) -> str:
    unknown = any(sentence in said for sentence in persona.unknown)
    if not case.answer:
        return "rightly unknown" if unknown else "wrongly answered"
    if re.search(case.answer, said, re.IGNORECASE):
        return "right"
    return "unknown" if unknown else "wrong"


async def refused(cases: Sequence[Case], guard: Guard) -> list[str]:
    """Return the questions that the guard does not let through."""
    subjects = [await guard.subject(case.question, next(iter(_history(case)), None)) for case in cases]
    return [case.question for case, subject in zip(cases, subjects, strict=True) if subject == "off"]


async def milliseconds(cases: Sequence[Case], knowledge: Knowledge, guard: Guard) -> list[float]:
    """Return how long the guard and the search take for each question."""
    took: list[float] = []
    for case in cases:
        began = time.perf_counter()
        await guard.subject(case.question, None)
        knowledge.passages(case.question, case.before, PASSAGES)
        took.append((time.perf_counter() - began) * 1000)
    return took


def _history(case: Case) -> tuple[PastTurn, ...]:
    return (PastTurn(1, case.before, "…"),) if case.before else ()
