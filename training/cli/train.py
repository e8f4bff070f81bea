"""`sarah train`: runs, from start to a registered model."""

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from training.assembly import bench_of
from training.charts.loss import loss_chart
from training.cli import shell
from training.cli.following import event_line, follow, picture, summary, telling, until_ended
from training.cli.planning import considered
from training.cli.presets import list_presets
from training.datasets.lines import kept_in
from training.planning import plan_from
from training.providers import Method
from training.registry import Registry, Run, open_registry
from training.runs import worker
from training.settings import TrainingSettings, web_address

app = shell.commands("Runs: tune a model on a dataset, and follow it.")
app.command("presets")(list_presets)

RunId = Annotated[str, typer.Argument(help="The run's id, or its beginning.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]
ProviderName = Literal["embedded", "openai", "local"]
FAILED = 1
# In USD; whoever means no limit means less than this, and infinity is no number in JSON.
HIGHEST_LIMIT = 1_000_000


@app.command()
def start(  # noqa: PLR0913 - a form, field by field
    dataset: Annotated[str, typer.Argument(help="The dataset's id or name.", show_default=False)],
    *,
    provider: Annotated[ProviderName, typer.Option(help="Who tunes.")] = "embedded",
    base: Annotated[str, typer.Option(help="The model to be tuned, or one tuned here; local: or a preset.")] = "",
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
        float | None,
        typer.Option(
            min=0, max=HIGHEST_LIMIT, help="What it may cost at most in USD, instead of SARAH_SPENDING_LIMIT."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Start without asking.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until the run has ended.")] = False,
    json: AsJson = False,
) -> None:
    """Tune a model: shows tokens and cost, asks once, and starts a run that outlives any crash."""
    settings = shell.settings()
    with open_registry(settings.place()) as registry:
        plan = plan_from(
            settings,
            dataset=dataset,
            provider=provider,
            base=base,
            base_url=web_address("--base-url", base_url) if provider == "openai" else "",
            method=method,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            suffix=suffix,
            seed=seed,
            limit=limit,
        )
        plan = considered(settings, registry, plan, asking=not yes, json=json)
        run = registry.start_run(plan, settings.author(), time.time())
        _go_on(settings, registry, run, wait=wait, json=json)


def _go_on(settings: TrainingSettings, registry: Registry, run: Run, *, wait: bool, json: bool) -> None:
    """Have a run worked on, here or in the background, and tell where it stands; ends with 1 if it failed here."""
    if wait:
        _work_on(settings, registry, run, json=json)
    else:
        worker.start_in_background(settings.place())
    now = registry.run(run.id)
    if json:
        typer.echo(shell.as_json({"run": now.id, "state": now.state, "model": now.model}))
    else:
        out = shell.out()
        out.print(summary(now, time.time()))
        if not wait:
            out.print(f"It goes on without you: sarah train status {now.id} --watch")
    if wait and now.state != "succeeded":
        if json:
            shell.complain(f"{now.id} has {now.state}. {now.reason}" if now.reason else f"{now.id} was {now.state}.")
        raise typer.Exit(FAILED)


def _work_on(settings: TrainingSettings, registry: Registry, run: Run, *, json: bool) -> None:
    """Work on a run here until it has ended; people are told how it goes."""
    bench = bench_of(settings, registry)
    try:
        if json:
            worker.work(bench, run.id)
        else:
            with telling(registry, run.id, shell.err().print):
                worker.work(bench, run.id)
    except KeyboardInterrupt:
        shell.remark(
            f"\n{run.id} is not over: sarah train resume goes on with it, sarah train cancel {run.id} stops it."
        )
        raise


def work() -> None:
    """Work on the runs that have not ended, until there is none left."""
    settings = shell.settings()
    with open_registry(settings.place()) as registry:
        worker.work(bench_of(settings, registry))


@app.command("list")
def list_runs(*, json: AsJson = False) -> None:
    """List the runs, the newest first."""
    with open_registry(shell.settings().place()) as registry:
        runs = registry.runs()
    _print(runs, _NONE, json=json)


def _print(runs: Sequence[Run], none: str, *, json: bool) -> None:
    if json:
        typer.echo(shell.as_json([asdict(run) for run in runs]))
        return
    out = shell.out()
    for run in runs:
        out.print(summary(run, time.time()))
    if not runs:
        out.print(none)


_NONE = "There are no runs: sarah train start DATASET begins one."
_NONE_LEFT = "No run is going on: sarah train list shows those that have ended."


@app.command()
def status(
    run: Annotated[str, typer.Argument(help="A run; all that have not ended unless told.")] = "",
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Follow it to its end, with a chart of its loss.")] = False,
    json: AsJson = False,
) -> None:
    """Say where a run stands."""
    settings = shell.settings()
    with open_registry(settings.place()) as registry:
        if not run and not watch:
            _print(registry.unfinished(), _NONE_LEFT, json=json)
            return
        wanted = registry.run(run) if run else _newest(registry)
        if json:
            typer.echo(shell.as_json(asdict(until_ended(registry, wanted.id) if watch else wanted)))
        elif watch:
            _follow(registry, wanted)
        else:
            out = shell.out()
            out.print(picture(registry, wanted, out.width))


def _follow(registry: Registry, run: Run) -> None:
    if sys.stdout.isatty():
        follow(registry, run.id, shell.screen())
        return
    out = shell.out()
    with telling(registry, run.id, out.print):
        ended = until_ended(registry, run.id)
    out.print(summary(ended, time.time()))


def _newest(registry: Registry) -> Run:
    runs = registry.runs()
    return runs[0] if runs else shell.refuse(_NONE)


@app.command()
def events(run: RunId, *, json: AsJson = False) -> None:
    """List what a run told, in order."""
    with open_registry(shell.settings().place()) as registry:
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
    with open_registry(settings.place()) as registry:
        asked = registry.want_cancel(registry.run(run).id, settings.author(), time.time())
        _go_on(settings, registry, asked, wait=False, json=json)


@app.command()
def pause(run: RunId, *, json: AsJson = False) -> None:
    """Hold a run, where its provider can."""
    settings = shell.settings()
    with open_registry(settings.place()) as registry:
        asked = registry.want_pause(registry.run(run).id, settings.author(), time.time())
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
    with open_registry(settings.place()) as registry:
        if not run:
            interrupted = registry.unfinished()
            if wait:
                worker.work(bench_of(settings, registry))
            else:
                worker.start_in_background(settings.place())
            _print([registry.run(one.id) for one in interrupted], _NONE_LEFT, json=json)
            return
        held = registry.run(run)
        if held.state == "paused" or held.ended:
            held = registry.want_resume(held.id, settings.author(), time.time())
        _go_on(settings, registry, held, wait=wait, json=json)


@app.command()
def chart(run: RunId, *, output: Annotated[Path, typer.Option("--output", "-o", help="The PNG to write.")]) -> None:
    """Draw a run's loss."""
    with open_registry(shell.settings().place()) as registry:
        wanted = registry.run(run)
        with kept_in(output):
            loss_chart(registry.metrics(wanted.id), f"{wanted.id}: {wanted.plan.base} on {wanted.plan.dataset}", output)
    shell.out().print(f"The loss is drawn in {output}.", markup=False)
