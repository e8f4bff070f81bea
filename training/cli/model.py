"""`sarah model`: what has been tuned, and which model answers customers."""

import time
from dataclasses import asdict
from typing import Annotated

import typer

from training import promotion as promotions
from training import wording
from training.cli import shell
from training.cli.merging import merge
from training.intake import scenario_folder
from training.pricing import read_prices
from training.promotion import PromotionRefused
from training.registry import open_registry
from training.runs import discriminators

app = shell.commands("Models: what has been tuned, and which one answers customers.")
app.command()(merge)

ModelId = Annotated[str, typer.Argument(help="The model's id, or its beginning.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]
Reason = Annotated[str, typer.Option(help="Why; kept in the history.")]
SHOWN = 50
_COLUMNS = ("", "model", "provider", "base", "dataset", "made")


@app.command("list")
def list_models(*, json: AsJson = False) -> None:
    """List the models, the newest first; the champion answers customers."""
    with open_registry(shell.settings().place()) as registry:
        models, champion = registry.models(), registry.champion()
        names = {dataset.id: dataset.name for dataset in registry.datasets()}
    crowned = champion.id if champion else ""
    if json:
        typer.echo(shell.as_json([asdict(model) | {"champion": model.id == crowned} for model in models]))
        return
    if not models:
        shell.out().print("There are no models yet: sarah train start DATASET --provider embedded makes one.")
        return
    shown = shell.table("Models (* answers customers)", *_COLUMNS, whole=("model", "provider", "made"))
    for model in models:
        star, dataset = "*" if model.id == crowned else "", names.get(model.dataset) or model.dataset
        shown.add_row(star, model.id, model.provider, model.base, dataset, wording.minute(model.created_at))
    shell.out().print(shown)


@app.command()
def show(model: ModelId, *, json: AsJson = False) -> None:
    """Show where a model came from."""
    place = shell.settings().place()
    with open_registry(place) as registry:
        lineage = registry.lineage(model)
    if json:
        typer.echo(shell.as_json([asdict(ancestor) for ancestor in lineage]))
        return
    for ancestor in lineage:
        shown = shell.table("Model" if ancestor is lineage[0] else "Tuned from", "", "")
        shown.show_header = False
        learned = (
            f"{name.replace('_', ' ')} {value}" for name, value in asdict(ancestor.hyperparameters).items() if value
        )
        told = asdict(ancestor) | {
            "hyperparameters": ", ".join(learned) or "the provider's own",
            "created_at": wording.moment(ancestor.created_at),
            "topic": "",
            "discriminator": discriminators.told(place.home, ancestor.topic),
        }
        for name, value in told.items():
            if value:
                shown.add_row(name.replace("_", " "), shell.plain(value))
        shell.out().print(shown, "")


@app.command()
def promote(
    model: ModelId,
    *,
    force: Annotated[bool, typer.Option("--force", help="In spite of what speaks against it; needs --reason.")] = False,
    reason: Reason = "",
    json: AsJson = False,
) -> None:
    """Let a model answer customers, from the next message on, unless its scorecard speaks against it."""
    settings = shell.settings()
    home = settings.sarah_home
    try:
        with open_registry(settings.place()) as registry:
            promotion = promotions.promote(
                registry,
                home,
                model,
                settings.author(),
                time.time(),
                scenarios=scenario_folder(settings),
                reason=reason,
                forced=force,
                prices=read_prices(),
            )
    except PromotionRefused as refused:
        shell.refuse(_refusal(refused))
    _told(json=json, values=asdict(promotion), sentence=f"{promotion.model} answers from the next message on.")


def _refusal(refused: PromotionRefused) -> str:
    """Return what speaks against a model, the scenarios on which that rests, and the way out."""
    if not refused.objections:
        return "--force needs --reason, which is kept in the history: say why."
    told = " ".join(filter(None, (*refused.objections, refused.rests_on)))
    return f"{told} Promote another, or this one with --force and a --reason."


@app.command()
def rollback(*, reason: Reason = "", json: AsJson = False) -> None:
    """Let the model answer again that answered before the champion."""
    settings = shell.settings()
    with open_registry(settings.place()) as registry:
        promotion = registry.rollback(settings.author(), time.time(), reason)
    answers = promotion.model or "No tuned model, only what the settings name,"
    _told(json=json, values=asdict(promotion), sentence=f"{answers} answers from the next message on.")


def _told(*, json: bool, values: dict[str, object], sentence: str) -> None:
    if json:
        typer.echo(shell.as_json(values))
    else:
        shell.out().print(sentence, markup=False)


@app.command()
def history(*, json: AsJson = False) -> None:
    """List who promoted what, the newest first."""
    with open_registry(shell.settings().place()) as registry:
        promotions = registry.promotions()[::-1]
    if json:
        typer.echo(shell.as_json([asdict(promotion) for promotion in promotions]))
        return
    if not promotions:
        shell.out().print("No model has been promoted yet: sarah model promote MODEL makes a champion.")
        return
    shown = shell.table("Promotions", "when", "who", "what", "model", "why", whole=("when", "model"))
    for promotion in promotions:
        what = f"{promotion.action}{', forced' if promotion.forced else ''}"
        told = (promotion.by, what, promotion.model, promotion.reason)
        shown.add_row(wording.moment(promotion.at), *map(shell.plain, told))
    shell.out().print(shown)


@app.command()
def audit(
    *, most: Annotated[int, typer.Option(min=1, help="Lines that are shown.")] = SHOWN, json: AsJson = False
) -> None:
    """List who changed what, the newest first."""
    with open_registry(shell.settings().place()) as registry:
        lines = registry.audit_log(most)
    if json:
        typer.echo(shell.as_json([asdict(line) for line in lines]))
        return
    out = shell.out()
    for line in lines:
        detail = f" ({line.detail})" if line.detail else ""
        out.print(f"{wording.moment(line.at)} {line.by}: {line.action} {line.subject}{detail}", markup=False)
    if not lines:
        out.print("Nobody has changed anything yet.")
