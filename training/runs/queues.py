"""The queues in which runs wait for somebody to work on them."""

from training.providers.local.extra import is_installed
from training.registry import Run

_WAITING, LOCAL = "runs", "local"
# Runs that go on at the same time in one process. Nearly all the time of the first is waiting; of those that are tuned
# on the worker's own machine two would share one GPU's memory.
AT_ONCE = {_WAITING: 16, LOCAL: 1}


def queue_of(run: Run) -> str:
    """Return the queue of a run."""
    return LOCAL if run.plan.provider == "local" else _WAITING


def heard_here() -> list[str]:
    """Return the queues from which this machine can take runs, where others take what it cannot."""
    return [_WAITING, LOCAL] if is_installed() else [_WAITING]


def needs_tuner(run: Run) -> bool:
    """Return whether a run goes on only at a worker that can tune on its own machine."""
    return queue_of(run) == LOCAL and run.state != "paused"
