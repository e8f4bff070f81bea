"""The provider on one's own machine: it hands each run to a trainer, which has a process of its own."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from training.examples import DataError
from training.providers import Files, Hyperparameters, JobState, Metric, Order, Progress, ProviderError
from training.providers.local import job as jobs
from training.providers.local import process
from training.providers.local.extra import see_installed
from training.providers.local.job import CHECKPOINTS, LOG, Job
from training.providers.local.manifest import MANIFEST, PARTIAL, WEIGHTS, see_whole
from training.providers.local.recipe import Recipe, read_recipe

OURS = "model-"
# How often a trainer may end without a word, at the same step, before that is no accident any more.
MOST_DEATHS = 3
# Seconds between two looks, which cost no more than reading a file.
_PAUSE = 2.0


@dataclass(slots=True)
class _Child:
    """A trainer that was started here, and how often its job's trainers died since they last got on."""

    process: subprocess.Popen[bytes]
    step: int
    deaths: int = 0


class Local:
    """Tunes on this machine; the job has the run's id, and lies in the run's folder.

    `folder_of` tells where a run's folder is, `parent_of` where that of a model of ours is; `presets` is a folder of
    presets that come before ours, and `launch` the command that starts trainers on several devices, or "".
    """

    name = "local"

    def __init__(
        self, folder_of: Callable[[str], Path], presets: Path, parent_of: Callable[[str], Path], launch: str = ""
    ) -> None:
        self._folder_of = folder_of
        self._presets = presets
        self._parent_of = parent_of
        self._launch = launch
        self._children: dict[str, _Child] = {}

    def upload(self, order: Order) -> Files:
        """Return the files as they are, for they stay here; raises ProviderError where nothing can be tuned."""
        see_installed()
        self._job(order)
        return Files(str(order.train), str(order.validation or ""))

    def find(self, run: str) -> str:
        """Return the run's job, or ""."""
        return run if jobs.has_job(self._folder_of(run)) else ""

    def create(self, order: Order, files: Files) -> str:
        """Write down what is to be learned, and have a trainer begin."""
        del files
        if not self.find(order.run):
            order.folder.mkdir(parents=True, exist_ok=True)
            jobs.write_job(order.folder, self._job(order))
        return order.run

    def _job(self, order: Order) -> Job:
        """Return what a trainer is to do; raises ProviderError."""
        try:
            recipe, parent = self._recipe(order.base)
        except DataError as error:
            raise ProviderError(str(error)) from error
        return Job(
            run=order.run,
            recipe=recipe.asked(order.hyperparameters, order.seed),
            train=order.train.resolve(),
            validation=order.validation.resolve() if order.validation else None,
            method=order.method,
            stop=order.stop,
            parent=order.base if parent else "",
            parent_folder=parent,
        )

    def _recipe(self, base: str) -> tuple[Recipe, Path | None]:
        """Return how a base is tuned, and the folder of the model of ours that it is, if it is one."""
        if not base.startswith(OURS):
            return read_recipe(base, self._presets), None
        folder = self._parent_of(base).resolve()
        manifest = see_whole(folder)
        whole = {"model": str(folder / WEIGHTS), "revision": ""} if manifest.kind == "whole" else {}
        return manifest.recipe.model_copy(update=whole), folder

    def progress(self, job: str) -> Progress:
        """Return how far a job is; a trainer that is not there is started, and goes on from the last checkpoint."""
        folder = self._folder_of(job)
        try:
            recipe = jobs.read_job(folder).recipe
        except DataError as error:
            return Progress("failed", reason=str(error))
        told = jobs.read_progress(folder)
        progress = Progress(
            "running",
            trained_tokens=max((one.trained_tokens for one in told), default=0),
            finishes_at=next((one.finishes_at for one in reversed(told) if one.finishes_at), 0.0),
            events=tuple(jobs.events(job, told)),
            metrics=jobs.metrics(told),
            hyperparameters=_used(recipe),
            pause=_PAUSE,
        )
        return self._settled(job, folder, progress, max((one.step for one in told), default=0))

    def _settled(self, job: str, folder: Path, progress: Progress, step: int) -> Progress:
        """Return progress with the state that the job is in; sees to it that somebody trains."""
        if (folder / MANIFEST).exists():
            return _as(progress, "succeeded")
        wanted = jobs.wished(folder)
        if wanted:
            return _as(progress, wanted)
        if reason := jobs.failure(folder) or self._kept_training(job, folder, step):
            _remove_halves(folder)
            return _as(progress, "failed", reason)
        return progress

    def _kept_training(self, job: str, folder: Path, step: int) -> str:
        """Start a trainer where there is none; return why that makes no sense any more, or ""."""
        child = self._children.get(job)
        if child is None:
            # One of an earlier process still saves what it learned.
            if not process.is_held(folder):
                self._children[job] = _Child(process.start(folder, self._launch), step)
            return ""
        if child.process.poll() is None:
            return ""
        # Once more, for it may have been the last that the trainer did.
        if (folder / MANIFEST).exists() or jobs.failure(folder):
            return jobs.failure(folder)
        child.deaths = child.deaths + 1 if step <= child.step else 1
        if child.deaths >= MOST_DEATHS:
            return _died(folder, child, step)
        child.process, child.step = process.start(folder, self._launch), step
        return ""

    def collect(self, job: str, folder: Path) -> tuple[Metric, ...]:
        """Return what was measured, and let go of the checkpoints, which nobody needs any more."""
        if (folder / CHECKPOINTS).exists():
            shutil.rmtree(folder / CHECKPOINTS)
        return self.progress(job).metrics

    def cancel(self, job: str) -> None:
        """End a job at once, and keep nothing of it, unless it has ended by itself."""
        folder = self._folder_of(job)
        if (folder / MANIFEST).exists():
            return
        jobs.wish(folder, "cancelled")
        self._end(job, folder)
        _remove_halves(folder)

    def _end(self, job: str, folder: Path) -> None:
        child = self._children.pop(job, None)
        process.kill(folder, child.process if child else None)

    def pause(self, job: str) -> None:
        """Have the trainer save what it learned and end, which frees the memory."""
        folder = self._folder_of(job)
        jobs.wish(folder, "paused")
        process.stop(folder)
        self._children.pop(job, None)

    def resume(self, job: str) -> None:
        """Let a job go on from its last checkpoint."""
        jobs.unwish(self._folder_of(job))


def _remove_halves(folder: Path) -> None:
    """Remove what a job without a manifest has made."""
    for made in (CHECKPOINTS, WEIGHTS, PARTIAL):
        if (folder / made).exists():
            shutil.rmtree(folder / made)


def _as(progress: Progress, state: JobState, reason: str = "") -> Progress:
    return replace(progress, state=state, reason=reason, finishes_at=0.0)


def _used(recipe: Recipe) -> Hyperparameters:
    epochs = None if recipe.steps else round(recipe.epochs)
    return Hyperparameters(epochs, recipe.batch_size * recipe.accumulation)


def _died(folder: Path, child: _Child, step: int) -> str:
    return (
        f"The trainer was ended {MOST_DEATHS} times at step {step} (exit code {child.process.returncode}) and could not"
        f" say why, as where the memory is used up: tune a smaller model or smaller batches ({folder / LOG} has more)."
    )
