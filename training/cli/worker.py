"""`sarah worker`: takes runs that others start, on any machine that shares the database."""

import os
import sys
import time
from typing import Annotated, NoReturn

import typer

from training.assembly import bench_of
from training.cli import shell
from training.postgresql import named
from training.registry import RegistryError, open_registry
from training.runs import worker
from training.runs.queues import heard_here
from training.settings import SettingsError, TrainingSettings

_AGAIN = "--again"
# Seconds between two looks at whether the database is back.
_LOOK = 1.0
_ABOUT = "Take runs that others start, until it is stopped; several machines may, with SARAH_DATABASE_URL."

app = typer.Typer(
    cls=shell.Commands,
    invoke_without_command=True,
    subcommand_metavar="",
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback(help=_ABOUT)
def take(
    *, again: Annotated[bool, typer.Option(_AGAIN, hidden=True, help="Wait for a database that is away.")] = False
) -> None:
    """Take runs until SIGTERM or Ctrl-C, and begin anew whenever the database was away."""
    settings = shell.settings()
    if not settings.sarah_database_url:
        raise SettingsError(
            "A worker takes runs from a database that machines share: set SARAH_DATABASE_URL to it, or go on with the"
            " runs of this machine alone by `sarah train resume`."
        )
    try:
        _take(settings, patiently=again)
    except (KeyboardInterrupt, SystemExit):
        shell.remark("Stopped: what was under way goes on at another worker.")


def _take(settings: TrainingSettings, *, patiently: bool) -> None:
    if patiently:
        _wait_for_database(settings)
    with open_registry(settings.place()) as registry:
        sentence = _told(heard_here(), named(settings.sarah_database_url))
        try:
            worker.take_runs(
                bench_of(settings, registry, anew=_begin_anew), lambda: shell.out().print(sentence, markup=False)
            )
        except RegistryError as error:
            shell.complain(str(error))
            _begin_anew()


def _told(queues: list[str], database: str) -> str:
    if len(queues) == 1:
        what = "the queue runs, not from local (what tunes models is not installed: pip install '.[local]')"
    else:
        what = f"the queues {' and '.join(queues)}"
    return f"Takes runs from {what}, of {database}."


def _wait_for_database(settings: TrainingSettings) -> None:
    """Wait until the database lets us in."""
    told = ""
    while True:
        try:
            with open_registry(settings.place()):
                return
        except RegistryError as error:
            if str(error) != told:
                told = str(error)
                shell.complain(told)
        time.sleep(_LOOK)


def _begin_anew() -> NoReturn:
    """Become another process, in which no step of a run is being done."""
    shell.remark("The database was out of reach: this worker begins anew, and takes runs as soon as it is back.")
    sys.stdout.flush()
    sys.stderr.flush()
    arguments = [argument for argument in sys.orig_argv[1:] if argument != _AGAIN]
    os.execv(sys.executable, [sys.executable, *arguments, _AGAIN])  # noqa: S606 - this very program
