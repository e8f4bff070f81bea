"""An example's side depends on what it asks, on nothing else, and no side is empty."""

import json
import math
import random
import resource
import tracemalloc
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.checks.plain import plain
from training.datasets import split_file
from training.entries import Entry
from training.examples import DataError
from training.split import ByContent, Side, asked, folded, sides

QUESTIONS = [f"What does lamp number {number} do at night?" for number in range(400)]
WORDS = st.text("abc \u00e9\u00df", min_size=1, max_size=12).filter(folded)
SEEDS = st.none() | st.integers()


def split(questions: Iterable[str], seed: int | None = None, share: float = 0.2) -> dict[str, Side]:
    """Return each question's side, when none has a category."""
    listed = list(questions)
    return dict(zip(listed, sides([(question, "") for question in listed], share, seed), strict=True))


def entry(question: str, line: int = 1, **fields: object) -> Entry:
    messages = [{"role": "user", "content": question}, {"role": "assistant", "content": "Yes."}]
    return Entry(line, {"messages": messages, **fields})


def validation(found: dict[str, Side]) -> set[str]:
    return {question for question, side in found.items() if side == "validation"}


@given(st.lists(WORDS), st.randoms())
def test_an_example_keeps_its_side_when_others_are_added_and_the_order_changes(
    more: list[str], chance: random.Random
) -> None:
    before = split(QUESTIONS)
    both = [*QUESTIONS, *more]
    chance.shuffle(both)
    after = split(both)
    assert {question: after[question] for question in QUESTIONS} == before


def test_an_example_keeps_its_side_when_others_are_removed() -> None:
    before = split(QUESTIONS)
    assert split(QUESTIONS[::3]) == {question: before[question] for question in QUESTIONS[::3]}


@given(st.lists(WORDS, min_size=1), SEEDS)
def test_the_same_question_is_on_one_side_however_it_is_written(words: list[str], seed: int | None) -> None:
    written = [
        form for word in words for form in (word, f" {word.upper()}?!", f"\u200b{word}\ufeff", f"\u00ab{word}\u00bb")
    ]
    found = list(sides([(form, "") for form in written], seed=seed))
    by_question: dict[str, set[Side]] = {}
    for form, side in zip(written, found, strict=True):
        by_question.setdefault(folded(form), set()).add(side)
    assert all(len(of_one) == 1 for of_one in by_question.values())
    assert len(by_question) <= len(words)


@given(st.floats(0.05, 0.95), st.integers(0, 1000))
def test_the_share_of_validation_is_within_the_bounds_of_chance(share: float, start: int) -> None:
    count = 500
    found = split((f"{start + number} lamps?" for number in range(count)), share=share)
    assert abs(len(validation(found)) - share * count) < 5 * math.sqrt(count * share * (1 - share)) + 1


@given(st.lists(st.sets(WORDS.map(folded), max_size=9), max_size=6), st.floats(0.01, 0.99), SEEDS)
def test_every_category_of_five_questions_or_more_has_both_sides(
    groups: list[set[str]], share: float, seed: int | None
) -> None:
    examples = [(f"{number} {word}", f"category {number}") for number, group in enumerate(groups) for word in group]
    found = list(sides(examples, share, seed))
    for number, group in enumerate(groups):
        of_one = {side for (_, category), side in zip(examples, found, strict=True) if category == f"category {number}"}
        assert len(group) < 5 or len(of_one) == 2
    assert len(examples) < 5 or len(set(found)) == 2


def above_the_threshold(count: int) -> list[str]:
    """Return questions that the hash puts into training, those nearest to the threshold first."""
    key = ByContent().key
    train = [question for question in QUESTIONS if key(question) >= int(0.2 * 2**64)]
    return sorted(train, key=key)[:count]


def test_where_the_hash_puts_none_on_a_side_the_nearest_question_crosses() -> None:
    questions = above_the_threshold(5)
    assert validation(split(questions[:4])) == set()
    assert validation(split(questions)) == {questions[0]}
    below = min(QUESTIONS, key=ByContent().key)
    assert validation(split([*questions, below])) == {below}


def test_a_question_of_several_categories_crosses_in_all_of_them() -> None:
    shared, *rest = above_the_threshold(9)
    examples = [*((question, "a") for question in (shared, *rest[:4])), *((question, "b") for question in rest[4:])]
    found = list(sides([*examples, (shared, "b")]))
    assert found[0] == found[-1] == "validation"
    assert Counter(found[1:-1]) == {"train": 8}


def test_a_crossing_that_empties_another_category_is_made_good_there() -> None:
    only, *rest = above_the_threshold(5)
    below = sorted(QUESTIONS, key=ByContent().key)[:4]
    examples = [*((question, "a") for question in (only, *rest)), *((question, "b") for question in (only, *below))]
    found = list(sides(examples))
    assert set(found[:5]) == set(found[5:]) == {"train", "validation"}
    assert found[0] == found[5]


def test_a_side_is_what_it_was_in_every_version_before() -> None:
    assert (
        ByContent().key("Hello, Wi-Fi!") == 0x21DB5ECD9E285D31
    )  # BLAKE2b of "hello wi fi", 8 bytes, for "sarah split"


@given(st.integers(), st.lists(WORDS, max_size=40), st.randoms())
def test_a_seed_reproduces_its_split_in_any_order(seed: int, words: list[str], chance: random.Random) -> None:
    first = split(words, seed)
    chance.shuffle(words)
    assert split(words, seed) == first


