"""The local tuning server answers as published, refuses what the real one refuses, and goes wrong on cue."""

import json
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import httpx2
import pytest

from tests.servers.openai_rules import SPEC
from tests.servers.tuning import BASE, KEY, TuningServer, tuning_server
from tests.servers.tuning_faults import Cut, Fault, Garbled, Patched, Slow, down, rate_limited
from tests.servers.tuning_kit import write_examples, write_preferences
from tests.servers.tuning_routes import Request
from tests.servers.tuning_rules import schema_problems

JOBS = "/fine_tuning/jobs"

published = pytest.mark.skipif(not SPEC.exists(), reason="the published description is not at hand")


@pytest.fixture
def server() -> Generator[TuningServer]:
    with tuning_server() as running:
        yield running


@pytest.fixture
def client(server: TuningServer) -> Generator[httpx2.Client]:
    with httpx2.Client(base_url=server.url, headers={"Authorization": f"Bearer {KEY}"}) as client:
        yield client


def upload(client: httpx2.Client, content: bytes, name: str = "a.jsonl", purpose: str = "fine-tune") -> httpx2.Response:
    return client.post("/files", files={"file": (name, content)}, data={"purpose": purpose})


def uploaded(client: httpx2.Client, folder: Path, count: int = 12) -> str:
    return str(upload(client, write_examples(folder / "a.jsonl", count).read_bytes()).json()["id"])


def create(client: httpx2.Client, file: str, **fields: object) -> httpx2.Response:
    return client.post(JOBS, json={"model": BASE, "training_file": file, **fields})


def created(client: httpx2.Client, folder: Path, **fields: object) -> str:
    response = create(client, uploaded(client, folder), **fields)
    assert response.status_code == 200, response.text
    return str(response.json()["id"])


def error(response: httpx2.Response) -> tuple[int, str, str]:
    told = response.json()["error"]
    return response.status_code, told["code"] or "", told["param"] or ""


def wrong(schema: str, response: httpx2.Response) -> list[tuple[str, str]]:
    assert response.status_code == 200, response.text
    return list(schema_problems(schema, response.json()))


def found(missing: httpx2.Response) -> httpx2.Response:
    """Return what a 404 says as if it were any answer."""
    assert missing.status_code == 404
    return httpx2.Response(200, content=missing.content)


@published
def test_every_answer_is_as_published_from_the_first_status_to_the_last(
    server: TuningServer, client: httpx2.Client, tmp_path: Path
) -> None:
    file = uploaded(client, tmp_path)
    assert not wrong("OpenAIFile", client.get(f"/files/{file}"))
    assert not wrong("ListFilesResponse", client.get("/files"))
    response = create(client, file, validation_file=file, suffix="zen", metadata={"run": "r"})
    assert not wrong("FineTuningJob", response)
    job = str(response.json()["id"])
    statuses: list[str] = []
    for _ in range(7):
        answer = client.get(f"{JOBS}/{job}")
        statuses.append(answer.json()["status"])
        assert not wrong("FineTuningJob", answer)
        assert not wrong("ListFineTuningJobEventsResponse", client.get(f"{JOBS}/{job}/events"))
        assert not wrong("ListFineTuningJobCheckpointsResponse", client.get(f"{JOBS}/{job}/checkpoints"))
    assert statuses == ["validating_files", "queued", "running", "running", "running", "succeeded", "succeeded"]
    assert not wrong("ListPaginatedFineTuningJobsResponse", client.get(JOBS))
    assert not wrong("ErrorResponse", found(client.get(f"{JOBS}/nothing")))
    assert not wrong("DeleteFileResponse", client.delete(f"/files/{file}"))
    assert server.jobs[0].events[-1]["message"] == "The job has successfully completed"


@published
def test_a_failed_and_a_cancelled_job_are_as_published(
    server: TuningServer, client: httpx2.Client, tmp_path: Path
) -> None:
    failed, cancelled = created(client, tmp_path), created(client, tmp_path)
    server.fail(failed, "server_error", "It broke.")
    assert not wrong("FineTuningJob", client.post(f"{JOBS}/{cancelled}/cancel"))
    assert not wrong("FineTuningJob", client.get(f"{JOBS}/{failed}"))


