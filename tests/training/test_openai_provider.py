"""The openai provider hands files over byte for byte, asks for the job as ordered, and steers it."""

import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.servers.tuning import BASE, KEY, TuningServer, tuning_server
from tests.servers.tuning_faults import Cut, Fault, Garbled, Refusal, down
from tests.servers.tuning_kit import RUN, order, provider, started, write_examples, write_preferences
from training.providers import Files, Hyperparameters, Provider, ProviderBusy, ProviderError
from training.providers.openai import OpenAIProvider, WandbBlock
from training.providers.openai.orders import FILE_LIMIT


@pytest.fixture
def server() -> Generator[TuningServer]:
    with tuning_server() as running:
        yield running


def test_it_is_a_provider(server: TuningServer) -> None:
    found: Provider = provider(server)
    assert found.name == "openai"


def test_importing_it_does_not_import_the_library() -> None:
    code = "import sys, training.providers.openai; sys.exit('openai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603 - our own line


# Files.


def test_the_server_gets_the_files_byte_for_byte(server: TuningServer, tmp_path: Path) -> None:
    wanted = order(tmp_path)
    assert wanted.validation
    files = provider(server).upload(wanted)
    kept = server.store.files
    assert kept[files.train].content == wanted.train.read_bytes()
    assert kept[files.validation].content == wanted.validation.read_bytes()
    assert [(file.name, file.purpose) for file in kept.values()] == [
        (f"{RUN}-train.jsonl", "fine-tune"),
        (f"{RUN}-validation.jsonl", "fine-tune"),
    ]


def test_a_run_without_validation_uploads_one_file(server: TuningServer, tmp_path: Path) -> None:
    files = provider(server).upload(order(tmp_path, validation=None))
    assert files == Files("file-000001")
    assert len(server.asked("upload")) == 1


def test_files_that_are_there_are_not_uploaded_again(server: TuningServer, tmp_path: Path) -> None:
    wanted = order(tmp_path)
    assert provider(server).upload(wanted) == provider(server).upload(wanted)
    assert len(server.store.files) == 2


def test_an_upload_whose_answer_was_lost_is_found_again(server: TuningServer, tmp_path: Path) -> None:
    wanted = order(tmp_path)
    server.script("upload", Cut("after"))
    with pytest.raises(ProviderBusy, match="broke off when asked to take the file: it is tried again later"):
        provider(server, retries=2).upload(wanted)
    files = provider(server).upload(wanted)
    assert list(server.store.files) == [files.train, files.validation]


def test_a_file_that_differs_or_failed_is_uploaded_again(server: TuningServer, tmp_path: Path) -> None:
    wanted = order(tmp_path, validation=None)
    first = provider(server).upload(wanted)
    server.store.files[first.train].status = "error"
    second = provider(server).upload(wanted)
    write_examples(wanted.train, 13)
    third = provider(server).upload(wanted)
    other = provider(server).upload(order(tmp_path, run="run-ffffffff", validation=None))
    assert len({first, second, third, other}) == 4


def test_a_server_that_lists_no_files_gets_them_each_time(server: TuningServer, tmp_path: Path) -> None:
    server.script("files", Garbled(b'{"detail": "Not Found"}', status=404))
    assert provider(server).upload(order(tmp_path)).train


def test_a_file_beyond_the_limit_is_not_sent(server: TuningServer, tmp_path: Path) -> None:
    wanted = order(tmp_path)
    with wanted.train.open("r+b") as file:
        file.truncate(FILE_LIMIT + 1)
    with pytest.raises(ProviderError, match=r"train\.jsonl has 512\.0 MB, and a server takes 512 MB: leave examples"):
        provider(server).upload(wanted)
    assert not server.requests


@pytest.mark.parametrize(("content", "said"), [(None, "cannot be read"), (b"", "is empty")])
def test_a_file_that_is_missing_or_empty_is_named(
    server: TuningServer, tmp_path: Path, content: bytes | None, said: str
) -> None:
    wanted = order(tmp_path)
    wanted.train.unlink()
    if content is not None:
        wanted.train.write_bytes(content)
    with pytest.raises(ProviderError, match=rf"{wanted.train} {said}.*: make the dataset again"):
        provider(server).upload(wanted)


GROWTH = """
import resource, sys
from pathlib import Path
from training.providers import Order
from training.providers.openai import OpenAIProvider
url, key, small, large = sys.argv[1:]
def upload(path):
    order = Order("run-" + Path(path).stem, "m", Path(path), None, Path("."))
    OpenAIProvider(url, key).upload(order)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = upload(small)
print((upload(large) - before) // 1024)
"""


@pytest.mark.slow
def test_a_large_file_is_not_held_in_memory(server: TuningServer, tmp_path: Path) -> None:
    small = write_examples(tmp_path / "small.jsonl")
    large = tmp_path / "large.jsonl"
    line = b'{"messages": []' + b" " * (2**20 - 17) + b"}\n"
    with large.open("wb") as file:
        file.writelines(line for _ in range(128))
    command = [sys.executable, "-c", GROWTH, server.url, KEY, str(small), str(large)]
    grown = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own lines
    assert int(grown.stdout) < 20
    assert max(len(file.content) for file in server.store.files.values()) == 128 * 2**20


# The job.


