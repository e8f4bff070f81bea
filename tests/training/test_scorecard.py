"""A scorecard says which scenarios a model passes, and a comparison what of it is more than chance."""

import asyncio
import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.kit import DATA
from training.evaluation.scenarios import Scenario
from training.evaluation.scorecard import (
    LONGEST,
    Result,
    Scorecard,
    Unanswered,
    compared,
    in_words,
    lines,
    markdown,
    read_all,
    scored,
    table,
)
from training.evaluation.statistics import mcnemar, wilson
from training.examples import DataError
from training.facts import read_facts

CONTACTS = ("help@zen.example",)
History = Sequence[tuple[str, str]]


def scenario(name: str, *facts: str, category: str = "lights", critical: bool = False) -> Scenario:
    """Return a scenario with a turn for each fact, which its answer must hold."""
    turns = [
        {"user": f"{name} {number}?", "reference": fact, "expect": {"refuses": False, "facts": [[fact]]}}
        for number, fact in enumerate(facts, 1)
    ]
    return Scenario.model_validate({"id": name, "category": category, "critical": critical, "turns": turns})


def card(model: str, passed: str, categories: Sequence[str] = ("lights",)) -> Scorecard:
    """Return a scorecard whose n-th scenario passes where there is a +; those in capitals, P and F, are critical."""
    results = [
        Result(f"s-{n}", categories[n % len(categories)], sign in "PF", () if sign in "+P" else ("it does not",), ())
        for n, sign in enumerate(passed)
    ]
    return Scorecard(model, tuple(results))


def paired(both: int, only_first: int, only_second: int, neither: int) -> tuple[Scorecard, Scorecard]:
    """Return two scorecards in which so many scenarios pass in both, in one of them and in neither."""
    first = "+" * (both + only_first) + "-" * (only_second + neither)
    second = "+" * both + "-" * only_first + "+" * only_second + "-" * neither
    return card("old", first), card("new", second)


# Asking.


async def test_every_turn_is_asked_with_what_was_said_before_it() -> None:
    asked: list[tuple[History, str]] = []

    async def answer(history: History, question: str) -> str:
        asked.append((history, question))
        return f"It is the answer to {question}"

    await scored("m", answer, [scenario("a", "x", "y"), scenario("b", "z")], CONTACTS, at_once=1)
    first = ("a 1?", "It is the answer to a 1?")
    assert asked == [((), "a 1?"), ((first,), "a 2?"), ((), "b 1?")]


async def test_a_scenario_passes_when_every_turn_is_as_expected() -> None:
    async def answer(history: History, _: str) -> str:
        return "That is the red one." if not history else "This is the blue one."

    scenarios = [scenario("good", "red", "blue"), scenario("half", "red", "green", category="doors", critical=True)]
    made = await scored("m", answer, scenarios, CONTACTS)
    given = ("That is the red one.", "This is the blue one.")
    assert made == Scorecard(
        "m",
        (
            Result("good", "lights", critical=False, failures=(), answers=given),
            Result("half", "doors", critical=True, failures=("turn 2: says none of 'green'",), answers=given),
        ),
    )
    assert (made.passed, made.total, made.share) == (1, 2, 0.5)
    assert made.by_category == {"doors": (0, 1), "lights": (1, 1)}
    assert (made.critical, [result.id for result in made.critical_failures]) == (1, ["half"])


async def test_contacts_are_what_offers_a_person() -> None:
    turn = {"user": "u", "reference": "r", "expect": {"refuses": False, "offers_person": True}}
    asked = Scenario.model_validate({"id": "person", "category": "c", "turns": [turn]})

    async def answer(_: History, __: str) -> str:
        return "Please write to help@zen.example about that."

    assert (await scored("m", answer, [asked], CONTACTS)).passed == 1
    assert (await scored("m", answer, [asked], ("555-0100",))).passed == 0


async def test_no_answer_is_a_failure_with_its_reason_and_ends_the_scenario() -> None:
    async def answer(history: History, question: str) -> str:
        if question.startswith("b") and history:
            raise Unanswered("the server is down")
        return "It is x."

    made = await scored("m", answer, [scenario("a", "x", "x", "x"), scenario("b", "x", "x", "x")], CONTACTS)
    assert [result.passed for result in made.results] == [True, False]
    assert made.results[1].failures == ("turn 2: there is no answer (the server is down)",)
    assert made.results[1].answers == ("It is x.",)


