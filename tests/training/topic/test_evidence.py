"""Words that nobody has used are read as the writer meant them, and never torn into others by chance."""

import random

import pytest

from training.topic.canonical import words
from training.topic.evidence import Evidence
from training.topic.slips import slipped

OFTEN = 50


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    on = ["turn the lamp on separately", "is a replacement of the sensor free", "write me a note about the hub"]
    off = ["pla cements re", "la tea", "iy tion"]
    said = [*((words(text), True) for text in on * OFTEN), *((words(text), False) for text in off * 2)]
    return Evidence.fitted(said, [])


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("seperately", ["separately"]),
        ("sensro", ["sensor"]),
        # Longer than any that was seen, and near to one that was.
        ("replacements", ["replacement"]),
    ],
)
def test_a_slip_of_the_finger_is_the_word_that_was_meant(evidence: Evidence, written: str, read: list[str]) -> None:
    assert list(evidence.read(written).words) == words(" ".join(read))


def test_words_without_spaces_are_read_apart(evidence: Evidence) -> None:
    assert list(evidence.read("writemeanoteaboutthehub").words) == words("write me a note about the hub")


def test_a_long_word_is_not_made_of_short_ones_that_are_hardly_used(evidence: Evidence) -> None:
    assert list(evidence.read("replacementiytion").words) == words("replacementiytion")


def test_a_word_that_is_known_is_read_as_it_stands(evidence: Evidence) -> None:
    assert list(evidence.read("cements").words) == ["cements"]


def slips_of(text: str, times: int) -> list[list[tuple[str, str]]]:
    """Return for so many slips which words of a text became which others."""
    said = words(text)
    made = [slipped(said, random.Random(seed)) for seed in range(times)]  # noqa: S311 - no secret
    return [[pair for pair in zip(said, one, strict=True) if pair[0] != pair[1]] for one in made]


def test_at_most_one_word_slips_and_keeps_its_first_letter() -> None:
    changed = slips_of("my thermostat forgets the weekend schedule", 200)
    assert {len(pairs) for pairs in changed} == {0, 1}
    for ((word, made),) in filter(None, changed):
        assert made[0] == word[0]
        assert abs(len(made) - len(word)) <= 1


def test_slips_are_of_every_kind() -> None:
    made = {pair[1] for pairs in slips_of("thermostat", 300) for pair in pairs}
    assert {len(word) - len("thermostat") for word in made} == {-1, 0, 1}
    assert any(sorted(word) == sorted("thermostat") for word in made)


def test_short_words_do_not_slip() -> None:
    assert not any(slips_of("is the hub on", 20))
