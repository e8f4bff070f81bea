"""What tests of runs share: a home with a dataset, and a provider that does what its script says."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from training.bench import Bench, Pace, Price, folder_of
from training.datasets import Dataset, Datasets, Intake
from training.entries import Entry
from training.provenance import Provenance
from training.providers import Event, Files, Metric, Order, Progress, Provider, ProviderBusy
from training.providers.embedded import Embedded
from training.registry import Plan, Registry, Run

# Seconds: nothing is waited for longer than a moment.
QUICK = Pace(
    first_poll=0.005,
    longest_poll=0.02,
    take_up=0.02,
    look=0.01,
    first_retry=0.005,
    longest_retry=0.02,
    patience=60.0,
    watch_patience=60.0,
)
STOP = "**STOP**"


def conversation(question: str, answer: str) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


def conversations(count: int = 20) -> list[dict[str, object]]:
    return [conversation(f"Is lamp {number} dark?", f"Lamp {number} is off.{STOP}") for number in range(count)]


def keep(home: Path, examples: Iterable[dict[str, object]], origin: Provenance | None = None) -> Dataset:
    """Put examples into the home's store as a dataset."""
    declared = origin or Provenance("kim@lumen.example", "written")
    intake = Intake(home / "lamps.jsonl", "chat", declared, name="lamps", stop=STOP, permissions=())
    with Datasets(home / "datasets").adding(intake) as writer:
        for line, value in enumerate(examples, 1):
            writer.take(Entry(line, value), tokens=10)
        return writer.keep()


def record(registry: Registry, dataset: Dataset) -> None:
    """Make a dataset known to the registry."""
    registry.record_dataset(
        dataset.id, dataset.name, dataset.examples, dataset.train, dataset.validation, "kim", 1.0
    )


def start(registry: Registry, dataset: Dataset, provider: str = "scripted", limit: float = 1.0, base: str = "b") -> Run:
    """Queue a run."""
    return registry.start_run(Plan(dataset.id, provider, base, spending_limit_usd=limit), "kim", 1.0)


def free(plan: Plan, dataset: Dataset) -> float:
    """Price everything at nothing."""
    del plan, dataset
    return 0.0


Step = Progress | Exception | Callable[[], None]


@dataclass
class Scripted:
    """A provider in memory: what it is asked, and what goes wrong, by the name of the method."""

    steps: list[Progress] = field(default_factory=lambda: [RUNNING, DONE])
    faults: dict[str, list[Exception | Callable[[], None]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    jobs: dict[str, str] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)
    orders: list[Order] = field(default_factory=list)
    name: str = "scripted"

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        fault = self.faults[what].pop(0) if self.faults.get(what) else None
        if isinstance(fault, Exception):
            raise fault
        if fault is not None:
            fault()

    def upload(self, order: Order) -> Files:
        self._ask("upload")
        self.orders.append(order)
        return Files("file-1", "file-2")

    def find(self, run: str) -> str:
        self._ask("find")
        return self.jobs.get(run, "")

    def create(self, order: Order, files: Files) -> str:
        self._ask("create")
        assert files == Files("file-1", "file-2")
        return self.jobs.setdefault(order.run, f"job-{len(self.jobs) + 1}")

    def progress(self, job: str) -> Progress:
        self._ask("progress")
        if job in self.cancelled:
            return Progress("cancelled")
        return self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]

    def collect(self, job: str, folder: Path) -> tuple[Metric, ...]:
        self._ask("collect")
        assert job in self.jobs.values()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "results.csv").write_text("step,train_loss\n20,0.25\n", "utf-8")
        return (Metric(20, "train_loss", 0.25),)

    def cancel(self, job: str) -> None:
        self._ask("cancel")
        self.cancelled.add(job)

    def pause(self, job: str) -> None:
        self._ask("pause")

    def resume(self, job: str) -> None:
        self._ask("resume")


RUNNING = Progress(
    "running",
    finishes_at=99.0,
    events=(Event("e1", 5.0, "info", "Step 10"),),
    metrics=(Metric(10, "train_loss", 0.5),),
)
PAUSED = Progress("paused")
DONE = Progress("succeeded", model="ft:b:1", trained_tokens=160, events=(*RUNNING.events, Event("e2", 6.0, "info", "Done")))
BUSY = ProviderBusy("The provider is busy (429).")


def bench(home: Path, registry: Registry, provider: Provider, price: Price = free, pace: Pace = QUICK) -> Bench:
    """Return what runs are worked on with, when one provider does them all."""
    return Bench(home, registry, lambda _: provider, price, pace)


def embedded(home: Path) -> Embedded:
    """Return the embedded provider of a home."""
    return Embedded(lambda run: folder_of(home, run))


def told(registry: Registry, run: str) -> list[str]:
    """Return the keys of what a run told."""
    return [event.key for event in registry.events(run)]


def lines(path: Path) -> list[dict[str, object]]:
    """Read a JSONL file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
