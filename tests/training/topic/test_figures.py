"""The company's messages that no training has read stay told apart as well as they were measured."""

from functools import cache

import pytest

from tests.kit import DATA
from tests.training.topic.kit import company, unread
from training.cli.topic import good_answers
from training.topic import customers
from training.topic.report import Figure, Report, report_on

pytestmark = pytest.mark.slow

OF_MEASURED = "Plain messages, at the threshold that refuses 1% of the measured"
OF_ALL = "Plain messages, at the threshold that refuses 1% of all"


@cache
def report() -> Report:
    """Measure once."""
    return report_on(company(), unread(), good_answers(DATA), customers(DATA))


def figure(part: str, what: str) -> Figure:
    """Return the one figure of this name in a part that begins so."""
    [found] = [one for one in report().figures if one.part.startswith(part) and one.what == what]
    return found


@pytest.mark.parametrize(
    ("part", "what", "bounds"),
    [
        # The bounds are the ends of the 95 % intervals of what was measured.
        ("Plain messages, at the model's", "customers refused", (0.0, 0.029)),
        ("Plain messages, at the model's", "off-topic messages caught", (0.969, 1.0)),
        (OF_MEASURED, "off-topic messages caught", (0.958, 1.0)),
        (OF_ALL, "off-topic messages caught", (0.977, 1.0)),
        ("Messages of more than one", "mixed messages caught", (0.851, 1.0)),
        ("Messages of more than one", "long honest messages refused", (0.0, 0.034)),
        ("In a conversation", "follow-ups refused", (0.0, 0.034)),
        ("In a conversation", "off-topic messages caught only when alone", (0.0, 0.045)),
        ("In a conversation", "later turns refused, which say more by themselves", (0.0, 0.136)),
        ("Answers", "good answers cut", (0.0, 0.016)),
        ("Answers", "off-topic answers cut", (0.544, 1.0)),
    ],
)
def test_a_figure_is_within_the_interval_of_what_was_measured(
    part: str, what: str, bounds: tuple[float, float]
) -> None:
    low, high = bounds
    assert low <= figure(part, what).share <= high


@pytest.mark.parametrize(
    ("part", "what"),
    [
        (OF_MEASURED, "off-topic messages caught"),
        (OF_ALL, "off-topic messages caught"),
        ("Messages of more than one", "mixed messages caught"),
        ("Messages of more than one", "long honest messages refused"),
        ("In a conversation", "follow-ups refused"),
        ("In a conversation", "off-topic messages caught only when alone"),
    ],
)
def test_a_goal_that_was_met_is_met(part: str, what: str) -> None:
    assert figure(part, what).met


def test_a_message_is_judged_within_milliseconds() -> None:
    # 1.4 were measured; where tests run, another process may have emptied the caches.
    assert 0 < report().p95 < 20
