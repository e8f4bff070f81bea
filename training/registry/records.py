"""What the registry keeps, as plain data. Times are seconds since 1970, UTC."""

from dataclasses import dataclass, field
from typing import Literal, TypedDict

from training.providers import EventLevel, Hyperparameters, Method

RunState = Literal["queued", "running", "paused", "succeeded", "failed", "cancelled"]
Step = Literal["waiting", "check", "split", "price", "upload", "create", "watch", "collect", "register", "done"]
STEPS: tuple[Step, ...] = ("check", "split", "price", "upload", "create", "watch", "collect", "register")
"""The steps in which something is done, in their order."""
Wanted = Literal["", "pause", "resume"]
Action = Literal["promote", "rollback"]
PermittingPlatform = Literal["discord", "slack"]


class RegistryError(Exception):
    """The registry cannot do it: one sentence that says what happened, to what, and the way out."""


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """A dataset that is kept, by the hash of its content."""

    id: str
    name: str
    examples: int
    train: int
    validation: int
    by: str
    at: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is to do; the dataset is its id."""

    dataset: str
    provider: str
    base: str
    base_url: str = ""
    method: Method = "supervised"
    hyperparameters: Hyperparameters = field(default_factory=Hyperparameters)
    suffix: str = ""
    seed: int | None = None
    spending_limit_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Proposal:
    """A run that somebody wants, with its price, until everybody has agreed who has to."""

    id: str
    plan: Plan
    cost_usd: float | None
    """What it costs at most; None where nobody knows."""
    needs_second: bool
    """Whether somebody else has to approve it once the proposer has agreed."""
    by: str
    at: float
    agreed_at: float
    """When somebody first agreed; 0 where nobody has."""
    approved_by: str
    """Who approved it besides the proposer, or ""."""
    run: str
    """The id of the run that came of it, or ""."""


@dataclass(frozen=True, slots=True)
class Run:
    """One fine-tuning job, whoever does it; a time of 0 has not come yet, or is not known."""

    id: str
    plan: Plan
    state: RunState
    step: Step
    job: str
    """The provider's name of the job, or ""."""
    model: str
    """The id of the registered model, or ""."""
    reason: str
    """Why the run failed, or ""."""
    cost_usd: float
    trained_tokens: int
    created_at: float
    started_at: float
    ended_at: float
    finishes_at: float
    """When the provider expects the end."""
    by: str
    cancel_wanted: bool
    wanted: Wanted
    """What somebody asked for and the run has not heeded yet."""

    @property
    def ended(self) -> bool:
        """Whether the run came to its end; it never changes after that."""
        return self.state in {"succeeded", "failed", "cancelled"}


class RunChanges(TypedDict, total=False):
    """What may change of a run while it lasts."""

    state: RunState
    step: Step
    job: str
    reason: str
    cost_usd: float
    trained_tokens: int
    started_at: float
    ended_at: float
    finishes_at: float


@dataclass(frozen=True, slots=True)
class RunEvent:
    """Something that a run told; seq grows over the events of all runs."""

    seq: int
    key: str
    at: float
    level: EventLevel
    text: str


@dataclass(frozen=True, slots=True)
class Tuned:
    """What a run made, to be registered; the rest of a model's lineage is the run's plan."""

    run: str
    served_as: str = ""
    folder: str = ""
    stop: str = ""
    hyperparameters: Hyperparameters = field(default_factory=Hyperparameters)
    """What was learned with, the provider's own choices among it."""
    parent: str = ""
    code_version: str = ""
    topic: str = ""
    """Where its discriminator is within the home folder, or ""."""


@dataclass(frozen=True, slots=True)
class Model:
    """Something that can answer, with where it came from."""

    id: str
    run: str
    dataset: str
    provider: str
    base: str
    base_url: str
    served_as: str
    """Its name at its server, or "" where it is embedded."""
    folder: str
    """Where its files are within the home folder, or ""."""
    stop: str
    """What ends an answer, or ""."""
    hyperparameters: Hyperparameters
    parent: str
    """The id of the model that it was tuned from, or ""."""
    code_version: str
    created_at: float
    topic: str = ""
    """Where its discriminator is within the home folder, or "" where it goes by the company's."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """A change of who answers customers; with "" as model, the models that the bot is set up with answer."""

    seq: int
    model: str
    at: float
    by: str
    action: Action
    reason: str
    forced: bool


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Who did what to what, and when."""

    seq: int
    at: float
    by: str
    action: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class Permission:
    """Somebody's leave to learn from a workspace's messages; every workspace of the platform where it is "*"."""

    id: str
    platform: PermittingPlatform
    workspace: str
    reference: str
    """Where the permission is written down."""
    granted_by: str
    recorded_by: str
    recorded_at: float
    until: float | None
    """When it ends; None where it does not."""
    withdrawn_at: float | None = None
