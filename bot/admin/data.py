"""`data`: from a file to a dataset."""

import tempfile
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Annotated

from bot.admin.calls import Call, Upload
from bot.admin.files import kept_apart, saved
from bot.admin.forms import About, command
from bot.admin.names import datasets_of, drafts_of
from bot.admin.office import Office
from bot.admin.replies import Attachment, Button, Reply
from bot.admin.tables import table
from training import intake
from training.datasets import Dataset
from training.examples import DataError
from training.findings import all_problems, findings
from training.formats import Format
from training.inspection import Inspection
from training.quoting import quoted
from training.wording import minute, number

PROBLEMS = "problems.csv"
LENGTHS = "lengths.png"
SAMPLES = 3
# Bytes of a dataset that are handed out in a chat: Discord takes no more.
LARGEST_EXPORT = 10_000_000

DatasetName = Annotated[str, About("The dataset's name or id", names="datasets")]
FormatField = Annotated[Format | None, About("The file's format, where it is not recognised")]
NameField = Annotated[str, About("A name for the dataset; the file's unless told")]
System = Annotated[str, About("The system prompt of examples that have none")]
Stop = Annotated[str, About("A token put after each answer, such as **STOP**, at which the model stops")]


@command("data", may="home")
async def upload(  # noqa: PLR0913 - a form, field by field
    call: Call,
    office: Office,
    file: Annotated[Upload, About("A file of examples: JSONL, JSON, CSV, Parquet or Markdown")],
    *,
    format: FormatField = None,  # noqa: A002 - as people know it
    name: NameField = "",
    system: System = "",
    stop: Stop = "",
) -> Reply:
    """Check a file and keep it as a dataset: every problem with its line, or the price."""
    async with kept_apart(office.home) as folder:
        path = await saved(file, folder, office)
        request = intake.Request(
            file=path, format=format, name=name, system=system, stop=stop, supplied_by=call.caller.who
        )
        return await office.heavily(lambda: _taken_in(office, request, call.caller.who))


def _taken_in(office: Office, request: intake.Request, by: str) -> Reply:
    with intake.taken_in(office.settings, office.registry, request, by) as taken:
        return told(taken, request.file.name)


def told(taken: intake.Taken, file: str, again: str = "upload it again") -> Reply:
    """Return what was found in a file or a draft, and what became of it."""
    text = findings(taken.inspection)
    problems = _problems(taken.inspection)
    kept = taken.dataset
    if kept is None:
        return Reply(f"**Nothing was kept** of {quoted(file)}: mend what is an error and {again}.\n\n{text}", problems)
    sides = f"{kept.train:,} to learn from, {kept.validation:,} to validate with"
    return Reply(
        f"Kept as **{kept.name}** (`{kept.id}`): {sides}.\n\n{text}",
        problems,
        (
            Button("Start a run", "train start", {"dataset": kept.id}, "primary"),
            Button("Show", "data show", {"dataset": kept.id}),
        ),
    )


def _problems(inspection: Inspection) -> tuple[Attachment, ...]:
    return (Attachment(PROBLEMS, all_problems(inspection)),) if inspection.counts else ()


@command("data", may="home")
async def check(  # noqa: PLR0913 - a form, field by field
    call: Call,
    office: Office,
    *,
    file: Annotated[Upload | None, About("A file of examples")] = None,
    dataset: Annotated[str, About("A dataset that is kept, instead of a file", names="datasets")] = "",
    format: FormatField = None,  # noqa: A002 - as people know it
    system: System = "",
    stop: Stop = "",
) -> Reply:
    """Find every problem of a file or of a dataset, count its tokens and price it; keeps nothing."""
    if dataset:
        kept = await office.heavily(lambda: _whole(office, dataset))
        return await office.heavily(lambda: _looked_at(office, _of(kept), kept.name))
    if file is None:
        raise DataError("There is nothing to check: send a file along, or name a `dataset`.")
    async with kept_apart(office.home) as folder:
        request = intake.Request(await saved(file, folder, office), format=format, system=system, stop=stop)
        return await office.heavily(lambda: _looked_at(office, request, request.file.name))


def _looked_at(office: Office, request: intake.Request, name: str) -> Reply:
    with intake.looked_at(office.settings, request) as inspection:
        return Reply(f"{quoted(name)}\n\n{findings(inspection)}", _problems(inspection))


def _whole(office: Office, wanted: str) -> Dataset:
    """Return a dataset that is what it was; raises DataError."""
    datasets = datasets_of(office)
    kept = datasets.get(wanted)
    datasets.verify(kept)
    return kept


