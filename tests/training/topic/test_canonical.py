"""One spelling comes out, whatever tricks a message is written with."""

import pytest

from training.topic.canonical import words


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("t u r n   o n   a   l i g h t", "turn on a light"),
        (" i s  i t  o n ", "is it on"),
        ("i s   i t\no n", "is it\non"),
        ("w h a t ' s   u p ?", "what's up?"),
        ("15 17 0n 47 70457", "is it on at toast"),
        ("4 l1gh7", "a light"),
        ("is\tit\ton", "is it on"),
    ],
)
def test_both_are_the_same_words(written: str, plain: str) -> None:
    assert words(written) == words(plain)


@pytest.mark.parametrize("number", ["1998", "100", "2", "30"])
def test_a_number_stays_one(number: str) -> None:
    assert words(f"set it to {number}") == ["set", "it", "to", "#"]


def test_words_of_one_letter_that_stand_among_others_stay_apart() -> None:
    assert words("plan a  or plan b") == ["pian", "a", "or", "pian", "b"]