async def test_any_other_exception_ends_it() -> None:
    async def answer(_: History, __: str) -> str:
        raise KeyError

    with pytest.raises(ExceptionGroup) as raised:
        await scored("m", answer, [scenario("a", "x")], CONTACTS)
    assert raised.group_contains(KeyError)


@pytest.mark.parametrize("at_once", [1, 3])
async def test_so_many_are_asked_at_once_and_their_order_stays(at_once: int) -> None:
    running, most = 0, 0

    async def answer(_: History, question: str) -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        # The first to ask is the last to be told.
        for _turn in range(20 - int(question[2])):
            await asyncio.sleep(0)
        running -= 1
        return "It is x."

    scenarios = [scenario(f"s-{number}", "x", "x") for number in range(10)]
    made = await scored("m", answer, scenarios, CONTACTS, at_once=at_once)
    assert [result.id for result in made.results] == [one.id for one in scenarios]
    assert most == at_once


async def test_the_references_of_our_own_scenarios_pass() -> None:
    scenarios = read_all(DATA / "scenarios")
    references = {turn.user: turn.reference for one in scenarios for turn in one.turns}

    async def answer(_: History, question: str) -> str:
        return references[question]

    made = await scored("references", answer, scenarios, read_facts(DATA / "facts.toml").contacts)
    assert (made.passed, made.critical_failures) == (len(scenarios), ())
    assert len(scenarios) > 200


# Reading.


def test_scenarios_are_read_by_file(tmp_path: Path) -> None:
    for name, ids in (("b", "yz"), ("a", "x")):
        told = (json.dumps(scenario(one, "f").model_dump()) for one in ids)
        (tmp_path / f"{name}.jsonl").write_text("\n".join(told), "utf-8")
    (tmp_path / "README.md").write_text("no scenarios", "utf-8")
    assert [one.id for one in read_all(tmp_path)] == ["x", "y", "z"]
    (tmp_path / "c.jsonl").write_text(json.dumps(scenario("x", "f").model_dump()), "utf-8")
    with pytest.raises(DataError, match=r"^The scenario 'x' stands in .* 2 times: "):
        read_all(tmp_path)


def test_a_folder_without_scenarios_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^There are no scenarios in .*none: "):
        read_all(tmp_path / "none")


# Figures.


