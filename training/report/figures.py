"""The figures behind the report: how much there is, how long, how alike, how varied."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from training.prose import language_of
from training.report.company import Company, Question
from training.report.likenesses import opening

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long texts are, in words."""

    what: str
    count: int
    least: int
    p10: float
    median: float
    mean: float
    p90: float
    most: int


def lengths(what: str, texts: Iterable[str]) -> Lengths:
    """Return the distribution of the lengths of some texts."""
    words = [len(text.split()) for text in texts] or [0]
    p10, median, p90 = (float(value) for value in np.percentile(words, (10, 50, 90)))
    return Lengths(what, len(words), min(words), p10, median, float(np.mean(words)), p90, max(words))


def all_lengths(company: Company) -> list[Lengths]:
    """Return the lengths of the pages, of the questions of every file, of the answers and of the conversations."""
    conversations = [
        " ".join(message.content for message in example.messages if message.role != "system")
        for _, example, _ in company.each_example()
    ]
    return [
        lengths("pages", (page.body for page in company.pages)),
        *(
            lengths(f"questions of {file}", (q.text for q in questions))
            for file, questions in company.questions.items()
        ),
        lengths("answers", (answer.text for answer in company.answers)),
        lengths("conversations of examples", conversations),
    ]


def openings(questions: Sequence[Question], count: int) -> list[tuple[str, float]]:
    """Return the most common first three words, each with its share of the questions."""
    counted = Counter(opening(question.text) for question in questions)
    return [(words, number / len(questions)) for words, number in counted.most_common(count)]


def vocabulary_growth(questions: Sequence[Question]) -> list[int]:
    """Return how many different words the first quarter, half, three quarters and all of the questions use."""
    seen: set[str] = set()
    sizes: list[int] = []
    quarters = [round(len(questions) * part / 4) for part in (1, 2, 3, 4)]
    for number, question in enumerate(questions, 1):
        seen.update(_WORD.findall(question.text.lower()))
        sizes.extend(len(seen) for quarter in quarters if quarter == number)
    return sizes


def counts(company: Company) -> list[tuple[str, Counter[str]]]:
    """Return how many there are of each category, kind, form, author and language."""
    scenarios = [scenario for _, scenario in company.each_scenario()]
    areas = Counter(topic.kind for topic in company.topics if topic.on_topic)
    kinds = Counter(topic.kind for topic in company.topics if not topic.on_topic)
    return [
        ("examples by category", Counter(f"{origin.file}: {origin.category}" for origin in company.origins)),
        ("examples by author", Counter(origin.author for origin in company.origins)),
        ("answers by language", Counter(language_of(answer.text) or "too short" for answer in company.answers)),
        ("topics by form", Counter(topic.form for topic in company.topics)),
        ("on-topic messages by product area", areas),
        ("off-topic messages by kind", kinds),
        ("topics held out", Counter(topic.kind for topic in company.topics if topic.held_out)),
        ("scenarios by category", Counter(scenario.category for scenario in scenarios)),
        ("scenarios by turns", Counter(f"{len(scenario.turns)} turns" for scenario in scenarios)),
        ("critical scenarios", Counter(scenario.category for scenario in scenarios if scenario.critical)),
    ]
