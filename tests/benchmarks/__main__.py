"""`make bench`: what the gate lets through, how fast she counts, what a turn costs, how large she is, how fast up."""

import asyncio
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import structlog
from rich.console import Console
from rich.table import Table

from tests.benchmarks import gate, tokens
from tests.benchmarks.turns import Times, measure, percentile, steps

TURNS = 2000
# Conversations at once, and seconds from one question of a conversation to its next.
LOADS = ((1, 0.0), (50, 1.0), (50, 0.0))
CONVERSATIONS = 10_000
STARTS = 3
# Seconds until the page answers, at most.
PATIENCE = 60


def main() -> None:
    """Measure and print."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    out = Console(width=100)
    out.print(f"Python {platform.python_version()}, {platform.machine()}, one core of {os.cpu_count()}\n")
    out.print(gate.table())
    with tempfile.TemporaryDirectory() as folder:
        # Before all but one core are put aside: counting uses two.
        out.print(tokens.table(Path(folder)))
    everything = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(everything)})
    with tempfile.TemporaryDirectory() as folder:
        _turns(out, Path(folder))
        _process(out, Path(folder))
        _page(out, Path(folder))


def _turns(out: Console, folder: Path) -> None:
    table = Table("A turn with an instant model", "p50 ms", "p99 ms", "turns/s")
    for number, (conversations, every) in enumerate(LOADS):
        times = asyncio.run(measure(folder / str(number), conversations, TURNS, every))
        _rows(table, _load(conversations, every), times)
    out.print(table)
    spent = Table("What the time goes to, each step alone", "median ms")
    for step, milliseconds in asyncio.run(steps(folder / "steps", 500)).items():
        spent.add_row(step, f"{milliseconds:.2f}")
    out.print(spent)


def _load(conversations: int, every: float) -> str:
    if conversations == 1:
        return "1 conversation"
    return f"{conversations} conversations, {f'a question every {every:g} s' if every else 'without a pause'}"


def _rows(table: Table, load: str, times: Times) -> None:
    for name, values, rate in (
        (f"added before the model, {load}", times.before, ""),
        (f"whole turn, {load}", times.whole, f"{times.per_second:.0f}"),
    ):
        table.add_row(name, f"{percentile(values, 50):.1f}", f"{percentile(values, 99):.1f}", rate)


def _process(out: Console, folder: Path) -> None:
    starts: list[float] = []
    sizes = [""] * 3
    for number in range(STARTS):
        conversations = CONVERSATIONS if number == STARTS - 1 else 0
        command = [sys.executable, "-m", "tests.benchmarks.process", str(folder / f"p{number}"), str(conversations)]
        began = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
            assert process.stdout
            process.stdout.readline()
            starts.append(time.perf_counter() - began)
            sizes = [process.stdout.readline().strip() for _ in sizes]
    table = Table("One process with Discord and Slack, without the web page", "")
    table.add_row("from start to ready, best of 3, new home", f"{min(starts):.1f} s")
    table.add_row("memory when ready", f"{sizes[1]} MB")
    table.add_row("of which scikit-learn and what it imports", f"{sizes[0]} MB")
    table.add_row(f"memory after {CONVERSATIONS:,} conversations", f"{sizes[2]} MB")
    out.print(table)


def _page(out: Console, folder: Path) -> None:
    settings = {"SARAH_HOME": str(folder / "page"), "SARAH_WEB_PORT": "0", "SARAH_HTTP_PORT": "0"}
    command = [str(Path(sys.executable).parent / "sarah"), "run"]
    began = time.perf_counter()
    with subprocess.Popen(  # noqa: S603 - our own
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ | settings
    ) as process:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("Web page"):
                break
        took = time.perf_counter() - began
        process.terminate()
    out.print(f"\nWith the web page: from start to the page {took:.1f} s")


if __name__ == "__main__":
    main()