def test_the_job_is_asked_for_as_ordered(server: TuningServer, tmp_path: Path) -> None:
    wanted = order(
        tmp_path,
        suffix="zen-night",
        seed=7,
        hyperparameters=Hyperparameters(4, batch_size=8, learning_rate_multiplier=0.5),
    )
    at = provider(server, wandb=WandbBlock("sarah", "zennest", ("nightly",)))
    files = at.upload(wanted)
    job = at.create(wanted, files)
    asked = server.asked("create")[0]
    assert asked.body == {
        "model": BASE,
        "training_file": files.train,
        "validation_file": files.validation,
        "suffix": "zen-night",
        "seed": 7,
        "method": {
            "type": "supervised",
            "supervised": {"hyperparameters": {"n_epochs": 4, "batch_size": 8, "learning_rate_multiplier": 0.5}},
        },
        "metadata": {"run": RUN},
        "integrations": [
            {
                "type": "wandb",
                "wandb": {"project": "sarah", "name": RUN, "entity": "zennest", "tags": ["nightly"]},
            }
        ],
    }
    assert asked.headers["Authorization"] == f"Bearer {KEY}"
    assert asked.headers["Idempotency-Key"] == RUN
    assert job == server.jobs[0].id


def test_what_is_left_open_the_server_chooses(server: TuningServer, tmp_path: Path) -> None:
    wanted = order(tmp_path, validation=None, method="dpo", train=write_preferences(tmp_path / "pairs.jsonl"))
    job = started(provider(server), wanted)
    auto = {"n_epochs": "auto", "batch_size": "auto", "learning_rate_multiplier": "auto"}
    assert server.asked("create")[0].body == {
        "model": BASE,
        "training_file": "file-000001",
        "method": {"type": "dpo", "dpo": {"hyperparameters": auto}},
        "metadata": {"run": RUN},
    }
    assert server.finish(job).status == "succeeded"


# Steering.


def test_a_job_is_cancelled_once_and_again_without_an_error(server: TuningServer, tmp_path: Path) -> None:
    at = provider(server)
    job = started(at, order(tmp_path))
    at.cancel(job)
    at.cancel(job)
    assert server.jobs[0].status == "cancelled"


@pytest.mark.parametrize("verb", ["cancel", "pause", "resume"])
def test_steering_a_job_that_ended_is_no_error(server: TuningServer, tmp_path: Path, verb: str) -> None:
    at = provider(server)
    job = started(at, order(tmp_path))
    server.finish(job)
    getattr(at, verb)(job)
    assert server.jobs[0].status == "succeeded"


def test_a_job_is_held_and_goes_on(server: TuningServer, tmp_path: Path) -> None:
    at = provider(server)
    server.store.steps_at_a_poll = 0
    job = started(at, order(tmp_path))
    server.advance(job, 2)
    at.pause(job)
    at.pause(job)
    assert at.progress(job).state == "paused"
    at.resume(job)
    at.resume(job)
    assert at.progress(job).state == "running"


def test_a_server_that_cannot_pause_is_told_apart_from_a_job_that_is_not_there(
    server: TuningServer, tmp_path: Path
) -> None:
    at = provider(server)
    job = started(at, order(tmp_path))
    server.store.has_pausing = False
    with pytest.raises(ProviderError, match="does not know how to pause a job: let it run, or cancel it"):
        at.pause(job)
    with pytest.raises(ProviderError, match=r"cannot show the job, because it has no such thing \(Could not find"):
        at.cancel("ftjob-none")


def test_a_cancellation_that_was_not_answered_is_busy(server: TuningServer, tmp_path: Path) -> None:
    at = provider(server, retries=2)
    job = started(at, order(tmp_path))
    server.script("cancel", down())
    with pytest.raises(ProviderBusy, match="HTTP 500 when asked to cancel the job"):
        at.cancel(job)
    at.cancel(job)
    assert server.jobs[0].status == "cancelled"


@pytest.mark.parametrize("fault", [Refusal(409, "conflict", "It has ended."), Cut("after")])
def test_a_job_that_has_ended_by_now_is_cancelled_whatever_was_answered(
    server: TuningServer, tmp_path: Path, fault: Fault
) -> None:
    at = provider(server)
    job = started(at, order(tmp_path))
    server.finish(job)
    server.script("cancel", fault)
    at.cancel(job)
    assert len(server.asked("cancel")) == 1


# Where the key goes.


def test_nobody_who_is_pointed_to_from_there_gets_the_key_or_the_examples(server: TuningServer, tmp_path: Path) -> None:
    with tuning_server() as elsewhere:
        for route in ("files", "upload"):
            where = {"location": f"{elsewhere.url}/files"}
            server.script(route, Garbled(b"{}", status=307, headers=where))
        for _ in range(2):
            with pytest.raises(ProviderError, match=r"sends us elsewhere \(HTTP 307\): correct SARAH_TUNING_URL"):
                provider(server).upload(order(tmp_path))
        assert not elsewhere.requests


def test_what_the_environment_says_of_openai_goes_to_no_other_server(
    server: TuningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-the-environment")
    server.keys.add("none")
    OpenAIProvider(server.url, "", retries=0).upload(order(tmp_path))
    for request in server.requests:
        assert request.headers["Authorization"] == "Bearer none"
        assert "of-the-environment" not in str(request.headers)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://sarah:s3cret@127.0.0.1:1/v1", "must hold no user name and no password"),
        ("http://s3cret@127.0.0.1:1/v1", "must hold no user name and no password"),
        ("ftp://s3cret/v1", "is no address of a server"),
        ("http://[s3cret/v1", "is no address of a server"),
        ("s3cret", "is no address of a server"),
    ],
)
def test_a_url_that_is_none_to_use_is_refused_without_being_repeated(tmp_path: Path, url: str, said: str) -> None:
    with pytest.raises(ProviderError, match=f"^SARAH_TUNING_URL {said}") as refused:
        OpenAIProvider(url, KEY).upload(order(tmp_path))
    assert "s3cret" not in str(refused.value)
