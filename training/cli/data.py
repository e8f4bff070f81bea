"""`sarah data`: from a file to a dataset."""

import os
import sys
import time
from collections import Counter
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from training.assembly import asker_for
from training.checks import scenario_questions
from training.checks.mending import mend_file
from training.cli import permissions, shell
from training.cli.progress import bar
from training.cli.recording import record
from training.cli.showing import print_dataset, print_inspection, write_json
from training.datasets import Dataset, Datasets, Intake, split_file
from training.datasets.lines import kept_in
from training.formats import Format, Reader, Shaping
from training.inspection import Inspection, Measure, inspected
from training.pricing import read_prices
from training.provenance import Attribution, Provenance, Source
from training.registry import open_registry
from training.settings import TrainingSettings
from training.split import SHARE
from training.tokens import Vocabulary

app = shell.commands("Datasets: check a file, price it, split it, keep it.")
# What the shell is told when a file could be read and something is wrong with it.
PROBLEMS = 1
# Examples of a dataset that are shown.
SAMPLES = 3

File = Annotated[Path, typer.Argument(help="A file of examples, or a folder of Markdown pages.", show_default=False)]
DatasetName = Annotated[str, typer.Argument(help="The dataset's id or name.", show_default=False)]
FormatOption = Annotated[Format | None, typer.Option("--format", help="Its format, where it is not recognised.")]
System = Annotated[str, typer.Option(help="The system prompt of examples that have none.")]
Stop = Annotated[str, typer.Option(help="A token put after each answer, such as **STOP**, at which the model stops.")]
LeastQuestion = Annotated[int, typer.Option(min=0, help="Leave out examples whose question has fewer characters.")]
LeastAnswer = Annotated[int, typer.Option(min=0, help="Leave out examples whose answer has fewer characters.")]
Encoding = Annotated[Vocabulary | None, typer.Option(help="How tokens are counted; the base model's way unless told.")]
Base = Annotated[str, typer.Option(help="The model to be tuned, by whose limits examples are measured.")]
Epochs = Annotated[int | None, typer.Option(min=1, max=50, help="How often each example is learned.")]
Seed = Annotated[int | None, typer.Option(help="Split at random, the same each time for the same number.")]
Share = Annotated[float, typer.Option(min=0.01, max=0.99, help="The part that is kept to validate with, 0 to 1.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")]


