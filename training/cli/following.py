"""A run as it happens: state, step, loss, cost and time left, with a chart."""

import time

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from training.charts.loss import terminal_chart
from training.cli import shell
from training.registry import Registry, Run

# Seconds between two looks at a run.
GLANCE = 0.5
STEPS = ("check", "split", "price", "upload", "create", "watch", "collect", "register")
_STYLES = {"succeeded": "green", "failed": "red", "cancelled": "yellow"}
# Lines and columns of the chart.
_HEIGHT = 16
_WIDTH = 100
_EVENTS = 5


def follow(registry: Registry, run: str, console: Console) -> Run:
    """Show a run until it has ended, and return it."""
    with Live(console=console, auto_refresh=False, transient=False) as live:
        while True:
            now = registry.run(run)
            live.update(picture(registry, now, console.width), refresh=True)
            if now.ended:
                return now
            time.sleep(GLANCE)


def picture(registry: Registry, run: Run, width: int) -> RenderableType:
    """Return where a run stands, its chart, and what it told last."""
    metrics = registry.metrics(run.id)
    parts: list[RenderableType] = [summary(run, time.time())]
    if metrics:
        parts.append(Text.from_ansi(terminal_chart(metrics, min(width, _WIDTH), _HEIGHT)))
    parts += [event_line(event.at, event.level, event.text) for event in registry.events(run.id)[-_EVENTS:]]
    return Group(*parts)


def summary(run: Run, now: float) -> Text:
    """Return where a run stands, on one line."""
    step = f"{run.step} ({STEPS.index(run.step) + 1} of {len(STEPS)})" if run.step in STEPS else run.step
    words = [
        f"{run.plan.provider} {run.plan.base} on {run.plan.dataset}",
        "" if run.ended else step,
        f"estimated {shell.usd(run.cost_usd)}" if run.cost_usd else "",
        f"{run.trained_tokens:,} tokens learned" if run.trained_tokens else "",
        f"{_span(run.ended_at - run.created_at)}" if run.ended else f"for {_span(now - run.created_at)}",
        f"about {_span(run.finishes_at - now)} left" if run.finishes_at > now and not run.ended else "",
        f"made {run.model}" if run.model else "",
        run.reason,
    ]
    state = Text(run.state, _STYLES.get(run.state, "cyan"))
    return Text.assemble((run.id, "bold"), " ", state, ": ", ", ".join(filter(None, words)))


def event_line(at: float, level: str, text: str) -> Text:
    """Return one event on one line."""
    style = {"warning": "yellow", "error": "red"}.get(level, "")
    return Text.assemble((shell.moment(at), "dim"), " ", (" ".join(text.split()), style))


def _span(seconds: float) -> str:
    minutes, left = divmod(round(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {left} s" if minutes else f"{left} s"
