"""A comparison in a terminal."""

import io

import pytest
from rich.console import Console

from tests.training.evaluation.reports.kit import card, comparison, result, signs, trial
from training.evaluation.comparison import Comparison, compared
from training.evaluation.reports import as_rich


def shown(made: Comparison, *, colour: bool = False) -> str:
    file = io.StringIO()
    Console(file=file, width=100, force_terminal=colour).print(as_rich(made))
    return file.getvalue()


def test_models_verdicts_and_categories_are_shown() -> None:
    told = shown(comparison("+-" * 20, "+" * 40, categories=("locks", "air")))
    assert "How well they do, on 40 scenarios" in told
    assert "one is better than base, by more than chance (+50.0 points" in told
    rows = [line.replace("│", "").split() for line in told.splitlines() if line.startswith("│")]
    assert ["air", "20", "0.0%", "100.0%", "+"] in rows
    assert ["locks", "20", "100.0%", "100.0%"] in rows


def test_what_nobody_knows_is_unknown_and_what_is_free_is_free() -> None:
    paid = card("paid", [result("s", trial("a", cost=None))])
    silent = card("silent", [result("s", trial(failures=("turn 1: there is no answer (down)",)))])
    rows = [line.replace("│", " ").split() for line in shown(compared([paid, silent])).splitlines()]
    assert ["paid", "100", "ms", "100", "ms", "10", "5", "unknown"] in rows
    assert ["silent", "unknown", "unknown", "0", "0", "free"] in rows


def test_losses_and_trials_are_shown_where_there_are_some() -> None:
    plain = shown(comparison("+-", "++"))
    assert not any(word in plain for word in ("loss", "trials", "pass^"))
    thrice = [result("s", *[trial("a")] * 3)]
    told = shown(compared([card("m", thrice, losses={"train_loss": 1.23456}), card("n", thrice)]))
    assert "pass^3" in told
    assert "1.235" in told
    assert "none" in told


def test_a_label_is_told_with_the_model_it_stands_for() -> None:
    told = shown(compared([card("round 1", signs("+"), model="embedded-1a2b")]))
    assert told.startswith("round 1 is embedded-1a2b.")


@pytest.mark.parametrize("models", [1, 2, 9])
def test_any_number_of_models_fits_a_hundred_columns(models: int) -> None:
    names = [f"[red]category[/red] {number}" for number in range(3)]
    cards = [card(f"[bold]{'name ' * 20}{n}", signs("+-PF" * 5, names, trials=3)) for n in range(models)]
    told = shown(compared(cards))
    assert max(map(len, told.splitlines())) <= 100
    assert told.count("[red]category[/red] 2") == max(1, -(-(models - 1) // 3)), "the first is in every table"


def test_names_bring_neither_markup_nor_escapes() -> None:
    told = shown(compared([card("\x1b[b]a[/b]", signs("+", ("[link=x]c",)))]), colour=True)
    assert "│ [b]a[/b]" in told
    assert "[link=x]c" in told
    assert "\x1b[b" not in told
