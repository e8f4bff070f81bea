"""Texts are compared by their words and letters."""

import pytest

from training.likeness import alike, nearest

TEXTS = [
    "My hub is offline again",
    "the thermostat clicks at night",
    "my hub is offline, again!",
    "Ring on the hub is red",
]


def test_neither_case_nor_punctuation_tells_texts_apart() -> None:
    (pair,) = alike(TEXTS, 0.8)
    assert (pair.first, pair.second) == (0, 2)
    assert pair.likeness == pytest.approx(1.0)


def test_pairs_come_closest_first_each_once_and_none_with_itself() -> None:
    pairs = alike(TEXTS, 0.0)
    assert [pair.likeness for pair in pairs] == sorted((pair.likeness for pair in pairs), reverse=True)
    assert all(pair.first < pair.second for pair in pairs)
    assert len({(pair.first, pair.second) for pair in pairs}) == len(pairs)


def test_a_text_finds_the_nearest_of_the_others() -> None:
    (pair,) = nearest(["the thermostat is clicking all night"], TEXTS, 0.1)
    assert (pair.first, pair.second) == (0, 1)


@pytest.mark.parametrize("texts", [[], ["one"], ["", " "], ["a", "b"]])
def test_too_little_to_compare_is_no_error(texts: list[str]) -> None:
    assert alike(texts, 0.5) == []
    assert nearest(texts, [], 0.5) == []


def test_many_texts_are_compared_in_blocks_and_all_pairs_are_found() -> None:
    texts = [f"message number {word} about something else" for word in map(str, range(1100))]
    texts[3] = texts[1090] = "entirely another matter"
    assert [(pair.first, pair.second) for pair in alike(texts, 0.99)] == [(3, 1090)]
