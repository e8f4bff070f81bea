"""`python -m training.report FOLDER`: what is in a company's folder, and everything that is wrong with it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from training.examples import DataError
from training.report import figures
from training.report.company import Answer, Company, Question, read_company
from training.report.likenesses import ANSWERS_ALIKE, Close, alike_answers, alike_questions, leaks
from training.report.problem import Problem
from training.report.rules import problems
from training.topic.material import CALIBRATION, MEASURED

_SHOWN = 5  # pairs and openings of each file
# So many that comparing each with each would take minutes, and teach nobody anything.
_TOPICS = {"topics", CALIBRATION, MEASURED}
_FAR = 0.3  # pairs that are less alike are not worth showing

Folder = Annotated[Path, typer.Argument(help="The company's folder.", envvar="SARAH_DATA")]


def main(folder: Folder = Path("data")) -> None:
    """Print what a company's folder holds and every problem with it; ends with 1 when there is one."""
    console = Console(width=None if Console().is_terminal else 120, highlight=False)
    try:
        company = read_company(folder)
    except (DataError, OSError) as error:
        console.print(f"{error}", style="red", markup=False)
        raise typer.Exit(1) from None
    _print_counts(console, company)
    _print_lengths(console, company)
    _print_variety(console, company)
    _print_closest(console, company)
    found = problems(company)
    _print_problems(console, found)
    raise typer.Exit(bool(found))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if not number else "right", overflow="fold")
    return table


def _print_counts(console: Console, company: Company) -> None:
    words = sum(len(page.body.split()) for page in company.pages)
    console.print(
        f"[bold]{len(company.pages)} pages[/] with {words:,} words, "
        f"{len(company.facts.products)} products, {len(company.facts.codes)} error codes, "
        f"{sum(len(facts.splitlines()) for facts in company.facts.pages.values())} facts; "
        + ", ".join(f"{len(examples)} examples in {file}" for file, examples in company.examples.items())
        + f"; {len(company.topics)} topics; "
        + f"{sum(map(len, company.scenarios.values()))} scenarios\n"
    )
    for title, counted in figures.counts(company):
        listed = ", ".join(f"{name or 'none'} {count}" for name, count in counted.most_common())
        console.print(f"[bold]{title}[/]: {escape(listed) or 'none'}")
    console.print()


def _print_lengths(console: Console, company: Company) -> None:
    table = _table("Lengths in words", "", "count", "min", "p10", "median", "mean", "p90", "max")
    for row in figures.all_lengths(company):
        shown = (row.p10, row.median, row.mean, row.p90)
        table.add_row(row.what, str(row.count), str(row.least), *(f"{value:.0f}" for value in shown), str(row.most))
    console.print(table, "")


def _print_variety(console: Console, company: Company) -> None:
    table = _table("Variety", "questions of", "words after 1/4", "1/2", "3/4", "all", "most common openings")
    for file, questions in company.questions.items():
        common = ", ".join(f"{words!r} {share:.1%}" for words, share in figures.openings(questions, _SHOWN))
        table.add_row(file, *map(str, figures.vocabulary_growth(questions)), escape(common))
    console.print(table, "")


def _print_closest(console: Console, company: Company) -> None:
    for file, questions in company.questions.items():
        if file not in _TOPICS:
            _print_pairs(console, f"Closest questions of {file}", alike_questions(questions, _FAR)[:_SHOWN])
    answers = alike_answers(company.answers, _FAR)
    same = sum(close.likeness > ANSWERS_ALIKE for close in answers)
    title = f"Closest answers ({same} pairs of {len(company.answers)} answers are more than {ANSWERS_ALIKE} alike)"
    _print_pairs(console, title, answers[:_SHOWN])
    near = leaks(company.held_out_questions, company.training_questions, _FAR)
    _print_pairs(console, "Held-out questions nearest to training", near[:_SHOWN])


def _print_pairs(console: Console, title: str, pairs: list[Close]) -> None:
    console.print(f"[bold]{title}[/]")
    for first, second, likeness in pairs:
        console.print(escape(f"  {likeness:.2f}  {_short(first)}  ~  {_short(second)}"))
    console.print()


def _short(said: Question | Answer, width: int = 70) -> str:
    text = " ".join(said.compared.split())
    shown = text if len(text) <= width else text[: width - 1] + "\u2026"
    return f"{shown} ({said.place})"


def _print_problems(console: Console, found: list[Problem]) -> None:
    for problem in found:
        console.print(escape(f"{problem.place}: {problem.rule}: {problem.text}."), style="red")
    console.print(f"[bold]{len(found)} problem{'s' * (len(found) != 1)}[/]")


if __name__ == "__main__":
    typer.run(main)
