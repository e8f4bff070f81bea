"""`sarah model merge`: an adapter and its base become one model, in a folder that stands alone."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated

import typer

from training.cli import shell
from training.examples import DataError
from training.providers.local.extra import see_installed
from training.providers.local.manifest import WEIGHTS, Manifest, see_whole
from training.registry import Model, open_registry

_MODULE = "training.providers.merging"
# Characters of what a library says when it fails.
_LONGEST = 300


def merge(
    model: Annotated[str, typer.Argument(help="The id of a local model, or its beginning.", show_default=False)],
    folder: Annotated[Path, typer.Argument(help="The folder to be made.", show_default=False)],
    *,
    json: Annotated[bool, typer.Option("--json", help="JSON, for programs.")] = False,
) -> None:
    """Write a model that was tuned here and its base as one, for engines that load no adapters."""
    settings = shell.settings()
    home = settings.sarah_home
    with open_registry(settings.place()) as registry:
        ours = registry.model(model)
    manifest = _adapter(ours, home / ours.folder)
    see_installed()
    _see_free(folder)
    # Beside its place, so that it comes there whole or not at all.
    making = Path(mkdtemp(prefix=f".{folder.name}.", dir=folder.resolve().parent))
    try:
        _merged(home / ours.folder, manifest.base, making / folder.name)
        (making / folder.name).rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    if json:
        typer.echo(shell.as_json({"model": ours.id, "base": manifest.base, "folder": folder.resolve()}))
    else:
        shell.out().print(f"{ours.id} and {manifest.base} are one model now, in {folder}.", markup=False)


def _adapter(ours: Model, folder: Path) -> Manifest:
    """Return what is known of an adapter that was tuned here; raises DataError for everything else."""
    if ours.provider != "local":
        raise DataError(
            f"{ours.id} was tuned by {ours.provider}, and there is nothing to merge here: name a model that was tuned"
            " on this machine."
        )
    manifest = see_whole(folder)
    if manifest.kind == "whole":
        raise DataError(f"{ours.id} is a whole model already: copy {folder / WEIGHTS}.")
    return manifest


def _see_free(folder: Path) -> None:
    if folder.exists() or folder.is_symlink():
        raise DataError(f"{folder} is there already: name a folder that is not.")
    if not folder.resolve().parent.is_dir():
        raise DataError(f"There is no folder {folder.resolve().parent}: make it, or name a place that is there.")


def _merged(run: Path, base: str, folder: Path) -> None:
    """Have an adapter merged in a process of its own; raises DataError with why it was not."""
    command = [sys.executable, "-m", _MODULE, str(run.resolve()), str(folder)]
    done = subprocess.run(  # noqa: S603 - our own
        command, env=_around(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode or not folder.is_dir():
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise DataError(
            f"The adapter and its base {base} could not be merged ({said[-1].strip()[:_LONGEST]}): see that the base is"
            " there as safetensors, and that memory and disk have room for it."
        )


def _around() -> dict[str, str]:
    """Return the environment without our settings, among which are secrets."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SARAH_")}
