"""What tests of runs share: a home with a dataset, and a provider that does what its script says."""

import json
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from training.datasets import Dataset, Datasets, Intake
from training.entries import Entry
from training.provenance import Provenance
from training.providers import Event, Files, Metric, Order, Progress, Provider, ProviderBusy
from training.providers.embedded import Embedded
from training.registry import Permission, Plan, Registry, Run, open_registry
from training.runs.workbench import Pace, Price, Refit, Workbench, folder_of

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
# Seconds that work takes at most to notice that it is to stop.
LONGEST_WAIT = 60.0


def conversation(question: str, answer: str) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


def conversations(count: int = 20) -> list[dict[str, object]]:
    return [conversation(f"Is lamp {number} dark?", f"Lamp {number} is off.{STOP}") for number in range(count)]


def keep(
    home: Path,
    examples: Iterable[dict[str, object]],
    origin: Provenance | None = None,
    permissions: tuple[Permission, ...] = (),
) -> Dataset:
    """Put examples into the home's store as a dataset."""
    declared = origin or Provenance("kim@lumen.example", "written")
    intake = Intake(home / "lamps.jsonl", "chat", declared, name="lamps", stop=STOP, permissions=permissions)
    with Datasets(home / "datasets").adding(intake) as writer:
        for line, value in enumerate(examples, 1):
            writer.take(Entry(line, value), tokens=10)
        return writer.keep()


def record(registry: Registry, dataset: Dataset) -> None:
    """Make a dataset known to the registry."""
    registry.record_dataset(dataset.id, dataset.name, dataset.examples, dataset.train, dataset.validation, "kim", 1.0)


@contextmanager
def scene(home: Path) -> Generator[tuple[Registry, Dataset]]:
    """Open a registry that knows one dataset."""
    dataset = keep(home, conversations())
    with open_registry(home) as registry:
        record(registry, dataset)
        yield registry, dataset


def start(registry: Registry, dataset: Dataset, provider: str = "scripted", limit: float = 1.0, base: str = "b") -> Run:
    """Queue a run."""
    return registry.start_run(Plan(dataset.id, provider, base, spending_limit_usd=limit), "kim", 1.0)


def free(plan: Plan, dataset: Dataset) -> float:
    """Price everything at nothing."""
    del plan, dataset
    return 0.0


RUNNING = Progress(
    "running",
    finishes_at=99.0,
    events=(Event("e1", 5.0, "info", "Step 10"),),
    metrics=(Metric(10, "train_loss", 0.5),),
)
PAUSED = Progress("paused")
ENDED = (*RUNNING.events, Event("e2", 6.0, "info", "Done"))
DONE = Progress("succeeded", model="ft:b:1", trained_tokens=160, events=ENDED)
BUSY = ProviderBusy("The provider is busy (429).")

# What goes wrong with a call, or happens meanwhile.
Fault = Exception | Callable[[], None]


class Scripted:
    """A provider in memory: what it was asked, where its job stands, and what goes wrong, by the method's name."""

    name = "scripted"

    def __init__(self, *stands: Progress, **faults: Iterable[Fault]) -> None:
        self.asked: list[str] = []
        self.orders: list[Order] = []
        self.jobs: dict[str, str] = {}
        self.cancelled: set[str] = set()
        self.held = False
        self._stands = list(stands or (RUNNING, DONE))
        self._faults = {name: list(wrong) for name, wrong in faults.items()}

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        wrong = self._faults.get(what)
        fault = wrong.pop(0) if wrong else None
        if isinstance(fault, Exception):
            raise fault
        if fault is not None:
            fault()

    def upload(self, order: Order) -> Files:
        """Take the files."""
        self._ask("upload")
        self.orders.append(order)
        return Files("file-1", "file-2")

    def find(self, run: str) -> str:
        """Look the job up."""
        self._ask("find")
        return self.jobs.get(run, "")

    def create(self, order: Order, files: Files) -> str:
        """Make the job, once."""
        assert files == Files("file-1", "file-2")
        job = self.jobs.setdefault(order.run, f"job-{len(self.jobs) + 1}")
        self._ask("create")
        return job

    def progress(self, job: str) -> Progress:
        """Tell where the job stands: by the script, the last word of which holds for ever."""
        self._ask("progress")
        if job in self.cancelled:
            return Progress("cancelled")
        if self.held:
            return PAUSED
        return self._stands.pop(0) if len(self._stands) > 1 else self._stands[0]

    def collect(self, job: str, folder: Path) -> tuple[Metric, ...]:
        """Hand the results out."""
        self._ask("collect")
        assert job in self.jobs.values()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "results.csv").write_text("step,train_loss\n20,0.25\n", "utf-8")
        return (Metric(20, "train_loss", 0.25),)

    def cancel(self, job: str) -> None:
        """Stop the job."""
        self._ask("cancel")
        self.cancelled.add(job)

    def pause(self, job: str) -> None:
        """Hold the job."""
        assert job in self.jobs.values()
        self._ask("pause")
        self.held = True

    def resume(self, job: str) -> None:
        """Let the job go on."""
        assert job in self.jobs.values()
        self._ask("resume")
        self.held = False


def bench(  # noqa: PLR0913 - what a test changes, by name
    home: Path,
    registry: Registry,
    provider: Provider,
    price: Price = free,
    pace: Pace = QUICK,
    *,
    refit: Refit | None = None,
) -> Workbench:
    """Return what runs are worked on with, when one provider does them all."""
    return Workbench(home, registry, lambda _: provider, price, pace, refit=refit)


def embedded(home: Path) -> Embedded:
    """Return the embedded provider of a home."""
    return Embedded(lambda run: folder_of(home, run))


def told(registry: Registry, run: str) -> list[str]:
    """Return the keys of what a run told."""
    return [event.key for event in registry.events(run)]


def lines(path: Path) -> list[dict[str, object]]:
    """Read a JSONL file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@contextmanager
def in_a_thread(work: Callable[[], None], made: Workbench) -> Generator[threading.Thread]:
    """Work in another thread, and stop it at the end."""
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield thread
    finally:
        made.stop.set()
        thread.join(LONGEST_WAIT)
        assert not thread.is_alive()
