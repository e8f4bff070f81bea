"""What every command shares: where it prints, how it refuses, and who gives it."""

import getpass
import json
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
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

# What is told in one sentence; anything else is a fault of ours.
_SPEAKING = (DataError, RegistryError, SettingsError, ProviderError, ProviderBusy)


class Commands(TyperGroup):
    """Commands whose refusals are one sentence on standard error and exit code 2."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as the library has it
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except _SPEAKING as refusal:
            refuse(str(refusal))
        except BrokenPipeError:
            # Whoever read has gone: nothing more can be said, not even by the interpreter as it ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(1) from None
        except OSError as error:
            refuse(_sentence(error))


def _sentence(error: OSError) -> str:
    what = error.strerror or str(error)
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{what}: make room there or name another place."


def commands(about: str) -> typer.Typer:
    """Return an empty group of commands."""
    return typer.Typer(
        help=about, cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
    )


def refuse(sentence: str) -> NoReturn:
    """Say why not, and end with exit code 2."""
    typer.echo(f"sarah: {sentence}", err=True)
    raise typer.Exit(REFUSED)


def settings() -> TrainingSettings:
    """Read the settings that training needs."""
    return read_training_settings()


def author(settings: TrainingSettings) -> str:
    """Return who gives this command."""
    return settings.sarah_author or getpass.getuser()


def out() -> Console:
    """Return where results are printed."""
    return Console(highlight=False, soft_wrap=True) if sys.stdout.isatty() else Console(width=WIDTH, highlight=False)


def err() -> Console:
    """Return where progress and remarks are printed."""
    return Console(stderr=True, highlight=False)


def table(title: str, *columns: str, numbers: Iterable[str] = ()) -> Table:
    """Return an empty table; the columns named in `numbers` are aligned to the right."""
    aligned = set(numbers)
    made = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in aligned else "left", overflow="fold")
    return made


def as_json(value: object) -> str:
    """Return a value as one line of JSON."""
    return json.dumps(value, ensure_ascii=False, default=str)


def usd(amount: float | None) -> str:
    """Return a price as people read it."""
    if amount is None:
        return "unknown"
    return f"${amount:,.2f}" if amount >= 0.01 or not amount else f"${amount:.4f}"  # noqa: PLR2004 - a cent


def moment(at: float) -> str:
    """Return a time as people read it, in UTC, or "" for none."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S") if at else ""


def plain(value: object) -> Text:
    """Return a value as it is: what people and servers wrote is no markup."""
    return Text(str(value))
