"""Runs that are tuned on a worker's own machine, while no worker can do that: they tell why they wait."""

import time
from collections.abc import Callable, Sequence

import sqlalchemy as sa

from training.registry import Run
from training.runs.lifeline import anyone_tunes
from training.runs.queues import needs_tuner
from training.runs.workbench import Workbench

_TOLD = (
    "No worker is running that can tune on its own machine, so this waits: run `sarah worker` where what tunes models"
    " is installed (`make local`)."
)


class Unheard:
    """Looks whether anybody can take such runs; raises SQLAlchemyError when the database is away."""

    def __init__(self, engine: sa.Engine, bench: Workbench, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._bench = bench
        self._clock = clock
        self._next = 0.0
        # Since when nobody has been there.
        self._since: float | None = None

    def look(self, runs: Sequence[Run]) -> None:
        """Let those of the runs tell so that have waited for long; each does once, whichever worker sees it."""
        now = self._clock()
        if now < self._next:
            return
        self._next = now + self._bench.pace.beat
        waiting = [run for run in runs if needs_tuner(run)]
        if not waiting or self._anyone_tunes():
            self._since = None
            return
        self._since = now if self._since is None else self._since
        if now - self._since >= self._bench.pace.unheard:
            for run in waiting:
                self._bench.tell(run.id, "unheard", _TOLD, "warning")

    def _anyone_tunes(self) -> bool:
        with self._engine.connect() as connection:
            return anyone_tunes(connection)
