"""What a customer typed is made safe to read, and stays what the customer said."""

import time
import unicodedata
from itertools import cycle, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.incoming import MARKS_ON_A_CHARACTER, clean, says_something

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
# Everything that has a rule of its own, beside any character at all.
AWKWARD = st.text(
    st.one_of(
        st.sampled_from(
            "aK\u212a\u03a9\u2126 \n\r\t\x00\x0b\x1b\x85\u00a0\u00ad\u0301\u0323\u0338\u034f\u0591\u05e9\u0645\u064b"
            "\u1160\u200b\u200c\u200d\u200e\u202e\u2028\u2060\u2066\u2adc\u2764\u3164\ufb2a\ufe00\ufe0e\ufe0f\ufeff\ud83d\udc4d"
            "\U0001f44d\U0001f3fb\U0001f469\U000e0041\U000e0100\ue000\uffff"
        ),
        st.characters(),
    ),
    max_size=60,
)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("", ""),
        ("  Does it dim?\n", "Does it dim?"),
        ("one\r\ntwo\rthree\u2028four\x85five", "one\ntwo\nthree\nfour\nfive"),
        ("one\n\n\n\n\ntwo", "one\n\ntwo"),
        ("\tkeep\ttabs", "keep\ttabs"),
        ("cafe\u0301", "caf\u00e9"),
        ("pass\u200bword pass\u00adword pass\u2060word \ufeffpassword", "password password password password"),
        ("p\u200da\u200cs\u200ds", "pass"),
        ("\u202egnihtemos\u202c \u2066x\u2069", "gnihtemos x"),
        ("red\x1b[31m \x00null \x07bell", "red[31m null bell"),
        ("hid\U000e0041\U000e0042den", "hidden"),
        ("ba\ufe00\ufe01\U000e0100\U000e0101d", "bad"),
        ("a\ufe0fb", "ab"),
        ("half \ud83d a pair", "half  a pair"),
        ("\ue000private\uffff", "private"),
        ("\u115f\u3164\uffa0\u2800", ""),
        ("\u00a0 \u3000 \u2003", ""),
    ],
)
def test_what_is_not_seen_is_not_read(typed: str, read: str) -> None:
    assert clean(typed) == read


@pytest.mark.parametrize(
    "text",
    [
        "My hub says E-42; what now?",
        "<script>alert(1)</script>",
        "'; DROP TABLE turns; --",
        "{{7*7}} ${jndi:ldap://x} %s %n $(rm -rf /) `id`",
        "../../etc/passwd C:\\hub\\log.txt",
        "Ünïcödé ñ ß \u0130stanbul",
        "你好，灯不亮了怎么办？",  # noqa: RUF001 - as people type it
        "こんにちは、ハブが見つかりません。",
        "안녕하세요, 램프가 안 켜져요",
        "مرحبا، كيف أربط المصباح؟",
        "می\u200cخواهم لامپ را وصل کنم",  # noqa: RUF001 - as people type it
        "क्\u200dष नमस्ते",
        "שלום, איך מחברים?",
        "สวัสดีครับ ไฟไม่ติด",
        f"{FAMILY} \u2764\ufe0f\u200d\U0001f525 \U0001f44d\U0001f3fd \U0001f1e9\U0001f1ea 1\ufe0f\u20e3",
        "100\u2009% \u2013 \u201cquoted\u201d \u2026 1\u00bd",
    ],
)
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert clean(text) == unicodedata.normalize("NFC", text)


def test_a_flag_loses_only_what_could_hide_words() -> None:
    assert clean(ENGLAND) == "\U0001f3f4"


@given(AWKWARD)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(AWKWARD)
def test_what_was_cleaned_is_short_normal_and_can_be_stored(text: str) -> None:
    cleaned = clean(text)
    assert len(cleaned) <= 3 * len(text)
    assert unicodedata.is_normalized("NFC", cleaned)
    assert cleaned.encode().decode() == cleaned
    kinds = {unicodedata.category(character) for character in cleaned if character not in "\n\t\u200c\u200d"}
    assert kinds.isdisjoint({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@pytest.mark.parametrize("mark", ["\u0301", "\u0591", "\u064b"])
def test_marks_are_not_heaped_up(mark: str) -> None:
    assert len(clean("x" + mark * 500)) <= MARKS_ON_A_CHARACTER + 1


@pytest.mark.parametrize("text", ["hub", "7", "E42?", "灯", "مصباح", "ハ", "\u00bd", "...ok"])
def test_a_letter_or_a_digit_says_something(text: str) -> None:
    assert says_something(clean(text))


@pytest.mark.parametrize(
    "text", ["", "   ", "...", "?!", "\U0001f44d", FAMILY, ENGLAND, "\u200b", "\u3164\u115f", "\u2800"]
)
def test_without_a_letter_or_a_digit_nothing_is_said(text: str) -> None:
    assert not says_something(clean(text))


@pytest.mark.parametrize(
    "part",
    [
        "Does it dim? ",
        "Привет, как дела? ",
        "你好",
        "x\u0301\u0323",
        "\u0301\u0323",
        "\u0591\u05b0",
        "\u200d\U0001f469",
        "\u200b",
        "\n \r\n",
        "\ufe0f\u200d",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    ],
)
def test_a_hundred_thousand_characters_are_cleaned_in_a_moment(part: str) -> None:
    text = "".join(islice(cycle(part), 100_000))
    began = time.process_time()
    clean(text)
    assert time.process_time() - began < 0.15
