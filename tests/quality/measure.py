"""Asking the embedded model and the guard what customers ask, and judging what they say."""

import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.conversation import PastTurn
from bot.guard import Guard
from bot.models import Prompt
from bot.models.embedded import Embedded
from bot.persona import Persona
from training.knowledge import Knowledge
from training.topic import Topic

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


def through(topics: Iterable[Topic], guard: Guard) -> dict[tuple[str, bool], list[bool]]:
    """Return for each form and wanted verdict whether the guard lets its topics through, of those that it never saw."""
    verdicts: defaultdict[tuple[str, bool], list[bool]] = defaultdict(list)
    for topic in topics:
        if topic.held_out or not topic.whole:
            before = (
                PastTurn(1, topic.previous, "\u2026", guard.on_topic(topic.previous, None)) if topic.previous else None
            )
            verdicts[topic.form, topic.on_topic].append(guard.on_topic(topic.text, before))
    return verdicts


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


def refused(cases: Sequence[Case], guard: Guard) -> list[str]:
    """Return the questions that the guard does not let through."""
    return [case.question for case in cases if not guard.on_topic(case.question, next(iter(_history(case)), None))]


def milliseconds(cases: Sequence[Case], knowledge: Knowledge, guard: Guard) -> list[float]:
    """Return how long the guard and the search take for each question."""
    took: list[float] = []
    for case in cases:
        began = time.perf_counter()
        guard.on_topic(case.question, None)
        knowledge.passages(case.question, case.before, PASSAGES)
        took.append((time.perf_counter() - began) * 1000)
    return took


def _history(case: Case) -> tuple[PastTurn, ...]:
    return (PastTurn(1, case.before, "…"),) if case.before else ()
