"""The answers stay at least as good as they were measured; `python -m tests.quality` prints the figures."""

import pytest

from bot.guard import TopicGuard
from bot.models import Prompt
from bot.models.embedded import Embedded
from bot.persona import read_persona
from tests.kit import DATA, OTHER_DATA, knowledge
from tests.quality.measure import HERE, Case, judged, read_cases, read_off_topic, refused
from training.topic import read_topic_model

CASES = read_cases(HERE / "questions.jsonl")


def test_most_questions_of_customers_are_answered_rightly_and_few_wrongly() -> None:
    counts = judged(CASES, knowledge(), read_persona(DATA))
    assert counts["right"] >= 106
    assert counts["wrong"] <= 9


def test_most_follow_ups_are_understood_with_the_turn_before() -> None:
    follow_ups = read_cases(HERE / "follow_ups.jsonl")
    assert judged(follow_ups, knowledge(), read_persona(DATA))["right"] >= 19
    alone = [Case(case.question, "", case.answer) for case in follow_ups]
    assert judged(alone, knowledge(), read_persona(DATA))["right"] <= 14


@pytest.mark.parametrize(
    ("danger", "advice"),
    [
        ("somebody is breaking into my house", "911"),
        ("there is a burglar downstairs", "911"),
        ("I smell gas", "leave at once"),
        ("the smoke alarm is going off", "leave the building now"),
    ],
)
def test_a_customer_in_danger_is_told_what_to_do_first(danger: str, advice: str) -> None:
    passages = knowledge().passages(danger, "", 4)
    assert advice in Embedded(knowledge()).reply(Prompt(read_persona(DATA), passages, (), danger))


def test_most_questions_that_the_handbook_does_not_answer_get_a_plain_i_do_not_know() -> None:
    counts = judged(CASES, knowledge(), read_persona(DATA))
    assert counts["rightly unknown"] >= 14


async def test_hardly_any_customer_is_refused_and_most_of_the_rest_is() -> None:
    guard = TopicGuard(read_topic_model(DATA))
    passed = [text for text in read_off_topic() if await guard.subject(text, None) != "off"]
    assert len(await refused(CASES, guard)) <= 4
    # Five other companies' and other rooms' questions that use our words: they are answered with care.
    assert len(passed) <= 5


def test_another_company_is_answered_for_with_the_same_thresholds() -> None:
    cases = read_cases(HERE / "brightwater.jsonl")
    counts = judged(cases, knowledge(OTHER_DATA), read_persona(OTHER_DATA))
    assert counts["right"] >= len(cases) - 4
    assert counts["wrong"] <= 3