@pytest.mark.parametrize(
    ("content", "name", "purpose", "expected"),
    [
        (b"", "a.jsonl", "fine-tune", (400, "invalid_file", "file")),
        (b"{}\nno\n", "a.jsonl", "fine-tune", (400, "invalid_file_format", "file")),
        (b"[1]\n", "a.jsonl", "fine-tune", (400, "invalid_file_format", "file")),
        (b"{}\n", "a.txt", "fine-tune", (400, "invalid_file_format", "file")),
        (b"{}\n", "a.jsonl", "fine_tune", (400, "invalid_value", "purpose")),
        (b"{}\n" * 100, "a.jsonl", "fine-tune", (413, "file_too_large", "file")),
    ],
)
def test_a_file_is_refused_that_the_real_one_refuses(  # noqa: PLR0913, PLR0917 - two fixtures and a table
    server: TuningServer, client: httpx2.Client, content: bytes, name: str, purpose: str, expected: tuple[int, str, str]
) -> None:
    server.store.file_limit = 100
    assert error(upload(client, content, name, purpose)) == expected
    assert not server.store.files


@pytest.mark.parametrize(
    ("fields", "status", "param"),
    [
        ({"epochs": 3}, 400, "epochs"),
        ({"hyperparameters": {"n_epochs": 3}}, 400, "hyperparameters"),
        ({"model": ""}, 400, "model"),
        ({"model": "gpt-9"}, 404, "model"),
        ({"model": "gpt-5"}, 400, "model"),
        ({"training_file": "file-none"}, 400, "training_file"),
        ({"validation_file": "file-none"}, 400, "validation_file"),
        ({"method": {"type": "grpo"}}, 400, "method.type"),
        ({"method": {"type": "supervised", "dpo": {}}}, 400, "method.dpo"),
        ({"method": {"type": "supervised", "supervised": {"n_epochs": 3}}}, 400, "method.supervised.n_epochs"),
        ({"suffix": "x" * 65}, 400, "suffix"),
        ({"suffix": ""}, 400, "suffix"),
        ({"seed": -1}, 400, "seed"),
        ({"seed": 2**31}, 400, "seed"),
        ({"metadata": {"n": 1}}, 400, "metadata.n"),
        ({"metadata": {"k" * 65: "v"}}, 400, f"metadata.{'k' * 65}"),
        ({"metadata": {"k": "v" * 513}}, 400, "metadata.k"),
        ({"metadata": {str(n): "" for n in range(17)}}, 400, "metadata"),
        ({"integrations": [{"type": "mlflow", "wandb": {"project": "p"}}]}, 400, "integrations[0]"),
        ({"integrations": [{"type": "wandb", "wandb": {"entity": "e"}}]}, 400, "integrations[0].wandb"),
        ({"integrations": [{"type": "wandb", "wandb": {"project": "p", "key": "k"}}]}, 400, "integrations[0].wandb"),
    ],
)
def test_a_job_is_refused_that_the_real_one_refuses(  # noqa: PLR0913, PLR0917 - three fixtures and a table
    server: TuningServer, client: httpx2.Client, tmp_path: Path, fields: dict[str, object], status: int, param: str
) -> None:
    response = create(client, uploaded(client, tmp_path), **fields)
    assert (response.status_code, response.json()["error"]["param"]) == (status, param)
    assert not server.jobs


@pytest.mark.parametrize("kind", ["supervised", "dpo"])
@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [
        ("n_epochs", 1, True),
        ("n_epochs", 50, True),
        ("n_epochs", "auto", True),
        ("n_epochs", 0, False),
        ("n_epochs", 51, False),
        ("n_epochs", 1.5, False),
        ("n_epochs", True, False),
        ("batch_size", 256, True),
        ("batch_size", 257, False),
        ("learning_rate_multiplier", 0.1, True),
        ("learning_rate_multiplier", 0, False),
        ("warmup", 1, False),
    ],
)
def test_hyperparameters_keep_their_ranges(  # noqa: PLR0913 - two fixtures and a table
    client: httpx2.Client, tmp_path: Path, kind: str, name: str, value: object, *, taken: bool
) -> None:
    method = {"type": kind, kind: {"hyperparameters": {name: value}}}
    response = create(client, uploaded(client, tmp_path), method=method)
    assert response.status_code == (200 if taken else 400)
    if not taken:
        assert response.json()["error"]["param"] == f"method.{kind}.hyperparameters.{name}"


