"""How an answer is cut into messages."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.platforms.discord.splitting import LIMIT, split

FAMILY = "👩‍👩‍👧‍👦"
WORDS = st.text(alphabet="abcdefgäßж漢", min_size=1, max_size=60)
SENTENCES = st.lists(WORDS, min_size=1, max_size=80).map(" ".join)
BLOCKS = st.tuples(st.sampled_from(["", "py", "c++"]), st.lists(SENTENCES, min_size=1, max_size=12)).map(
    lambda block: f"```{block[0]}\n" + "\n    ".join(block[1]) + "\n```"
)
DOCUMENTS = st.lists(st.one_of(SENTENCES, BLOCKS), min_size=1, max_size=12).map("\n\n".join)


def without_fences_and_space(text: str) -> str:
    """Return what is left of a text when fences, their languages and white space are taken out."""
    return re.sub(r"```(?:py|c\+\+)?(?=\n|$)|\s", "", text)


@given(st.text(max_size=9000))
def test_every_message_fits_and_none_is_blank(text: str) -> None:
    assert all(0 < len(message) <= LIMIT and message.strip() for message in split(text))


@given(st.text(alphabet="ab `\n", max_size=600), st.integers(min_value=40, max_value=120))
def test_every_message_fits_whatever_backticks_it_has(text: str, limit: int) -> None:
    assert all(0 < len(message) <= limit for message in split(text, limit))


@given(DOCUMENTS)
def test_the_messages_together_say_what_the_text_says(text: str) -> None:
    assert without_fences_and_space("\n".join(split(text))) == without_fences_and_space(text)


@given(st.text(alphabet=st.characters(exclude_characters="`"), max_size=9000))
def test_nothing_but_space_is_lost_where_there_is_no_code(text: str) -> None:
    assert re.sub(r"\s", "", "".join(split(text))) == re.sub(r"\s", "", text)


@given(DOCUMENTS)
def test_every_message_closes_the_code_that_it_opens(text: str) -> None:
    assert all(message.count("```") % 2 == 0 for message in split(text))


@given(DOCUMENTS)
def test_no_message_holds_an_empty_code_block(text: str) -> None:
    for message in split(text):
        assert all(block.partition("\n")[2].strip() for block in message.split("```")[1::2])


@given(DOCUMENTS, st.integers(min_value=0))
def test_a_growing_text_keeps_all_messages_but_the_last(text: str, at: int) -> None:
    standing = split(text[: at % (len(text) + 1)])[:-1]
    assert split(text)[: len(standing)] == standing


@given(st.integers(min_value=0, max_value=40), st.sampled_from([FAMILY, "👍🏽", "🇩🇪", "é", "❤️"]))
def test_no_emoji_is_cut_apart(offset: int, emoji: str) -> None:
    for message in split("x" * offset + emoji * 1500):
        assert message.strip("x").replace(emoji, "") == ""


def test_a_short_text_is_one_message_as_it_is() -> None:
    assert split("Hold the button for *ten* seconds.") == ["Hold the button for *ten* seconds."]


def test_two_thousand_characters_are_one_message_and_one_more_makes_two() -> None:
    assert [len(message) for message in split("x" * LIMIT)] == [LIMIT]
    assert sum(len(message) for message in split("x" * (LIMIT + 1))) == LIMIT + 1


@pytest.mark.parametrize("boundary", ["\n\n", "\n", " "])
def test_a_cut_falls_between_paragraphs_lines_or_words(boundary: str) -> None:
    first, second = "a" * 1500, "b" * 1500
    assert split(first + boundary + second) == [first, second]


def test_a_paragraph_is_a_better_place_to_cut_than_a_line_or_a_word() -> None:
    first, second = "a" * 1200, "b" * 300 + "\n" + "c" * 200 + " " + "d" * 900
    assert split(f"{first}\n\n{second}") == [first, second]


def test_a_cut_code_block_is_closed_and_opened_again_in_its_language() -> None:
    lines = [f"    print({number:04})" for number in range(200)]
    messages = split("Try this:\n```py\n" + "\n".join(lines) + "\n```\nDone.")
    assert messages[0].startswith("Try this:\n```py\n")
    assert messages[0].endswith("\n```")
    assert messages[1].startswith("```py\n    print(")
    assert messages[-1].endswith("\n```\nDone.")
    assert [line for message in messages for line in message.splitlines() if "print" in line] == lines


def test_no_cut_parts_a_fence_or_leaves_it_without_its_code() -> None:
    for before in range(1970, 2010):
        messages = split("x" * before + "```py\n" + "y" * 1000 + "\n```" + "z" * 990 + "```\nlast\n```")
        blocks = [block for message in messages for block in message.split("```")[1::2]]
        assert all(message.count("```") % 2 == 0 for message in messages)
        assert all(block.partition("\n")[2].strip() for block in blocks)
        assert "".join(block.removeprefix("py").replace("\n", "") for block in blocks) == "y" * 1000 + "last"


def test_a_code_block_that_is_still_being_written_is_shown_whole() -> None:
    assert split("Try this:\n```py\nprint(1)") == ["Try this:\n```py\nprint(1)\n```"]


def test_a_blank_text_is_no_message() -> None:
    assert split(" \n\n \t\n") == []
    assert [message.strip() for message in split(" " * 5000 + "x")] == ["x"]


def test_the_indentation_after_a_cut_is_kept() -> None:
    assert split("a" * 1990 + "\n\n    - nested")[1] == "    - nested"
