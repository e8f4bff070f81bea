"""How far a file has been read."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from training.cli import shell
from training.entries import Entry

# Examples between two looks at the bar: looking costs more than reading one.
_EVERY = 256


@dataclass(slots=True)
class Bar:
    """A progress bar that is told of every example."""

    shown: Progress
    task: TaskID
    told: int = 0

    def __call__(self, entry: Entry, _: int) -> None:
        """Move on to where this example ends."""
        self.told += 1
        if self.told % _EVERY == 0:
            self.shown.update(self.task, completed=entry.end)

    def stop(self) -> None:
        """Take the bar away."""
        self.shown.stop()


@contextmanager
def bar(size: int) -> Generator[Bar]:
    """Show on standard error how much of so many bytes has been read, where somebody is there to see it."""
    console = shell.err()
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        yield Bar(shown, shown.add_task("Reading", total=size or None))
