"""A comparison fits into a chat's message."""

import re

import pytest

from tests.training.evaluation.reports.kit import card, comparison, signs
from training.evaluation.comparison import compared
from training.evaluation.reports import as_message
from training.evaluation.reports.message import LONGEST, line


def test_one_scorecard_is_told_with_its_interval_and_its_critical_failures() -> None:
    made = card("tuned-1", signs("+" * 79 + "P" + "F" * 2 + "-" * 181))
    assert line(made) == (
        "**tuned-1** passes 80 of 263: 30.4% (95% interval 25.2% to 36.2%); 2 of 3 critical ones fail."
    )


def test_of_several_trials_the_mean_is_told_beside_what_always_passes() -> None:
    made = line(card("m", (*signs("+-", trials=3), *signs("P", trials=3))))
    assert made.startswith("**m** passes 2 of 3 in all of its 3 trials, on average 66.7% (95% interval ")


def test_several_are_held_against_the_first_and_categories_stand_in_columns() -> None:
    told = as_message(comparison("+-" * 20, "+" * 40, "+-" * 20, categories=("locks", "air"))).splitlines()
    assert [row.split(" passes")[0] for row in told[:3]] == ["**base**", "**one**", "**two**"]
    assert told[3].startswith("**one** is better than **base**, ")
    assert told[4].startswith("**two** is not distinguishable from **base**: ")
    assert told[5:] == [
        "```",
        "category  of  base   one   two",
        "air       20    0%  100%    0%",
        "locks     20  100%  100%  100%",
        "```",
    ]


@pytest.mark.parametrize("categories", [14, 400])
@pytest.mark.parametrize("models", [1, 3, 8])
@pytest.mark.parametrize("limit", [LONGEST, 600])
def test_a_message_keeps_its_limit_whatever_the_names(categories: int, models: int, limit: int) -> None:
    names = [f"category *{number}* {'x' * 90}" for number in range(categories)]
    told = as_message(compared([card(f"`*{n}" * 30, signs("+-PF" * 100, names)) for n in range(models)]), limit)
    assert len(told) <= limit
    assert told.count("```") in (0, 2)
    if "```" in told:
        shown = told.split("```")[1].strip().splitlines()
        more = re.fullmatch(r"\.\.\. and (\d+) more", shown[-1])
        assert len(shown) - 1 + (int(more[1]) - 1 if more else 0) == categories


def test_our_own_categories_and_three_models_fit() -> None:
    assert LONGEST == 1800
    names = [f"contextual-{number:011}" for number in range(14)]
    told = as_message(comparison(*["+-PF" * 70] * 3, categories=names))
    assert "more" not in told.replace("or more would", "")
    assert told.splitlines()[-2].startswith("contextual-00000000013  20  ")


def test_lines_without_room_are_counted() -> None:
    told = as_message(comparison(*["+-" * 50] * 9), 700).splitlines()
    left = re.fullmatch(r"\.\.\. and (\d+) more lines: the whole report has them\.", told[-1])
    assert left
    assert len(told) - 1 + int(left[1]) == 9 + 8


def test_names_act_on_nothing() -> None:
    told = as_message(compared([card("a`b*c\n# d @everybody", signs("+-", ("x```\ny", "**z**")))])).splitlines()
    assert told[0].startswith("**a\\`b\\*c # d \\@everybody** passes 1 of 2")
    assert told[1:3] == ["```", "category  of  a'b*c # d @ever…"]
    assert [row.split("  ")[0] for row in told[3:5]] == ["**z**", "x''' y"]
    assert told[5:] == ["```"]
