"""Texts are found by their words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.retrieval import Index
from training.words import Words

TEXTS = ["The hub has a ring that blinks amber.", "The lock has a keypad.", "A thermostat needs a wire."]


@pytest.fixture(scope="module")
def index() -> Index:
    return Index(TEXTS, Words())


def best(index: Index, query: str) -> int:
    return int(index.scores(index.asked(query)).argmax())


@pytest.mark.parametrize(("query", "place"), [("amber ring", 0), ("my keypad", 1), ("wires of the thermostat", 2)])
def test_the_text_that_shares_the_telling_words_comes_first(index: Index, query: str, place: int) -> None:
    assert best(index, query) == place


@pytest.mark.parametrize("query", ["thermstat", "thermostatt", "themostat", "hte thermotsat"])
def test_a_slip_of_the_finger_is_forgiven(index: Index, query: str) -> None:
    assert best(index, query) == 2
    assert index.scores(index.asked(query)).max() > 0


def test_another_word_is_not_taken_for_a_misspelt_one(index: Index) -> None:
    assert not index.asked("thermal keyboards").known


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_wholly_like_itself(index: Index, text: str) -> None:
    likeness = index.likeness(index.asked(text))
    assert likeness.max() == pytest.approx(1.0)
    assert TEXTS[int(likeness.argmax())] == text


def test_a_text_covers_less_of_a_question_with_foreign_subjects(index: Index) -> None:
    known, half = index.coverage(index.asked("amber ring")), index.coverage(index.asked("amber ring elephant"))
    assert known[0] == pytest.approx(1.0)
    assert 0 < half[0] < 1


def test_a_word_that_only_asks_counts_for_little(index: Index) -> None:
    assert index.coverage(index.asked("where amber ring"))[0] == pytest.approx(1.0)
    texts = [*TEXTS, "Where the box is kept."]
    asking = Index(texts, Words())
    assert asking.coverage(asking.asked("where amber ring"))[0] > 0.8


@given(st.text(max_size=200))
def test_any_query_gets_shares_between_0_and_1(query: str) -> None:
    index = Index(TEXTS, Words())
    asked = index.asked(query)
    for shares in (index.coverage(asked), index.likeness(asked)):
        assert len(shares) == len(TEXTS)
        assert ((shares >= 0) & (shares <= 1 + 1e-9)).all()


@pytest.mark.parametrize("texts", [[], [""], ["the and of"]], ids=["no texts", "an empty text", "only stop words"])
def test_texts_without_a_word_match_nothing(texts: list[str]) -> None:
    index = Index(texts, Words())
    assert not index.scores(index.asked("hub")).any()
    assert not index.likeness(index.asked("hub")).any()
