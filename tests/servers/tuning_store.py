"""What the local tuning server knows and does, without HTTP: files in, jobs made and moved on."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from tests.servers.openai_rules import problems
from tests.servers.tuning_faults import Json, Refusal
from tests.servers.tuning_jobs import ENDED, File, Job, ResultForm
from tests.servers.tuning_rules import FILE_LIMIT, job_refused, upload_refused

MODELS = frozenset({"gpt-4o-mini-2024-07-18", "gpt-4.1-mini-2025-04-14", "gpt-4.1-2025-04-14"})
NOT_TUNABLE = frozenset({"gpt-4", "gpt-5"})
FIRST_SECOND = 1_790_000_000
LONGEST_PAGE = {"jobs": 100, "events": 100, "checkpoints": 25, "files": 10_000}


class RefusedError(Exception):
    """The request is answered with an error."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.message)


class Store:
    """Everything of one project, in memory, and how this server differs from the real one."""

    def __init__(self) -> None:
        self.files: dict[str, File] = {}
        self.jobs: dict[str, Job] = {}
        self.models = MODELS
        self.file_limit = FILE_LIMIT
        self.steps = 6
        self.steps_at_a_poll = 1
        self.form: ResultForm = "csv"
        self.keeps_metadata = True
        self.filters_metadata = True
        self.has_checkpoints = True
        self.has_pausing = True
        self.dooms: list[Json] = []
        self.answer = "Yes."
        """What the chat says."""
        self._numbers = itertools.count(1)
        self._seconds = itertools.count(FIRST_SECOND)

    # Files.

    def upload(self, name: str, purpose: str, content: bytes) -> Json:
        """Keep a file."""
        if refusal := upload_refused(name, purpose, content, self.file_limit):
            raise RefusedError(refusal)
        return self.keep(name, purpose, content).described()

    def keep(self, name: str, purpose: str, content: bytes) -> File:
        """Keep a file without looking at it."""
        number = next(self._numbers)
        file = File(f"file-{number:06d}", name, purpose, content, next(self._seconds))
        self.files[file.id] = file
        return file

    def file(self, name: str) -> File:
        """Return a file."""
        if name not in self.files:
            raise RefusedError(Refusal(404, "", f"No such File object: {name}", "id"))
        return self.files[name]

    def delete(self, name: str) -> Json:
        """Forget a file."""
        del self.files[self.file(name).id]
        return {"id": name, "object": "file", "deleted": True}

    def list_files(self, query: Mapping[str, str]) -> Json:
        """Return a page of files, the newest first."""
        wanted = query.get("purpose")
        found = [file.described() for file in reversed(self.files.values()) if wanted in (None, file.purpose)]
        page = _page(found, query, "files", usual=LONGEST_PAGE["files"])
        ids = [str(file["id"]) for file in cast("Sequence[Json]", page["data"])]
        return {**page, "first_id": ids[0] if ids else "", "last_id": ids[-1] if ids else ""}

    # Jobs.

    def create(self, body: object) -> Json:
        """Make a job."""
        if refusal := job_refused(body):
            raise RefusedError(refusal)
        asked = cast("Json", body)
        self._check_model(str(asked["model"]))
        train = self._for_tuning(str(asked["training_file"]), "training_file")
        named = asked.get("validation_file")
        validation = self._for_tuning(str(named), "validation_file") if named else None
        job = Job(
            f"ftjob-{next(self._numbers):06d}",
            asked,
            train,
            validation,
            clock=lambda: next(self._seconds),
            keep=self._keep_result,
            steps=self.steps,
            form=self.form,
            doom=self.dooms.pop(0) if self.dooms else None,
        )
        self.jobs[job.id] = job
        return self.described(job)

    def _check_model(self, model: str) -> None:
        if model in NOT_TUNABLE:
            told = f"Model {model} is not available for fine-tuning or does not exist."
            raise RefusedError(Refusal(400, "model_not_available", told, "model"))
        tuned = {job.model for job in self.jobs.values()}
        if model not in self.models | tuned:
            raise RefusedError(Refusal(404, "model_not_found", f"The model {model!r} does not exist.", "model"))

    def _for_tuning(self, name: str, param: str) -> File:
        if name not in self.files or self.files[name].purpose != "fine-tune":
            told = f"File {name!r} does not exist or was not uploaded with the purpose 'fine-tune'."
            raise RefusedError(Refusal(400, "file_not_found", told, param))
        return self.files[name]

    def _keep_result(self, content: bytes) -> str:
        return self.keep("../../step_metrics.csv", "fine-tune-results", content).id

    def job(self, name: str) -> Job:
        """Return a job."""
        if name not in self.jobs:
            told = f"Could not find fine tune: {name}"
            raise RefusedError(Refusal(404, "fine_tune_not_found", told, "fine_tune_id"))
        return self.jobs[name]

    def described(self, job: Job) -> Json:
        """Return a job as the API tells it."""
        return job.described(with_metadata=self.keeps_metadata)

    def poll(self, name: str) -> Json:
        """Return a job as it is, and move it on afterwards."""
        job = self.job(name)
        told = self.described(job)
        for _ in range(self.steps_at_a_poll):
            job.advance()
        return told

    def list_jobs(self, query: Mapping[str, str]) -> Json:
        """Return a page of jobs, the newest first, with the metadata that was asked for."""
        wanted = {key[9:-1]: value for key, value in query.items() if key.startswith("metadata[")}
        found = list(reversed(self.jobs.values()))
        if self.filters_metadata and self.keeps_metadata:
            found = [job for job in found if wanted.items() <= cast("Json", job.body.get("metadata", {})).items()]
        return _page([self.described(job) for job in found], query, "jobs")

    def events(self, name: str, query: Mapping[str, str]) -> Json:
        """Return a page of a job's events, the newest first."""
        return _page(list(reversed(self.job(name).events)), query, "events")

    def checkpoints(self, name: str, query: Mapping[str, str]) -> Json:
        """Return a page of a job's checkpoints, the newest first."""
        if not self.has_checkpoints:
            raise RefusedError(_no_such_route())
        page = _page(list(reversed(self.job(name).checkpoints)), query, "checkpoints", usual=10)
        ids = [checkpoint["id"] for checkpoint in cast("Sequence[Json]", page["data"])]
        return {**page, "first_id": ids[0] if ids else None, "last_id": ids[-1] if ids else None}

    def cancel(self, name: str) -> Json:
        """Stop a job that has not ended."""
        return self._steer(name, "cancel", Job.cancel)

    def pause(self, name: str) -> Json:
        """Hold a job that has not ended."""
        return self._steer(name, "pause", Job.pause, refused={"paused"})

    def resume(self, name: str) -> Json:
        """Let a held job go on."""
        return self._steer(name, "resume", Job.resume, refused={"validating_files", "queued", "running"})

    def chat(self, body: Json) -> Json:
        """Answer a chat completion."""
        for param, what in problems(body):
            raise RefusedError(Refusal(400, "invalid_value", what, param))
        message = {"role": "assistant", "content": self.answer, "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        usual = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": body["model"]}
        return {**usual, "choices": [choice]}

    def _steer(
        self, name: str, verb: str, act: Callable[[Job], None], refused: frozenset[str] | set[str] = frozenset()
    ) -> Json:
        if verb != "cancel" and not self.has_pausing:
            raise RefusedError(_no_such_route())
        job = self.job(name)
        if job.status in ENDED | refused:
            told = f"Job {name} cannot be {verb}led, paused or resumed: it is {job.status}."
            raise RefusedError(Refusal(400, "invalid_job_state", told))
        act(job)
        return self.described(job)


def _no_such_route() -> Refusal:
    return Refusal(404, "unknown_url", "Unknown request URL. Please check the URL for typos.")


def _page(found: Sequence[Json], query: Mapping[str, str], kind: str, usual: int = 20) -> Json:
    """Cut a page out of a list: `limit` records, those after the record `after`."""
    limit = int(query.get("limit", usual))
    if not 1 <= limit <= LONGEST_PAGE[kind]:
        raise RefusedError(Refusal(400, "invalid_value", f"{limit} is no limit.", "limit"))
    ids = [record["id"] for record in found]
    after = query.get("after")
    if after is not None and after not in ids:
        raise RefusedError(Refusal(404, "", f"No such object: {after}", "after"))
    start = ids.index(after) + 1 if after is not None else 0
    data = found[start : start + limit]
    return {"object": "list", "data": list(data), "has_more": start + limit < len(found)}
