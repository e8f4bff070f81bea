"""Who fine-tunes: what every provider is asked for, and what it gives back."""

from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Literal, Protocol

JobState = Literal["queued", "running", "paused", "succeeded", "failed", "cancelled"]
Method = Literal["supervised", "dpo"]
EventLevel = Literal["info", "warning", "error"]


class ProviderError(Exception):
    """A provider refused for good; the text is one sentence that names the way out."""


class ProviderBusy(Exception):  # noqa: N818 - a state of the provider, not a fault
    """A provider cannot be reached or is busy: the same may well work later; the text says what happened."""


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """How to learn; None lets the provider choose."""

    epochs: int | None = None
    batch_size: int | None = None
    learning_rate_multiplier: float | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """One run, as a provider is asked for it."""

    run: str
    """The run's id: a provider that has a job under it never makes another."""
    base: str
    train: Path
    validation: Path | None
    folder: Path
    """Where the provider may keep what it makes, for this run alone."""
    method: Method = "supervised"
    hyperparameters: Hyperparameters = field(default_factory=Hyperparameters)
    suffix: str = ""
    seed: int | None = None
    stop: str = ""


@dataclass(frozen=True, slots=True)
class Files:
    """The provider's names of a run's files; validation is "" where there is none."""

    train: str
    validation: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """Something a job tells; the key is the provider's, and the same event has the same key when it is told again."""

    key: str
    at: float
    """Seconds since 1970, UTC."""
    level: EventLevel
    text: str


@dataclass(frozen=True, slots=True)
class Metric:
    """A measurement of a job, such as train_loss at step 10."""

    step: int
    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is."""

    state: JobState
    model: str = ""
    """The name under which the tuned model answers, once the job succeeded."""
    reason: str = ""
    """Why it failed: one sentence with the way out."""
    trained_tokens: int = 0
    finishes_at: float = 0.0
    """When the provider expects the end, in seconds since 1970; 0 when it does not say."""
    events: tuple[Event, ...] = ()
    metrics: tuple[Metric, ...] = ()
    hyperparameters: Hyperparameters = field(default_factory=Hyperparameters)
    """What it learns with, as far as the provider says; its own choices among it."""
    pause: float = inf
    """How long to wait at most before looking again, in seconds."""


class Provider(Protocol):
    """Somebody who fine-tunes. Every method may be called again after a crash, and does the same thing once.

    Each raises ProviderBusy when it is worth trying later, and ProviderError when it is not.
    """

    name: str

    def upload(self, order: Order) -> Files:
        """Hand the files over, and return the provider's names of them."""
        ...

    def find(self, run: str) -> str:
        """Return the job that was made for a run, or ""."""
        ...

    def create(self, order: Order, files: Files) -> str:
        """Return the run's job, made now unless there is one."""
        ...

    def progress(self, job: str) -> Progress:
        """Return where a job stands, with all that it told so far."""
        ...

    def collect(self, job: str, folder: Path) -> tuple[Metric, ...]:
        """Keep the job's result files in a folder, whole, and return what they measured."""
        ...

    def cancel(self, job: str) -> None:
        """Stop a job, if it has not ended."""
        ...

    def pause(self, job: str) -> None:
        """Hold a job."""
        ...

    def resume(self, job: str) -> None:
        """Let a held job go on."""
        ...