@pytest.mark.parametrize(
    ("passed", "total", "low", "high"),
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_intervals_are_those_of_newcombes_table(passed: int, total: int, low: float, high: float) -> None:
    assert wilson(passed, total) == pytest.approx((low, high), abs=0.00005)
    assert card("m", "+" * passed + "-" * (total - passed)).interval == wilson(passed, total)


def test_of_nothing_everything_is_possible() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert card("m", "").share == 0


@pytest.mark.parametrize(
    ("only_first", "only_second", "p_value"),
    [
        (150, 86, 3.716e-05),  # Agresti 1990, approval of the prime minister, as in Fay's "Exact McNemar's test"
        (6, 16, 0.0525),  # the second example of Wikipedia's "McNemar's test", whose exact value is 0.053
        (0, 5, 0.0625),  # 2 * 0.5 ** 5
        (0, 6, 0.03125),
        (3, 3, 1.0),
        (0, 0, 1.0),
    ],
)
def test_chance_is_that_of_published_mcnemar_tests(only_first: int, only_second: int, p_value: float) -> None:
    assert mcnemar(only_first, only_second) == pytest.approx(p_value, rel=1e-3)
    assert mcnemar(only_second, only_first) == mcnemar(only_first, only_second)


@pytest.mark.parametrize(
    ("counts", "verdict", "points"),
    [
        ((59, 6, 16, 80), "not distinguishable", 100 * 10 / 161),
        ((794, 150, 86, 570), "worse", -100 * 64 / 1600),
        ((794, 86, 150, 570), "better", 100 * 64 / 1600),
        ((10, 0, 5, 10), "not distinguishable", 20),
        ((10, 0, 6, 9), "better", 24),
        ((5, 0, 0, 5), "not distinguishable", 0),
    ],
)
def test_a_verdict_is_passed_where_chance_is_less_than_one_in_twenty(
    counts: tuple[int, int, int, int], verdict: str, points: float
) -> None:
    made = compared(*paired(*counts))
    assert made.verdict == verdict
    assert made.difference == pytest.approx(points)
    assert (len(made.only_champion), len(made.only_candidate)) == counts[1:3]


def test_a_comparison_names_the_scenarios_that_only_one_passes() -> None:
    made = compared(card("old", "++--"), card("new", "+-+-"))
    assert (made.champion, made.candidate) == ("old", "new")
    assert (made.only_champion, made.only_candidate, made.p_value) == (("s-1",), ("s-2",), 1.0)


def test_scorecards_of_other_scenarios_are_not_compared() -> None:
    with pytest.raises(DataError, match=r"^'old' and 'new' had other scenarios: evaluate both again\.$"):
        compared(card("old", "++"), card("new", "+++"))


# What people read.


def test_one_scorecard_is_told_with_its_interval_and_its_critical_failures() -> None:
    made = card("tuned-1", "+" * 79 + "P" + "F" * 2 + "-" * 181)
    assert (
        lines(made) == "**tuned-1** passes 80 of 263: 30.4% (95% interval 25.2% to 36.2%); 2 of 3 critical ones fail."
    )


def test_a_verdict_is_told_in_words() -> None:
    assert in_words(compared(*paired(59, 6, 16, 80))) == (
        "**new** is not distinguishable from **old**: the difference may be chance "
        "(+6.2 points, 16 only it passes, 6 only the other, p = 0.052)."
    )
    assert in_words(compared(*paired(794, 150, 86, 570))) == (
        "**new** is worse than **old**, by more than chance "
        "(-4.0 points, 86 only it passes, 150 only the other, p < 0.001)."
    )


def test_categories_stand_in_columns() -> None:
    cards = (card("base", "+-+-", ("locks", "air")), card("new", "++-+", ("locks", "air")))
    assert table(cards) == "```\ncategory  base  new\nair        0/2  2/2\nlocks      2/2  1/2\n```"


def test_several_are_held_against_the_first() -> None:
    cards = (card("base", "+" * 4 + "-" * 8), card("one", "+" * 12), card("two", "-" + "+" * 4 + "-" * 7))
    told = markdown(cards).splitlines()
    assert [line.split(" passes")[0] for line in told[:3]] == ["**base**", "**one**", "**two**"]
    assert told[3].startswith("**one** is better than **base**, ")
    assert told[4].startswith("**two** is not distinguishable from **base**: ")
    assert told[5] == "```"
    assert told[6].split() == ["category", "base", "one", "two"]
    assert markdown(cards[:1]).splitlines() == [lines(cards[0]), *table(cards[:1]).splitlines()]


def test_more_than_three_are_refused() -> None:
    for number in (0, 4):
        with pytest.raises(DataError, match=rf"^{number} models cannot be shown side by side: name 1 to 3\.$"):
            markdown([card("m", "+")] * number)


@pytest.mark.parametrize("categories", [14, 400])
def test_a_scorecard_fits_into_a_message_whatever_its_names(categories: int) -> None:
    names = [f"category *{number}* {'x' * 90}" for number in range(categories)]
    cards = [card(f"{sign * 70}-{n}", "+-PF" * 200, names) for n, sign in enumerate("a*`")]
    told = markdown(cards)
    assert len(told) <= LONGEST == 1800
    assert told.count("```") == 2
    shown = told.split("```")[1].strip().splitlines()
    rest = re.fullmatch(r"\.\.\. and (\d+) more", shown[-1])
    assert rest
    assert len(shown) - 2 + int(rest[1]) == categories
    ours = markdown(
        [card(name, "+-PF" * 70, [f"contextual-{n:011}" for n in range(14)]) for name in ("base", "m-1a2b")]
    )
    assert "more" not in ours, "two models and our own categories fit"


def test_names_act_on_nothing() -> None:
    told = markdown([card("a`b*c\n# d @everybody", "+-", ("x```\ny", "**z**"))])
    assert told.splitlines()[0].startswith("**a\\`b\\*c # d \\@everybody** passes 1 of 2")
    assert told.splitlines()[1:] == ["```", "category  a'b*c # d @ever…", *told.splitlines()[3:5], "```"]
    assert [row.split("  ")[0] for row in told.splitlines()[3:5]] == ["**z**", "x''' y"]
