"""How a file that was inspected is shown: tables for people, one JSON object for programs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from typing import TextIO

from rich.console import Console
from rich.text import Text

from training import wording
from training.checks import Problem
from training.cli import shell
from training.datasets import Dataset
from training.examples import Example
from training.inspection import Inspection
from training.pricing import Estimate, read_prices
from training.tokens import Vocabulary

# Problems that are listed for people; programs get them all.
SHOWN = 50
_STYLES = {"error": "red", "warning": "yellow"}


def print_inspection(out: Console, file: str, inspection: Inspection) -> None:
    """Print problems, lengths and prices."""
    left_out = f", {inspection.left_out:,} left out as too short" if inspection.left_out else ""
    examples = wording.number(inspection.examples, "example")
    out.print(Text.assemble((file, "bold"), f": {examples} ({inspection.format}{left_out})\n"))
    _print_problems(out, inspection)
    _print_tokens(out, inspection)
    print_estimates(out, inspection.estimates, inspection.vocabulary)


def _print_problems(out: Console, inspection: Inspection) -> None:
    total = sum(inspection.counts.values())
    if not total:
        out.print("No problems.\n", style="green")
        return
    problems = shell.table("Problems", "line", "severity", "rule, and what to do", numbers=["line"], whole=["severity"])
    for problem in islice(inspection.problems(), SHOWN):
        # Text, because what stands in a file is no markup. One column, for a terminal of 80 has no room for another.
        told = Text.assemble((problem.rule, "bold"), ": ", problem.text)
        problems.add_row(str(problem.line or ""), Text(problem.severity, _STYLES[problem.severity]), told)
    out.print(problems)
    if total > SHOWN:
        out.print(f"... and {total - SHOWN:,} more: --json lists them all.")
    counts = ", ".join(f"{rule} {count:,}" for rule, count in inspection.counts.items())
    out.print(Text.assemble("\n", (wording.number(total, "problem"), "bold"), f": {counts}\n"))


def _print_tokens(out: Console, inspection: Inspection) -> None:
    figures = inspection.distribution.summary()
    if not figures.examples:
        return
    lengths = shell.table("Tokens per example", "min", "p10", "median", "mean", "p90", "max", numbers=_LENGTHS)
    lengths.add_row(*(f"{getattr(figures, name):,.1f}".removesuffix(".0") for name in _LENGTHS))
    out.print(lengths)
    out.print(
        f"\n{figures.total:,} tokens, {inspection.billed:,} billed each epoch, "
        f"{wording.number(inspection.epochs, 'epoch')}: {inspection.billed * inspection.epochs:,} tokens in all.\n"
        f"Examples without a system message: {figures.without_system:,}; without a user message: "
        f"{figures.without_user:,}.\n"
    )


_LENGTHS = ("min", "p10", "median", "mean", "p90", "max")


def print_estimates(out: Console, estimates: Sequence[Estimate], counted: Vocabulary) -> None:
    """Print what each provider's models cost; the tokens were counted with one vocabulary."""
    columns = ("provider", "model", "billed", "epochs", "tokens", "cost", "answers until")
    prices = shell.table(f"Price, as read on {read_prices().read_on}", *columns, numbers=columns[2:6])
    for estimate in estimates:
        prices.add_row(
            estimate.provider,
            estimate.model,
            f"{estimate.billed_tokens:,}",
            f"{estimate.epochs:,}",
            f"{estimate.total_tokens:,}",
            wording.usd(estimate.cost_usd),
            str(estimate.retires or ""),
        )
    out.print(prices)
    for steps in (estimate.steps for estimate in estimates if estimate.steps):
        out.print(f"It learns {wording.number(steps, 'step')}, from which the epochs follow.")
    if near := ", ".join(estimate.model for estimate in estimates if estimate.vocabulary != counted):
        out.print(f"Tokens were counted with {counted}, so these figures are near, not exact: {near}.")


def write_json(out: TextIO, inspection: Inspection, more: Mapping[str, object] | None = None) -> None:
    """Write one object, which begins with `more`; problems are written one by one, however many there are."""
    figures = inspection.distribution.summary()
    head: dict[str, object] = {
        **(more or {}),
        "examples": inspection.examples,
        "left_out": inspection.left_out,
        "format": inspection.format,
        "errors": inspection.counts,
    }
    tail = {
        "tokens": {
            "total": figures.total,
            "billed": inspection.billed,
            "per_example": {name: getattr(figures, name) for name in _LENGTHS},
            "without_system": figures.without_system,
            "without_user": figures.without_user,
        },
        "epochs": inspection.epochs,
        "estimates": [asdict(estimate) for estimate in inspection.estimates],
    }
    out.write(f"{shell.as_json(head)[:-1]}, ")
    out.writelines(_listed("problems", inspection.problems()))
    out.write(f", {shell.as_json(tail)[1:]}\n")


def _listed(name: str, problems: Iterator[Problem]) -> Iterator[str]:
    """Yield a field of JSON that is a list, item by item."""
    yield f'"{name}": ['
    for number, problem in enumerate(problems):
        yield f"{', ' if number else ''}{shell.as_json(asdict(problem))}"
    yield "]"


def print_dataset(out: Console, dataset: Dataset, origins: Mapping[str, int], samples: Iterable[Example]) -> None:
    """Print a dataset: its counts, who supplied its examples, and a few of them."""
    out.print(Text.assemble((f"{dataset.id} ({dataset.name})", "bold"), f", kept {wording.moment(dataset.created_at)}"))
    out.print(
        f"{wording.number(dataset.train, 'example')} to learn from ({dataset.tokens:,} tokens, {dataset.vocabulary}), "
        f"{dataset.validation:,} to validate with, split "
        f"{'by content' if dataset.seed is None else f'at random by {dataset.seed}'}; "
        f"the longest has {dataset.longest:,} tokens."
    )
    out.print(shell.plain(f"Answers end with {dataset.stop}." if dataset.stop else "Answers end with no stop token."))
    supplied = shell.table("Where the examples come from", "from", "examples", numbers=["examples"])
    for origin, count in origins.items():
        supplied.add_row(shell.plain(origin), f"{count:,}")
    out.print("", supplied)
    for example in samples:
        out.print("")
        for message in example.messages:
            out.print(Text.assemble((f"{message.role}: ", "bold"), message.content))
