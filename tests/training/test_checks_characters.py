"""What nobody sees and what was read wrongly is found, and what scripts and emoji need is left alone."""

import unicodedata

import pytest
from ftfy.badness import is_bad
from hypothesis import given, settings
from hypothesis import strategies as st

from training.checks.characters import invisible, is_garbled, repaired, visible

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
# Texts that were read in a wrong encoding, once or twice.
GARBLED = st.text(max_size=30).map(lambda text: text.encode("utf-8", "replace").decode("latin-1"))
TWICE = GARBLED.map(lambda text: text.encode().decode("cp1252", "replace"))
PARTS = (
    *("\u200b", "\u200d", "\u200c", "\ufe0f", "\u00ad", "\u0085", "\ufeff", "\U000e0061", "\U000e007f", "\U0001f3f4"),
    *(
        "\U0001f469",
        "\u2764",
        "\u00c3",
        "\u00a9",
        "\u00e2\u20ac",
        "\u2122",
        "\u0915",
        "\u094d",
        "a",
        " ",
        "\n",
        "\ud800",
    ),
)
FRAGMENTS = st.lists(st.sampled_from(PARTS), max_size=12).map("".join)


@pytest.mark.parametrize(
    "text",
    [
        "zero\u200bwidth",
        "join\u200der",
        "non\u200cjoiner",
        "word\u2060joiner",
        "soft\u00adhyphen",
        "bom\ufeffinside",
        "\ufeffbom at the start",
        "over\u202eride",
        "isolate\u2066d\u2069",
        "mark\u200e",
        "tags \U000e0068\U000e0069",
        "\U0001f3f4\U000e0068\U000e0069 without an end",
        "bell\x07",
        "null\x00",
        "delete\x7f",
        "escape\x1b[31m",
        "next line\x85",
        "hangul\u3164filler",
        "smile\U0001f600\ufe0f\ufe0e",
        "hidden\U000e0101\U000e0102",
        "half \ud83d of a pair",
        "\U0001f469\u200d alone",
    ],
)
def test_what_nobody_sees_is_found_and_taken_out(text: str) -> None:
    assert list(invisible(text))
    assert list(invisible(visible(text))) == []
    assert [c for c in visible(text) if c.isascii() and c.isprintable()] == [
        c for c in text if c.isascii() and c.isprintable()
    ]


@pytest.mark.parametrize(
    "text",
    [
        "plain\r\n\ttext",
        "\U0001f469\u200d\U0001f467\u200d\U0001f466 family",
        "\U0001f469\U0001f3fd\u200d\U0001f680 astronaut",
        "\U0001f3f3\ufe0f\u200d\U0001f308 flag",
        "\u2764\ufe0f\u200d\U0001f525 heart, 1\ufe0f\u20e3 one",
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f Scotland",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian
        "\u0915\u094d\u200d\u0937",  # Devanagari
        "\u845b\U000e0100 ideograph with a variant",
        "\u0600\u0661\u0662",
        "caf\u0065\u0301 \u4f60\u597d \u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35",
    ],
)
def test_what_a_script_or_an_emoji_needs_is_left_alone(text: str) -> None:
    assert list(invisible(text)) == []
    assert visible(text) == text


@settings(max_examples=500, deadline=None)
@given(ANY_TEXT | FRAGMENTS)
def test_nothing_invisible_remains_and_nothing_visible_goes(text: str) -> None:
    clean = visible(text)
    assert list(invisible(clean)) == []
    assert visible(clean) == clean
    hidden = {"Cf", "Cc", "Cs", "Mn", "Lo", "Cn", "Co"}
    assert [c for c in text if unicodedata.category(c) not in hidden] == [
        c for c in clean if unicodedata.category(c) not in hidden
    ]


@pytest.mark.parametrize(
    ("garbled", "right"),
    [
        ("cafÃ©", "café"),
        ("donâ€™t", "don\u2019t"),
        ("\u00d0\u00bf\u00d1\x80\u00d0\u00b8\u00d0\u00b2", "прив"),
        ("first\nCafÃ©, Ã©tÃ©\nlast — “fine”", "first\nCafé, été\nlast — “fine”"),
        ("Ã la carte", "à la carte"),
    ],
)
def test_a_wrong_encoding_is_found_and_undone(garbled: str, right: str) -> None:
    assert is_garbled(garbled)
    assert repaired(garbled) == right
    assert not is_garbled(right)


def test_lost_letters_are_found_and_left_to_a_person() -> None:
    assert is_garbled("caf\ufffd")
    assert repaired("caf\ufffd") == "caf\ufffd"


@settings(max_examples=500, deadline=None)
@given(ANY_TEXT | GARBLED | TWICE | FRAGMENTS)
def test_the_quick_look_misses_nothing_that_ftfy_finds(text: str) -> None:
    assert is_garbled(text) == any(is_bad(line) or "\ufffd" in line for line in text.split("\n"))


@settings(max_examples=500, deadline=None)
@given(ANY_TEXT | GARBLED | TWICE | FRAGMENTS)
def test_what_is_repaired_stays_as_it_is(text: str) -> None:
    once = repaired(text)
    assert repaired(once) == once
    assert once == text or not is_garbled(once) or is_garbled(text)
