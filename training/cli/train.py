"""`sarah train`: runs, from start to a registered model."""

import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from training import worker
from training.assembly import bench_of, estimated, provider_for
from training.charts.loss import loss_chart
from training.cli import shell
from training.cli.following import event_line, follow, picture, summary
from training.cli.showing import print_estimates
from training.datasets import Datasets
from training.providers import Hyperparameters, Method, ProviderError
from training.registry import Plan, Registry, Run, open_registry
from training.settings import TrainingSettings, web_address

app = shell.commands("Runs: tune a model on a dataset, and follow it.")

RunId = Annotated[str, typer.Argument(help="The run's id, or its beginning.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]
ProviderName = Literal["embedded", "openai"]
FAILED = 1


@app.command()
def start(  # noqa: PLR0913 - a form, field by field
    dataset: Annotated[str, typer.Argument(help="The dataset's id or name.", show_default=False)],
    *,
    provider: Annotated[ProviderName, typer.Option(help="Who tunes.")] = "embedded",
    base: Annotated[str, typer.Option(help="The model to be tuned, or the id of one that was tuned here.")] = "",
    base_url: Annotated[str, typer.Option(help="The server that tunes, instead of SARAH_TUNING_URL.")] = "",
    method: Annotated[Method, typer.Option(help="How it learns.")] = "supervised",
    epochs: Annotated[int | None, typer.Option(min=1, max=50, help="How often each example is learned.")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, max=256, help="Examples learned at once.")] = None,
    learning_rate: Annotated[
        float | None, typer.Option("--learning-rate", min=1e-6, max=1000, help="The learning rate multiplier.")
    ] = None,
    suffix: Annotated[str, typer.Option(help="Put into the tuned model's name.")] = "",
    seed: Annotated[int | None, typer.Option(min=0, help="For a run that can be repeated.")] = None,
    limit: Annotated[
        float | None, typer.Option(min=0, help="What it may cost at most in USD, instead of SARAH_SPENDING_LIMIT.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Start without asking.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until the run has ended.")] = False,
    json: AsJson = False,
) -> None:
    """Tune a model: shows tokens and cost, asks once, and starts a run that outlives any crash."""
    settings = shell.settings()
    with open_registry(settings.sarah_home) as registry:
        plan = Plan(
            dataset=dataset,
            provider=provider,
            base=base or (settings.sarah_tuning_model if provider == "openai" else provider),
            base_url=web_address("--base-url", base_url or settings.sarah_tuning_url) if provider == "openai" else "",
            method=method,
            hyperparameters=Hyperparameters(epochs, batch_size, learning_rate),
            suffix=suffix,
            seed=seed,
            spending_limit_usd=settings.sarah_spending_limit if limit is None else limit,
        )
        plan = _considered(settings, registry, plan, asking=not yes, json=json)
        run = registry.start_run(plan, shell.author(settings), time.time())
        _go_on(settings, registry, run, wait=wait, json=json)


def _considered(settings: TrainingSettings, registry: Registry, plan: Plan, *, asking: bool, json: bool) -> Plan:
    """Return a plan whose dataset and base are there, which somebody has agreed to."""
    kept = Datasets(settings.sarah_home / "datasets").get(plan.dataset)
    plan = replace(plan, dataset=kept.id, base=_base(registry, plan))
    # Refused now rather than in the background, where there is nobody to put a key in.
    provider_for(settings)(plan)
    estimate = estimated(plan, kept)
    if not json:
        out = shell.out()
        out.print(f"{kept.id} ({kept.name}): {kept.train:,} to learn from, {kept.validation:,} to validate with.")
        print_estimates(out, [estimate])
    if asking and not typer.confirm(f"Start it for {shell.usd(estimate.cost_usd)}?", err=True):
        shell.refuse("Nothing was started.")
    return plan


def _base(registry: Registry, plan: Plan) -> str:
    """Return the base model's name at its server: one of ours is known there by another."""
    if not plan.base.startswith("model-"):
        return plan.base
    ours = registry.model(plan.base)
    if not ours.served_as or ours.base_url != plan.base_url:
        raise ProviderError(f"{ours.id} is not at the server that is to tune it: name another --base or --base-url.")
    return ours.served_as


def _go_on(settings: TrainingSettings, registry: Registry, run: Run, *, wait: bool, json: bool) -> None:
    """Have a run worked on, here or in the background, and tell where it stands; ends with 1 if it failed here."""
    if wait:
        worker.work(bench_of(settings, registry), run.id)
    else:
        worker.start_in_background(settings.sarah_home)
    now = registry.run(run.id)
    if json:
        typer.echo(shell.as_json({"run": now.id, "state": now.state, "model": now.model}))
    else:
        out = shell.out()
        out.print(summary(now, time.time()))
        if not wait:
            out.print(f"It goes on without you: sarah train status {now.id} --watch")
    if wait and now.state != "succeeded":
        raise typer.Exit(FAILED)


def work() -> None:
    """Work on the runs that have not ended, until there is none left."""
    settings = shell.settings()
    with open_registry(settings.sarah_home) as registry:
        worker.work(bench_of(settings, registry))


@app.command("list")
def list_runs(*, json: AsJson = False) -> None:
    """List the runs, the newest first."""
    with open_registry(shell.settings().sarah_home) as registry:
        runs = registry.runs()
    _print(runs, json=json)


def _print(runs: Sequence[Run], *, json: bool) -> None:
    if json:
        typer.echo(shell.as_json([asdict(run) for run in runs]))
        return
    out = shell.out()
    for run in runs:
        out.print(summary(run, time.time()))
    if not runs:
        out.print("There are no runs: sarah train start DATASET begins one.")


@app.command()
def status(
    run: Annotated[str, typer.Argument(help="A run; all that have not ended unless told.")] = "",
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Follow it to its end, with a chart of its loss.")] = False,
    json: AsJson = False,
) -> None:
    """Say where a run stands."""
    settings = shell.settings()
    with open_registry(settings.sarah_home) as registry:
        if not run and not watch:
            _print(registry.unfinished(), json=json)
            return
        wanted = registry.run(run) if run else _newest(registry)
        if watch:
            follow(registry, wanted.id, shell.out())
        elif json:
            typer.echo(shell.as_json(asdict(wanted)))
        else:
            out = shell.out()
            out.print(picture(registry, wanted, out.width))


def _newest(registry: Registry) -> Run:
    runs = registry.runs()
    return runs[0] if runs else shell.refuse("There are no runs: sarah train start DATASET begins one.")


@app.command()
def events(run: RunId, *, json: AsJson = False) -> None:
    """List what a run told, in order."""
    with open_registry(shell.settings().sarah_home) as registry:
        told = registry.events(registry.run(run).id)
    if json:
        typer.echo(shell.as_json([asdict(event) for event in told]))
        return
    out = shell.out()
    for event in told:
        out.print(event_line(event.at, event.level, event.text))


@app.command()
def cancel(run: RunId, *, json: AsJson = False) -> None:
    """Stop a run for good, its job at the provider included."""
    settings = shell.settings()
    with open_registry(settings.sarah_home) as registry:
        asked = registry.want_cancel(registry.run(run).id, shell.author(settings), time.time())
        _go_on(settings, registry, asked, wait=False, json=json)


@app.command()
def pause(run: RunId, *, json: AsJson = False) -> None:
    """Hold a run, where its provider can."""
    settings = shell.settings()
    with open_registry(settings.sarah_home) as registry:
        asked = registry.want_pause(registry.run(run).id, shell.author(settings), time.time())
        _go_on(settings, registry, asked, wait=False, json=json)


@app.command()
def resume(
    run: Annotated[str, typer.Argument(help="A held run; every run that was interrupted unless told.")] = "",
    *,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until it has ended.")] = False,
    json: AsJson = False,
) -> None:
    """Go on with a held run, and with every run that a crash interrupted."""
    settings = shell.settings()
    with open_registry(settings.sarah_home) as registry:
        if not run:
            worker.start_in_background(settings.sarah_home)
            _print(registry.unfinished(), json=json)
            return
        held = registry.run(run)
        if held.state == "paused":
            held = registry.want_resume(held.id, shell.author(settings), time.time())
        elif held.ended:
            shell.refuse(f"{held.id} has {held.state}: start a new run.")
        _go_on(settings, registry, held, wait=wait, json=json)


@app.command()
def chart(run: RunId, *, output: Annotated[Path, typer.Option("--output", "-o", help="The PNG to write.")]) -> None:
    """Draw a run's loss."""
    with open_registry(shell.settings().sarah_home) as registry:
        wanted = registry.run(run)
        loss_chart(registry.metrics(wanted.id), f"{wanted.id}: {wanted.plan.base} on {wanted.plan.dataset}", output)
    shell.out().print(f"The loss is drawn in {output}.", markup=False)
