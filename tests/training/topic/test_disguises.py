"""A message has the verdict that it has, however it is written."""

import pytest

from tests.training.topic.kit import company, unread
from training.topic.disguises import DISGUISES

TEXT = "is the Hub 2 on?"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("homoglyphs", "\u0456s th\u0435 \u041dub 2 \u043en?"),
        ("upper case", "IS THE HUB 2 ON?"),
        ("alternating case", "iS ThE HuB 2 On?"),
        ("spaced letters", "i s   t h e   H u b   2   o n ?"),
        ("double spaces", "is  the  Hub  2  on?"),
        ("leetspeak", "15 7h3 Hub 2 0n?"),
        ("full width", "\uff49\uff53 \uff54\uff48\uff45 \uff28\uff55\uff42 \uff12 \uff4f\uff4e\uff1f"),
    ],
)
def test_a_disguise_is_what_people_write(name: str, written: str) -> None:
    assert DISGUISES[name](TEXT) == written


def test_characters_that_nobody_sees_stand_between_all_others() -> None:
    hidden = DISGUISES["invisible characters"](TEXT)
    assert hidden.replace("\u200b", "") == TEXT
    assert len(hidden) == 2 * len(TEXT)


@pytest.mark.slow
@pytest.mark.parametrize("name", DISGUISES)
def test_a_disguise_changes_no_verdict(name: str) -> None:
    plain = [topic.text for topic in unread() if topic.form == "plain"]
    # From all kinds, for each has its messages together.
    chosen = plain[:: max(1, len(plain) // 150)]
    model, disguise = company(), DISGUISES[name]
    changed = [text for text in chosen if model.verdict(disguise(text)).on_topic != model.verdict(text).on_topic]
    assert changed == []
