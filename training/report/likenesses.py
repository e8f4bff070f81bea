"""Rules against repetition and leakage: how alike questions and answers may be."""

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from training.likeness import alike, nearest
from training.report.company import Answer, Company, Question
from training.report.problem import Problem
from training.topic.material import CALIBRATION, MEASURED

QUESTIONS_ALIKE = 0.75
ANSWERS_ALIKE, ANSWER_PAIRS = 0.8, 0.02  # at most this share of the pairs of answers may be more alike
OPENINGS, OPENING_WORDS = 0.04, 3  # at most this share of the questions may begin with the same words
LEAKAGE = 0.7
NEXT_ANSWER_ALIKE = 0.6
# A file with fewer questions says nothing about habits.
_FEWEST_QUESTIONS = 50
_WORD = re.compile(r"\w+")


class Close(NamedTuple):
    """Two questions, or two answers, and how alike they are, 0 to 1."""

    first: Question | Answer
    second: Question | Answer
    likeness: float


def opening(text: str) -> str:
    """Return the first three words of a text."""
    return " ".join(text.lower().split()[:OPENING_WORDS])


def questions_differ(company: Company) -> Iterator[Problem]:
    """No two questions of all examples, and none of all scenarios, are nearly the same; no topic is there twice."""
    examples = [question for file in company.examples for question in company.questions[file]]
    for questions in (examples, company.questions["scenarios"]):
        for first, second, likeness in alike_questions(questions, QUESTIONS_ALIKE):
            text = f"{first.compared!r} and {second.compared!r} ({second.place}) are {likeness:.2f} alike; ask anew"
            yield Problem(first.place, "repeated-question", text)
    seen: dict[tuple[str, ...], Question] = {}
    for topic in company.questions["topics"]:
        if (first := seen.setdefault(tuple(_WORD.findall(topic.compared.casefold())), topic)) is not topic:
            text = f"{topic.compared!r} is there already ({first.place}); leave one out"
            yield Problem(topic.place, "repeated-question", text)


def answers_differ(company: Company) -> Iterator[Problem]:
    """Hardly any two answers are nearly the same."""
    close = alike_answers(company.answers, ANSWERS_ALIKE)
    allowed = ANSWER_PAIRS * len(company.answers) * (len(company.answers) - 1) / 2
    if len(close) > allowed:
        text = f"{len(close)} pairs of answers are more than {ANSWERS_ALIKE} alike; at most {allowed:.0f} may be"
        yield Problem(close[0].first.place, "repeated-answer", text)


def questions_open_variously(company: Company) -> Iterator[Problem]:
    """No file's questions begin with the same words all the time."""
    for file, questions in company.questions.items():
        if file in {CALIBRATION, MEASURED}:
            # What customers say in fact is not to be varied.
            continue
        for words, count in Counter(opening(question.text) for question in questions).items():
            if len(questions) >= _FEWEST_QUESTIONS and count > OPENINGS * len(questions):
                text = f"{count} of {len(questions)} questions begin with {words!r}; begin some in other words"
                yield Problem(file, "same-opening", text)


def nothing_leaks(company: Company) -> Iterator[Problem]:
    """No held-out question is near to one that is trained on, and none that is measured with to one of calibration."""
    asked = company.questions
    found = [
        *leaks(company.held_out_questions, company.training_questions, LEAKAGE),
        *leaks(asked[MEASURED], asked[CALIBRATION], LEAKAGE),
    ]
    for held_out, trained, likeness in found:
        text = f"{held_out.compared!r} is {likeness:.2f} like {trained.compared!r} ({trained.place}); ask another thing"
        yield Problem(held_out.place, "leakage", text)


def alike_questions(questions: Sequence[Question], above: float) -> list[Close]:
    """Return every two questions that are more alike than `above`, the closest first."""
    found: list[Close] = []
    for group in _whole_and_fragments(questions):
        pairs = alike([question.compared for question in group], above)
        found.extend(Close(group[pair.first], group[pair.second], pair.likeness) for pair in pairs)
    return sorted(found, key=lambda close: -close.likeness)


def alike_answers(answers: Sequence[Answer], above: float) -> list[Close]:
    """Return every two answers that are more alike than `above`, the closest first."""
    pairs = alike([answer.text for answer in answers], above)
    return [Close(answers[pair.first], answers[pair.second], pair.likeness) for pair in pairs]


def leaks(held_out: Sequence[Question], trained: Sequence[Question], above: float) -> list[Close]:
    """Return each held-out question that is near to a training question, and that one, the closest first."""
    found: list[Close] = []
    for ours, theirs in zip(_whole_and_fragments(held_out), _whole_and_fragments(trained), strict=True):
        pairs = nearest([question.compared for question in ours], [question.compared for question in theirs], above)
        found.extend(Close(ours[pair.first], theirs[pair.second], pair.likeness) for pair in pairs)
    return sorted(found, key=lambda close: -close.likeness)


def _whole_and_fragments(questions: Sequence[Question]) -> tuple[list[Question], list[Question]]:
    """Part the fragments, which carry the message before, from the others: they would be like that message."""
    return [q for q in questions if not q.fragment], [q for q in questions if q.fragment]


def answers_vary(company: Company) -> Iterator[Problem]:
    """Two answers of one category that follow each other do not sound the same, refusals least of all."""
    by_category: dict[str, list[Answer]] = {}
    for answer in company.answers:
        by_category.setdefault(answer.category, []).append(answer)
    for answers in by_category.values():
        followed = set(itertools.pairwise(answers))
        for before, after, likeness in alike_answers(answers, NEXT_ANSWER_ALIKE):
            if (before, after) in followed:
                text = (
                    f"{after.compared!r} is {likeness:.2f} like the answer before it ({before.place}); say it otherwise"
                )
                yield Problem(after.place, "same-answer-twice", text)


LIKENESS_RULES = (questions_differ, answers_differ, questions_open_variously, nothing_leaks, answers_vary)
