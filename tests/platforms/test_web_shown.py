"""How words are written so that Markdown shows them, and how an answer becomes what is shown."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import Answered, PastTurn, Piece, Retracted, Started
from bot.platforms.web.exchange import Exchange
from bot.platforms.web.shown import THINKING, legible, messages, verbatim
from bot.platforms.web.view import View


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Is it 5 o'clock, or 6?", "Is it 5 o'clock, or 6?"),
        ("<b>", "&#60;b&#62;"),
        ("# not a title", "&#35; not a title"),
        ("1. not a list", "1&#46; not a list"),
        ("- nor this", "&#45; nor this"),
        ("well-known 1.5", "well-known 1.5"),
        ("    no code", "&nbsp;&nbsp;&nbsp;&nbsp;no code"),
        ("http://a.example", "http&#58;//a.example"),
        ("WWW.a.example", "WWW&#46;a.example"),
    ],
)
def test_a_question_is_written_so_that_it_is_shown_as_it_is(written: str, shown: str) -> None:
    assert verbatim(written) == shown


@given(st.text())
def test_nothing_in_a_question_can_begin_a_tag(text: str) -> None:
    assert "<" not in verbatim(text)


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ("**Hold** it.", "**Hold** it."),
        ("5 < 7 & 8", "5 &lt; 7 & 8"),
        ("<img src=x>", "&lt;img src=x>"),
        ("![p](http://a.example)", "&#33;[p](http://a.example)"),
        ("`a < b` < c", "`a < b` &lt; c"),
        ("```\n<b>![x]\n```\n<b>", "```\n<b>![x]\n```\n&lt;b>"),
        ("a ` b <i>", "a ` b &lt;i>"),
    ],
)
def test_an_answer_keeps_its_markdown_and_loses_html_and_pictures(answer: str, shown: str) -> None:
    assert legible(answer) == shown


def test_an_answer_without_words_yet_is_shown_as_three_dots() -> None:
    assert [message["content"][0]["text"] for message in messages([Exchange("Why?")])] == ["Why?", THINKING]


def test_what_is_retracted_is_no_longer_shown() -> None:
    exchange = Exchange("Why?")
    seen: list[str] = []
    end = Answered(7, "r", "Because.", "m", on_topic=True, latency_ms=1, ratable=True)
    for event in (Started(7), Piece("Beca"), Retracted(), Piece("Be"), end):
        exchange.take(event)
        seen.append(exchange.answer)
    assert seen == ["", "Beca", "", "Be", "Because."]
    assert exchange.turn == 7


def test_a_turn_that_is_growing_is_not_shown_a_second_time_from_the_history() -> None:
    view, growing = View("t"), Exchange("Why?")
    growing.take(Started(2))
    view.add(growing)
    view.precede([PastTurn(1, "Who?", "You."), PastTurn(2, "Why?", "Because.")])
    assert [exchange.question for exchange in view.exchanges] == ["Who?", "Why?"]
    assert view.exchanges[1] is growing


@pytest.mark.asyncio
async def test_changes_that_come_together_are_shown_together() -> None:
    view, exchange = View("t"), Exchange("Why?")
    view.add(exchange)
    changes = view.changes(at_least_every=60)
    await anext(changes)
    for letter in "Because.":
        exchange.take(Piece(letter))
    await anext(changes)
    assert exchange.answer == "Because."
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await anext(changes)
