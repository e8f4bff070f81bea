"""`sarah eval`: models on the held-out scenarios, and what sets them apart."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from training.cli import shell

if TYPE_CHECKING:
    from training.evaluation.scorecard import Scorecard

# What answers, grades and draws is imported by the commands: it takes seconds, and help lists every command.

app = shell.commands("Evaluations: models on the held-out scenarios, and what sets them apart.")

Models = Annotated[
    list[str],
    typer.Argument(
        help="Ids or their beginnings, `base` (what the settings name) or `untrained` (the handbook without examples); "
        "LABEL=MODEL says what readers call it.",
        show_default=False,
        metavar="MODEL...",
    ),
]
Trials = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=20,
        help="How often each scenario is gone through; unless told 3 for models that sample, 1 for others.",
        show_default=False,
    ),
]
WithJudge = Annotated[bool, typer.Option("--judge", help="Let the model of SARAH_JUDGE_MODEL judge, too: shown apart.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]
REPORTS = ("report.md", "report.json", "report.png", "report.html")


@app.command()
def run(models: Models, *, trials: Trials = None, judge: WithJudge = False, json: AsJson = False) -> None:
    """Ask models every scenario, and keep their scorecards."""
    cards = _evaluated(models, trials, judge=judge)
    from training.evaluation.comparison import compared  # noqa: PLC0415
    from training.evaluation.reports import as_json, judging  # noqa: PLC0415
    from training.evaluation.reports.message import line  # noqa: PLC0415

    if json:
        typer.echo(as_json(compared(cards), answers=False), nl=False)
        return
    for told in filter(None, (*map(line, cards), judging.said(cards))):
        shell.out().print(told.replace("**", ""), markup=False)


@app.command()
def compare(models: Models, *, trials: Trials = None, judge: WithJudge = False, json: AsJson = False) -> None:
    """Set models side by side, the first the one that the others are held against; runs what is missing."""
    cards = _evaluated(models, trials, judge=judge)
    from training.evaluation.comparison import compared  # noqa: PLC0415
    from training.evaluation.reports import as_json, as_rich  # noqa: PLC0415

    if json:
        typer.echo(as_json(compared(cards)), nl=False)
    else:
        shell.out().print(as_rich(compared(cards)))


@app.command()
def report(
    models: Models,
    *,
    out: Annotated[Path, typer.Option("-o", "--out", help="The folder that the files go to.", show_default=False)],
    trials: Trials = None,
    judge: WithJudge = False,
    force: Annotated[bool, typer.Option("--force", help="Write over reports that are there.")] = False,
) -> None:
    """Write the comparison as report.md, .json, .png and .html; runs what is missing."""
    there = [name for name in REPORTS if (out / name).exists()]
    if there and not force:
        shell.refuse(f"{out / there[0]} is there already: name another folder, or write over it with --force.")
    cards = _evaluated(models, trials, judge=judge)
    from training.evaluation.comparison import compared  # noqa: PLC0415
    from training.evaluation.reports import write_reports  # noqa: PLC0415

    for path in write_reports(compared(cards), out):
        shell.out().print(str(path), markup=False)


def _evaluated(wanted: Sequence[str], trials: int | None, *, judge: bool) -> "list[Scorecard]":
    """Return the scorecards of models under the names that readers know; raises DataError and RegistryError."""
    from bot.evaluation import evaluated  # noqa: PLC0415

    return evaluated(wanted, trials, judge=judge)
