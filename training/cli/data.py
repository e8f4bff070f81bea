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

from training import wording
from training.checks.mending import mend_file
from training.cli import permissions, shell
from training.cli.progress import bar
from training.cli.showing import print_dataset, print_inspection, write_json
from training.datasets import Dataset, split_file
from training.datasets.lines import kept_in
from training.formats import Format, Reader
from training.inspection import Inspection
from training.intake import (
    Request,
    base_price,
    datasets_of,
    looked_at,
    reader_of,
    removed,
    scenario_folder,
    taken_in,
)
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
    request = Request(
        file=file,
        format=kind,
        system=system,
        stop=stop,
        base=base,
        encoding=encoding,
        epochs=epochs,
        least_question=least_question,
        least_answer=least_answer,
        validation=validation,
    )
    reader = reader_of(settings, request)
    _remark_on_scenarios(settings)
    with bar(reader.size) as progress, looked_at(settings, request, progress) as inspection:
        progress.stop()
        if json:
            write_json(sys.stdout, inspection)
        else:
            print_inspection(shell.out(), str(file), inspection)
        if histogram:
            _draw(inspection, histogram, base_price(settings, request).limit_tokens)
        found = bool(inspection.counts)
    if copy:
        _fix(file, reader, copy)
    raise typer.Exit(PROBLEMS if found else 0)


def _remark_on_scenarios(settings: TrainingSettings) -> None:
    if not (folder := scenario_folder(settings)).is_dir():
        shell.remark(f"There are no scenarios in {folder}: nobody looks whether they leaked. Set SARAH_DATA.")


def _draw(inspection: Inspection, picture: Path, limit: int) -> None:
    from training.charts.histogram import histogram  # noqa: PLC0415 - half a second, for a picture only

    with kept_in(picture):
        histogram(inspection.distribution, picture, limit=limit)
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
    reader = reader_of(settings, Request(file, kind, system=system, stop=stop))
    attribution = Attribution(file, Provenance("", "file"), (), time.time())
    train, validation = split_file(reader, output, seed, share, lambda entry: attribution.of(entry).category)
    if json:
        typer.echo(shell.as_json({"train": train, "validation": validation, "folder": str(output)}))
    else:
        sides = f"{wording.number(train, 'example')} to learn from, {validation:,} to validate with"
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
    request = Request(
        file=file,
        format=kind,
        name=name,
        system=system,
        stop=stop,
        base=base,
        encoding=encoding,
        least_question=least_question,
        least_answer=least_answer,
        seed=seed,
        share=share,
        supplied_by=supplied_by,
        source=source,
        workspace=workspace,
        permission=permission,
    )
    kept = _kept(settings, request, json=json)
    if not json:
        sides = f"{kept.train:,} to learn from, {kept.validation:,} to validate with"
        shell.out().print(f"\nKept as {kept.id} ({kept.name}): {sides}.", markup=False)


def _kept(settings: TrainingSettings, request: Request, *, json: bool) -> Dataset:
    """Return the dataset that was made of a file, having shown what was found; ends with 1 when it is refused."""
    reader = reader_of(settings, request)
    _remark_on_scenarios(settings)
    with (
        open_registry(settings.place()) as registry,
        bar(reader.size) as progress,
        taken_in(settings, registry, request, settings.author(), progress) as taken,
    ):
        progress.stop()
        if json:
            write_json(sys.stdout, taken.inspection, {"dataset": taken.dataset.id if taken.dataset else ""})
        else:
            print_inspection(shell.out(), str(request.file), taken.inspection)
    if taken.dataset is None:
        shell.complain(
            "Nothing was kept: mend what is an error; `sarah data check FILE --fix` mends some of it in a copy."
        )
        raise typer.Exit(PROBLEMS)
    return taken.dataset


@app.command("list")
def list_datasets(*, json: AsJson = False) -> None:
    """List the datasets, the newest first."""
    datasets = datasets_of(shell.settings()).list()
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
        shown.add_row(one.id, one.name, *(f"{figure:,}" for figure in figures), wording.minute(one.created_at))
    shell.out().print(shown)


def _told(dataset: Dataset) -> dict[str, object]:
    return {**asdict(dataset), "folder": str(dataset.folder)}


@app.command()
def show(dataset: DatasetName, *, json: AsJson = False) -> None:
    """Show a dataset: its counts, where its examples come from, and a few of them."""
    datasets = datasets_of(shell.settings())
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
    kept = datasets_of(settings).get_exactly(dataset)
    with open_registry(settings.place()) as registry:
        removed(settings, registry, kept, settings.author())
    shell.out().print(f"{kept.id} ({kept.name}) is gone.", markup=False)


app.registered_commands += permissions.app.registered_commands