@app.command()
def check(  # noqa: PLR0913 - a form, field by field
    file: File,
    *,
    kind: FormatOption = None,
    base: Base = "",
    encoding: Encoding = None,
    epochs: Epochs = None,
    system: System = "",
    stop: Stop = "",
    least_question: LeastQuestion = 0,
    least_answer: LeastAnswer = 0,
    validation: Annotated[
        Path | None, typer.Option(help="A validation file that must not hold the same questions.")
    ] = None,
    histogram: Annotated[Path | None, typer.Option(help="Draw the lengths of the examples as a PNG.")] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Write a copy in which is mended what can be, safely.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where --fix writes; FILE.fixed.jsonl unless told.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Find every problem of a file, count its tokens and price it; ends with 1 if there is a problem."""
    settings = shell.settings()
    copy = _copy_of(file, output) if fix else None
    reader = Reader(file, Shaping(system, stop, least_question, least_answer), format=kind, ask=asker_for(settings))
    measure = _measure(settings, base, encoding, epochs, validation)
    with bar(reader.size) as progress, inspected(reader, measure, progress) as inspection:
        progress.stop()
        if json:
            write_json(sys.stdout, inspection)
        else:
            print_inspection(shell.out(), str(file), inspection)
        if histogram:
            _draw(inspection, histogram, measure)
        found = bool(inspection.counts)
    if copy:
        _fix(file, reader, copy)
    raise typer.Exit(PROBLEMS if found else 0)


def _measure(
    settings: TrainingSettings, base: str, encoding: Vocabulary | None, epochs: int | None, validation: Path | None
) -> Measure:
    """Return by what a file is measured: the base model, or the one that the settings name."""
    prices = read_prices()
    price = prices.named(base or settings.sarah_tuning_model)
    return Measure(
        price=price,
        prices=prices,
        vocabulary=encoding or price.vocabulary,
        epochs=epochs,
        scenario_questions=_scenario_questions(settings.sarah_data / "scenarios"),
        validation=validation,
    )


def _scenario_questions(folder: Path) -> frozenset[str]:
    if not folder.is_dir():
        shell.remark(f"There are no scenarios in {folder}: nobody looks whether they leaked. Set SARAH_DATA.")
    return scenario_questions(folder)


def _draw(inspection: Inspection, picture: Path, measure: Measure) -> None:
    from training.charts.histogram import histogram  # noqa: PLC0415 - half a second, for a picture only

    with kept_in(picture):
        histogram(inspection.distribution, picture, limit=measure.price.limit_tokens)
    shell.remark(f"The lengths are drawn in {picture}.")


def _copy_of(file: Path, output: Path | None) -> Path:
    """Return where the corrected copy of a file goes, which is never the file itself."""
    # A name such as "." says nothing.
    plain = Path(os.path.normpath(file.absolute()))
    copy = output or plain.with_name(f"{plain.stem}.fixed.jsonl")
    if copy.exists() and file.exists() and copy.samefile(file):
        shell.refuse(f"{copy} is what is to be mended, and stays as it is: name another --output.")
    return copy


def _fix(file: Path, reader: Reader, copy: Path) -> None:
    with kept_in(copy):
        mended = mend_file(reader, copy, source=file)
    told = ", ".join(f"{rule} {count:,}" for rule, count in sorted(mended.items())) or "nothing to mend"
    shell.remark(f"A corrected copy is in {copy} ({told}).")


@app.command()
def split(  # noqa: PLR0913 - a form, field by field
    file: File,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder for train.jsonl and validation.jsonl.")],
    seed: Seed = None,
    share: Share = SHARE,
    kind: FormatOption = None,
    system: System = "",
    stop: Stop = "",
    json: AsJson = False,
) -> None:
    """Write a file's examples to a training and a validation file, 80 to 20; the content decides who goes where."""
    settings = shell.settings()
    reader = Reader(file, Shaping(system, stop), format=kind, ask=asker_for(settings))
    attribution = Attribution(file, _declared("", "file", "", ""), (), time.time())
    train, validation = split_file(reader, output, seed, share, lambda entry: attribution.of(entry).category)
    if json:
        typer.echo(shell.as_json({"train": train, "validation": validation, "folder": str(output)}))
    else:
        sides = f"{shell.number(train, 'example')} to learn from, {validation:,} to validate with"
        shell.out().print(f"{output}: {sides}.", markup=False)


@app.command()
def add(  # noqa: PLR0913 - a form, field by field
    file: File,
    *,
    name: Annotated[str, typer.Option(help="A name for the dataset; the file's unless told.")] = "",
    kind: FormatOption = None,
    base: Base = "",
    encoding: Encoding = None,
    system: System = "",
    stop: Stop = "",
    least_question: LeastQuestion = 0,
    least_answer: LeastAnswer = 0,
    seed: Seed = None,
    share: Share = SHARE,
    supplied_by: Annotated[str, typer.Option(help="Who supplied it; you unless told.")] = "",
    source: Annotated[Source, typer.Option(help="Where the examples come from.")] = "file",
    workspace: Annotated[str, typer.Option(help="The Discord server or Slack workspace that they come from.")] = "",
    permission: Annotated[str, typer.Option(help="Under what permission they may be used.")] = "",
    json: AsJson = False,
) -> None:
    """Check a file and keep it as a dataset, which never changes; kept whole, or not at all if there is an error."""
    settings = shell.settings()
    reader = Reader(file, Shaping(system, stop, least_question, least_answer), format=kind, ask=asker_for(settings))
    measure = _measure(settings, base, encoding, None, None)
    with open_registry(settings.sarah_home) as registry:
        intake = Intake(
            file=file,
            format=reader.format,
            declared=_declared(supplied_by or shell.author(settings), source, workspace, permission),
            permissions=tuple(registry.permissions()),
            name=name,
            system=system,
            stop=stop,
            seed=seed,
            share=share,
            vocabulary=measure.vocabulary,
        )
        kept = _kept(settings, reader, measure, intake, json=json)
        record(registry, kept, shell.author(settings))
    if not json:
        sides = f"{kept.train:,} to learn from, {kept.validation:,} to validate with"
        shell.out().print(f"\nKept as {kept.id} ({kept.name}): {sides}.", markup=False)


def _kept(settings: TrainingSettings, reader: Reader, measure: Measure, intake: Intake, *, json: bool) -> Dataset:
    """Return the dataset that was made of a file, having shown what was found; ends with 1 when it is refused."""
    with (
        bar(reader.size) as progress,
        _datasets(settings).adding(intake) as writer,
        inspected(reader, measure, progress, writer.take) as inspection,
    ):
        progress.stop()
        found = inspection.joined(writer.problems) if writer.refused else inspection
        kept = None if found.has_errors else writer.keep()
        if json:
            write_json(sys.stdout, found, {"dataset": kept.id if kept else ""})
        else:
            print_inspection(shell.out(), str(intake.file), found)
    if kept is None:
        shell.complain(
            "Nothing was kept: mend what is an error; `sarah data check FILE --fix` mends some of it in a copy."
        )
        raise typer.Exit(PROBLEMS)
    return kept


def _datasets(settings: TrainingSettings) -> Datasets:
    return Datasets(settings.sarah_home / "datasets")


def _declared(supplied_by: str, source: Source, workspace: str, permission: str) -> Provenance:
    return Provenance(supplied_by, source, workspace=workspace, permission=permission)


@app.command("list")
def list_datasets(*, json: AsJson = False) -> None:
    """List the datasets, the newest first."""
    datasets = _datasets(shell.settings()).list()
    if json:
        typer.echo(shell.as_json([_told(dataset) for dataset in datasets]))
        return
    if not datasets:
        shell.out().print("There are no datasets yet: sarah data add FILE keeps one.")
        return
    columns = ("dataset", "name", "train", "validation", "tokens", "kept")
    shown = shell.table("Datasets", *columns, numbers=columns[2:5], whole=("dataset", "kept"))
    for one in datasets:
        figures = (one.train, one.validation, one.tokens)
        shown.add_row(one.id, one.name, *(f"{figure:,}" for figure in figures), shell.minute(one.created_at))
    shell.out().print(shown)


def _told(dataset: Dataset) -> dict[str, object]:
    return {**asdict(dataset), "folder": str(dataset.folder)}


@app.command()
def show(dataset: DatasetName, *, json: AsJson = False) -> None:
    """Show a dataset: its counts, where its examples come from, and a few of them."""
    datasets = _datasets(shell.settings())
    kept = datasets.get(dataset)
    datasets.verify(kept)
    if json:
        typer.echo(shell.as_json(_told(kept)))
    else:
        told = (f"{origin.source}, {origin.supplied_by}" for origin in datasets.origins(kept))
        origins = dict(Counter(told).most_common())
        print_dataset(shell.out(), kept, origins, islice(datasets.examples(kept, "train"), SAMPLES))


@app.command()
def delete(dataset: DatasetName) -> None:
    """Remove a dataset that no run has used."""
    settings = shell.settings()
    datasets = _datasets(settings)
    kept = datasets.get_exactly(dataset)
    with open_registry(settings.sarah_home) as registry:
        record(registry, kept, shell.author(settings))
        registry.remove_dataset(kept.id, shell.author(settings), time.time())
    datasets.delete(kept.id)
    shell.out().print(f"{kept.id} ({kept.name}) is gone.", markup=False)


app.registered_commands += permissions.app.registered_commands
