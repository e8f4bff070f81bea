"""A home folder with the provider `local` and a tiny base, and what is looked at while it trains."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.local.kit import EXAMPLES, lines
from training.providers import Order, Progress
from training.providers.local import Local
from training.providers.local import job as jobs

PRESET = """
model = "{base}"
r = 16
batch_size = 2
accumulation = 1
learning_rate = 1e-2
schedule = "constant_with_warmup"
dropout = 0.1
steps = {steps}
max_length = 128
checkpoint_every = 8
validate_every = 4
"""
PATIENCE = 90.0
# So many that something can happen before the last: a step takes a fiftieth of a second.
STEPS = 120


class Bench:
    """A home folder, a preset in it, and the provider."""

    def __init__(self, home: Path, base: Path, steps: int) -> None:
        self.home = home
        (home / "presets").mkdir(parents=True)
        (home / "presets" / "tiny.toml").write_text(PRESET.format(base=base, steps=steps))
        self.provider = self.anew()

    def anew(self) -> Local:
        """Return the provider as another process would have it."""
        return Local(lambda run: self.home / run, self.home / "presets", lambda model: self.home / model)

    def order(self, run: str = "run-1", base: str = "tiny") -> Order:
        """Return what a run asks the provider for."""
        train = lines(self.home / "data" / "train.jsonl", EXAMPLES)
        return Order(run, base, train, None, self.home / run, seed=7, stop="**STOP**")

    def start(self, order: Order) -> None:
        """Have a run begun."""
        assert self.provider.create(order, self.provider.upload(order)) == order.run

    def until(self, wanted: Callable[[Progress], bool], run: str = "run-1", provider: Local | None = None) -> Progress:
        """Look until what is wanted is so, and return how it is."""
        ends = time.monotonic() + PATIENCE
        while True:
            progress = (provider or self.provider).progress(run)
            if wanted(progress):
                return progress
            assert time.monotonic() < ends, (self.home / run / "trainer.log").read_text()[-2000:]
            time.sleep(0.05)

    def process(self, rank: int = 0) -> psutil.Process:
        """Return one of the processes that train."""
        _, group = json.loads((self.home / "run-1" / jobs.PROCESSES / f"{rank}.group").read_text())
        return psutil.Process(group)


def step(progress: Progress) -> int:
    return max((metric.step for metric in progress.metrics), default=0)


def until(wanted: Callable[[], bool]) -> None:
    """Wait until something is so."""
    ends = time.monotonic() + PATIENCE
    while not wanted():
        assert time.monotonic() < ends
        time.sleep(0.05)


def ended(progress: Progress) -> bool:
    return progress.state in {"succeeded", "failed"}