def test_a_job_with_nine_examples_fails_while_its_files_are_validated(client: httpx2.Client, tmp_path: Path) -> None:
    job = str(create(client, uploaded(client, tmp_path, 9)).json()["id"])
    assert client.get(f"{JOBS}/{job}").json()["status"] == "validating_files"
    after = client.get(f"{JOBS}/{job}").json()
    assert after["status"] == "failed"
    assert after["error"] == {
        "code": "invalid_n_examples",
        "message": "Training file has 9 example(s), but must have at least 10 examples",
        "param": "training_file",
    }


def test_a_job_fails_on_examples_of_another_method(server: TuningServer, client: httpx2.Client, tmp_path: Path) -> None:
    preferences = write_preferences(tmp_path / "p.jsonl").read_bytes()
    file = str(upload(client, preferences).json()["id"])
    as_dpo = str(create(client, file, method={"type": "dpo"}).json()["id"])
    as_chat = str(create(client, file).json()["id"])
    assert server.finish(as_dpo).status == "succeeded"
    assert server.finish(as_chat).error == {
        "code": "invalid_training_file",
        "message": "Invalid file format. Line 1: unexpected keys beside messages",
        "param": "training_file",
    }


def test_lists_are_paged_and_jobs_are_found_by_their_metadata(client: httpx2.Client, tmp_path: Path) -> None:
    jobs = [created(client, tmp_path, metadata={"run": str(n % 2)}) for n in range(5)]
    first = client.get(JOBS, params={"limit": 2}).json()
    assert ([job["id"] for job in first["data"]], first["has_more"]) == ([jobs[4], jobs[3]], True)
    last = client.get(JOBS, params={"limit": 2, "after": jobs[1]}).json()
    assert ([job["id"] for job in last["data"]], last["has_more"]) == ([jobs[0]], False)
    odd = client.get(JOBS, params={"metadata[run]": "1"}).json()["data"]
    assert [job["id"] for job in odd] == [jobs[3], jobs[1]]
    assert len(client.get("/files", params={"purpose": "fine-tune"}).json()["data"]) == 5
    assert client.get("/files", params={"purpose": "batch"}).json()["data"] == []
    assert error(client.get(JOBS, params={"limit": 101}))[2] == "limit"


def test_events_come_newest_first(client: httpx2.Client, tmp_path: Path) -> None:
    job = created(client, tmp_path)
    client.get(f"{JOBS}/{job}")
    page = client.get(f"{JOBS}/{job}/events", params={"limit": 1}).json()
    assert (page["data"][0]["message"], page["has_more"]) == ("Files validated, moving job to queued state", True)


@pytest.mark.parametrize("verb", ["cancel", "pause", "resume"])
def test_an_ended_job_is_not_steered(server: TuningServer, client: httpx2.Client, tmp_path: Path, verb: str) -> None:
    job = created(client, tmp_path)
    server.finish(job)
    assert error(client.post(f"{JOBS}/{job}/{verb}")) == (400, "invalid_job_state", "")


def test_a_paused_job_goes_on_where_it_was(server: TuningServer, client: httpx2.Client, tmp_path: Path) -> None:
    job = created(client, tmp_path)
    server.advance(job, 2)
    assert client.post(f"{JOBS}/{job}/pause").json()["status"] == "paused"
    assert server.advance(job, 3).status == "paused"
    assert client.post(f"{JOBS}/{job}/resume").json()["status"] == "running"


def test_only_known_keys_are_answered(server: TuningServer, client: httpx2.Client) -> None:
    assert error(client.get(JOBS, headers={"Authorization": "Bearer sk-other-000000"})) == (401, "invalid_api_key", "")
    server.keys.add("sk-other-000000")
    assert client.get(JOBS, headers={"Authorization": "Bearer sk-other-000000"}).status_code == 200


