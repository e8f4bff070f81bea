"""`sarah topic`: what is about the product, judged, taught and measured."""

import sys
from codecs import BOM_UTF8
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from training import wording
from training.cli import shell
from training.evaluation.scenarios import read_scenarios
from training.examples import DataError
from training.quoting import one_line

if TYPE_CHECKING:
    # What fits it takes a second to import, which whoever asks for help has not to spare.
    from training.topic import TopicModel, Verdict
    from training.topic.report import Report

app = shell.commands("The subject: what messages are about the product, and how well they are told apart.")
# Fewer messages of either kind say nothing about the next one.
LEAST = 20
# What the shell is told when lines are no text.
PROBLEMS = 1
# Bytes of one message; more would be a file without lines.
LONGEST = 1_000_000
_SHOWN = 100
_DASH = Path("-")

Lines = Annotated[Path, typer.Argument(help="One message a line, in UTF-8; standard input unless told.")]
After = Annotated[str, typer.Option(help="The message before each of them, which was about the product.")]
Kept = Annotated[
    Path | None, typer.Option("--model", help="A folder that `topic train` made; the company's own model unless told.")
]
On = Annotated[Path, typer.Option("--on", help="Messages about the product, one a line.")]
Off = Annotated[Path, typer.Option("--off", help="Messages about anything else, one a line.")]
Refused = Annotated[
    float, typer.Option(min=0.0001, max=0.5, help="The share of messages about the product that may be refused.")
]
Force = Annotated[bool, typer.Option("--force", help="Write into a folder that is there already.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]


@app.command()
def check(
    file: Lines = _DASH,
    *,
    after: After = "",
    model: Kept = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line: text, on_topic, score.")] = False,
) -> None:
    """Say of each line whether it is about the product, before the next one is read; 0.5 is the border.

    Exit code 1 when a line was no text: it is named, and the others are judged.
    """
    wrong = 0
    with _opened(file) as lines:
        judge = _model(model)
        for place, line in _placed(lines, file):
            try:
                text = _text(line, place)
            except DataError as error:
                shell.complain(str(error))
                wrong += 1
                continue
            verdict = judge.verdict(text, after)
            typer.echo(_json(text, verdict) if json else _line(text, verdict))
            sys.stdout.flush()
    raise typer.Exit(PROBLEMS if wrong else 0)


def _json(text: str, verdict: "Verdict") -> str:
    return shell.as_json({"text": text, "on_topic": verdict.on_topic, "score": verdict.score})


def _line(text: str, verdict: "Verdict") -> str:
    told = "borderline" if verdict.borderline else "on topic" if verdict.on_topic else "off topic"
    return f"{told:<10}  {verdict.score:.3f}  {one_line(text, _SHOWN)}".rstrip()


@contextmanager
def _opened(file: Path) -> Generator[BinaryIO]:
    """Open a file, or standard input for `-`."""
    if file != _DASH:
        with _lines(file) as lines:
            yield lines
        return
    # Python has none where the shell closed it.
    if not (typed := sys.stdin):
        shell.refuse("There is no standard input: name a file of messages, one a line.")
    if typed.isatty():
        shell.remark("Write one message a line; Ctrl-D ends.")
    yield typed.buffer


def _lines(file: Path) -> BinaryIO:
    if not file.exists():
        raise DataError(f"There is no file {file}: check its name.")
    if file.is_dir():
        raise DataError(f"{file} is a folder: name a file of messages, one a line.")
    return file.open("rb")


def _placed(lines: BinaryIO, file: Path) -> Iterator[tuple[str, bytes]]:
    """Yield each line as soon as it is there, after its place; raises DataError where it has no end."""
    name = "Standard input" if file == _DASH else str(file)
    number = 0
    while line := lines.readline(LONGEST + 1):
        number += 1
        place = f"{name}, line {number},"
        if len(line) > LONGEST:
            raise DataError(f"{place} has more than {LONGEST:,} bytes: write one message a line.")
        yield place, line if number > 1 else line.removeprefix(BOM_UTF8)


def _text(line: bytes, place: str) -> str:
    """Return the message of a line; raises DataError naming its place."""
    try:
        return line.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise DataError(f"{place} is not UTF-8 text: save it as UTF-8.") from None


def _model(folder: Path | None) -> "TopicModel":
    """Return the model that a folder keeps, or the company's."""
    from training.topic import load_topic_model, read_topic_model  # noqa: PLC0415 - a second, as above

    if folder:
        return load_topic_model(folder)
    settings = shell.settings()
    return read_topic_model(settings.sarah_data, settings.sarah_guard_refused, shell.remark)


@app.command()
def train(  # noqa: PLR0913 - a form, field by field
    *,
    on: On,
    off: Off,
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder that keeps the model.")],
    refused: Refused = 0.01,
    force: Force = False,
    json: AsJson = False,
) -> None:
    """Teach a model of any subject from two files of messages, and keep it in a folder for `topic check --model`."""
    if output.exists() and not force:
        shell.refuse(f"{output} is there already: name another --output, or write into it with --force.")
    about, other = _taught(on), _taught(off)
    if both := min((text for text in about if text in other), key=lambda text: about[text][0], default=""):
        places = f"line {about[both][0]} of {on} and line {other[both][0]} of {off}"
        shell.refuse(f"The same message is {places}: take it out of one, for it cannot be both.")
    from training.topic import trained_on  # noqa: PLC0415 - a second, as above

    model = trained_on([text for _, text in about.values()], [text for _, text in other.values()], refused)
    _keep(model, output)
    if json:
        values = asdict(model.calibration)
        calibration = {name: values[name] for name in ("refused", "low", "high", "of")}
        told = {"folder": str(output), "on": len(about), "off": len(other), "calibration": calibration}
        typer.echo(shell.as_json(told))
    else:
        shell.out().print(f"{output} {_calibrated(model)}", markup=False)


def _taught(file: Path) -> dict[str, tuple[int, str]]:
    """Return a file's messages with their line, by what makes two of them the same; raises DataError for too few."""
    with _lines(file) as lines:
        texts = [_text(line, place).strip() for place, line in _placed(lines, file)]
    read = [(number, text) for number, text in enumerate(texts, 1) if text]
    # The first of several stays.
    messages = {" ".join(text.casefold().split()): (number, text) for number, text in reversed(read)}
    if len(messages) < LEAST:
        found = wording.number(len(messages), "different message")
        raise DataError(f"{file} has {found}: write at least {LEAST}, one a line.")
    return messages


def _calibrated(model: "TopicModel") -> str:
    found = model.calibration
    measured = f"measured on {found.of:,} that it had not seen: {found.low:.1%} to {found.high:.1%}"
    return f"refuses at most {found.refused:.1%} of messages about the product; {measured}."


def _keep(model: "TopicModel", folder: Path) -> None:
    """Write a model beside its place first, so that a full disk leaves nothing there."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as made:
        model.save(Path(made))
        folder.mkdir(exist_ok=True)
        for file in sorted(Path(made).iterdir()):
            file.replace(folder / file.name)


@app.command()
def fit() -> None:
    """Fit the company's discriminator anew, and keep it in its folder: about three minutes."""
    from training.topic import keep_fitted  # noqa: PLC0415 - a second to import

    shell.out().print(_calibrated(keep_fitted(shell.settings().sarah_data)), markup=False)


@app.command()
def report(
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder for report.md, .json and .png.")] = Path(
        "topic-report"
    ),
    model: Kept = None,
    json: AsJson = False,
) -> None:
    """Measure on the company's messages that no training has read, and write the report with its picture."""
    from training.topic import customers, measured  # noqa: PLC0415 - a second, as above
    from training.topic.pages import as_json, write_report  # noqa: PLC0415 - as above
    from training.topic.report import report_on  # noqa: PLC0415 - as above

    data = shell.settings().sarah_data
    topics = measured(data)
    if not topics:
        folder = data / "topics" / "measured"
        shell.refuse(f"There is nothing in {folder} to measure with: write lines as in {folder.parent}.")
    shell.remark(f"{wording.number(len(topics), 'message')} that no training has read: this takes a minute or two.")
    found = report_on(_model(model), topics, good_answers(data), customers(data))
    write_report(found, output)
    if json:
        typer.echo(as_json(found))
    else:
        _show(found)
    shell.remark(f"The report is in {output}, with its picture.")


def good_answers(data: Path) -> Iterator[str]:
    """Yield the good answers of the company's scenarios, of which nothing is learned."""
    for file in sorted((data / "scenarios").glob("*.jsonl")):
        for scenario in read_scenarios(file):
            yield from (turn.reference for turn in scenario.turns if not turn.expect.refuses)


def _show(report: "Report") -> None:
    from training.topic.pages import figures_of, speed, told  # noqa: PLC0415 - as above

    out = shell.out()
    for part, group in groupby(figures_of(report), lambda figure: figure.part):
        columns = ("", "share", "95% interval", "count", "goal", " ")
        shown = shell.table(part, *columns, numbers=("share", "count"), whole=("95% interval", "goal"))
        for figure in group:
            shown.add_row(shell.plain(figure.what), *told(figure))
        out.print(shown, "")
    out.print(f"{speed(report)}.")
