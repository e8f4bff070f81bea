"""What is told of a run while it goes on: state, step, loss, cost, time left and a chart; at the end a scorecard."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import structlog

from bot.admin.office import Office
from bot.admin.replies import Attachment, Button, Report
from bot.models import ModelError
from training.examples import DataError
from training.measured import last_of, pace
from training.providers import Metric
from training.quoting import quoted
from training.registry import STEPS, Registry, RegistryError, Run
from training.wording import span, usd

CHART = "loss.png"
# Seconds after which a message is changed though nothing but the time has.
REFRESH = 15.0
# What people call the losses.
_LOSSES = {"train_loss": "training loss", "valid_loss": "validation loss", "full_valid_loss": "full validation loss"}


@dataclass(frozen=True, slots=True)
class State:
    """What was told last, so that nothing is told twice."""

    told: tuple[object, ...] = ()
    at: float = 0.0
    measured: int = 0
    has_ended: bool = False


async def report(office: Office, run_id: str, last: State) -> tuple[Report | None, State]:
    """Return what there is to tell of a run now, or None; raises RegistryError."""
    run, metrics, newest, dataset = await office.apart(lambda: look(office.registry, run_id))
    now = office.clock()
    key = (run.state, run.step, run.model, run.reason, run.cancel_wanted, newest, len(metrics), run.trained_tokens)
    if key == last.told and now - last.at < REFRESH and not last.has_ended:
        return None, last
    text = summary(run, dataset, metrics, newest, now)
    state = State(key, now, len(metrics), run.ended)
    if last.has_ended:
        ending = await _ending(office, run)
        return Report(f"{text}\n\n{ending}", None, await _next_steps(office, run), is_last=True), state
    picture = None
    if len(metrics) != last.measured or run.ended:
        picture = await _picture(office, run, dataset, metrics)
    if run.ended:
        # Hundreds of questions to a model that is served elsewhere take minutes.
        comparing = "\n\nIt is being compared." if run.state == "succeeded" else ""
        return Report(f"{text}{comparing}", picture), state
    return Report(text, picture, (Button("Cancel", "train cancel", {"run": run.id}, "danger"),)), state


async def _picture(office: Office, run: Run, dataset: str, metrics: list[Metric]) -> Attachment | None:
    """Return the chart; None where it cannot be drawn, for what it shows is told in words, too."""
    try:
        return await office.apart(lambda: drawn(run, dataset, metrics))
    except OSError as error:
        structlog.get_logger().warning("progress.no_chart", run=run.id, why=error.strerror or "")
        return None


def look(registry: Registry, run_id: str) -> tuple[Run, list[Metric], str, str]:
    """Return a run with what it measured, what it told last, and the name of its dataset."""
    run = registry.run(run_id)
    events = registry.events(run.id)
    dataset = registry.dataset_named(run.plan.dataset).name
    return run, registry.metrics(run.id), events[-1].text if events else "", dataset


def summary(run: Run, dataset: str, metrics: list[Metric], newest: str, now: float) -> str:
    """Return where a run stands, in a few lines of Markdown."""
    plan = run.plan
    tuned = plan.provider if plan.base == plan.provider else f"{plan.provider} {quoted(plan.base, 80)}"
    step = f", step {run.step} ({STEPS.index(run.step) + 1} of {len(STEPS)})" if run.step in STEPS else ""
    lines = [
        f"**{run.id}**: {run.state}{'' if run.ended else step}",
        f"{tuned} on **{dataset}** (`{plan.dataset}`), started by {run.by}",
        " · ".join(filter(None, [*_losses(metrics), *pace(metrics), _money(run), _time(run, now)])),
        f"> {quoted(newest)}" if newest and not run.ended else "",
        "It is to be cancelled." if run.cancel_wanted and not run.ended else "",
    ]
    return "\n".join(filter(None, lines))


def _losses(metrics: list[Metric]) -> list[str]:
    told: list[str] = []
    for name, title in _LOSSES.items():
        if last := last_of(metrics, name):
            told.append(f"{title} {last.value:.4f} at step {last.step:,}")
    return told


def _money(run: Run) -> str:
    tokens = f", {run.trained_tokens:,} tokens learned" if run.trained_tokens else ""
    if run.ended and not run.job:
        return "cost nothing: no provider took it"
    return f"cost about {usd(run.cost_usd)}{tokens}"


def _time(run: Run, now: float) -> str:
    if run.ended:
        return f"took {span(run.ended_at - run.created_at)}"
    # A run that is held told when it would end while it still learned.
    left = f", about {span(run.finishes_at - now)} left" if run.finishes_at > now and run.state != "paused" else ""
    return f"for {span(now - run.created_at)}{left}"


def drawn(run: Run, dataset: str, metrics: list[Metric]) -> Attachment | None:
    """Return the chart of a run's losses, if there are any."""
    if not metrics:
        return None
    # Half a second, for a picture only.
    from training.charts.loss import loss_chart  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / CHART
        loss_chart(metrics, f"{run.id}: {run.plan.base} on {dataset}", picture)
        return Attachment(CHART, picture.read_bytes())


async def _ending(office: Office, run: Run) -> str:
    """Return the scorecard of what a run made, or why it made nothing."""
    if run.state == "failed":
        return quoted(run.reason, 1000)
    if run.state == "cancelled":
        return "It was cancelled: nothing was registered."
    made = f"It made **{run.model}**."
    try:
        return f"{made}\n\n{await office.rehearsal.compared([await office.rehearsal.now(), run.model])}"
    except (DataError, ModelError, RegistryError) as error:
        structlog.get_logger().warning("progress.no_scorecard", run=run.id, why=str(error))
        why = quoted(str(error).replace(f"{office.home}{os.sep}", ""), 500)
        return f"{made} It could not be compared: {why}"
    except Exception as error:  # noqa: BLE001 - whatever broke, the run's end is told
        structlog.get_logger().error("progress.no_scorecard", run=run.id, error=type(error).__name__)
        return f"{made} It could not be compared, and the log says more."


async def _next_steps(office: Office, run: Run) -> tuple[Button, ...]:
    if run.state != "succeeded":
        return ()
    now = await office.rehearsal.now()
    return (
        Button("Promote", "model promote", {"model": run.model, "over": now}, "primary"),
        Button("Compare", "model compare", {"model": run.model}),
    )