@command("data", may="home", name="list")
async def list_datasets(call: Call, office: Office) -> Reply:
    """List the datasets and the drafts, the newest first."""
    kept = await office.apart(datasets_of(office).list)
    drafts = await office.apart(drafts_of(office).list)
    columns = ("name", "id", "train", "validation", "tokens", "kept")
    parts: list[str] = []
    if kept:
        rows = [
            (one.name, one.id, f"{one.train:,}", f"{one.validation:,}", f"{one.tokens:,}", minute(one.created_at))
            for one in kept
        ]
        parts.append(table(columns, rows))
    else:
        parts.append("There are no datasets yet: `data upload` keeps one.")
    if drafts:
        rows = [(one.name, f"{one.examples:,}", minute(one.changed_at)) for one in drafts]
        parts.append("Drafts, which `data freeze` makes datasets of:\n" + table(("draft", "examples", "changed"), rows))
    return Reply("\n".join(parts))


@command("data", may="home")
async def show(call: Call, office: Office, dataset: DatasetName) -> Reply:
    """Show a dataset: counts, origins, what was found in it, lengths, and a few examples."""
    return await office.heavily(lambda: _shown(office, dataset))


def _shown(office: Office, wanted: str) -> Reply:
    kept, datasets = _whole(office, wanted), datasets_of(office)
    origins = Counter(f"{origin.source}, {origin.supplied_by}" for origin in datasets.origins(kept))
    split = "by content" if kept.seed is None else f"at random by {kept.seed}"
    counts = (
        f"{number(kept.train, 'example')} to learn from ({kept.tokens:,} tokens, the longest {kept.longest:,}),"
        f" {kept.validation:,} to validate with, split {split}."
    )
    lines = [
        f"**{kept.name}** (`{kept.id}`), kept {minute(kept.created_at)} from {quoted(kept.file)}",
        counts,
        f"Answers end with {quoted(kept.stop)}." if kept.stop else "Answers end with no stop token.",
        "From: " + "; ".join(f"{quoted(origin, 80)} ({count:,})" for origin, count in origins.most_common(5)),
    ]
    report, lengths = _report(office, kept)
    lines += ["", report]
    for example in islice(datasets.examples(kept, "train"), SAMPLES):
        said = (f"> **{message.role}**: {quoted(message.content, 300)}" for message in example.messages)
        lines.append("\n" + "\n".join(said))
    buttons = (
        Button("Start a run", "train start", {"dataset": kept.id}, "primary"),
        Button("Check", "data check", {"dataset": kept.id}),
        Button("Delete", "data delete", {"dataset": kept.id}, "danger"),
    )
    return Reply("\n".join(lines), (lengths,), buttons)


def _report(office: Office, kept: Dataset) -> tuple[str, Attachment]:
    """Return what is found in what is learned from, and a picture of how long the examples are."""
    # Half a second, for a picture only.
    from training.charts.histogram import histogram  # noqa: PLC0415

    request = _of(kept)
    limit = intake.base_price(office.settings, request).limit_tokens
    with tempfile.TemporaryDirectory() as folder, intake.looked_at(office.settings, request) as inspection:
        picture = Path(folder) / LENGTHS
        histogram(inspection.distribution, picture, limit=limit)
        return findings(inspection, SAMPLES), Attachment(LENGTHS, picture.read_bytes())


def _of(kept: Dataset) -> intake.Request:
    return intake.Request(file=kept.train_file, name=kept.name)


@command("data", may="home")
async def delete(
    call: Call,
    office: Office,
    dataset: DatasetName,
    *,
    sure: Annotated[bool, About("Without asking")] = False,
) -> Reply:
    """Remove a dataset that no run has used."""
    kept = await office.apart(lambda: datasets_of(office).get_exactly(dataset))
    if not sure:
        return Reply(
            f"Delete **{kept.name}** (`{kept.id}`, {number(kept.examples, 'example')})? It cannot be brought back.",
            buttons=(Button("Delete it", "data delete", {"dataset": kept.id, "sure": "yes"}, "danger"),),
        )
    await office.apart(lambda: intake.removed(office.settings, office.registry, kept, call.caller.who))
    return Reply(f"**{kept.name}** (`{kept.id}`) is gone.")


@command("data", may="home")
async def export(call: Call, office: Office, dataset: DatasetName) -> Reply:
    """Hand a dataset's files out, as they are uploaded to whoever tunes."""
    return await office.heavily(lambda: _exported(office, dataset, call.caller.who))


def _exported(office: Office, wanted: str, by: str) -> Reply:
    kept = _whole(office, wanted)
    files = [kept.train_file, *([kept.validation_file] if kept.validation_file else [])]
    if (size := sum(file.stat().st_size for file in files)) > LARGEST_EXPORT:
        raise DataError(
            f"{kept.name!r} has {size:,} bytes, more than a chat takes: its files are in {kept.folder} on the machine."
        )
    office.registry.audit(by, office.clock(), "export", kept.id, kept.name)
    parts = tuple(Attachment(f"{kept.name}-{file.name}", file.read_bytes()) for file in files)
    return Reply(f"**{kept.name}** (`{kept.id}`): {number(len(parts), 'file')}.", parts)
