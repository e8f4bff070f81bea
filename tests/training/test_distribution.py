"""How long examples are, exactly, without keeping them."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.distribution import Distribution
from training.entries import Entry


def entry(*roles: object) -> Entry:
    return Entry(1, {"messages": [{"role": role, "content": "hi"} for role in roles]})


def distribution(*lengths: int) -> Distribution:
    made = Distribution()
    for length in lengths:
        made.add(entry("system", "user", "assistant"), length)
    return made


def test_the_figures_of_a_few_examples() -> None:
    figures = distribution(10, 40, 20, 30).summary()
    assert (figures.examples, figures.total, figures.min, figures.max) == (4, 100, 10, 40)
    assert (figures.mean, figures.median) == (25, 25)
    # Of places 0 to 3, a tenth of the way is place 0.3: 10 + 0.3 * (20 - 10); nine tenths place 2.7: 30 + 0.7 * 10.
    assert (figures.p10, figures.p90) == (13, 37)


def test_no_examples_have_no_length() -> None:
    figures = Distribution().summary()
    assert (figures.examples, figures.total, figures.min, figures.max, figures.mean, figures.p90) == (0, 0, 0, 0, 0, 0)


@given(st.lists(st.integers(0, 200_000), min_size=1, max_size=60))
def test_the_figures_are_those_of_numpy(lengths: list[int]) -> None:
    figures = distribution(*lengths).summary()
    assert (figures.total, figures.min, figures.max) == (sum(lengths), min(lengths), max(lengths))
    assert figures.mean == pytest.approx(np.mean(lengths), rel=1e-12)
    expected = np.quantile(lengths, [0.1, 0.5, 0.9])
    assert [figures.p10, figures.median, figures.p90] == pytest.approx(expected.tolist(), rel=1e-12)


@given(st.lists(st.integers(0, 100_000), max_size=40), st.integers(1, 100_000))
def test_each_example_is_billed_up_to_the_limit(lengths: list[int], limit: int) -> None:
    made = distribution(*lengths)
    assert made.billed(limit) == sum(min(length, limit) for length in lengths)
    assert made.over(limit) == sum(length > limit for length in lengths)


def test_examples_in_which_system_or_user_says_nothing_are_counted() -> None:
    made = Distribution()
    for example in (
        entry("user", "assistant"),
        entry("system", "assistant"),
        entry("assistant"),
        Entry(4, "no object"),
    ):
        made.add(example, 7)
    made.add(entry("system", "user", ["unhashable"]), 7)
    figures = made.summary()
    assert (figures.without_system, figures.without_user, figures.messages) == (3, 3, 8)


def test_the_lengths_are_told_in_order() -> None:
    assert list(distribution(30, 10, 30, 20).lengths.items()) == [(10, 1), (20, 1), (30, 2)]


def test_a_hundred_thousand_examples_take_no_more_memory_than_their_lengths() -> None:
    made, example = Distribution(), entry("user", "assistant")
    tracemalloc.start()
    for number in range(100_000):
        made.add(example, number % 500)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used < 200_000
