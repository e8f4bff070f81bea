"""A run's folder, in which its trainer finds what to learn, and leaves how far it is."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from training.examples import DataError
from training.files import written_whole
from training.providers import Event, EventLevel, Method, Metric
from training.providers.local.recipe import Recipe

# The states in which somebody wants a job to be, other than learning.
Wish = Literal["cancelled", "paused"]

_JOB, _PROGRESS, _FAILURE = "job.json", "progress.jsonl", "failure.txt"
LOG, PROCESSES, CHECKPOINTS = "trainer.log", "processes", "checkpoints"


class Job(BaseModel):
    """What a trainer is to do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str
    recipe: Recipe
    train: Path
    validation: Path | None
    method: Method
    stop: str
    """The token that ends an answer, or ""; it stands in the examples."""
    parent: str = ""
    """The id of the model that it goes on from, or ""."""
    parent_folder: Path | None = None


class Told(BaseModel):
    """One line of progress: what was measured at a step, or an event."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    at: float
    """Seconds since 1970, UTC."""
    step: int = 0
    metrics: Mapping[str, float] = {}
    trained_tokens: int = 0
    finishes_at: float = 0.0
    level: EventLevel = "info"
    text: str = ""


def write_job(folder: Path, job: Job) -> None:
    """Write what a trainer is to do, whole or not at all; raises OSError."""
    with written_whole(folder / _JOB) as file:
        file.write(job.model_dump_json(indent=1).encode())


def has_job(folder: Path) -> bool:
    """Tell whether there is a job in a folder."""
    return (folder / _JOB).exists()


def read_job(folder: Path) -> Job:
    """Return what a trainer is to do; raises DataError."""
    try:
        return Job.model_validate_json((folder / _JOB).read_bytes())
    except (OSError, ValidationError) as error:
        raise DataError(f"{folder / _JOB} cannot be read ({type(error).__name__}): start the run again.") from None


def tell(folder: Path, told: Told) -> None:
    """Add a line of progress; raises OSError."""
    with (folder / _PROGRESS).open("a", encoding="utf-8") as file:
        file.write(told.model_dump_json(exclude_defaults=True) + "\n")


def drop_torn_line(folder: Path) -> None:
    """Take off a line of progress that a crash cut short, so that the next one is not glued to it."""
    path = folder / _PROGRESS
    if not path.exists():
        return
    with path.open("rb+") as file:
        file.truncate(file.read().rfind(b"\n") + 1)


def read_progress(folder: Path) -> list[Told]:
    """Return what a trainer told so far, in order; a line that is being written is not there yet."""
    try:
        lines = (folder / _PROGRESS).read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return []
    return [Told.model_validate_json(line) for line in lines if line.endswith(b"\n")]


def events(run: str, progress: list[Told]) -> Iterator[Event]:
    """Yield the events among the lines of progress, with keys that stay the same."""
    for place, told in enumerate(progress):
        if told.text:
            yield Event(f"{run}:{place}", told.at, told.level, told.text)


def metrics(progress: list[Told]) -> tuple[Metric, ...]:
    """Return what was measured, the newest value of each step, for after a crash steps are done again."""
    newest = {(told.step, name): value for told in progress for name, value in told.metrics.items()}
    return tuple(Metric(step, name, value) for (step, name), value in sorted(newest.items()))


def fail(folder: Path, reason: str) -> None:
    """Say why the job cannot be done, in one sentence; the first who says it is heard. Raises OSError."""
    if not failure(folder):
        with written_whole(folder / _FAILURE) as file:
            file.write(json.dumps(reason).encode())


def failure(folder: Path) -> str:
    """Return why the job cannot be done, or ""."""
    try:
        return cast("str", json.loads((folder / _FAILURE).read_bytes()))
    except FileNotFoundError:
        return ""


def wish(folder: Path, wanted: Wish) -> None:
    """Say that a job is to stop, for good or for now; raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / wanted).touch()


def wished(folder: Path) -> Wish | None:
    """Return how a job is to stop, or None where it is to go on."""
    wishes: tuple[Wish, ...] = ("cancelled", "paused")
    return next((wanted for wanted in wishes if (folder / wanted).exists()), None)


def unwish(folder: Path) -> None:
    """Let a job that was held go on."""
    (folder / "paused").unlink(missing_ok=True)
