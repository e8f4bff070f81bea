"""A run as it happens: state, step, loss, cost and time left, with a chart."""

import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from training import wording
from training.charts.loss import terminal_chart
from training.measured import pace
from training.providers import Metric
from training.registry import STEPS, Registry, RegistryError, Run

# Seconds between two looks at a run.
GLANCE = 0.5
_STYLES = {"succeeded": "green", "failed": "red", "cancelled": "yellow"}
# Lines and columns of the chart.
_HEIGHT = 16
_WIDTH = 100
_EVENTS = 5

Tell = Callable[[Text], None]


def follow(registry: Registry, run: str, console: Console) -> None:
    """Show a run in one place of a terminal until it has ended."""
    with Live(console=console, auto_refresh=False, transient=False) as live:
        until_ended(registry, run, lambda now: live.update(picture(registry, now, console.width), refresh=True))


def until_ended(registry: Registry, run: str, see: Callable[[Run], None] | None = None) -> Run:
    """Look at a run until it has ended, and return it; `see` is handed it each time."""
    while True:
        now = registry.run(run)
        if see:
            see(now)
        if now.ended:
            return now
        time.sleep(GLANCE)


@contextmanager
def telling(registry: Registry, run: str, tell: Tell) -> Generator[None]:
    """Tell what a run tells, as it comes, for as long as the block lasts."""
    over = threading.Event()
    thread = threading.Thread(target=_tell, args=(registry, run, tell, over), name="telling", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _tell(registry: Registry, run: str, tell: Tell, over: threading.Event) -> None:
    seen, last = 0, False
    while not last:
        last = over.wait(GLANCE)
        try:
            events = registry.events(run, seen)
        except RegistryError:
            # Whoever works on the run meets the same, and says so.
            return
        for event in events:
            tell(event_line(event.at, event.level, event.text))
            seen = event.seq


def picture(registry: Registry, run: Run, width: int) -> RenderableType:
    """Return where a run stands, its chart, and what it told last."""
    metrics = registry.metrics(run.id)
    parts: list[RenderableType] = [summary(run, time.time(), metrics)]
    if metrics:
        parts.append(Text.from_ansi(terminal_chart(metrics, min(width, _WIDTH), _HEIGHT)))
    parts += [event_line(event.at, event.level, event.text) for event in registry.events(run.id)[-_EVENTS:]]
    return Group(*parts)


def summary(run: Run, now: float, metrics: Sequence[Metric] = ()) -> Text:
    """Return where a run stands, on one line, with how fast it learns where that was measured."""
    step = f"{run.step} ({STEPS.index(run.step) + 1} of {len(STEPS)})" if run.step in STEPS else run.step
    plan = run.plan
    words = [
        f"{plan.provider}{f' {plan.base}' if plan.base != plan.provider else ''} on {plan.dataset}",
        "" if run.ended else step,
        "to be cancelled" if run.cancel_wanted and not run.ended else "",
        f"estimated {wording.usd(run.cost_usd)}" if run.cost_usd else "",
        f"{run.trained_tokens:,} tokens learned" if run.trained_tokens else "",
        *pace(metrics),
        f"{wording.span(run.ended_at - run.created_at)}" if run.ended else f"for {wording.span(now - run.created_at)}",
        f"about {wording.span(run.finishes_at - now)} left" if run.finishes_at > now and _goes_on(run) else "",
        f"made {run.model}" if run.model else "",
        run.reason,
    ]
    state = Text(run.state, _STYLES.get(run.state, "cyan"))
    return Text.assemble((run.id, "bold"), " ", state, ": ", ", ".join(filter(None, words)))


def _goes_on(run: Run) -> bool:
    """Tell whether a run learns at this moment: one that is held told when it would end while it still did."""
    return not run.ended and run.state != "paused"


def event_line(at: float, level: str, text: str) -> Text:
    """Return one event on one line."""
    style = {"warning": "yellow", "error": "red"}.get(level, "")
    return Text.assemble((wording.moment(at), "dim"), " ", (" ".join(text.split()), style))
