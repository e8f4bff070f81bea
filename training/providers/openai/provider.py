"""The provider: what one run needs of a server, safe to be asked again after a crash."""

import time
from collections.abc import Callable, Collection, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from training.providers import Event, Files, Metric, Order, Progress, ProviderBusy, ProviderError
from training.providers.openai import orders, results
from training.providers.openai.reading import (
    ENDED,
    Json,
    checkpoint_row,
    id_of,
    items,
    mapping,
    measured,
    number,
    state,
    text,
    told,
    whole,
)
from training.providers.openai.refusals import NotThereError, Refusal, UnansweredError, clean, reason

if TYPE_CHECKING:
    from training.providers.openai.client import Server, Verb

RESULT_LIMIT = 50 * 1024 * 1024
MOST_RESULT_FILES = 16
# Seconds to wait before each look for a job whose creation was not answered.
LOOKS = (0.0, 1.0, 3.0)


class OpenAIProvider:
    """One server and a key for it; times are seconds, `retries` are those of reads."""

    name = "openai"

    def __init__(  # noqa: PLR0913 - a server, who pays, and what tests set
        self,
        base_url: str,
        key: str,
        *,
        wandb: orders.WandbBlock | None = None,
        timeout: float = 60.0,
        retries: int = 2,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base_url = base_url
        self._key = key
        self._wandb = wandb
        self._timeout = timeout
        self._retries = retries
        self._clock = clock
        self._sleep = sleep

    @cached_property
    def _server(self) -> "Server":
        # The library takes half a second to import.
        from training.providers.openai.client import Server  # noqa: PLC0415

        return Server(self._base_url, self._key, setting="SARAH_TUNING", timeout=self._timeout, retries=self._retries)

    def upload(self, order: Order) -> Files:
        """Upload what the server does not have yet for this run, and return the ids of the files."""
        wanted = {orders.train_name(order.run): order.train}
        if order.validation:
            wanted[orders.validation_name(order.run)] = order.validation
        sizes = {called: orders.size(path) for called, path in wanted.items()}
        kept = {
            (text(file.get("filename")), whole(file.get("bytes"))): id_of(file)
            for file in self._files()
            if text(file.get("status")) not in {"error", "deleted"}
        }
        ids = [kept.get((called, sizes[called])) or self._upload(path, called) for called, path in wanted.items()]
        return Files(*ids)

    def _upload(self, path: Path, called: str) -> str:
        try:
            file = id_of(self._server.upload(path, called))
        except OSError as error:
            raise orders.unreadable(path, error) from None
        if not file:
            raise ProviderBusy(f"{self._server.host} took {path.name} and did not name it: it is tried again later.")
        return file

    def _files(self) -> Iterator[Json]:
        try:
            yield from self._server.files()
        # Then every file is new to it, and jobs are known by their metadata.
        except NotThereError:
            return

    def find(self, run: str) -> str:
        """Return the job of a run, or ""."""
        files = {id_of(file) for file in self._files() if file.get("filename") == orders.train_name(run)}
        return self._find(run, files, "")

    def _find(self, run: str, files: set[str], suffix: str) -> str:
        """Look at the jobs chosen by metadata, and then at all, because not all servers keep metadata."""
        for chosen in (run, ""):
            try:
                jobs = [job for job in self._server.jobs(chosen) if orders.is_of(job, run, files, suffix)]
            except ProviderError:
                # Some servers refuse to choose.
                if not chosen:
                    raise
                continue
            if jobs:
                oldest = min(jobs, key=lambda job: (number(job.get("created_at")) or float("inf"), id_of(job)))
                return id_of(oldest)
        return ""

    def create(self, order: Order, files: Files) -> str:
        """Return the run's job, which is asked for once, and only if there is none.

        When nobody knows whether it was made, it is looked for; ProviderBusy then means that it was not found, and
        the next call looks again before it asks.
        """
        if job := self._find(order.run, {files.train}, order.suffix):
            return job
        try:
            job = id_of(self._server.create(orders.body(order, files, self._wandb), order.run))
        except UnansweredError as unanswered:
            return self._look_again(order, files, unanswered)
        unnamed = UnansweredError(f"{self._server.host} did not name the job that it was asked for: it is looked for.")
        return job or self._look_again(order, files, unnamed)

    def _look_again(self, order: Order, files: Files, unanswered: UnansweredError) -> str:
        for seconds in LOOKS:
            # A server may still be at it when the connection is gone.
            self._sleep(seconds)
            if job := self._find(order.run, {files.train}, order.suffix):
                return job
        raise unanswered

    def progress(self, job: str) -> Progress:
        """Return where a job stands, with its events, oldest first, and what was measured, by step."""
        record = self._server.job(job)
        listed = list(self._server.events(job))
        checkpoints = self._checkpoints(job)
        now, events = state(record), told(listed, self._key)
        if now is None:
            events = (*events, self._unknown(record))
        rows = [
            *(mapping(event.get("data")) for event in reversed(listed)),
            *map(checkpoint_row, reversed(checkpoints)),
        ]
        model = text(record.get("fine_tuned_model")) or (_last_model(checkpoints) if now == "succeeded" else "")
        why = self._reason(record) if now == "failed" else ""
        if now == "succeeded" and not model:
            now, why = "failed", f"{self._server.host} names no model that came out of the job: ask there."
        return Progress(
            now or "running",
            model,
            why,
            whole(record.get("trained_tokens")),
            number(record.get("estimated_finish")) or 0.0,
            events,
            measured(rows),
            orders.used(record),
        )

    def _checkpoints(self, job: str) -> list[Json]:
        try:
            return list(self._server.checkpoints(job))
        # Not every server has them.
        except NotThereError:
            return []

    def _unknown(self, record: Json) -> Event:
        """Tell of a status that we do not know, under the same key each time."""
        status = clean(record.get("status"), self._key) or "none"
        sentence = f"{self._server.host} calls the job {status!r}, which is no status that we know: taken as running."
        return Event(f"status-{status}", self._clock(), "warning", sentence)

    def _reason(self, record: Json) -> str:
        error = mapping(record.get("error"))
        texts = (clean(error.get(name), self._key) for name in ("code", "param", "message"))
        return reason(Refusal(self._server.host, self._server.setting, "", 0, *texts))

    def collect(self, job: str, folder: Path) -> tuple[Metric, ...]:
        """Keep the result files as results-1.csv and so on, and return what they measured, by step.

        Raises OSError when the disk does not take them, and ProviderError for a file of more than 50 MB.
        """
        found: list[Metric] = []
        named = items(self._server.job(job).get("result_files"))[:MOST_RESULT_FILES]
        ids = (text(file) or text(mapping(file).get("id")) for file in named)
        for place, file in enumerate(filter(None, ids), 1):
            content = self._server.content(file, RESULT_LIMIT)
            found += results.keep(content, folder / f"results-{place}.csv")
        return tuple(found)

    def cancel(self, job: str) -> None:
        """Stop a job, if it has not ended."""
        self._steer(job, "cancel", ())

    def pause(self, job: str) -> None:
        """Hold a job, if it has not ended and is not held."""
        self._steer(job, "pause", ("paused",))

    def resume(self, job: str) -> None:
        """Let a held job go on, if it is held."""
        self._steer(job, "resume", ("queued", "running"))

    def _steer(self, job: str, verb: "Verb", there: Collection[str]) -> None:
        """Steer a job, unless it has ended or is already there."""
        try:
            self._server.steer(job, verb)
        except (ProviderError, ProviderBusy) as refused:
            now = state(self._server.job(job))
            if now in ENDED or now in there:
                return
            if isinstance(refused, NotThereError):
                raise ProviderError(
                    f"{self._server.host} does not know how to {verb} a job: let it run, or cancel it."
                ) from None
            raise


def _last_model(checkpoints: list[Json]) -> str:
    """Return the model of the last checkpoint, for servers that name no other."""
    steps = {whole(checkpoint.get("step_number")): checkpoint for checkpoint in checkpoints}
    return text(steps[max(steps)].get("fine_tuned_model_checkpoint")) if steps else ""
