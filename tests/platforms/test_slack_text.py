"""Text on its way to and from Slack."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.platforms.slack.text import LIVE, LONGEST, escaped, live, neutral, plain, split, start_of, units

MARKS = st.text(alphabet="<>@!#&|^ aU1é😀\n")
PINGS = ("<@", "<!", "<#")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("<@U0> hello", "hello"),
        ("hello <@U0>, how?", "hello how?"),
        ("<@U0|sarah>: hello", "hello"),
        ("ask <@U2> and <@U3|ann>", "ask @someone and @ann"),
        ("in <#C1|general> or <#C2>", "in #general or #channel"),
        ("<!here> <!subteam^S1|@team> <!subteam^S2>", "@here @team @subteam"),
        ("<!date^1^{date}|yesterday>", "yesterday"),
        ("<https://a.example>", "https://a.example"),
        ("<https://a.example|the site>", "the site (https://a.example)"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
        ("&amp;lt;", "&lt;"),
        ("&lt;@U2&gt;", "<@U2>"),
    ],
)
def test_what_slack_sends_becomes_what_the_customer_meant(typed: str, meant: str) -> None:
    assert plain(typed, "U0") == meant


@given(MARKS)
def test_neutral_text_mentions_nobody_and_keeps_everything_else(text: str) -> None:
    assert not [ping for ping in PINGS if ping in neutral(text)]
    assert neutral(text).replace("<", "") == text.replace("<", "")
    assert neutral(neutral(text)) == neutral(text)


@given(MARKS, st.integers(0, 60))
def test_what_is_shown_early_is_a_beginning_of_the_whole_wherever_it_is_cut(text: str, cut: int) -> None:
    shown = live(text[:cut])
    assert neutral(text).startswith(shown)
    assert not [ping for ping in PINGS if ping in shown]


@given(MARKS)
def test_escaped_text_holds_no_markup(text: str) -> None:
    assert "<" not in escaped(text)
    assert ">" not in escaped(text)


@given(st.text(), st.integers(1, 50))
def test_the_beginning_is_the_longest_that_fits(text: str, limit: int) -> None:
    start = start_of(text, limit)
    assert text.startswith(start)
    assert units(start) <= limit
    assert start == text or units(text[: len(start) + 1]) > limit


@given(st.text(alphabet="ab 😀\n", max_size=2000), st.integers(100, 300))
def test_parts_rejoin_and_each_fits(text: str, limit: int) -> None:
    parts = split(text, limit, limit // 2)
    assert "".join(parts) == text
    assert all(units(part) <= limit for part in parts)


@given(st.text(alphabet="ab `😀\n", max_size=1000), st.integers(120, 300))
def test_parts_with_code_fit_and_lose_nothing(text: str, limit: int) -> None:
    parts = split(text, limit, limit // 2)
    assert all(units(part) <= limit for part in parts)
    assert "".join(parts).replace("`", "").replace("\n", "") == text.replace("`", "").replace("\n", "")


def test_code_that_is_cut_is_closed_and_opened_again() -> None:
    text = "Look:\n```python\n" + "x = 1\n" * 100 + "```\ndone"
    parts = split(text, 300, 200)
    assert all(part.count("```") % 2 == 0 for part in parts)
    assert all(part.startswith("```python\n") for part in parts[1:])


def test_a_part_is_never_shorter_than_what_was_streamed() -> None:
    text = "a\n\n" * 100 + "word " * 5000
    assert split(text)[0].startswith(start_of(text, LIVE))
    assert units(split(text)[0]) <= LONGEST


@given(st.text(alphabet="ab `😀\n", min_size=LIVE // 4, max_size=LIVE // 2))
def test_what_was_streamed_begins_the_first_part(text: str) -> None:
    text *= 5
    assert split(neutral(text))[0].startswith(live(text))
