"""`sarah train presets`: how models are tuned on this machine, each in a file that can be copied."""

from typing import Annotated

import typer

from training import wording
from training.bases import presets_of
from training.cli import shell
from training.providers.local.recipe import presets, read_recipe

_COLUMNS = ("preset", "model", "tunes", "rank", "learns")


def list_presets(*, json: Annotated[bool, typer.Option("--json", help="JSON, for programs.")] = False) -> None:
    """List the presets of the provider local: each is a file, to be copied to SARAH_DATA/presets and changed."""
    folder = presets_of(shell.settings())
    files = {name: path.resolve() for name, path in sorted(presets(folder).items())}
    recipes = {name: read_recipe(name, folder) for name in files}
    if json:
        listed = [{"preset": name, "file": files[name], **recipe.model_dump()} for name, recipe in recipes.items()]
        typer.echo(shell.as_json(listed))
        return
    out = shell.out()
    shown = shell.table("Presets", *_COLUMNS, numbers=["rank"], whole=_COLUMNS)
    for name, recipe in recipes.items():
        length = wording.number(recipe.steps or recipe.epochs, "step" if recipe.steps else "epoch")
        rank = "" if recipe.tune == "full" else f"{recipe.r}"
        shown.add_row(shell.plain(name), shell.plain(recipe.model), recipe.tune, rank, length)
    out.print(shown, "")
    for name, file in files.items():
        out.print(f"{name}: {file}", markup=False)
    out.print(f"A copy in {folder.resolve()} comes before ours of the same name.", markup=False)
