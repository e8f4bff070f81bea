"""What every command shares: where it prints, how it refuses, and who gives it."""

import json
import os
import signal
import sys
import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from typer.core import TyperGroup

from training.examples import DataError
from training.providers import ProviderBusy, ProviderError
from training.registry import RegistryError
from training.settings import SettingsError, TrainingSettings, read_training_settings

# What the shell is told when what was asked for cannot be read or done.
REFUSED = 2
# Columns where there is no terminal to ask.
WIDTH = 120
# Seconds after which an interrupt that was lost is given again.
AGAIN = 0.05

# What is told in one sentence; anything else is a fault of ours.
_SPEAKING = (DataError, RegistryError, SettingsError, ProviderError, ProviderBusy)


class Commands(TyperGroup):
    """Commands whose refusals are one sentence on standard error and exit code 2."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as the library has it
        """Run the command that was asked for."""
        _write_whatever_comes()
        try:
            with heeding_interrupts():
                return super().invoke(ctx)
        except _SPEAKING as refusal:
            refuse(str(refusal))
        except BrokenPipeError:
            # Whoever read has gone: nothing more can be said, not even by the interpreter as it ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(1) from None
        except OSError as error:
            refuse(_sentence(error))


@contextmanager
def heeding_interrupts() -> Generator[None]:
    """Let Ctrl-C be heard even while Python clears an object away, where nothing can be raised and it would be lost."""
    tell = sys.unraisablehook
    main = threading.main_thread().ident

    def lost(what: Any) -> None:  # noqa: ANN401 - as the library has it
        if main is not None and isinstance(what.exc_value, KeyboardInterrupt):
            # Given at once, it would be lost in the same place.
            threading.Timer(AGAIN, signal.pthread_kill, (main, signal.SIGINT)).start()
        else:
            tell(what)

    sys.unraisablehook = lost
    try:
        yield
    finally:
        sys.unraisablehook = tell


def _write_whatever_comes() -> None:
    """Let what a terminal has no letters for be written as an escape; a file's name need not even be text."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _sentence(error: OSError) -> str:
    what = error.strerror or str(error)
    if not error.filename:
        return f"The disk refused what was to be written ({what}): make room on it, and try again."
    return f"{error.filename} cannot be used ({what}): make room there or name another place."


def commands(about: str) -> typer.Typer:
    """Return an empty group of commands."""
    return typer.Typer(
        help=about, cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
    )


def refuse(sentence: str) -> NoReturn:
    """Say why not, and end with exit code 2."""
    complain(sentence)
    raise typer.Exit(REFUSED)


def complain(sentence: str) -> None:
    """Say on standard error what is wrong."""
    remark(f"sarah: {sentence}")


def remark(sentence: str) -> None:
    """Say something on standard error, on one line, whatever is read from standard output."""
    typer.echo(sentence, err=True)


def settings() -> TrainingSettings:
    """Read the settings that training needs."""
    return read_training_settings()


def out() -> Console:
    """Return where results are printed; sentences are not broken into lines, which who reads a pipe would not find."""
    return Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False, soft_wrap=True)


def err() -> Console:
    """Return where progress is shown."""
    return Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


def screen() -> Console:
    """Return a terminal for what is shown in its place again and again, and must fit into its width."""
    return Console(highlight=False)


def table(title: str, *columns: str, numbers: Iterable[str] = (), whole: Iterable[str] = ()) -> Table:
    """Return an empty table; columns in `numbers` are aligned to the right, those in `whole` are never folded."""
    aligned, unfolded = set(numbers), {*numbers, *whole}
    made = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        justify = "right" if column in aligned else "left"
        made.add_column(column, justify=justify, overflow="fold", no_wrap=column in unfolded)
    return made


def as_json(value: object) -> str:
    """Return a value as one line of JSON, in ASCII: it is the same wherever it is written."""
    return json.dumps(value, default=str, allow_nan=False)


def plain(value: object) -> Text:
    """Return a value as it is: what people and servers wrote is no markup."""
    return Text(str(value))
