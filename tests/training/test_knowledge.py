"""A company's handbook and examples are searched."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit import knowledge
from training.examples import DataError, Example, Message
from training.handbook import Passage
from training.knowledge import Knowledge, read_knowledge

HUB = Passage("hub", "Hub", "The ring blinks", "Amber means that there is no internet.")
LOCK = Passage("locks", "Lock", "Batteries", "Four batteries last nine months.")
ASKED = Example(
    (
        Message("system", "You are kind."),
        Message("user", "How do I wire a lamp?"),
        Message("assistant", "One switch."),
        Message("user", "And for two floors?"),
        Message("assistant", "Two switches."),
    )
)


def test_the_nearest_passage_comes_first_with_its_confidence() -> None:
    (first, *_) = Knowledge([HUB, LOCK], []).passages("my ring is amber", "", 2)
    assert first.passage == HUB
    assert first.confidence > 0.8


def test_a_question_about_nothing_in_the_handbook_finds_nothing() -> None:
    assert Knowledge([HUB, LOCK], []).passages("elephants", "", 2) == ()


def test_a_follow_up_is_searched_together_with_what_it_follows() -> None:
    found = Knowledge([HUB, LOCK], []).passages("and how long do they last?", "Which batteries does it take?", 1)
    assert found[0].passage == LOCK


def test_a_question_that_stands_alone_is_searched_alone() -> None:
    found = Knowledge([HUB, LOCK], []).passages("What does an amber ring mean?", "Which batteries does it take?", 1)
    assert found[0].passage == HUB


def test_a_question_of_the_examples_leads_to_the_passage_that_answered_it() -> None:
    other = Passage(
        "misc",
        "Other",
        "Weather",
        "A lamp that stays dark needs another bulb, and a socket that is clean and dry inside.",
    )
    wording = Example(
        (
            Message("user", "it is gloomy here"),
            Message(
                "assistant", "A lamp that stays dark needs another bulb, and a socket that is clean and dry inside."
            ),
        )
    )
    filler = [Passage(f"p{n}", f"Page {n}", f"Heading {n}", f"Something about subject{n}.") for n in range(30)]
    found = Knowledge([HUB, LOCK, other, *filler], [wording]).passages("gloomy", "", 1)
    assert found[0].passage == other


def test_the_answer_of_an_example_is_found_by_its_question() -> None:
    precedent = Knowledge([HUB], [ASKED]).precedent("how do I wire the lamp", "")
    assert precedent
    assert (precedent.answer, precedent.likeness) == ("One switch.", pytest.approx(1.0))


def test_a_follow_up_of_the_examples_counts_only_after_the_same_question() -> None:
    known = Knowledge([HUB], [ASKED])
    after = known.precedent("and for two floors", "How do I wire a lamp?")
    alone = known.precedent("and for two floors", "")
    assert after
    assert alone
    assert after.answer == "Two switches."
    assert after.likeness > alone.likeness


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("the reset fixed it", "I am glad."),
        ("the reset didn't fix it", "I am sorry."),
        ("the reset didn\u2019t fix it", "I am sorry."),
        ("the reset did not fix it", "I am sorry."),
        ("the reset doesnt fix it", "I am sorry."),
        ("what fixed it was the reset I want", "I am glad."),
    ],
)
def test_what_worked_is_no_precedent_for_what_did_not(text: str, answer: str) -> None:
    works = Example((Message("user", "the reset fixed it"), Message("assistant", "I am glad.")))
    fails = Example((Message("user", "the reset could never fix this at all"), Message("assistant", "I am sorry.")))
    found = Knowledge([HUB], [works, fails]).precedent(text, "")
    assert found
    assert found.answer == answer


def test_a_company_without_pages_or_examples_knows_nothing() -> None:
    nothing = Knowledge([], [])
    assert nothing.passages("hub", "", 3) == ()
    assert nothing.precedent("hub", "") is None


@pytest.fixture(scope="module")
def known() -> Knowledge:
    """Read the company once, before any search is timed."""
    return knowledge()


@given(st.text(max_size=300))
def test_any_text_can_be_searched_for(known: Knowledge, text: str) -> None:
    assert all(0 <= found.confidence <= 1 + 1e-9 for found in known.passages(text, text, 3))


@pytest.mark.parametrize(
    "text", ["a" * 4000, "🔥" * 4000, "hub " * 1000, "zx" * 2000, " ".join(f"wrd{n}" for n in range(700))]
)
def test_a_hostile_text_takes_no_longer_than_a_blink(text: str) -> None:
    known = knowledge()
    began = time.process_time()
    known.passages(text, text, 4)
    known.precedent(text, text)
    assert time.process_time() - began < 0.5


def test_a_folder_without_a_handbook_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no handbook page"):
        read_knowledge(tmp_path)
