"""Every rule finds what it is there for, at its line, and is silent on what only looks like it."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from tests.kit import DATA, OTHER_DATA
from training.checks import Checker, Expectations, Problem, scenario_questions
from training.checks.rules import FILE_RULES, RULES
from training.entries import Entry
from training.examples import DataError

Messages = list[dict[str, object]]

NAMED = """
hub lamp lock camera doorbell thermostat sensor shade plug alarm sprinkler meter button routine scene invoice refund
parcel account password
"""
TOPICS = NAMED.split()


def said(*texts: str) -> Messages:
    """Return a conversation: the customer and the assistant by turns."""
    return [{"role": ("user", "assistant")[turn % 2], "content": text} for turn, text in enumerate(texts)]


def good(number: int) -> Messages:
    """Return an example like no other one."""
    topic, other = TOPICS[number % len(TOPICS)], TOPICS[(number * 7 + number // len(TOPICS) + 3) % len(TOPICS)]
    question = f"Case {number}: why does my {topic} ignore the {other} after {number * 37 % 991} {other}{number} tries?"
    return said(question, f"Look at {topic} page {number * 53 % 887}, then teach the {other} step {number} anew.")


FILLING = [good(number) for number in range(12)]


def checked(
    examples: Iterable[object], expectations: Expectations | None = None, tokens: int = 10
) -> tuple[list[Problem], Checker]:
    """Return the problems of some examples, of which the first stands on line 1."""
    with Checker(expectations or Expectations(limit_tokens=100, model="some-model")) as checker:
        for line, value in enumerate(examples, 1):
            held = {"messages": cast("list[object]", value)} if isinstance(value, list) else value
            checker.see(replace(value, line=line) if isinstance(value, Entry) else Entry(line, held), tokens)
        checker.finish()
        return list(checker.problems()), checker


def found(messages: object, *others: object) -> list[tuple[int, str]]:
    """Return (line, rule) of what is wrong with an example, and others, that stand after twelve good ones."""
    problems, _ = checked([*FILLING, messages, *others])
    return [(problem.line, problem.rule) for problem in problems]


LINE = len(FILLING) + 1
GOOD = said("Does the blue box need rain?", "No, it drinks from the roof.")

FIRES: dict[str, object] = {
    "not_json": Entry(1, None, unread="is not JSON at character 1: write one JSON object a line"),
    "data_type": "not an object",
    "missing_messages_list": {"messages": []},
    "message_missing_key": [{"role": "user"}, *GOOD],
    "message_unrecognized_key": [GOOD[0], {**GOOD[1], "mood": "good"}],
    "unrecognized_role": [{"role": "robot", "content": "Beep"}, *GOOD],
    "missing_content": [GOOD[0], {"role": "assistant", "content": None}],
    "example_missing_assistant_message": [GOOD[0]],
    "weight_not_on_assistant": [{**GOOD[0], "weight": 1}, GOOD[1]],
    "weight_not_0_or_1": [GOOD[0], {**GOOD[1], "weight": 0.5}],
    "last_message_not_assistant": [*GOOD, {"role": "user", "content": "Thanks a lot for that"}],
    "personal_data": said("Write to jane.roe@gmail.com about the blue box", "I will not, but you can."),
    "invisible_characters": said("Does the blue\u200b box need rain?", "No."),
    "mojibake": said("Does the blue box donâ€™t need rain?", "No."),
    "duplicate": FILLING[0],
    "mixed_system_prompts": [{"role": "system", "content": "You are Ann."}, *GOOD],
}
SILENT: dict[str, object] = {
    "message_unrecognized_key": [{**GOOD[0], "name": "ann"}, {**GOOD[1], "function_call": {"name": "f"}}],
    "missing_content": [GOOD[0], {"role": "assistant", "content": "", "function_call": {"name": "f"}}],
    "unrecognized_role": [GOOD[0], {"role": "function", "content": "4", "name": "f"}, GOOD[1]],
    "weight_not_on_assistant": [GOOD[0], {**GOOD[1], "weight": 0}],
    "weight_not_0_or_1": [GOOD[0], {**GOOD[1], "weight": 1}],
    "last_message_not_assistant": GOOD,
    "duplicate": said("Does the blue box need snow?", "It does not, it drinks from a well in the yard."),
    "personal_data": said("Write to the people at example.com about order 4412345678", "I will not."),
    "invisible_characters": said("👩‍👧 می‌خواهم ❤️ 🏳️‍🌈 क्‍ष 🏴󠁧󠁢󠁳󠁣󠁴󠁿\ttab\r\n", "No."),
    "mojibake": said("Größe, naïve café, «à côté», ¿Qué?, Ærø, 20 °C, 50 €", "Люблю дождь, 分かりません, لا أعرف."),
}


@pytest.mark.parametrize("rule", FIRES)
def test_a_rule_finds_what_it_is_there_for_at_its_line(rule: str) -> None:
    assert (LINE, rule) in found(FIRES[rule])


@pytest.mark.parametrize("rule", SILENT)
def test_a_rule_is_silent_on_what_only_looks_like_it(rule: str) -> None:
    assert found(SILENT[rule]) == []


def test_a_line_that_is_no_json_is_that_and_nothing_else() -> None:
    assert found(FIRES["not_json"]) == [(LINE, "not_json")]


def test_good_examples_have_no_problem() -> None:
    assert found(GOOD) == []


def test_every_rule_has_a_case_that_it_finds() -> None:
    apart = {"too_long", "too_few_examples", "near_duplicate", "conflicting_answers", "leakage", "label_suspicion"}
    # Its cases stand with the other tests of preferences.
    apart.add("bad_preference")
    assert {rule.name for rule in (*RULES, *FILE_RULES)} == {*FIRES, *apart}


@pytest.mark.parametrize(("tokens", "fires"), [(100, False), (101, True)])
def test_an_example_is_too_long_from_one_token_above_the_limit(tokens: int, *, fires: bool) -> None:
    problems, _ = checked(FILLING, tokens=tokens)
    assert [problem.rule for problem in problems] == ["too_long"] * len(FILLING) * fires
    assert all("some-model" in problem.text for problem in problems)


@pytest.mark.parametrize(("count", "fires"), [(0, True), (1, True), (9, True), (10, False)])
def test_ten_examples_are_enough(count: int, *, fires: bool) -> None:
    problems, checker = checked(FILLING[:count])
    assert [problem.rule for problem in problems] == ["too_few_examples"] * fires
    assert checker.examples == count
    assert checker.has_errors == fires


@pytest.mark.parametrize("weight", [None, True, 0.0, 2, -1, "1", [], {}])
def test_a_weight_is_the_number_0_or_1(weight: object) -> None:
    assert found([GOOD[0], {**GOOD[1], "weight": weight}]) == [(LINE, "weight_not_0_or_1")]


def test_only_a_warning_keeps_no_file_back() -> None:
    _, checker = checked([*FILLING, FILLING[0]])
    assert checker.counts == {"duplicate": 1}
    assert not checker.has_errors


def test_every_problem_is_reported_with_its_line_in_the_order_of_lines() -> None:
    bad = [{"role": "robot", "content": "x", "mood": 1}, {"role": "user", "content": ""}]
    problems, checker = checked([bad] * 2_500)
    assert [problem.line for problem in problems] == sorted(problem.line for problem in problems)
    lines = list(range(1, 2_501))
    for rule in ("unrecognized_role", "message_unrecognized_key", "missing_content", "last_message_not_assistant"):
        assert [problem.line for problem in problems if problem.rule == rule] == lines
        assert checker.counts[rule] == len(lines)
    assert checker.counts["duplicate"] == len(lines) - 1
    assert Counter(problem.rule for problem in problems) == checker.counts


def test_problems_can_be_read_twice_and_before_the_end() -> None:
    with Checker(Expectations(1, "m")) as checker:
        checker.see(Entry(1, 5), 2)
        assert [problem.rule for problem in checker.problems()] == ["data_type", "too_long"]
        checker.finish()
        assert list(checker.problems()) == list(checker.problems())


def test_every_problem_is_one_sentence_that_says_what_to_do() -> None:
    problems, _ = checked([*FIRES.values(), *FILLING])
    assert {problem.rule for problem in problems} >= set(FIRES) - {"duplicate"}
    for problem in problems:
        assert problem.text.endswith(".")
        assert "\n" not in problem.text
        assert len(problem.text) < 250


def test_the_line_is_the_entrys_own() -> None:
    with Checker(Expectations(1, "m")) as checker:
        checker.see(Entry(4711, 5), 1)
        assert [problem.line for problem in checker.problems()] == [4711]


@pytest.mark.parametrize(
    "files",
    [
        [DATA / "examples" / "round1.jsonl"],
        [DATA / "examples" / "round2.jsonl"],
        [DATA / "examples" / "round1.jsonl", DATA / "examples" / "round2.jsonl"],
        [OTHER_DATA / "examples" / "round1.jsonl"],
    ],
    ids=lambda files: "+".join(path.stem for path in files),
)
def test_the_examples_that_come_with_the_product_have_no_problem(files: Sequence[Path]) -> None:
    values = [json.loads(line) for path in files for line in path.read_text("utf-8").splitlines()]
    questions = scenario_questions(files[0].parents[1] / "scenarios")
    assert checked(values, Expectations(100, "m", questions))[0] == []


def with_system(*prompts: str | None) -> list[object]:
    """Return good examples with these system prompts, or none."""
    systems: list[Messages] = [[{"role": "system", "content": prompt}] if prompt else [] for prompt in prompts]
    return [[*system, *good(number)] for number, system in enumerate(systems)]


@pytest.mark.parametrize(
    ("prompts", "lines"),
    [
        (["A"] * 12, []),
        ([None] * 12, []),
        (["A"] * 11 + ["B"], [12]),
        (["A"] * 6 + [None] * 5, [7]),
        (["A", "B", None, *(["B"] * 9)], [1, 3]),
    ],
)
def test_all_examples_have_one_system_prompt_or_none(prompts: list[str | None], lines: list[int]) -> None:
    problems, _ = checked(with_system(*prompts))
    assert [(problem.line, problem.rule) for problem in problems] == [(line, "mixed_system_prompts") for line in lines]


REFUSALS = [
    "I'm sorry, I can't help with cooking recipes.",
    "Tax advice isn't something I can help with. Ask an accountant.",
    "Sorry, I can\u2019t talk about politics here.",
]


def company_file(*examples: Messages) -> list[object]:
    """Return examples of a company that answers about hubs and locks, and some others."""
    answers = [
        said(f"The hub and lock of room {n} lost the battery?", f"Reset the hub, charge the lock's battery, see {n}.")
        for n in range(1000, 9000, 613)
    ]
    return [*answers, *examples]


def suspicious(*examples: Messages) -> list[int]:
    problems, _ = checked(company_file(*examples))
    return [problem.line for problem in problems if problem.rule == "label_suspicion"]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_an_answer_is_suspicious_that_refuses_a_topic_nobody_raised(refusal: str) -> None:
    assert suspicious(said("How do I reset the hub when the lock has no battery?", refusal)) == [
        len(company_file()) + 1
    ]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_of_what_the_company_never_answers_is_not_suspicious(refusal: str) -> None:
    assert suspicious(said("Whom should I vote for, and may I deduct my soup from taxes?", refusal)) == []


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Reset the hub, and tell me two cooking recipes for the lock battery", "I can't help with recipes."),
        ("How do I reset the hub, and its lock battery?", "Hold the button. I can't help with recipes."),
        ("How do I reset the hub, and its lock battery?", "Call a locksmith about the lock, and charge the hub."),
    ],
)
def test_an_answer_that_helps_or_refuses_what_was_asked_is_not_suspicious(question: str, answer: str) -> None:
    assert suspicious(said(question, answer)) == []


def test_a_refusal_without_a_topic_is_suspicious_where_others_are_answered() -> None:
    question = "Does the lock of the hub need a battery?"
    assert suspicious(said(question, "Sorry, I can only help with hubs.")) == [len(company_file()) + 1]


PLAIN = [said(f"What is question {n}?", f"This is answer {n}.") for n in range(11)]
RESET = "How do I reset my thermostat?"


def suspected(question: str, refusal: str) -> bool:
    """Return whether a refusal is suspected in a small file that tells nothing of the company."""
    problems, _ = checked([*PLAIN, said(question, refusal)])
    assert {(problem.line, problem.rule) for problem in problems} <= {(len(PLAIN) + 1, "label_suspicion")}
    return bool(problems)


@pytest.mark.parametrize(
    "refusal",
    [
        "I'm sorry, but I can't help with politics.",
        "I'm not able to give legal advice.",
        "I cannot discuss competitors' products.",
        "I can only help with smart-home questions.",
    ],
)
def test_a_plain_question_that_is_refused_is_suspicious_in_a_small_file_too(refusal: str) -> None:
    assert suspected(RESET, refusal)


@pytest.mark.parametrize(
    ("question", "refusal"),
    [
        ("Who should I vote for?", "I'm sorry, but I can't help with politics."),
        ("Can you give me legal advice?", "I'm not able to give legal advice."),
        ("May I sue my landlord over the thermostat?", "I'm not able to give legal advice."),
        ("Is the Nest thermostat better?", "I cannot discuss competitors' products."),
        ("Which horse will win on Sunday?", "I can only help with smart-home questions."),
        ("Can I have my money back for the order?", "We can't help with refunds here. Write to our shop."),
    ],
)
def test_a_refusal_of_what_was_raised_in_other_words_is_not_suspicious(question: str, refusal: str) -> None:
    assert not suspected(question, refusal)


def test_a_full_disk_is_told_in_one_sentence() -> None:
    with Checker(Expectations(1, "m")) as checker:
        limit(checker)
        with pytest.raises(DataError, match=r"could not keep their notes in .* TMPDIR"):  # noqa: PT012 whichever call comes to the end of the disk
            for line in range(200_000):
                checker.see(Entry(line, 5), 2)
            checker.finish()


def limit(checker: Checker) -> None:
    """Give the checker's memory a disk of 100 pages."""
    memory = checker._memory  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] only a real database can be full
    memory._database.execute("PRAGMA max_page_count = 100")  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
