"""Watching a job: what it tells and measures goes into the registry as it comes."""

from dataclasses import asdict
from hashlib import sha256
from time import monotonic

from training.providers import JobState, Progress, Provider, ProviderError
from training.registry import Run, RunChanges
from training.runs.workbench import Cancelled, Facts, Refused, Workbench

_ENDED: tuple[JobState, ...] = ("succeeded", "failed", "cancelled")


def watch(bench: Workbench, run: Run, facts: Facts) -> Facts:
    """Look at a job until it has ended, its state changes, or some minutes have passed: there is a "pause" then.

    Raises Cancelled and Refused, and what the provider raises.
    """
    provider, job = bench.provider(run), str(facts["job"])
    before, pause = facts.get("job_state"), float(facts.get("pause", bench.pace.first_poll))
    began = monotonic()
    while True:
        progress = provider.progress(job)
        _keep(bench, run, progress)
        if progress.state in _ENDED:
            return _ending(bench, run, progress)
        run = _heeded(bench, bench.registry.run(run.id), provider, progress.state)
        if progress.state != before:
            return {"job_state": progress.state, "pause": bench.pace.first_poll}
        if monotonic() - began > bench.pace.watch:
            return {"job_state": progress.state, "pause": pause}
        run = bench.wait(run, bench.clock() + min(pause, progress.pause))
        if run.cancel_wanted:
            raise Cancelled
        pause = bench.pace.poll(pause)


def _keep(bench: Workbench, run: Run, progress: Progress) -> None:
    """Put into the registry what a job told, as far as it is new."""
    registry, known = bench.registry, bench.registry.run(run.id)
    if progress.events:
        registry.add_events(run.id, progress.events)
    if progress.metrics and (registry.add_metrics(run.id, progress.metrics) or run.id not in bench.shown):
        bench.show(run)
    changes: RunChanges = {}
    if progress.state not in _ENDED:
        changes["state"] = "paused" if progress.state == "paused" else "running"
    if progress.trained_tokens:
        changes["trained_tokens"] = progress.trained_tokens
    if progress.finishes_at:
        changes["finishes_at"] = progress.finishes_at
    if any(getattr(known, name) != value for name, value in changes.items()):
        registry.update_run(run.id, **changes)


def _ending(bench: Workbench, run: Run, progress: Progress) -> Facts:
    if progress.state == "succeeded":
        bench.tell(run.id, "step:watch", "The job has succeeded.")
        used = {name: value for name, value in asdict(progress.hyperparameters).items() if value is not None}
        return {"job_state": "succeeded", "served_as": progress.model, **used}
    if progress.state == "cancelled":
        bench.tell(run.id, "step:watch", f"The job was cancelled at {run.plan.provider}.", "warning")
        raise Cancelled
    raise Refused(progress.reason or f"{run.plan.provider} does not say why the job failed: look there, or run again.")


def _heeded(bench: Workbench, run: Run, provider: Provider, state: JobState) -> Run:
    """Hold a job or let it go on, if somebody wants that, and return the run."""
    if not run.wanted:
        return run
    try:
        if run.wanted == "pause" and state != "paused":
            provider.pause(run.job)
        elif run.wanted == "resume" and state == "paused":
            provider.resume(run.job)
    except ProviderError as refusal:
        told = str(refusal)
        bench.tell(run.id, f"{run.wanted}:{sha256(told.encode()).hexdigest()[:8]}", told, "warning")
    return bench.registry.heeded(run.id, run.wanted)
