"""What is said twice is found once, at the later line; what must not be learned is found wherever it is asked."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit import DATA
from tests.training.test_checks import FILLING, LINE, Messages, checked, found, good, said
from training.checks import Expectations, scenario_questions
from training.checks.plain import PART, pieces, plain, tells_enough
from training.examples import DataError

QUESTION = "How long does the green lamp in the hall stay on after somebody walks past it at night?"
ANSWER = "It stays on for two minutes. Open the app, choose the lamp, and move the slider if that is too short for you."
TALK = said(QUESTION, ANSWER)


@pytest.mark.parametrize(
    "again",
    [
        TALK,
        said(QUESTION.upper(), ANSWER),
        said(QUESTION.replace("?", "!!"), f"  {ANSWER}\n"),
        said(QUESTION.replace(" ", "  "), ANSWER.replace(",", " -")),
        said(QUESTION.replace("lamp", "la\u200bmp"), ANSWER.replace(". ", ".\n\n")),
    ],
)
def test_a_conversation_is_a_duplicate_whatever_its_case_spaces_and_punctuation(again: Messages) -> None:
    assert [rule for line, rule in found(TALK, again) if line > LINE and rule != "invisible_characters"] == [
        "duplicate"
    ]


def test_each_duplicate_is_reported_once_and_names_the_first() -> None:
    problems, _ = checked([*FILLING, TALK, TALK, FILLING[3], TALK])
    assert [(problem.line, problem.rule) for problem in problems] == [
        (LINE + 1, "duplicate"),
        (LINE + 2, "duplicate"),
        (LINE + 3, "duplicate"),
    ]
    assert [f"line {line}:" in problem.text for problem, line in zip(problems, (LINE, 4, LINE), strict=True)] == [
        True
    ] * 3


@pytest.mark.parametrize(
    "near",
    [
        said(QUESTION.replace("green", "yellow"), ANSWER),
        said(QUESTION, ANSWER.replace("Open", "Please open")),
        said(QUESTION.replace("How long does", "how long will"), ANSWER.replace(",", "")),
        [{"role": "system", "content": "Be kind."}, *TALK],
        [*TALK, *said("Thanks", "Gladly.")],
    ],
)
def test_a_conversation_with_a_word_changed_is_a_near_duplicate(near: Messages) -> None:
    problems, _ = checked([*FILLING, TALK, near])
    (problem,) = [problem for problem in problems if problem.rule == "near_duplicate"]
    assert problem.line == LINE + 1
    assert f"line {LINE} too" in problem.text
    assert "duplicate" not in {problem.rule for problem in problems}


@pytest.mark.parametrize(
    "other",
    [
        said(QUESTION, "No lamp of ours has a timer, so it burns until a hand turns it off again."),
        said("Which bulbs fit?", "Any bulb with an E26 socket and up to 60 watts fits the green lamp in the hall."),
        good(999),
    ],
)
def test_a_conversation_on_the_same_subject_is_no_near_duplicate(other: Messages) -> None:
    assert "near_duplicate" not in {rule for _, rule in found(TALK, other)}


def test_most_paraphrases_of_real_examples_are_found_each_once() -> None:
    lines = (DATA / "examples" / "round2.jsonl").read_text("utf-8").splitlines()
    originals = [json.loads(line) for line in lines]
    changed = [json.loads(line) for line in lines]
    for value in changed:
        first, *rest = value["messages"][1]["content"].split()
        value["messages"][1]["content"] = " ".join([first, "zebra", *rest])
    _, checker = checked([*originals, *changed])
    assert 0.97 * len(originals) <= checker.counts["near_duplicate"] <= len(originals)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How do I reset device {}?", "Hold the button on device {} for ten seconds."),
        ("What is question {}?", "This is answer {}."),
        ("Question number {}", "Answer number {}"),
    ],
)
def test_conversations_of_other_numbers_are_no_near_duplicates(question: str, answer: str) -> None:
    assert checked([said(question.format(n), answer.format(n)) for n in range(12)])[0] == []


def test_a_number_written_with_other_punctuation_is_the_same_number() -> None:
    one, other = (said(f"{QUESTION} It has {number} lumens", ANSWER) for number in ("1,100", "1100"))
    assert (LINE + 1, "near_duplicate") in found(one, other)


def test_near_duplicates_are_the_same_in_every_run() -> None:
    examples = [said(f"{QUESTION} {chr(97 + number) * 2}", ANSWER) for number in range(26)]
    assert checked(examples)[0] == checked(examples)[0]
    assert [problem.line for problem in checked(examples)[0]] == list(range(2, 27))


def test_one_question_has_one_answer() -> None:
    problems, checker = checked([*FILLING, TALK, said(QUESTION.lower(), "It stays on until morning.")])
    (problem,) = problems
    assert (problem.line, problem.rule, problem.severity) == (LINE + 1, "conflicting_answers", "error")
    assert f"line {LINE}," in problem.text
    assert "Question 1 " in problem.text
    assert checker.has_errors


def test_a_later_question_conflicts_only_where_the_same_was_said_before_it() -> None:
    tail, other = said("And in summer?", "Longer, of course."), said("And in summer?", "It has no seasons.")
    assert (LINE + 1, "conflicting_answers") in found([*TALK, *tail], [*TALK, *other])
    assert found([*TALK, *tail], [*said("Does the boat float?", "It sinks like a stone."), *other]) == []


def test_questions_of_nothing_but_punctuation_are_told_apart() -> None:
    assert found(said("???", "What puzzles you about the boat?"), said("!!!", "Is the tree on fire? Leave.")) == []


@pytest.fixture
def scenarios(tmp_path: Path) -> Path:
    turn = {"reference": "No.", "expect": {"refuses": False}}
    asked = (["Where is my blue kite?", "and how much?", "Can it fly over the wide sea?"], ["hi"])
    rows = [
        {"id": f"s-{number}", "category": "c", "turns": [{"user": question, **turn} for question in questions]}
        for number, questions in enumerate(asked)
    ]
    (tmp_path / "one.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return tmp_path


def leaks(expectations: Expectations, *examples: Messages) -> list[int]:
    problems, _ = checked([*FILLING, *examples], expectations)
    assert {problem.rule for problem in problems} <= {"leakage"}
    return [problem.line for problem in problems]


def test_generic_follow_ups_are_no_questions_of_a_scenario(scenarios: Path) -> None:
    first, second = "one.jsonl, s-0", "one.jsonl, s-1"
    asked = {"Where is my blue kite?": first, "Can it fly over the wide sea?": first, "hi": second}
    assert scenario_questions(scenarios) == asked


def test_a_question_of_a_scenario_is_not_learned(scenarios: Path) -> None:
    expectations = Expectations(100, "m", scenario_questions(scenarios))
    start = said("Is the red kite sold?", "It is, since Monday morning.")
    assert leaks(expectations, said("where is my BLUE kite", "In the tree.")) == [LINE]
    assert leaks(expectations, [*start, *said("Can it fly over the wide sea", "Yes.")]) == [LINE]
    assert leaks(expectations, said("hi", "Hello, what is it?")) == [LINE]
    assert leaks(expectations, [*start, *said("hi", "Hello again.")]) == []
    assert leaks(expectations, [*start, *said("and how much?", "Ten crowns.")]) == []


def test_a_question_of_the_validation_file_is_not_learned(tmp_path: Path) -> None:
    path = tmp_path / "validation.jsonl"
    talk = [*TALK, *said("and how much?", "Ten."), *said("Can it fly over the wide sea?", "No.")]
    path.write_text(json.dumps({"messages": talk}) + "\n", "utf-8")
    expectations = Expectations(100, "m", validation=path)
    start = said("Is the red kite sold?", "It is, since Monday morning.")
    assert leaks(expectations, said(QUESTION, "Until sunrise, when it is dark."), start) == [LINE]
    assert leaks(expectations, [*start, *said("Can it fly over the WIDE sea?", "Yes.")]) == [LINE]
    assert leaks(expectations, [*start, *said("and how much?", "Five.")]) == []


def test_a_validation_file_that_cannot_be_read_is_told_before_anything_is_checked(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"missing\.jsonl"):
        checked([], Expectations(1, "m", validation=tmp_path / "missing.jsonl"))


def test_a_scenario_that_is_none_is_told_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_text('{"id": 5}\n', "utf-8")
    with pytest.raises(DataError, match=r"one\.jsonl, line 1"):
        scenario_questions(tmp_path)


@given(st.text(st.characters(exclude_categories=()), max_size=40), st.integers(0, 80))
def test_a_text_is_made_plain_the_same_in_one_part_or_many(text: str, before: int) -> None:
    long = ("a" * (PART - before)) + text + ", " * 3 + text
    assert "".join(pieces(long)) == plain(long)
    assert plain(long) == plain(plain(long)) == plain(f" {long}.")
    assert "  " not in plain(long)


@pytest.mark.parametrize(
    ("question", "enough"),
    [
        ("and then?", False),
        ("how about the hub", True),
        ("为什么我的灯一直在闪烁", True),
        ("为什么", False),
        ("", False),
    ],
)
def test_a_question_tells_enough_by_its_words(question: str, *, enough: bool) -> None:
    assert tells_enough(plain(question)) == enough
