"""The files and jobs of the local tuning server, and how a job goes on."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, cast

from tests.servers.tuning_faults import Json
from tests.servers.tuning_rules import examples_refused

Record = dict[str, object]
ENDED = {"succeeded", "failed", "cancelled"}
STEPS_AT_ONCE = 2
EPOCHS = 3
# How the columns of a result file are called, by the name of the metric.
COLUMNS = {
    "train_loss": "train_loss",
    "train_mean_token_accuracy": "train_accuracy",
    "valid_loss": "valid_loss",
    "valid_mean_token_accuracy": "valid_mean_token_accuracy",
}
ResultForm = Literal["csv", "base64"]


@dataclass
class File:
    """A file that was uploaded, or that a job left."""

    id: str
    name: str
    purpose: str
    content: bytes = field(repr=False)
    created_at: int
    status: str = "processed"

    def described(self) -> Json:
        """Return the file as the API tells it."""
        return {
            "id": self.id,
            "object": "file",
            "bytes": len(self.content),
            "created_at": self.created_at,
            "filename": self.name,
            "purpose": self.purpose,
            "status": self.status,
        }


@dataclass
class Job:
    """A fine-tuning job; `clock` gives the next second, `keep` stores a result file and returns its id."""

    id: str
    body: Json
    train: File
    validation: File | None
    clock: Callable[[], int]
    keep: Callable[[bytes], str]
    steps: int
    form: ResultForm
    doom: Json | None = None
    """The error with which the job fails while it runs."""
    status: str = "validating_files"
    error: Json | None = None
    model: str | None = None
    step: int = 0
    before_pause: str = "queued"
    events: list[Record] = field(default_factory=list[Record])
    checkpoints: list[Record] = field(default_factory=list[Record])
    measured: list[dict[str, float]] = field(default_factory=list[dict[str, float]])
    results: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.created_at = self.clock()
        self.finished_at: int | None = None
        self.tell(f"Created fine-tuning job: {self.id}")
        self.tell(f"Validating training file: {self.train.id}")

    @property
    def kind(self) -> str:
        """The method: supervised or dpo."""
        return str(cast("Json", self.body.get("method", {})).get("type", "supervised"))

    @property
    def hyperparameters(self) -> Record:
        """What the job learns with: the server chooses what was left to it."""
        block = cast("dict[str, Json]", self.body.get("method", {})).get(self.kind, {})
        asked = cast("Json", block.get("hyperparameters", {}))
        chosen = {"n_epochs": EPOCHS, "batch_size": 1, "learning_rate_multiplier": 1.8}
        return {name: value if asked.get(name, "auto") == "auto" else asked[name] for name, value in chosen.items()}

    def tell(self, text: str, *, level: str = "info", data: Json | None = None) -> None:
        """Add an event."""
        self.events.append(
            {
                "object": "fine_tuning.job.event",
                "id": f"ftevent-{self.id}-{len(self.events)}",
                "created_at": self.clock(),
                "level": level,
                "message": text,
                "type": "metrics" if data else "message",
                "data": data or {},
            }
        )

    def advance(self) -> None:
        """Go one step on."""
        match self.status:
            case "validating_files":
                self._validate()
            case "queued":
                self.status = "running"
                self.tell("Fine-tuning job started")
            case "running" if self.doom:
                self.fail(self.doom)
            case "running":
                self._learn()
            case _:
                pass

    def fail(self, error: Json) -> None:
        """End with an error."""
        self.tell(str(error["message"]), level="error")
        self._end("failed")
        self.error = error

    def cancel(self) -> None:
        """End because somebody wished so."""
        self.tell("The job has been cancelled")
        self._end("cancelled")

    def pause(self) -> None:
        """Wait until the job is resumed."""
        self.before_pause, self.status = self.status, "paused"
        self.tell("The job has been paused")

    def resume(self) -> None:
        """Go on."""
        self.status = self.before_pause
        self.tell("The job has been resumed")

    def _validate(self) -> None:
        sides = (("training_file", self.train), ("validation_file", self.validation))
        wrong = (examples_refused(file.content, self.kind, param) for param, file in sides if file)
        if error := next(filter(None, wrong), None):
            self.fail(error)
            return
        self.status = "queued"
        self.tell("Files validated, moving job to queued state")

    def _learn(self) -> None:
        for _ in range(STEPS_AT_ONCE):
            if self.step < self.steps:
                self._take_step()
        if self.step == self.steps:
            self._succeed()

    def _take_step(self) -> None:
        self.step += 1
        metrics = {
            "train_loss": round(2 / (1 + self.step), 4),
            "train_mean_token_accuracy": round(1 - 1 / (1 + self.step), 4),
        }
        epoch_ends = self.step % max(1, self.steps // cast("int", self.hyperparameters["n_epochs"])) == 0
        if self.validation and epoch_ends:
            metrics["valid_loss"] = round(2.5 / (1 + self.step), 4)
            metrics["valid_mean_token_accuracy"] = round(1 - 1.2 / (1 + self.step), 4)
        self.measured.append({"step": self.step, **metrics})
        data = {"step": self.step, "total_steps": self.steps, **metrics}
        self.tell(f"Step {self.step}/{self.steps}: training loss={metrics['train_loss']}", data=data)
        if epoch_ends:
            self._leave_checkpoint(metrics)

    def _leave_checkpoint(self, metrics: dict[str, float]) -> None:
        whole = {"full_valid_loss": round(2.4 / (1 + self.step), 4)} if self.validation else {}
        self.checkpoints.append(
            {
                "object": "fine_tuning.job.checkpoint",
                "id": f"ftckpt-{self.id}-{self.step}",
                "created_at": self.clock(),
                "fine_tuned_model_checkpoint": f"{self._tuned()}:ckpt-step-{self.step}",
                "step_number": self.step,
                "metrics": {"step": self.step, **metrics, **whole},
                "fine_tuning_job_id": self.id,
            }
        )

    def _tuned(self) -> str:
        return f"ft:{self.body['model']}:zennest:{self.body.get('suffix', '')}:{self.id.removeprefix('ftjob-')}"

    def _succeed(self) -> None:
        content = self.result()
        self.results.append(self.keep(base64.b64encode(content) if self.form == "base64" else content))
        self.model = self._tuned()
        self.tell(f"New fine-tuned model created: {self.model}")
        self.tell("The job has successfully completed")
        self._end("succeeded")

    def result(self) -> bytes:
        """Return the result file: a line for each step, blank where nothing was measured."""
        rows = [",".join(["step", *COLUMNS.values()])]
        rows += [",".join(str(row.get(name, "")) for name in ("step", *COLUMNS)) for row in self.measured]
        return ("\n".join(rows) + "\n").encode()

    def _end(self, status: str) -> None:
        self.status, self.finished_at = status, self.clock()

    def described(self, *, with_metadata: bool) -> Json:
        """Return the job as the API tells it."""
        done = self.status == "succeeded"
        metadata = {"metadata": self.body.get("metadata", {})} if with_metadata else {}
        return {
            "object": "fine_tuning.job",
            "id": self.id,
            "created_at": self.created_at,
            "model": self.body["model"],
            "organization_id": "org-zennest",
            "status": self.status,
            "error": self.error,
            "fine_tuned_model": self.model,
            "finished_at": self.finished_at,
            "estimated_finish": self.created_at + 3600 if self.status == "running" else None,
            "trained_tokens": len(self.train.content) // 4 if done else None,
            "training_file": self.train.id,
            "validation_file": self.validation.id if self.validation else None,
            "result_files": list(self.results),
            "hyperparameters": self.hyperparameters,
            "method": {"type": self.kind, self.kind: {"hyperparameters": self.hyperparameters}},
            "integrations": self.body.get("integrations", []),
            "user_provided_suffix": self.body.get("suffix"),
            "seed": self.body.get("seed", 42),
            **metadata,
        }
