"""A text is found in an answer however it is typeset, as words and numbers of their own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.evaluation.matching import holds, plain


@given(st.text(min_size=1))
def test_a_text_is_found_between_other_words_whatever_it_is(text: str) -> None:
    assert holds(f"So {text} then", text)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_number_is_found_where_it_is_said_and_in_no_other_number(sought: int, said: int) -> None:
    assert holds(f"It takes {said} seconds.", str(sought)) == (sought == said)


@pytest.mark.parametrize(
    "said", ["**Z\u00edn** \u201chub\u201d", "z\u00cdN  \u201chub\u201d", 'Zi\u0301n\u00a0"HUB"', 'Z\u00adín "hub"']
)
def test_type_and_case_make_no_difference(said: str) -> None:
    assert plain(said) == 'z\u00edn "hub"'
