"""Texts become words."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.examples import DataError
from training.words import Words, read_words, stem


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("flickering", "flickers"),
        ("batteries", "battery"),
        ("stopped", "stop"),
        ("resetting", "reset"),
        ("hub's", "hubs"),
    ],
)
def test_a_word_is_the_same_with_other_endings(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@pytest.mark.parametrize("text", ["ZN-101", "zn 101", "zn101", "What does ZN-101 mean?"])
def test_an_error_code_is_one_word_however_it_is_written(text: str) -> None:
    assert "zn101" in Words()(text)


def test_of_synonyms_the_first_stands_for_all_also_for_phrases_and_plurals() -> None:
    words = Words([["power cut", "power outage", "outage"], ["parcel", "package"]])
    assert words("after a power outage") == words("after an outage") == words("after the power cut")
    assert words("my packages") == words("my parcel")


def test_a_synonym_is_no_part_of_another_word() -> None:
    assert Words([["plan", "sub"]])("submarine") == ["submarin"]


def test_questions_are_told_apart_by_what_they_ask_for() -> None:
    words = Words()
    assert words("how long does it last") != words("how many does it last")


def test_chatter_is_left_out() -> None:
    assert Words()("Hi, can you please help me with the hub?") == ["hub"]


@given(st.text())
def test_any_text_has_words(text: str) -> None:
    assert all(word == word.lower() and word for word in Words([["a b", "c"]])(text))


def test_synonyms_are_read_without_comments_and_blank_lines(tmp_path: Path) -> None:
    file = tmp_path / "synonyms.txt"
    file.write_text("# ours\n\nThermostat, ZenClimate  # the product\n,\n", "utf-8")
    assert read_words(file)("zenclimate") == ["thermostat"]


def test_a_company_need_not_have_synonyms(tmp_path: Path) -> None:
    assert read_words(tmp_path / "synonyms.txt")("zenclimate") == ["zenclimat"]


def test_synonyms_in_another_encoding_are_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "synonyms.txt"
    file.write_bytes(b"caf\xe9, bar")
    with pytest.raises(DataError, match=r"synonyms\.txt is not UTF-8"):
        read_words(file)