def test_two_seeds_differ_from_each_other_and_from_the_content() -> None:
    found = [validation(split(QUESTIONS, seed)) for seed in (None, 0, 1, 2, -1)]
    expected = 80 * 80 / 400
    assert all(len(of_one & of_other) < 2 * expected for of_one, of_other in pairwise(found))


@given(st.lists(st.integers(0, 30), min_size=1, max_size=8), st.sampled_from((0.1, 0.2, 0.5, 0.29)), st.integers())
def test_a_seeded_split_has_the_exact_share_of_each_category(sizes: list[int], share: float, seed: int) -> None:
    examples = [(f"{number} {of}", f"category {of}") for of, size in enumerate(sizes) for number in range(size)]
    twice = [*examples, *examples]
    found = Counter(
        category for (_, category), side in zip(twice, sides(twice, share, seed), strict=True) if side == "validation"
    )
    for of, size in enumerate(sizes):
        held = found[f"category {of}"] / 2
        assert abs(held - share * size) < 1 or held == 1
    small = any(5 <= size < 1 / share for size in sizes)
    assert small or sum(found.values()) / 2 in (round(share * sum(sizes)), 1)


@pytest.mark.parametrize("seed", [None, 7])
def test_a_file_with_a_category_for_each_example_is_split_as_a_whole(seed: int | None) -> None:
    examples = [(f"{number}?", str(number)) for number in range(1500)]
    assert 200 < Counter(sides(examples, seed=seed))["validation"] < 400


@pytest.mark.parametrize("share", [0, 1, -0.2, 20, math.nan])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(DataError, match="lies between 0 and 1"):
        list(sides([("a", "")], share))


@given(st.text())
def test_folding_a_question_twice_is_folding_it_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@given(st.text())
def test_what_the_checks_call_the_same_question_is_the_same_here(text: str) -> None:
    if bare := plain(text):
        assert folded(bare) == folded(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Caf\u00e9", "CAFE\u200b\u0301"),
        ("Wi-Fi?", "wi fi"),
        ("\uff28ello\u3000there", "hello there"),
        ("Stra\u00dfe", "STRASSE"),
        ("lamp\u00ad shade", "lamp shade"),
        ("what\u2019s on", "what's on"),
    ],
)
def test_two_ways_to_write_a_question_are_one(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("one", "other"), [("?", "!"), ("\U0001f44d", "\U0001f44e"), ("\u0915\u093f", "\u0915\u0940"), ("$5", "5")]
)
def test_two_questions_that_differ_stay_two(one: str, other: str) -> None:
    assert folded(one) != folded(other)


def test_an_example_without_a_question_is_placed_by_what_it_says() -> None:
    assert asked(Entry(1, {"messages": [{"role": "assistant", "content": "Welcome!"}]})) == "Welcome!"
    assert asked(Entry(1, None)) == ""


def test_a_split_by_content_holds_nothing_for_each_example() -> None:
    class Many:
        def __iter__(self) -> Iterator[tuple[str, str]]:
            return ((f"How bright is lamp {number}?", f"category {number % 20}") for number in range(20_000))

    tracemalloc.start()
    try:
        found = Counter(sides(cast("Any", Many())))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.total() == 20_000
    assert peak < 400_000


# From here on: a file becomes two.


def written(folder: Path) -> tuple[list[Any], list[Any]]:
    train, held = (
        [json.loads(line) for line in (folder / name).read_text("utf-8").splitlines()]
        for name in ("train.jsonl", "validation.jsonl")
    )
    return train, held


def test_a_file_becomes_two_that_hold_its_examples_as_they_were(tmp_path: Path) -> None:
    entries = [entry(question, number, category="lamps") for number, question in enumerate(QUESTIONS[:50], 1)]
    counts = split_file(entries, tmp_path / "new" / "split")
    train, held = written(tmp_path / "new" / "split")
    assert counts == (len(train), len(held))
    assert all(counts)
    expected = split(QUESTIONS[:50])
    assert train == [each.value for each in entries if expected[each.first_question] == "train"]
    assert held == [each.value for each in entries if expected[each.first_question] == "validation"]


def test_a_seed_and_the_categories_of_a_table_decide_too(tmp_path: Path) -> None:
    entries = [entry(question, number) for number, question in enumerate(QUESTIONS[:40], 1)]

    def category(one: Entry) -> str:
        return "odd" if one.line % 2 else "even"

    assert split_file(entries, tmp_path, seed=4, share=0.25, category=category) == (30, 10)
    _, held = written(tmp_path)
    lines = [QUESTIONS.index(one["messages"][0]["content"]) + 1 for one in held]
    assert sum(line % 2 for line in lines) == 5


def test_the_same_split_is_written_again_and_another_one_is_refused(tmp_path: Path) -> None:
    entries = [entry(question) for question in QUESTIONS[:50]]
    assert split_file(entries, tmp_path) == split_file(entries, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(DataError, match=r"train\.jsonl holds something else already"):
        split_file(entries, tmp_path, seed=3)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_file_that_breaks_off_leaves_no_split(tmp_path: Path) -> None:
    class Broken:
        reads = 0

        def __iter__(self) -> Iterator[Entry]:
            self.reads += 1
            yield from (entry(question) for question in QUESTIONS[:50])
            if self.reads == 2:
                raise DataError("The file was changed meanwhile.")

    with pytest.raises(DataError, match="changed meanwhile"):
        split_file(Broken(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_no_split(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(DataError, match="cannot be written"):
            split_file([entry(question * 50) for question in QUESTIONS], tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []
