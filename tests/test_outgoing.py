"""What a model wrote reaches customers without pings, foreign links and hidden characters, however it is cut."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.outgoing import LONGEST_WORD, Rules, checked, harmless

STOP = "<|end|>"
RULES = Rules(("lumen.example", "lumen.com"), STOP)
PING = re.compile(r"<[@!]|(?<![\w.+-])@(?:everyone|here|channel)", re.IGNORECASE)
ALLOWED = re.compile(
    r"https?://([\w-]+\.)*lumen\.(example|com)(?![a-z0-9@._%\\-]*[a-z0-9@%\\])", re.ASCII | re.IGNORECASE
)
FRAGMENTS = [
    "<", ">", "@", "!", "&", "|", "#", ".", ",", "/", "\\", ":", "%", "?", "(", ")", "[", "]", "'", '"', " ", "\n", "-",
    "<@1>", "<@!", "<!here>", "@every", "one", "everyone", "here", "channel", "<!subteam^S1|",
    "http", "https:", "://", "//", "www.", "javascript:", "data:", "mailto:", "ftp://",
    "evil", "evil.com", "com", "io", "me", "lumen.example", "https://lumen.example", "/help", "a@b.c", "](",
    "x" * 250, "e" * 300,
    "\u200b", "\u200d", "\u200c", "\ufe0f", "\u202e", "\uff20", "\uff1c", "\uff1a\uff0f", "\u3002", "\uff45",
    "\u0456", "\u4f60",     "\U0001f469", "\ud83d", "\x1b[31m", "<|end", "|>",
]  # fmt: skip
WRITTEN = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=4)), max_size=25).map("".join)


async def told(pieces: Iterable[str]) -> AsyncGenerator[str]:
    for piece in pieces:
        yield piece


def sent(pieces: Iterable[str], rules: Rules = RULES) -> list[str]:
    """Return what a customer is sent, piece by piece."""

    async def collect() -> list[str]:
        return [piece async for piece in checked(told(pieces), rules)]

    return asyncio.run(collect())


def cut(text: str, places: Iterable[int]) -> list[str]:
    """Cut a text at these places, as far as it has them."""
    ends = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[start:end] for start, end in pairwise(ends)]


@given(WRITTEN, st.lists(st.integers(min_value=0), max_size=12))
def test_the_answer_is_the_same_however_it_is_cut(text: str, places: list[int]) -> None:
    assert "".join(sent(cut(text, places))) == harmless(text.partition(STOP)[0], RULES)


@given(WRITTEN)
def test_the_answer_is_the_same_character_by_character(text: str) -> None:
    assert "".join(sent(text)) == harmless(text.partition(STOP)[0], RULES)


@given(WRITTEN)
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    once = harmless(text, RULES)
    assert harmless(once, RULES) == once


@given(WRITTEN)
def test_nobody_is_pinged_in_any_spelling(text: str) -> None:
    assert not PING.search(harmless(text, RULES))


@given(WRITTEN)
def test_every_link_that_is_left_leads_to_an_allowed_host(text: str) -> None:
    for link in re.findall(r"https?:/[^\s<>]*", harmless(text, RULES), re.IGNORECASE):
        assert re.match(
            r"https?://([\w-]+\.)*lumen\.(example|com)(?![a-z0-9@._%\\-]*[a-z0-9@%\\])", link, re.ASCII | re.IGNORECASE
        )


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Hello <@123>!", "Hello (someone)!"),
        ("<@!123> <@&123> <@U1|ann> <!here> <!subteam^S1>", "(someone) (someone) (someone) (someone) (someone)"),
        ("<!subteam^S1|my team>", "(someone) team>"),
        ("<<@1>@1>", "(someone)@1>"),
        ("<@<@1>1>", "(someone)(someone)1>"),
        ("<\u200b@1> <\u200d@1> \uff1c\uff201\uff1e", "(someone) (someone) (someone)"),
        ("@everyone @Here @channel", "everyone Here channel"),
        ("@@everyone", "everyone"),
        ("@every\u200bone @\u200dhere \uff20everyone", "everyone here everyone"),
        ("\uff20\uff45\uff56\uff45\uff52\uff59\uff4f\uff4e\uff45", "everyone"),
        ("so@everyone", "soeveryone"),
        ("<#C1> is a channel, <t:1> a time, a < b", "<#C1> is a channel, <t:1> a time, a < b"),
        ("Write to here@lumen.example or ann@everyone.example", "Write to here@lumen.example or ann@everyone.example"),
    ],
)  # fmt: skip
def test_mentions_do_not_ping(written: str, read: str) -> None:
    assert harmless(written, RULES) == read


@pytest.mark.parametrize(
    "text",
    [
        "https://lumen.example",
        "https://lumen.example.",
        "(https://lumen.example/help?a=b#c), http://lumen.example:8080/x",
        "HTTPS://WWW.Lumen.Example/Help",
        "**https://help.lumen.example** and lumen.com/help or www.lumen.com",
        "[the guide](https://lumen.example/guide), [https://lumen.example](https://lumen.example).",
        "<https://lumen.example/guide>",
        "ランプは https://lumen.example/使い方 をご覧ください。",
        "Write to help@lumen.example, first.com@mail.com or mailto:ann@evil.example",
        "Node.js and/or README.md, e.g. v2.4.1 (3.5 GB) at 10:30 on 1/2/2026: 50%",
        "That is it.It is in.So is C:\\logs\\hub.txt, // a comment, https: is safe, a metadata:field",
        "a\u200db \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \U0001f468\u200d\U0001f469\u200d\U0001f467",
        "时间：10时，价格：¥5。好！（例：灯）",  # noqa: RUF001 - as people write it
        "| a | b |\n|---|---|\n```python\nx = [i for i in y if i < 3]\n```",
    ],
)
def test_what_may_be_said_is_said_as_it_is(text: str) -> None:
    assert harmless(text, RULES) == text


@pytest.mark.parametrize(
    "link",
    [
        "http://evil.com",
        "HTTP://EVIL.COM:80/x?y#z",
        "http:\\\\evil.com",
        "http:/evil.com",
        "http:evil.com",
        "//evil.com/x",
        "\\\\evil.com",
        "www.evil.com",
        "evil.com",
        "evil.com/path",
        "evil.me/path",
        "http://lumen.example@evil.com",
        "http://lumen.example:80@evil.com",
        "http://lumen.example.evil.com",
        "http://evil-lumen.example",
        "http://lumen.example%2eevil.com",
        "http://lumen.example\\@evil.com",
        "http://lumen.example'@evil.com",
        "http://lumen.example|@evil.com",
        "http://lumen.example\u3002evil.com",
        "http://lumen.example\u0456.evil.com",
        "http://l\u0443men.example",
        "http://2130706433/",
        "http://[::1]/",
        "ht\u200btp://evil.com",
        "h\u200dttp://evil.com",
        "\uff48\uff54\uff54\uff50\uff1a\uff0f\uff0fevil.com",
        "javascript:alert",
        "JavaScript:alert",
        "vbscript:x",
        "data:text/html;base64,PHNjcmlwdD4=",
        "ftp://lumen.example/x",
        "file:///etc/passwd",
        "slack://open",
    ],
)
@pytest.mark.parametrize("around", ["{}", "[text]({}).", "**{}**, then", "see\n{}\n", "「{}」"])
def test_a_link_elsewhere_is_taken_out_of_what_stands_around_it(link: str, around: str) -> None:
    if around == "「{}」":
        # No space ends the link there.
        assert link not in harmless(around.format(link), RULES)
    else:
        assert harmless(around.format(link), RULES) == around.format("[link removed]")


def test_a_label_does_not_hide_where_a_link_leads() -> None:
    assert harmless("<http://evil.com|lumen.example>", RULES) == "<[link removed]>"
    assert harmless("[https://lumen.example](http://evil.com)", RULES) == "[https://lumen.example]([link removed])"
    assert harmless("http://lumen.example](@evil.com", RULES) == "[link removed]"
    assert harmless("a@b.chttps:/evil", RULES) == "a@b.c[link removed]"


def test_what_moves_the_cursor_or_hides_is_not_sent() -> None:
    assert harmless("a\x1b[2Jb\x07 \u202egnihton\u202c \U000e0041x\ufeff\r\nend\ud83d", RULES) == "a[2Jb gnihton x\nend"


@pytest.mark.parametrize("size", range(1, len(STOP) + 3))
def test_the_answer_ends_at_the_stop_token_however_that_is_cut(size: int) -> None:
    text = f"It dims. {STOP}User: and then? {STOP}"
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    assert "".join(sent(pieces)) == "It dims. "


def test_the_beginning_of_a_stop_token_that_never_comes_is_text() -> None:
    assert "".join(sent(["It dims <|", "end"])) == "It dims <|end"


@pytest.mark.parametrize("stop", ["\n\nUser:", "aab", "."])
def test_any_text_can_be_the_stop_token(stop: str) -> None:
    assert "".join(sent(f"one aaaab{stop}two", Rules((), stop))) == f"one aaaab{stop}".partition(stop)[0]


def test_a_sentence_goes_out_word_by_word() -> None:
    assert sent(["Turn", " it", " off", " and", " on."]) == ["Turn ", "it ", "off ", "and ", "on."]


def test_a_sentence_without_spaces_goes_out_as_it_comes() -> None:
    assert sent("灯不亮了") == list("灯不亮了")


@pytest.mark.parametrize("part", ["x", "x.", "<@", "@", "http://", "https://lumen.example/", "http://é", "\uff20"])
def test_little_is_held_back_of_a_word_that_never_ends(part: str) -> None:
    async def most_held() -> int:
        read = 0

        async def told() -> AsyncIterator[str]:
            nonlocal read
            for character in part * (20_000 // len(part)):
                read += 1
                yield character

        most, before = 0, 0
        async for _ in checked(told(), RULES):
            most, before = max(most, read - before), read
        return most

    assert asyncio.run(most_held()) <= LONGEST_WORD + len(STOP) + 1


def test_the_model_is_let_go_at_the_stop_token() -> None:
    async def ended() -> bool:
        over = False

        async def told() -> AsyncIterator[str]:
            nonlocal over
            try:
                yield f"It dims.{STOP}"
                yield "And on it goes."
            finally:
                over = True

        assert [piece async for piece in checked(told(), RULES)] == ["It ", "dims."]
        return over

    assert asyncio.run(ended())


def test_the_model_is_let_go_when_nobody_listens_any_more() -> None:
    async def ended() -> bool:
        over = False

        async def told() -> AsyncIterator[str]:
            nonlocal over
            try:
                while True:
                    yield "on and on "
            finally:
                over = True

        answer = checked(told(), RULES)
        await anext(answer)
        await answer.aclose()
        return over

    assert asyncio.run(ended())


@pytest.mark.parametrize(
    "part",
    ["Hold the button for five seconds. ", "a", "a.", "a-", "<", "<@1>", "@", "a@", "http:", "http://a ", "www.", "//",
     "\\",
     "evil.com ", "data:", "https://lumen.example/x ", "\uff20", "\u3002", "你好", "\u200d", "\u200b", "\x1b["],
)  # fmt: skip
def test_a_hundred_thousand_characters_are_checked_in_a_moment(part: str) -> None:
    text = part * (100_000 // len(part))
    began = time.process_time()
    harmless(text, RULES)
    assert time.process_time() - began < 0.5
