"""Two files of sixty messages teach any subject."""

import pytest

from tests.training.topic.kit import ABOUT_COOKING, ABOUT_OTHERS, COOKING, REST, cooking
from training.topic import trained_on


@pytest.mark.parametrize("text", ABOUT_COOKING)
def test_what_is_about_the_subject_passes(text: str) -> None:
    assert cooking().verdict(text).on_topic


def test_most_of_what_is_not_about_the_subject_does_not_pass() -> None:
    passed = [text for text in ABOUT_OTHERS if cooking().verdict(text).on_topic]
    assert len(passed) <= 2, passed


def test_what_is_about_the_subject_scores_higher() -> None:
    on, off = ([cooking().verdict(text).score for text in texts] for texts in (ABOUT_COOKING, ABOUT_OTHERS))
    assert min(on) > max(off)


def test_the_same_messages_teach_the_same() -> None:
    on, off = (file.read_text("utf-8").splitlines() for file in (COOKING, REST))
    again = trained_on(on, off, 0.01)
    assert [again.verdict(text) for text in ABOUT_OTHERS] == [cooking().verdict(text) for text in ABOUT_OTHERS]


def test_turned_round_the_rest_is_the_subject() -> None:
    on, off = (file.read_text("utf-8").splitlines() for file in (REST, COOKING))
    turned = trained_on(on, off, 0.01)
    mine, others = ([turned.verdict(text).score for text in texts] for texts in (ABOUT_OTHERS, ABOUT_COOKING))
    assert min(mine) > max(others)