def test_faults_come_in_order_and_one_to_a_request(server: TuningServer, client: httpx2.Client) -> None:
    server.script(
        "jobs", rate_limited("7"), down(503), Garbled(b"{", status=200), Patched({"has_more": "x", "data": None})
    )
    first = client.get(JOBS)
    assert (first.status_code, first.headers["retry-after"]) == (429, "7")
    assert client.get(JOBS).status_code == 503
    assert client.get(JOBS).content == b"{"
    assert client.get(JOBS).json() == {"object": "list", "has_more": "x"}
    assert client.get(JOBS).json() == {"object": "list", "data": [], "has_more": False}
    assert len(server.asked("jobs")) == 5


@pytest.mark.parametrize(("fault", "jobs"), [(Cut("before"), 0), (Cut("after"), 1)])
def test_a_connection_is_cut_before_or_after_the_job_is_made(
    server: TuningServer, client: httpx2.Client, tmp_path: Path, fault: Fault, jobs: int
) -> None:
    file = uploaded(client, tmp_path)
    server.script("create", fault)
    with pytest.raises(httpx2.HTTPError):
        create(client, file)
    assert len(server.jobs) == jobs


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_slow_server_makes_the_job_although_its_client_has_left(
    server: TuningServer, client: httpx2.Client, tmp_path: Path, when: str
) -> None:
    file = uploaded(client, tmp_path)
    server.script("create", Slow(0.05, "before" if when == "before" else "after"))
    with pytest.raises(httpx2.TimeoutException):
        client.post(JOBS, json={"model": BASE, "training_file": file}, timeout=0.02)
    for _ in range(1000):
        if server.jobs:
            break
        client.get(JOBS)
    assert len(server.jobs) == 1


def test_a_callback_sees_the_request_and_may_let_it_go_wrong(
    server: TuningServer, client: httpx2.Client, tmp_path: Path
) -> None:
    seen: list[tuple[str, int]] = []

    def before(request: Request) -> Fault | None:
        seen.append((str(request.body["model"]), len(server.jobs)))
        return down() if len(seen) == 1 else None

    server.on("create", before)
    server.on("create", lambda _: seen.append(("after", len(server.jobs))), "after")
    file = uploaded(client, tmp_path)
    assert create(client, file).status_code == 500
    assert create(client, file).status_code == 200
    assert seen == [(BASE, 0), (BASE, 0), ("after", 1)]


CLIENT = """
import json, sys, urllib.request
url, key, body = sys.argv[1:]
headers = {"Authorization": "Bearer " + key, "Content-Type": "application/json"}
urllib.request.urlopen(urllib.request.Request(url + "/fine_tuning/jobs", body.encode(), headers))
"""


def test_it_outlives_a_client_that_is_killed_the_moment_its_job_is_made(
    server: TuningServer, client: httpx2.Client, tmp_path: Path
) -> None:
    body = json.dumps({"model": BASE, "training_file": uploaded(client, tmp_path)})
    processes: list[subprocess.Popen[bytes]] = []
    server.on("create", lambda _: processes[0].kill(), "after")
    processes.append(subprocess.Popen([sys.executable, "-c", CLIENT, server.url, KEY, body]))  # noqa: S603 - our own
    assert processes[0].wait(20) == -signal.SIGKILL
    assert [job["status"] for job in client.get(JOBS).json()["data"]] == ["validating_files"]


@pytest.mark.parametrize("form", ["csv", "base64"])
def test_a_result_file_has_a_line_for_each_step(
    server: TuningServer, client: httpx2.Client, tmp_path: Path, form: str
) -> None:
    server.store.form = "base64" if form == "base64" else "csv"
    file = uploaded(client, tmp_path)
    job = server.finish(str(create(client, file, validation_file=file).json()["id"]))
    content = client.get(f"/files/{job.results[0]}/content").content
    assert (content != job.result()) == (form == "base64")
    lines = job.result().decode().splitlines()
    assert lines[:3] == [
        "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy",
        "1,1.0,0.5,,",
        "2,0.6667,0.6667,0.8333,0.6",
    ]
    assert len(lines) == 7
