"""Which messages need the one before them."""

import time

import pytest

from training.follow_ups import is_fragment, leans_on_context, names_nothing


@pytest.mark.parametrize(
    "text", ["and for two floors?", "why?", "yes", "what about the other one", "and then?", "it still does"]
)
def test_a_follow_up_leans_on_what_was_said(text: str) -> None:
    assert leans_on_context(text)


@pytest.mark.parametrize("text", ["How do I reset the hub?", "Write me a long poem about pirates and gold and the sea"])
def test_a_whole_question_does_not(text: str) -> None:
    assert not leans_on_context(text)


@pytest.mark.parametrize("text", ["and for two floors?", "what about the lock?", "but if it rains", "ok and my dog?"])
def test_a_part_of_a_sentence_is_told_from(text: str) -> None:
    assert is_fragment(text)


@pytest.mark.parametrize("text", ["and who wrote the iliad?", "ok write me a poem", "for two floors", "why?", ""])
def test_a_sentence_that_only_begins_with_and_is_none(text: str) -> None:
    assert not is_fragment(text)


@pytest.mark.parametrize("text", ["why?", "and how much?", "yes", "ok", "and then?", "what about the other one", ""])
def test_a_message_without_a_subject_names_nothing(text: str) -> None:
    assert names_nothing(text)


@pytest.mark.parametrize("text", ["my hub", "and for two floors?", "reset"])
def test_a_message_with_a_subject_names_something(text: str) -> None:
    assert not names_nothing(text)


@pytest.mark.parametrize("text", ["and " * 1000, "ok" * 2000, "what if " * 500, "and, " * 800 + "x"])
def test_a_hostile_text_is_read_in_a_blink(text: str) -> None:
    began = time.process_time()
    is_fragment(text)
    leans_on_context(text)
    assert time.process_time() - began < 0.5
