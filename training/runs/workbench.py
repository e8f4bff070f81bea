"""What a run is worked on with: the registry, the datasets, the providers, and how long is waited for what."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from training.datasets import Dataset, Datasets
from training.place import NO_DATABASE, Place
from training.providers import Event, EventLevel, Order, Provider
from training.registry import Plan, Registry, Run
from training.runs.wandb_metrics import WandbMetrics, WandbProject

# Who does a run; raises ProviderError, for instance where a key is missing.
Providers = Callable[[Plan], Provider]
# What a run costs at most, in USD; None where nobody knows.
Price = Callable[[Plan, Dataset], float | None]

# Returns where the discriminator of a dataset is within the home, or ""; raises DataError and OSError.
Refit = Callable[[Dataset], str]

# What the steps so far found out, as JSON: {"job": "ftjob-1"}.
Facts = Mapping[str, str | float]

log = logging.getLogger("training")


class Interruption(BaseException):
    """The work on a run stops here, and goes on here at the next start.

    No Exception, because DBOS would keep it as the outcome of the step.
    """


class Cancelled(Exception):  # noqa: N818 - a wish, not a fault
    """Somebody wants a run to stop for good."""


class Refused(Exception):  # noqa: N818 - as the providers' own refusals are
    """A run cannot go on, for a reason that is one sentence with the way out."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long is waited for what, in seconds."""

    first_poll: float = 1.0
    longest_poll: float = 30.0
    growth: float = 1.5
    """How much longer each pause is than the one before."""
    take_up: float = 0.1
    """Between two looks at whether a run is to be begun."""
    look: float = 0.25
    """Between two looks at what somebody wants of a run."""
    watch: float = 300.0
    """What one step of watching takes at most, for each is kept."""
    first_retry: float = 1.0
    longest_retry: float = 300.0
    patience: float = 3600.0
    """How long a provider may be out of reach when it is handed a run."""
    watch_patience: float = 86400.0
    """How long it may be out of reach once it works on the run."""
    beat: float = 1.0
    """Between two signs of life of a worker, where there are several."""
    lease: float = 3.0
    """Without an answer to its signs of life, after which a worker stops: the others may take it for gone."""
    take_over: float = 6.0
    """After which the runs of a worker that is gone go on elsewhere: it has surely stopped by then."""
    unheard: float = 30.0
    """After which a run tells that no worker can take it; one that begins anew is back by then."""

    def patience_for(self, step: str) -> float:
        """Return how long a provider may be out of reach at a step."""
        return self.patience if step in {"upload", "create"} else self.watch_patience

    def poll(self, before: float) -> float:
        """Return the pause after a pause of `before`."""
        return min(before * self.growth, self.longest_poll)

    def retry(self, attempt: int) -> float:
        """Return the pause after so many attempts in vain."""
        return min(self.first_retry * self.growth ** min(attempt, 100), self.longest_retry)


# Where the database is elsewhere, and asked by all workers.
SHARED = Pace(take_up=0.5, look=0.5)


@dataclass(frozen=True, slots=True)
class Workbench:
    """Everything that the steps of a run need."""

    home: Path
    registry: Registry
    providers: Providers
    price: Price
    pace: Pace = field(default_factory=Pace)
    wandb: WandbProject | None = None
    refit: Refit | None = None
    """None where no discriminator is wanted."""
    clock: Callable[[], float] = time.time
    stop: threading.Event = field(default_factory=threading.Event)
    """Set when the work is to stop at once."""
    left: list[Exception] = field(default_factory=list[Exception])
    """Why runs were left where they are: what they are kept in cannot be written."""
    shown: dict[str, WandbMetrics] = field(default_factory=dict[str, WandbMetrics])
    """The runs whose metrics are being shown at W&B."""
    found: dict[str, Provider] = field(default_factory=dict[str, Provider])
    """The providers of the runs that are worked on: to meet one takes a moment."""
    database: SecretStr = NO_DATABASE
    """The address of the PostgreSQL database from which several workers take runs, or ""."""
    anew: Callable[[], None] | None = None
    """What begins the process anew when it was cut off from that database, if anything does."""

    @property
    def place(self) -> Place:
        """Where all of it is kept."""
        return Place(self.home, self.database)

    @property
    def log_file(self) -> Path:
        """Where it is written what happened, for whoever looks after the machine."""
        return self.place.of_this_machine("training.log")

    @property
    def datasets(self) -> Datasets:
        """The store of datasets."""
        return Datasets(self.home / "datasets")

    def dataset(self, run: Run) -> Dataset:
        """Return a run's dataset; raises DataError."""
        return self.datasets.get(run.plan.dataset)

    def provider(self, run: Run) -> Provider:
        """Return who does a run; raises ProviderError."""
        if run.id not in self.found:
            self.found[run.id] = self.providers(run.plan)
        return self.found[run.id]

    def order(self, run: Run) -> Order:
        """Return a run as its provider is asked for it; raises DataError."""
        dataset, plan = self.dataset(run), run.plan
        return Order(
            run=run.id,
            base=plan.base,
            train=dataset.train_file,
            validation=dataset.validation_file,
            folder=folder_of(self.home, run.id),
            method=plan.method,
            hyperparameters=plan.hyperparameters,
            suffix=plan.suffix,
            seed=plan.seed,
            stop=dataset.stop,
        )

    def tell(self, run: str, key: str, text: str, level: EventLevel = "info") -> None:
        """Add an event to a run, once for each key."""
        self.registry.add_events(run, [Event(key, self.clock(), level, text)])

    def wait(self, run: Run, until: float) -> Run:
        """Wait, until a time or until somebody wants something else of a run, and return the run as it is then."""
        while True:
            now = self.registry.run(run.id)
            left = until - self.clock()
            if left <= 0 or (now.cancel_wanted, now.wanted) != (run.cancel_wanted, run.wanted):
                return now
            self.interruptible(min(left, self.pace.look))

    def interruptible(self, seconds: float) -> None:
        """Wait; raises Interruption when the work is to stop."""
        if self.stop.wait(seconds):
            raise Interruption

    def show(self, run: Run, *, last: bool = False) -> None:
        """Show a run's metrics at W&B, where that is configured."""
        if self.wandb is None:
            return
        if run.id not in self.shown:
            self.shown[run.id] = WandbMetrics(self.wandb, self.home, run, lambda text: self._warn(run.id, text))
        self.shown[run.id].show(self.registry.metrics(run.id), last=last)

    def finish_showing(self, run: str) -> None:
        """Let W&B know that there is nothing more to come from a run here."""
        if shown := self.shown.pop(run, None):
            shown.show(self.registry.metrics(run), last=True)

    def _warn(self, run: str, text: str) -> None:
        self.tell(run, "wandb", text, "warning")


def folder_of(home: Path, run: str) -> Path:
    """Return the folder of what a run makes."""
    return home / "models" / run
